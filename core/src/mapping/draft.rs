//! What a record says, in buffers that are used again for the next record.

use crate::instance::{Fragments, Observation, RawAt, Say};
use banyan_words::{Id, Place};

/// How a field is spoken of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SayKind {
    /// Not at all.
    Missing,
    /// By the fragment of the same number.
    Value,
    /// `ELSE KEEP` with that code.
    Keep(Box<str>),
}

/// What a record says of an instance; reused from record to record.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The instance it speaks about.
    pub instance: Option<Id>,
    /// Further keys it claims.
    pub aliases: Vec<Id>,
    /// One for each field of the mapping.
    pub says: Vec<SayKind>,
    /// The values, one for each field of the mapping; empty where there is none.
    pub fragments: Fragments,
    /// See [`Observation::changed_at`].
    pub changed_at: Vec<u8>,
    /// See [`Observation::pick`].
    pub pick: Vec<u8>,
}

impl Draft {
    /// Empties the buffers.
    pub fn clear(&mut self) {
        self.instance = None;
        self.aliases.clear();
        self.says.clear();
        self.fragments.clear();
        self.changed_at.clear();
        self.pick.clear();
    }

    /// The observation it makes. `withdrawn` ones say nothing.
    pub fn observation(&self, plan: u32, record: Id, seen: (u32, Place), raw: RawAt, hash: u64) -> Observation {
        let says = self
            .says
            .iter()
            .enumerate()
            .map(|(i, kind)| match kind {
                SayKind::Missing => Say::Missing,
                SayKind::Value => Say::Value(self.fragments.get(i).into()),
                SayKind::Keep(code) => Say::Keep { code: code.clone(), value: None, seen: None },
            })
            .collect();
        Observation {
            plan,
            record,
            unit: seen.0,
            place: seen.1,
            raw,
            prior: RawAt::default(),
            hash,
            withdrawn: false,
            held: false,
            aliases: self.aliases.clone(),
            changed_at: self.changed_at.clone(),
            pick: self.pick.clone(),
            says,
        }
    }
}
