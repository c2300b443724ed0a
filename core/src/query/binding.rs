//! What a cursor is bound to: the collection, its filters and its sort, as one number.

use super::{Filter, ListIntent, Scope, Test};
use crate::model::Entity;
use banyan_words::codec::{hash, put_bytes};

/// The same for the same collection, filters (in any order) and sort, across restarts and unrelated changes of the
/// configuration: names are hashed, not numbers.
pub(super) fn binding(entity: &Entity, scope: &Scope, intent: &ListIntent) -> u64 {
    let mut out = Vec::with_capacity(64);
    put_bytes(entity.id_name.as_bytes(), &mut out);
    if let Scope::Children { parent, field } = scope {
        put_bytes(name(entity, *field), &mut out);
        put_bytes(&parent.0, &mut out);
    }
    let mut filters: Vec<Vec<u8>> = intent.filters.iter().map(|f| filter(entity, f)).collect();
    filters.sort_unstable();
    out.push(0xff);
    filters.iter().for_each(|f| put_bytes(f, &mut out));
    out.push(0xff);
    for s in &intent.sort {
        put_bytes(name(entity, s.field), &mut out);
        out.push(u8::from(s.descending));
    }
    hash(&out, 7)
}

fn name(entity: &Entity, field: usize) -> &[u8] {
    entity.fields.get(field).map_or(&[], |f| f.name.as_bytes())
}

fn filter(entity: &Entity, f: &Filter) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(name(entity, f.field), &mut out);
    let mut bound = |tag: u8, b: &Option<(Vec<u8>, bool)>| {
        if let Some((key, counts)) = b {
            out.extend_from_slice(&[tag, u8::from(*counts)]);
            put_bytes(key, &mut out);
        }
    };
    match &f.test {
        Test::Range { from, to } => {
            bound(4, from);
            bound(5, to);
        }
        Test::Eq(k) => bound(0, &Some((k.clone(), true))),
        Test::Ne(k) => bound(1, &Some((k.clone(), true))),
        Test::Prefix(k) => bound(3, &Some((k.clone(), true))),
        Test::In(keys) => keys.iter().for_each(|k| bound(2, &Some((k.clone(), true)))),
    }
    out
}
