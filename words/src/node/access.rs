//! The parts of lists, maps and enums, as serde walks through them: less what was found faulty, plus what is made up.

use super::de::{De, placed};
use super::fail::{Fail, unknown_key};
use super::phantom::Phantom;
use super::read::Session;
use super::{Key, Node, join, join_index};
use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, Error as _, IntoDeserializer, Visitor};

/// The items of a list, less those already found faulty.
pub(super) struct Items<'n> {
    pub(super) items: std::slice::Iter<'n, Node>,
    pub(super) index: usize,
    pub(super) path: &'n str,
    pub(super) session: &'n Session,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Fail;

    fn next_element_seed<S: de::DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fail> {
        for node in self.items.by_ref() {
            let path = join_index(self.path, self.index);
            self.index += 1;
            if !self.session.skips(&path) {
                return De { node, path, session: self.session }.run(seed).map(Some);
            }
        }
        Ok(None)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of a map: those the reader knows, less the faulty ones, and phantoms for what it cannot do without.
pub(super) struct Entries<'n> {
    entries: std::slice::Iter<'n, (Key, Node)>,
    phantoms: Vec<&'static str>,
    fields: &'static [&'static str],
    path: &'n str,
    session: &'n Session,
    /// The value of the key just read; `None`: a phantom, at this path.
    next: (Option<&'n Node>, String),
}

impl<'n> Entries<'n> {
    pub(super) fn new(de: &'n De<'_>, fields: &'static [&'static str]) -> Entries<'n> {
        let phantoms = fields.iter().copied().filter(|f| de.session.made_up(&join(&de.path, f))).collect();
        let (entries, path, session) = (de.node.entries().iter(), de.path.as_str(), de.session);
        Entries { entries, phantoms, fields, path, session, next: (None, String::new()) }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Fail;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fail> {
        for (key, node) in self.entries.by_ref() {
            let path = join(self.path, &key.text);
            if self.session.skips(&path) {
                continue;
            }
            if !self.fields.is_empty() && !self.fields.contains(&key.text.as_str()) {
                self.session.record(unknown_key(&path, &key.spot, &key.text, self.fields));
                continue;
            }
            let text = Node { spot: key.spot.clone(), kind: Node::scalar(key.text.as_str(), false).kind };
            let de = De { node: &text, path: path.clone(), session: self.session };
            let value = de.run(seed)?;
            self.next = (Some(node), path);
            return Ok(Some(value));
        }
        let Some(name) = self.phantoms.pop() else { return Ok(None) };
        self.next = (None, join(self.path, name));
        let de: StrDeserializer<'_, Fail> = name.into_deserializer();
        seed.deserialize(de).map(Some)
    }

    fn next_value_seed<S: de::DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fail> {
        let (node, path) = std::mem::take(&mut self.next);
        match node {
            Some(node) => De { node, path, session: self.session }.run(seed),
            None => seed.deserialize(Phantom).map_err(|mut fail| {
                fail.phantom = Some(path);
                fail
            }),
        }
    }
}

/// A variant by name, with its content if it has one.
pub(super) struct Choice<'n> {
    pub(super) name: &'n str,
    pub(super) content: Option<(&'n Key, &'n Node)>,
    pub(super) outer: &'n De<'n>,
}

impl<'n> Choice<'n> {
    fn content(&self) -> Result<De<'n>, Fail> {
        match self.content {
            Some((key, node)) => {
                let path = join(&self.outer.path, &key.text);
                Ok(De { node, path, session: self.outer.session })
            }
            None => Err(Fail::new("wrong-type", format!("`{}` needs a value", self.name))
                .hint(format!("write `{}: …`", self.name))),
        }
    }
}

impl<'de> de::EnumAccess<'de> for Choice<'_> {
    type Error = Fail;
    type Variant = Self;
    fn variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fail> {
        let de: StrDeserializer<'_, Fail> = self.name.into_deserializer();
        Ok((seed.deserialize(de)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Choice<'_> {
    type Error = Fail;

    fn unit_variant(self) -> Result<(), Fail> {
        match self.content {
            None => Ok(()),
            Some((_, node)) if node.is_null() => Ok(()),
            Some(_) => Err(Fail::custom(format!("`{}` takes no value", self.name))),
        }
    }

    fn newtype_variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fail> {
        self.content()?.run(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fail> {
        placed(self.content()?, |de| de.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fail> {
        placed(self.content()?, |de| de.deserialize_struct("", fields, visitor))
    }
}
