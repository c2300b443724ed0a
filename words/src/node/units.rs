//! Quantities as people write them: `15m`, `30%`, `1MiB`; and secrets, which are not written at all.

use crate::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time: `100ms`, `2s`, `15m`, `6h`, `30d`, or several of them from large to small: `1h30m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dur(pub Duration);

const SPANS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl FromStr for Dur {
    type Err = String;

    fn from_str(text: &str) -> Result<Dur, String> {
        let wrong = || {
            format!(
                "`{}` is not a duration\nwrite a whole number and a unit: 100ms, 2s, 15m, 6h, 30d",
                super::scalar::shown(text)
            )
        };
        let (mut rest, mut total, mut last) = (text, 0_u64, u64::MAX);
        while !rest.is_empty() || last == u64::MAX {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            let unit = after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len());
            let (word, after) = after.split_at(unit);
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let (_, millis) = SPANS.iter().find(|(w, _)| *w == word).ok_or_else(wrong)?;
            if *millis >= last {
                return Err(wrong());
            }
            last = *millis;
            total = number.checked_mul(*millis).and_then(|n| n.checked_add(total)).ok_or_else(wrong)?;
            rest = after;
        }
        Ok(Dur(Duration::from_millis(total)))
    }
}

impl fmt::Display for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (word, millis) in SPANS {
            if rest >= millis {
                write!(f, "{}{word}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

/// A share of a whole, exact: `30%`, `99.5%`. From 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent {
    /// The number before the sign, times ten to `scale`.
    digits: u64,
    scale: u8,
}

impl Percent {
    /// True if `part` is more than this share of `whole`.
    pub fn exceeded_by(&self, part: u64, whole: u64) -> bool {
        let left = u128::from(part).saturating_mul(100 * 10_u128.pow(u32::from(self.scale)));
        left > u128::from(self.digits).saturating_mul(u128::from(whole))
    }

    /// As a fraction of one: `0.30`.
    pub fn fraction(&self) -> Decimal {
        Decimal::new(i128::from(self.digits), self.scale + 2).unwrap_or(Decimal::ZERO)
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Percent, String> {
        let wrong = || {
            format!(
                "`{}` is not a percentage\nwrite a number from 0 to 100 and %: 30%, 99.5%",
                super::scalar::shown(text)
            )
        };
        let number = text.strip_suffix('%').ok_or_else(wrong)?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let ok = |s: &str| !s.is_empty() && s.len() <= 6 && s.bytes().all(|b| b.is_ascii_digit());
        if !ok(whole) || !ok(fraction) {
            return Err(wrong());
        }
        let fraction = fraction.trim_end_matches('0');
        let digits: u64 = format!("{whole}{fraction}").parse().map_err(|_| wrong())?;
        let scale = u8::try_from(fraction.len()).map_err(|_| wrong())?;
        if digits > 100 * 10_u64.pow(u32::from(scale)) {
            return Err(wrong());
        }
        Ok(Percent { digits, scale })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Decimal::new(i128::from(self.digits), self.scale) {
            Ok(n) => write!(f, "{n}%"),
            Err(_) => f.write_str("?%"),
        }
    }
}

/// A number of bytes: `512B`, `64KiB`, `1MiB`, `2GB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong = || {
            format!(
                "`{}` is not a size\nwrite a whole number and a unit: 512B, 64KiB, 1MiB, 2GB",
                super::scalar::shown(text)
            )
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let (_, bytes) = SIZES.iter().find(|(w, _)| *w == unit.trim_start()).ok_or_else(wrong)?;
        number.checked_mul(*bytes).map(Size).ok_or_else(wrong)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, bytes) = SIZES.iter().find(|(_, b)| self.0 >= *b && self.0.is_multiple_of(*b)).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

/// A text that is never shown: a password, a token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for whoever must present it. Never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = String;
    fn from_str(text: &str) -> Result<Secret, String> {
        Ok(Secret(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

macro_rules! from_text {
    ($($type:ident $expects:literal $schema:expr;)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expects)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

from_text! {
    Dur "a duration such as 15m" json_schema!({
        "type": "string",
        "pattern": r"^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
        "description": "A span of time: 100ms, 2s, 15m, 6h, 30d, or several from large to small (1h30m)."
    });
    Percent "a percentage such as 30%" json_schema!({
        "type": "string",
        "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})? *%$",
        "description": "A share from 0% to 100%."
    });
    Size "a size such as 1MiB" json_schema!({
        "type": "string",
        "pattern": r"^[0-9]+ *(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)$",
        "description": "A number of bytes: 512B, 64KiB, 1MiB, 2GB."
    });
    Secret "a secret" json_schema!({
        "type": "string",
        "description": "A secret: write ${env:NAME} or ${file:PATH}. Never shown."
    });
}
