//! Reads the sections of a tree, each part by itself, so that a faulty one costs the others nothing.

use super::names::{self, Use};
use super::{
    DATASET_KEYS, DatasetDraft, DatasetKeys, Draft, EntityDraft, FieldDraft, LookupDraft, MappingDraft, Part,
    SOURCE_KEYS, SourceDraft, SourceKeys,
};
use banyan_words::Problem;
use banyan_words::node::{Kind, Named, Node, join, join_index, read_partly};
use banyan_words::problem::nearest;
use serde::de::DeserializeOwned;

/// The keys of a configuration.
pub const TOP_KEYS: [&str; 12] = [
    "banyan",
    "gateway",
    "store",
    "include",
    "sources",
    "entities",
    "mappings",
    "lookups",
    "upstreams",
    "routes",
    "consumers",
    "brownouts",
];

/// Sections of later versions.
const LATER: [&str; 3] = ["channels", "access", "publishers"];

pub(super) fn draft(root: &Node) -> (Draft, Vec<Problem>) {
    let mut reader = Reader::default();
    let mut draft = Draft::default();
    reader.top(root);
    if let Some(node) = root.get("gateway") {
        draft.gateway = reader.read(node, "gateway").unwrap_or_default();
    }
    if let Some(node) = root.get("store") {
        draft.store = reader.read(node, "store");
    }
    for (name, path, node) in reader.named(root, "", "sources", "a source", Use::Source) {
        if let Some(body) = reader.source(node, &path) {
            draft.sources.push(Part { name, path, body });
        }
    }
    for (name, path, node) in reader.named(root, "", "entities", "an entity", Use::Json) {
        if let Some(body) = reader.entity(node, &path) {
            draft.entities.push(Part { name, path, body });
        }
    }
    for (name, path, node) in reader.named(root, "", "lookups", "a lookup", Use::Source) {
        if let Some(body) = reader.lookup(node, &path) {
            draft.lookups.push(Part { name, path, body });
        }
    }
    draft.mappings = reader.mappings(root);
    for (name, path, node) in reader.named(root, "", "upstreams", "an upstream", Use::Source) {
        draft.upstreams.push(Part { name, path, body: node.clone() });
    }
    for (i, node) in reader.list(root, "routes", "write `- path: …` for each route").iter().enumerate() {
        let path = join_index("routes", i);
        draft.routes.push(Part { name: path.clone(), path, body: node.clone() });
    }
    for (name, path, node) in reader.named(root, "", "consumers", "a consumer", Use::Source) {
        draft.consumers.push(Part { name, path, body: node.clone() });
    }
    for (i, node) in reader.list(root, "brownouts", "write `- consumer: …` for each").iter().enumerate() {
        let path = join_index("brownouts", i);
        draft.brownouts.push(Part { name: path.clone(), path, body: node.clone() });
    }
    root.locate(&mut reader.problems);
    draft.left_out = reader.left_out;
    (draft, reader.problems)
}

#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
    left_out: Vec<String>,
}

impl Reader {
    fn read<T: DeserializeOwned>(&mut self, node: &Node, path: &str) -> Option<T> {
        let reading = read_partly(node, path);
        self.problems.extend(reading.problems);
        self.left_out.extend(reading.left_out);
        reading.value
    }

    fn error(&mut self, code: &str, path: &str, message: String, hint: &str) {
        self.problems.push(Problem::error(code, path, message).hint(hint));
    }

