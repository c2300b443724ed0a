//! What ingest needs of one version of the configuration.

use banyan_adapter::Prepared;
use banyan_model::instance::Book;
use banyan_model::model::{Catalog, Content, DatasetNo, EntityNo, FieldNo, LookupSource, MappingNo};
use banyan_model::ownership::Lone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// See [`Engine::keep_passes`].
const KEEP_PASSES: u32 = 100;

/// A catalog with all that follows from it for ingest; built once for each version.
pub struct Engine {
    /// The bound catalog.
    pub catalog: Arc<Catalog>,
    /// Plan and shape numbers.
    pub book: Book,
    /// Prepared sources, by name.
    pub sources: BTreeMap<String, Arc<dyn Prepared>>,
    /// Which entities have instances that more than one id leads to, so that references must be resolved.
    pub aliased: Vec<bool>,
    /// For each entity, the reference fields of others that mean it.
    pub referrers: Vec<Vec<(EntityNo, FieldNo)>>,
    /// For each dataset, the lookups that its rows fill.
    pub lookups_of: Vec<Vec<usize>>,
    /// For each dataset, the mappings that read it.
    pub mappings_of: Vec<Vec<MappingNo>>,
    /// For each dataset the columns that its key, its mappings and the lookups it fills use: all that a database is asked for.
    pub wanted: Vec<BTreeSet<String>>,
    /// For each mapping the short way for records that come first and alone, where it will do.
    pub lone: Vec<Option<Lone>>,
    /// For each feed (source, dataset as the adapter knows it), its datasets: one, one a record kind, or those that
    /// are committed together.
    pub feeds: BTreeMap<(String, String), Vec<DatasetNo>>,
    /// How many passes that changed nothing stay listed one by one.
    pub keep_passes: u32,
}

impl Engine {
    /// Derives everything from a bound catalog.
    pub fn new(catalog: Arc<Catalog>, sources: BTreeMap<String, Arc<dyn Prepared>>, book: Book) -> Engine {
        let mut referrers = vec![Vec::new(); catalog.entities.len()];
        for (e, entity) in catalog.entities.iter().enumerate() {
            for (f, field) in entity.fields.iter().enumerate() {
                if let Some(target) = field.refers_to {
                    referrers[target].push((e, f));
                }
            }
        }
        let mut aliased = vec![false; catalog.entities.len()];
        let mut mappings_of = vec![Vec::new(); catalog.datasets.len()];
        for (no, m) in catalog.mappings.iter().enumerate() {
            aliased[m.entity] |= !m.also.is_empty();
            mappings_of[m.dataset].push(no);
        }
        let mut lookups_of = vec![Vec::new(); catalog.datasets.len()];
        for (no, l) in catalog.lookups.iter().enumerate() {
            if let LookupSource::Dataset { dataset, .. } = l.rows {
                lookups_of[dataset].push(no);
            }
        }
        let mut feeds: BTreeMap<(String, String), Vec<DatasetNo>> = BTreeMap::new();
        for (no, d) in catalog.datasets.iter().enumerate() {
            let source = &catalog.sources[d.source].name;
            let feed = sources.get(source).and_then(|s| s.together(&d.feed)).unwrap_or_else(|| d.feed.clone());
            feeds.entry((source.clone(), feed)).or_default().push(no);
        }
        let lone = (0..catalog.mappings.len()).map(|m| Lone::new(&catalog, m)).collect();
        let wanted = (0..catalog.datasets.len()).map(|d| wanted(&catalog, d)).collect();
        Engine {
            catalog,
            book,
            sources,
            aliased,
            referrers,
            lookups_of,
            mappings_of,
            wanted,
            lone,
            feeds,
            keep_passes: KEEP_PASSES,
        }
    }

    /// Whether a dataset is a table that each pass reads anew; else its units are files, which stay what they were.
    pub fn is_table(&self, dataset: DatasetNo) -> bool {
        let d = &self.catalog.datasets[dataset];
        self.sources.get(&self.catalog.sources[d.source].name).is_some_and(|s| s.whole(&d.feed))
    }
}

/// The columns of a dataset that something uses.
fn wanted(catalog: &Catalog, dataset: DatasetNo) -> BTreeSet<String> {
    let d = &catalog.datasets[dataset];
    let mut out: BTreeSet<String> = d.key.iter().cloned().collect();
    if let Content::Changes(Some(operation)) = &d.content {
        out.insert(operation.column.clone());
    }
    for m in catalog.mappings.iter().filter(|m| m.dataset == dataset) {
        let conditions = [&m.when, &m.deleted, &m.changed_at].into_iter().flatten();
        let formulas = conditions.chain(m.fields.iter().map(|(_, f)| f));
        out.extend(formulas.flat_map(|f| f.columns().iter().cloned()));
        let keys = m.also.iter().chain([&m.key]).flat_map(|k| &k.columns);
        out.extend(keys.chain(m.pick.iter().flat_map(|p| &p.by)).cloned());
    }
    for l in &catalog.lookups {
        if matches!(l.rows, LookupSource::Dataset { dataset: from, .. } if from == dataset) {
            out.extend(l.keys.iter().chain([&l.value]).cloned());
        }
    }
    out
}
