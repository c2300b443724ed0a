//! Values that may be written in several shapes, and small words with a syntax of their own.

use super::entity::FieldDraft;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What identifies a record of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetKey {
    /// `none`: its content and how often it occurs.
    None,
    /// These columns, in this order.
    Columns(Vec<String>),
}

/// Which instance a record speaks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingKey {
    /// The key space; `None`: that of the dataset's source.
    pub space: Option<String>,
    /// The key's columns, in this order.
    pub columns: Vec<String>,
}

/// Key spaces that may bring instances into being; written as one or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority(pub Vec<String>);

/// Who rules a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerDraft {
    /// The first of these sources or datasets that says something.
    First(Vec<String>),
    /// `latest`
    Latest,
    /// `review`
    Review,
}

/// Which of several records of one instance speaks: `first` or `last`, with or without `BY columns`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickDraft {
    /// The highest, else the lowest.
    pub last: bool,
    /// By these columns; by place in the unit where there are none.
    pub by: Vec<String>,
}

/// The type of a list's items: a word, or a whole field.
#[derive(Clone, Debug)]
pub struct Inner(pub Box<FieldDraft>);

/// So many in a time: `20/s`, `100/m`, `1000/h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In what time.
    pub per: Duration,
}

/// A time of day, from minute to minute after midnight; over midnight if `from` is the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Minutes after midnight, from 0 to 1439.
    pub from: u16,
    /// Minutes after midnight, from 0 to 1440; not part of the window.
    pub to: u16,
}

/// A time of day on one day of the week, or on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekly {
    /// The day on which it begins, Monday being 0. `None`: each.
    pub day: Option<u8>,
    /// The time of day.
    pub window: Window,
}

/// A list of names, none of them empty, at least one.
fn names<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<String>, A::Error> {
    let mut names = Vec::new();
    while let Some(name) = seq.next_element::<String>()? {
        names.push(name);
    }
    match names.is_empty() {
        true => Err(de::Error::custom("at least one name is needed")),
        false => Ok(names),
    }
}

/// `impl Deserialize` by a visitor that is handed text, lists and maps as they come.
macro_rules! shapes {
    ($type:ident expects $expects:literal, schema $schema:expr; $($visit:item)*) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Shapes;
                impl<'de> Visitor<'de> for Shapes {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expects)
                    }
                    $($visit)*
                }
                deserializer.deserialize_str(Shapes)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
                let make: fn(&mut SchemaGenerator) -> Schema = $schema;
                make(_generator)
            }
        }
    };
}

