//! The short way for the commonest case: a record that is the first to speak of an instance, and alone.
//!
//! Invariant: the row is byte for byte what [`super::derive`] and [`Facts::encode`] make of the same observation (debug
//! builds compare the two for every record). Not here: anything with more than one observation.

use super::{World, etag_of, render};
use crate::instance::{Book, Facts, FactsFront, Fragments, Lineage, Plans, put_lone};
use crate::mapping::{Draft, SayKind};
use crate::model::{Catalog, Entity, ForeignChange, MappingNo};

/// A mapping prepared for the short way.
#[derive(Clone, Debug)]
pub struct Lone {
    /// For each field of the entity, which say of the mapping rules it.
    ruled: Vec<Option<usize>>,
}

impl Lone {
    /// `None` where the short way would not do: the mapping brings no instances into being, a record is not its own
    /// instance, it claims further keys, or a value of a source that does not rule is a question.
    pub fn new(catalog: &Catalog, mapping: MappingNo) -> Option<Lone> {
        let m = &catalog.mappings[mapping];
        let e = &catalog.entities[m.entity];
        let asks = e.fields.iter().any(|f| f.on_foreign_change == ForeignChange::Review && !f.owner.names(mapping));
        if !m.creates || !m.direct || !m.also.is_empty() || asks {
            return None;
        }
        let ruled = e.fields.iter().enumerate().map(|(no, f)| {
            let say = m.fields.iter().position(|(field, _)| *field == no);
            say.filter(|_| f.owner.names(mapping))
        });
        Some(Lone { ruled: ruled.collect() })
    }

    /// Appends the row of the instance to `facts` and its canonical value to `canonical`; returns the ETag's hash.
    #[allow(clippy::too_many_arguments)]
    pub fn row(
        &self,
        entity: &Entity,
        book: &Book,
        world: &dyn World,
        draft: &Draft,
        lineage: &Lineage,
        changed: i64,
        canonical: &mut Fragments,
        facts: &mut Vec<u8>,
    ) -> u64 {
        for (field, say) in entity.fields.iter().zip(&self.ruled) {
            let value = match say {
                Some(n) if draft.says.get(*n) == Some(&SayKind::Value) => draft.fragments.get(*n),
                _ => b"",
            };
            canonical.push_with(|out| render(field, value, world, out));
        }
        let etag = etag_of(entity, canonical);
        let front =
            FactsFront { live: true, was_live: true, doubtful: false, shape: entity.shape, etag, parts: 0, changed };
        Facts::encode_front(&front, canonical, facts);
        put_lone(lineage, draft, canonical, book.positions(lineage.plan, entity.shape), facts);
        etag
    }
}

/// Whether a row made the short way is what the long way makes.
#[allow(clippy::too_many_arguments)]
pub fn same_row(
    catalog: &Catalog,
    mapping: MappingNo,
    book: &Book,
    world: &dyn World,
    draft: &Draft,
    lineage: &Lineage,
    changed: i64,
    facts: &[u8],
) -> bool {
    let m = &catalog.mappings[mapping];
    let id = lineage.record;
    let o = draft.observation(m.plan, id, (lineage.unit, lineage.place), lineage.raw, lineage.hash);
    let mut i = crate::instance::Instance { observations: vec![o], changed, ..Default::default() };
    let doubts = super::derive(catalog, m.entity, book, world, &mut i);
    let mut long = Vec::new();
    Facts::encode(&i, id, book, &mut long);
    doubts.is_empty() && long == facts
}
