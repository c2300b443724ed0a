//! Serde's view of a [`Node`]: scalars mean what their reader asks for, and every failure says where.
//!
//! Not for `#[serde(flatten)]`, `untagged` and internally tagged enums: serde buffers those without places. Use
//! [`Node::split`](super::Node::split) and [`tagged`](super::tagged), or a visitor on `deserialize_str`, which is
//! handed lists and maps too.

use super::access::{Choice, Entries, Items};
use super::fail::{Fail, listed};
use super::read::Session;
use super::scalar::{boolean, float, integer, is_null, shown};
use super::{Kind, Node};
use crate::Spot;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use std::cell::RefCell;
use std::fmt;

/// The name by which a [`Node`] asks for itself.
pub(super) const NODE: &str = "$banyan::Node";

thread_local! {
    /// Where a node waits for the visitor that asked for it, within one call.
    static HANDED: RefCell<Option<Node>> = const { RefCell::new(None) };
}

/// Gives a whole node to the visitor of `Node::deserialize`.
pub(super) fn hand_over<'de, V: Visitor<'de>>(node: Node, visitor: V) -> Result<V::Value, Fail> {
    HANDED.with(|slot| slot.replace(Some(node)));
    visitor.visit_unit()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        struct Take;
        impl<'de> Visitor<'de> for Take {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part of a configuration")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
                HANDED.with(RefCell::take).ok_or_else(|| E::custom("a Node can be read from a Node only"))
            }
        }
        deserializer.deserialize_newtype_struct(NODE, Take)
    }
}

impl schemars::JsonSchema for Node {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Any".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

/// One node under reading.
pub(super) struct De<'n> {
    pub(super) node: &'n Node,
    pub(super) path: String,
    pub(super) session: &'n Session,
}