    fn top(&mut self, root: &Node) {
        if !matches!(root.kind, Kind::Map(_)) {
            let message = format!("a configuration is a map, found {}", root.describe());
            self.error("wrong-type", "", message, "begin with `banyan: 1`");
            return;
        }
        match root.get("banyan") {
            None => self.error("missing-key", "", "the key `banyan` is missing".into(), "begin with `banyan: 1`"),
            Some(node) if node.as_text() == Some("1") => {}
            Some(node) => {
                let message = format!("this product reads version 1 of the configuration, found {}", node.describe());
                self.error("unknown-version", "banyan", message, "write `banyan: 1`");
            }
        }
        for (key, _) in root.entries() {
            let word = key.text.as_str();
            if TOP_KEYS.contains(&word) {
                continue;
            }
            let valid = TOP_KEYS.join(", ");
            let hint = match nearest(word, TOP_KEYS) {
                _ if LATER.contains(&word) => "this version does not know that section yet; leave it out".to_owned(),
                Some(meant) => format!("did you mean `{meant}`? valid are: {valid}"),
                None => format!("valid are: {valid}"),
            };
            let mut problem = Problem::error("unknown-key", word, format!("there is no key `{word}` here")).hint(hint);
            problem.spot = (key.spot.line > 0).then(|| key.spot.clone());
            self.problems.push(problem);
        }
    }

