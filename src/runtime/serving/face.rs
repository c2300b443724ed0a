//! How instances of an entity are rendered: key prefixes made once, fragments joined for each request.

use banyan_model::instance::{Book, FactsHead};
use banyan_model::model::{Catalog, DatasetNo, EntityNo};
use banyan_words::Id;

/// The render data of an entity.
#[derive(Clone, Debug)]
pub struct Face {
    /// `,"name":` for each field.
    pub prefixes: Vec<Box<[u8]>>,
    /// The current shape's number.
    pub shape: u32,
    /// The datasets that feed the entity.
    pub datasets: Vec<DatasetNo>,
    /// Whether an instance may have further ids: then references to it are looked for under all of them.
    pub aliased: bool,
    names: Vec<String>,
}

impl Face {
    /// Of that entity.
    pub fn new(catalog: &Catalog, entity: EntityNo) -> Face {
        let e = &catalog.entities[entity];
        let mut datasets: Vec<DatasetNo> = catalog.feeding(entity).map(|(_, m)| m.dataset).collect();
        datasets.sort_unstable();
        datasets.dedup();
        Face {
            prefixes: e.fields.iter().map(|f| format!(",\"{}\":", f.name).into_bytes().into()).collect(),
            shape: e.shape,
            datasets,
            aliased: catalog.feeding(entity).any(|(_, m)| !m.also.is_empty()),
            names: e.fields.iter().map(|f| f.name.clone()).collect(),
        }
    }

    /// The canonical fragments of a row in the order of the entity's fields, whatever shape it was written under.
    /// A field the row's shape does not have is null (empty).
    pub fn fragments<'r>(
        &self,
        head: &FactsHead<'r>,
        book: impl FnOnce() -> Option<std::sync::Arc<Book>>,
    ) -> Vec<&'r [u8]> {
        if head.shape == self.shape {
            return head.fragments().collect();
        }
        let stored: Vec<&[u8]> = head.fragments().collect();
        let book = book();
        let shape = book.as_ref().and_then(|b| b.shape(head.shape));
        self.names
            .iter()
            .map(|name| {
                let at = shape.and_then(|s| s.fields.iter().position(|f| f == name));
                at.and_then(|at| stored.get(at).copied()).unwrap_or(&[])
            })
            .collect()
    }

    /// Appends the whole instance as JSON, from a row of the current shape: fragments are joined, no value is
    /// serialised. False, with nothing appended, for another shape.
    pub fn write_plain(&self, id: Id, head: &FactsHead<'_>, out: &mut Vec<u8>) -> bool {
        if head.shape != self.shape {
            return false;
        }
        out.extend_from_slice(b"{\"id\":\"");
        out.extend_from_slice(&id.text());
        out.push(b'"');
        let mut fragments = head.fragments();
        for prefix in &self.prefixes {
            out.extend_from_slice(prefix);
            match fragments.next() {
                Some(f) if !f.is_empty() => out.extend_from_slice(f),
                _ => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        true
    }
}