impl<'n> De<'n> {
    /// Runs a seed on this node, and places what goes wrong.
    pub(super) fn run<'de, S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fail> {
        placed(self, |de| seed.deserialize(de))
    }

    fn mismatch(&self, expected: &str) -> Fail {
        Fail::new("wrong-type", format!("expected {expected}, found {}", self.node.describe()))
    }

    /// The text of a scalar; anything else is not what was `expected`.
    fn text(&self, expected: &str) -> Result<&'n str, Fail> {
        self.node.as_text().ok_or_else(|| self.mismatch(expected))
    }

    fn whole(&self) -> Result<i128, Fail> {
        let what = "a whole number";
        integer(self.text(what)?).ok_or_else(|| self.mismatch(what))
    }

    fn number(&self) -> Result<f64, Fail> {
        let text = self.text("a number")?;
        float(text).or_else(|| integer(text).map(|n| n as f64)).ok_or_else(|| self.mismatch("a number"))
    }

    fn list<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fail> {
        let items = self.node.items().iter();
        visitor.visit_seq(Items { items, index: 0, path: &self.path, session: self.session })
    }

    fn map<'de, V: Visitor<'de>>(&self, visitor: V, fields: &'static [&'static str]) -> Result<V::Value, Fail> {
        visitor.visit_map(Entries::new(self, fields))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty, $range:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
            let n = self.whole()?;
            match <$type>::try_from(n) {
                Ok(n) => visitor.$visit(n),
                Err(_) => Err(Fail::new("invalid-value", format!("`{n}` is out of range: expected {}", $range))),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for De<'_> {
    type Error = Fail;

    /// YAML's core schema for plain scalars; text for the others.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let (text, plain) = match &self.node.kind {
            Kind::List(_) => return self.list(visitor),
            Kind::Map(_) => return self.map(visitor, &[]),
            Kind::Scalar { text, plain, .. } => (text.as_str(), *plain),
        };
        if !plain {
            return visitor.visit_str(text);
        }
        if is_null(text) {
            return visitor.visit_unit();
        }
        if let Some(b) = boolean(text) {
            return visitor.visit_bool(b);
        }
        if let Some(n) = integer(text) {
            return match (i64::try_from(n), u64::try_from(n)) {
                (Ok(n), _) => visitor.visit_i64(n),
                (_, Ok(n)) => visitor.visit_u64(n),
                _ => visitor.visit_str(text),
            };
        }
        match float(text) {
            Some(n) => visitor.visit_f64(n),
            None => visitor.visit_str(text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let text = self.text("true or false")?;
        match boolean(text) {
            Some(b) => visitor.visit_bool(b),
            None => {
                let fail = self.mismatch("true or false");
                Err(match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" | "1" => fail.hint("write `true`"),
                    "no" | "off" | "n" | "0" => fail.hint("write `false`"),
                    _ => fail,
                })
            }
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8, "-128 to 127";
        deserialize_i16 visit_i16 i16, "-32768 to 32767";
        deserialize_i32 visit_i32 i32, "-2147483648 to 2147483647";
        deserialize_i64 visit_i64 i64, "a whole number of 64 bits";
        deserialize_i128 visit_i128 i128, "a whole number of 128 bits";
        deserialize_u8 visit_u8 u8, "0 to 255";
        deserialize_u16 visit_u16 u16, "0 to 65535";
        deserialize_u32 visit_u32 u32, "0 to 4294967295";
        deserialize_u64 visit_u64 u64, "a whole number of 64 bits, not negative";
        deserialize_u128 visit_u128 u128, "a whole number, not negative";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_f32(self.number()? as f32)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let text = self.text("one character")?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => visitor.visit_char(c),
            _ => Err(self.mismatch("one character")),
        }
    }

    /// The text as written. Lists and maps are handed over too, for visitors that take several shapes.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::List(_) => self.list(visitor),
            Kind::Map(_) => self.map(visitor, &[]),
            Kind::Scalar { text, plain: true, .. } if text.is_empty() => {
                Err(self.mismatch(&super::fail::expected(&visitor)).hint("write \"\" if you mean empty text"))
            }
            Kind::Scalar { text, .. } => visitor.visit_str(text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_bytes(self.text("text")?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        if self.node.is_null() { visitor.visit_unit() } else { Err(self.mismatch("nothing")) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fail> {
        if name == NODE {
            return hand_over(self.node.clone(), visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::List(_) => self.list(visitor),
            Kind::Scalar { text, secret: false, .. } if !text.is_empty() => {
                Err(self.mismatch("a list").hint(format!("write `[{}]`", shown(text))))
            }
            _ => Err(self.mismatch("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fail> {
        self.deserialize_seq(visitor)
    }

    /// An empty `key:` is an empty map.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Map(_) => self.map(visitor, &[]),
            _ if self.node.is_null() => self.map(visitor, &[]),
            _ => Err(self.mismatch("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        if !matches!(self.node.kind, Kind::Map(_)) && !self.node.is_null() {
            return Err(self.mismatch("a map").hint(format!("its keys are: {}", listed(fields))));
        }
        self.map(visitor, fields)
    }

    /// A word, or a map of one key.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true, .. } if text.is_empty() => {
                Err(self.mismatch(&format!("one of {}", listed(variants))))
            }
            Kind::Scalar { text, .. } => visitor.visit_enum(Choice { name: text, content: None, outer: &self }),
            Kind::Map(entries) if entries.len() == 1 => match entries.first() {
                Some((key, node)) => {
                    visitor.visit_enum(Choice { name: &key.text, content: Some((key, node)), outer: &self })
                }
                None => Err(self.mismatch("one key")),
            },
            _ => Err(self.mismatch(&format!("one of {}", listed(variants)))),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_unit()
    }
}

/// Reads `de` by `how`, and places what goes wrong.
pub(super) fn placed<'n, T>(de: De<'n>, how: impl FnOnce(De<'n>) -> Result<T, Fail>) -> Result<T, Fail> {
    let (node, path) = (de.node, de.path.clone());
    how(de).map_err(|fail| {
        // Nothing has no place of its own: its key, which only the whole tree knows, shows it better.
        let nothing = node.is_null() && node.as_text() == Some("");
        let spot = if nothing { &Spot::default() } else { &node.spot };
        fail.place(&path, spot, node.is_secret())
    })
}