shapes! {
    DatasetKey expects "a list of columns, or `none`",
    schema |_| json_schema!({ "anyOf": [
        { "const": "none" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 }
    ] });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DatasetKey, E> {
        match text {
            "none" => Ok(DatasetKey::None),
            _ => Err(E::custom(format!("expected a list of columns, or `none`, found `{text}`\nwrite `[{text}]`"))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<DatasetKey, A::Error> {
        names(seq).map(DatasetKey::Columns)
    }
}

shapes! {
    MappingKey expects "a list of columns, or `{ space: [columns] }`",
    schema |_| json_schema!({ "anyOf": [
        { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        { "type": "object", "minProperties": 1, "maxProperties": 1,
          "additionalProperties": { "type": "array", "items": { "type": "string" }, "minItems": 1 } }
    ] });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<MappingKey, E> {
        let expected = "expected a list of columns, or `{ space: [columns] }`";
        Err(E::custom(format!("{expected}, found `{text}`\nwrite `[{text}]`")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<MappingKey, A::Error> {
        Ok(MappingKey { space: None, columns: names(seq)? })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MappingKey, A::Error> {
        let first = map.next_entry::<String, Vec<String>>()?;
        let further = map.next_key::<String>()?;
        match (first, further) {
            (Some((space, columns)), None) if !columns.is_empty() => Ok(MappingKey { space: Some(space), columns }),
            (Some((_, columns)), None) if columns.is_empty() => Err(de::Error::custom("at least one column is needed")),
            _ => Err(de::Error::custom("expected exactly one key space\nfurther keys of the instance go under `also:`")),
        }
    }
}

shapes! {
    Authority expects "a key space, or a list of them",
    schema |_| json_schema!({ "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 }
    ] });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Authority, E> {
        Ok(Authority(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Authority, A::Error> {
        names(seq).map(Authority)
    }
}

shapes! {
    OwnerDraft expects "a source, a list of sources, `latest` or `review`",
    schema |_| json_schema!({ "anyOf": [
        { "type": "string", "description": "A source or dataset, `latest` or `review`." },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 }
    ] });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OwnerDraft, E> {
        Ok(match text {
            "latest" => OwnerDraft::Latest,
            "review" => OwnerDraft::Review,
            name => OwnerDraft::First(vec![name.to_owned()]),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<OwnerDraft, A::Error> {
        names(seq).map(OwnerDraft::First)
    }
}

shapes! {
    PickDraft expects "`first`, `last`, or `last BY column`",
    schema |_| json_schema!({ "type": "string", "pattern": "^(first|last)( +(BY|by) +.+)?$" });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PickDraft, E> {
        pick(text).ok_or_else(|| {
            E::custom(format!("`{text}` does not say which record speaks\nwrite first, last, or last BY CHANGED, SEQ"))
        })
    }
}

shapes! {
    Inner expects "a type",
    schema |generator| {
        let word = generator.subschema_for::<super::TypeWord>();
        let field = generator.subschema_for::<FieldDraft>();
        json_schema!({ "anyOf": [word, field] })
    };

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Inner, E> {
        let word: StrDeserializer<'_, E> = text.into_deserializer();
        Ok(Inner(Box::new(FieldDraft::of_type(Deserialize::deserialize(word)?))))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Inner, A::Error> {
        FieldDraft::deserialize(MapAccessDeserializer::new(map)).map(|field| Inner(Box::new(field)))
    }
}

shapes! {
    Rate expects "a rate such as 20/s",
    schema |_| json_schema!({ "type": "string", "pattern": "^[1-9][0-9]*/[smh]$" });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
        rate(text).ok_or_else(|| E::custom(format!("`{text}` is not a rate\nwrite 20/s, 100/m or 1000/h")))
    }
}

shapes! {
    Window expects "times of day such as 01:00-03:30",
    schema |_| json_schema!({ "type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$" });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Window, E> {
        window(text).ok_or_else(|| E::custom(format!("`{text}` is not a span of the day\nwrite 01:00-03:30")))
    }
}

shapes! {
    Weekly expects "times of a week such as Mon 09:00-10:00",
    schema |_| json_schema!({ "type": "string",
        "pattern": "^((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$" });

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Weekly, E> {
        let why = || E::custom(format!("`{text}` is not a time of the week\nwrite Mon 09:00-10:00, or 09:00-10:00"));
        let (day, times) = match text.trim().split_once(' ') {
            Some((day, times)) => (Some(DAYS.iter().position(|d| *d == day).ok_or_else(why)?), times),
            None => (None, text),
        };
        let window = window(times.trim()).ok_or_else(why)?;
        Ok(Weekly { day: day.and_then(|d| u8::try_from(d).ok()), window })
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Columns are separated by commas; odd names go in brackets.
fn pick(text: &str) -> Option<PickDraft> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let last = match word {
        "first" => false,
        "last" => true,
        _ => return None,
    };
    if rest.trim().is_empty() {
        return Some(PickDraft { last, by: Vec::new() });
    }
    let (by, columns) = rest.trim().split_once(char::is_whitespace)?;
    if !by.eq_ignore_ascii_case("by") {
        return None;
    }
    let (mut names, mut rest) = (Vec::new(), columns.trim());
    loop {
        let (name, after) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?,
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        names.push(name.to_owned());
        match after.trim_start() {
            "" => return Some(PickDraft { last, by: names }),
            more => rest = more.strip_prefix(',')?.trim_start(),
        }
    }
}

fn rate(text: &str) -> Option<Rate> {
    let (count, unit) = text.split_once('/')?;
    let per = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let count = digits(count)?.parse().ok().filter(|n| *n > 0)?;
    Some(Rate { count, per: Duration::from_secs(per) })
}

fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(text)
}

fn window(text: &str) -> Option<Window> {
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let (h, m): (u16, u16) = (digits(hours)?.parse().ok()?, digits(minutes)?.parse().ok()?);
        let ok = hours.len() == 2 && minutes.len() == 2 && m < 60 && (h < 24 || (h == 24 && m == 0));
        ok.then_some(h * 60 + m)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from.trim())?, minute(to.trim())?);
    (from < 1440 && from != to).then_some(Window { from, to })
}

impl Window {
    /// True if it holds the moment, in minutes after midnight.
    pub fn holds(&self, minute: u16) -> bool {
        match self.from < self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }
}

impl Weekly {
    /// True if it holds the moment: the day of the week, Monday being 0, and minutes after midnight.
    pub fn holds(&self, day: u8, minute: u16) -> bool {
        // Over midnight the morning belongs to the day before.
        let begun = if self.window.from > self.window.to && minute < self.window.to { (day + 6) % 7 } else { day };
        self.window.holds(minute) && self.day.is_none_or(|d| d == begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(text: &str) -> Option<Weekly> {
        serde_json::from_value(serde_json::Value::from(text)).ok()
    }

    #[test]
    fn a_week_is_read_and_held() {
        let monday = weekly("Mon 09:00-10:00").unwrap();
        assert!(monday.holds(0, 540) && monday.holds(0, 599));
        assert!(!monday.holds(0, 600) && !monday.holds(1, 540) && !monday.holds(0, 539));
        let night = weekly("Sun 23:00-01:00").unwrap();
        assert!(night.holds(6, 1_439) && night.holds(0, 59), "it ends on Monday");
        assert!(!night.holds(6, 0) && !night.holds(0, 1_400));
        assert!(weekly("22:00-02:00").unwrap().holds(3, 60));
        for bad in ["", "Mon", "Mo 09:00-10:00", "Mon 9-10", "Mon 09:00-09:00", "Mon 25:00-26:00", "mon 09:00-10:00"] {
            assert_eq!(weekly(bad), None, "{bad}");
        }
    }
}