    /// The entries of the map under `key` that have a usable name: name, path, node.
    fn named<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        key: &str,
        what: &str,
        usage: Use,
    ) -> Vec<(String, String, &'n Node)> {
        let (at, mut found) = (join(path, key), Vec::new());
        let Some(section) = node.get(key) else { return found };
        if !matches!(section.kind, Kind::Map(_)) && !section.is_null() {
            let message = format!("expected a map of names, found {}", section.describe());
            self.error("wrong-type", &at, message, &format!("write `{key}: {{ name: … }}`"));
            self.left_out.push(at);
            return found;
        }
        for (key, node) in section.entries() {
            let path = join(&at, &key.text);
            if self.name(&path, &key.text, what, usage, &key.spot) {
                found.push((key.text.clone(), path, node));
            }
        }
        found
    }

    fn name(&mut self, path: &str, name: &str, what: &str, usage: Use, spot: &banyan_words::Spot) -> bool {
        let Some(mut problem) = names::check(path, name, what, usage) else { return true };
        problem.spot = (spot.line > 0).then(|| spot.clone());
        self.problems.push(problem);
        self.left_out.push(path.to_owned());
        false
    }

    fn source(&mut self, node: &Node, path: &str) -> Option<SourceDraft> {
        let (common, config) = self.parts(node, path, &SOURCE_KEYS)?;
        let (_, keys) = common.split(&["datasets"]);
        let keys = self.read::<SourceKeys>(&keys, path);
        if node.get("datasets").is_none_or(|d| d.is_null() || matches!(&d.kind, Kind::Map(m) if m.is_empty())) {
            let hint = "a source offers its records as datasets: `datasets: { contacts: { … } }`";
            self.error("missing-key", path, "the source has no `datasets`".into(), hint);
        }
        let mut datasets = Vec::new();
        for (name, path, node) in self.named(node, path, "datasets", "a dataset", Use::Source) {
            if let Some(body) = self.dataset(node, &path) {
                datasets.push(Part { name, path, body });
            }
        }
        Some(SourceDraft { keys: keys?, config, datasets })
    }

    fn dataset(&mut self, node: &Node, path: &str) -> Option<DatasetDraft> {
        let (common, config) = self.parts(node, path, &DATASET_KEYS)?;
        let mut keys = self.read::<DatasetKeys>(&common, path)?;
        for (i, (name, _)) in keys.records.0.iter().enumerate() {
            let at = join(&join(path, "records"), name);
            let spot = common.get("records").and_then(|r| r.entries().get(i)).map(|(k, _)| k.spot.clone());
            self.name(&at, name, "a record type", Use::Source, &spot.unwrap_or_default());
        }
        let left_out = &self.left_out;
        keys.records.0.retain(|(name, _)| !left_out.contains(&join(&join(path, "records"), name)));
        Some(DatasetDraft { keys, config })
    }

    /// A part's own keys, and its adapter's.
    fn parts(&mut self, node: &Node, path: &str, keys: &[&str]) -> Option<(Node, Node)> {
        if matches!(node.kind, Kind::Map(_)) {
            return Some(node.split(keys));
        }
        self.error("wrong-type", path, format!("expected a map, found {}", node.describe()), "write `name: { … }`");
        self.left_out.push(path.to_owned());
        None
    }

    fn entity(&mut self, node: &Node, path: &str) -> Option<EntityDraft> {
        let mut entity = self.read::<EntityDraft>(node, path)?;
        if let Some(plural) = &entity.plural {
            let at = join(path, "plural");
            let spot = node.get("plural").map(|n| n.spot.clone()).unwrap_or_default();
            if !self.name(&at, plural, "a collection", Use::Json, &spot) {
                entity.plural = None;
            }
        }
        self.fields(&mut entity.fields, node, path);
        if entity.fields.is_empty() && !self.left_out.iter().any(|p| p.starts_with(path)) {
            self.error(
                "missing-key",
                path,
                "the entity has no fields".into(),
                "write `fields: { name: { type: text } }`",
            );
        }
        Some(entity)
    }

    /// Names of fields, at every depth.
    fn fields(&mut self, fields: &mut Named<FieldDraft>, holder: &Node, path: &str) {
        let at = join(path, "fields");
        let written = holder.get("fields");
        fields.0.retain_mut(|(name, field)| {
            let here = join(&at, name);
            let entry = written.and_then(|w| w.entries().iter().find(|(k, _)| k.text == *name));
            let spot = entry.map(|(k, _)| k.spot.clone()).unwrap_or_default();
            let node = entry.map(|(_, n)| n);
            if let (Some(inner), Some(node)) = (&mut field.fields, node) {
                self.fields(inner, node, &here);
            }
            if let (Some(inner), Some(node)) = (&mut field.of, node.and_then(|n| n.get("of")))
                && let Some(fields) = &mut inner.0.fields
            {
                self.fields(fields, node, &join(&here, "of"));
            }
            self.name(&here, name, "a field", Use::Json, &spot)
        });
    }

    fn lookup(&mut self, node: &Node, path: &str) -> Option<LookupDraft> {
        let lookup = self.read::<LookupDraft>(node, path)?;
        let message = match (&lookup.file, &lookup.dataset) {
            (Some(_), Some(_)) => "a lookup is either a `file` or a `dataset`, not both",
            (None, None) => "a lookup needs a `file` or a `dataset`",
            _ => return Some(lookup),
        };
        let gone = |key: &str| self.left_out.contains(&join(path, key));
        if !gone("file") && !gone("dataset") {
            self.error(
                "invalid-value",
                path,
                message.into(),
                "write `file: lookups/name.csv`, or `dataset: source.name`",
            );
        }
        self.left_out.push(path.to_owned());
        None
    }

    /// The items of the list under `key`.
    fn list<'n>(&mut self, root: &'n Node, key: &str, hint: &str) -> &'n [Node] {
        let Some(section) = root.get(key) else { return &[] };
        if !matches!(section.kind, Kind::List(_)) && !section.is_null() {
            let message = format!("expected a list, found {}", section.describe());
            self.error("wrong-type", key, message, hint);
            self.left_out.push(key.into());
            return &[];
        }
        section.items()
    }

    fn mappings(&mut self, root: &Node) -> Vec<Part<MappingDraft>> {
        let mut found: Vec<Part<MappingDraft>> = Vec::new();
        for (i, node) in self.list(root, "mappings", "write `- from: …` for each mapping").iter().enumerate() {
            let path = join_index("mappings", i);
            let Some(body) = self.read::<MappingDraft>(node, &path) else { continue };
            let name = body.name.clone().unwrap_or_else(|| format!("{} -> {}", body.from, body.to));
            if let Some(other) = found.iter().find(|m| m.name == name) {
                let message = format!("two mappings are called `{name}` (the other is {})", other.path);
                self.error("duplicate-name", &path, message, "give this one a `name:` of its own");
                self.left_out.push(path);
                continue;
            }
            found.push(Part { name, path, body });
        }
        found
    }
}
