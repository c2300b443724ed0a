//! Stored numbers: what the store calls a name, for ever.

use super::{Catalog, LookupSource, Stored};
use std::collections::BTreeMap;

/// A name that wants a number, with what must be remembered about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// `entity`, `field`, `shape`, `dataset`, `mapping`, `plan` or `lookup`.
    pub kind: &'static str,
    /// The name, unique within its kind.
    pub name: String,
    /// What a later version needs to know to read rows that carry the number (JSON).
    pub about: String,
}

/// Numbers by kind and name.
pub type Numbers = BTreeMap<(String, String), Stored>;

impl Catalog {
    /// Every name of this catalog that wants a number.
    pub fn names(&self) -> Vec<Named> {
        let mut out = Vec::new();
        let mut want = |kind, name: String, about: serde_json::Value| {
            out.push(Named { kind, name, about: about.to_string() });
        };
        for e in &self.entities {
            want("entity", e.id_name.clone(), serde_json::json!({}));
            for f in &e.fields {
                want("field", format!("{}.{}", e.id_name, f.name), serde_json::json!({ "type": f.ty }));
            }
            want("shape", e.shape_name(), e.shape_about());
        }
        for d in &self.datasets {
            want("dataset", d.id_name.clone(), serde_json::json!({}));
        }
        for m in &self.mappings {
            let name = m.id_name(self);
            want("mapping", name.clone(), serde_json::json!({}));
            let fields: Vec<&str> =
                m.fields.iter().map(|(f, _)| self.entities[m.entity].fields[*f].name.as_str()).collect();
            let formulas: Vec<&str> = m.fields.iter().map(|(_, f)| f.text()).collect();
            let about = serde_json::json!({ "mapping": name, "fields": fields, "formulas": formulas });
            want("plan", format!("{name}#{:016x}", m.hash), about);
        }
        for l in &self.lookups {
            if let LookupSource::Dataset { .. } = l.rows {
                want("lookup", l.name.clone(), serde_json::json!({}));
            }
        }
        out
    }

    /// Takes the numbers the store gave.
    pub fn bind(&mut self, numbers: &Numbers) {
        let get = |kind: &str, name: &str| numbers.get(&(kind.to_owned(), name.to_owned())).copied().unwrap_or(0);
        for e in &mut self.entities {
            e.stored = get("entity", &e.id_name);
            e.shape = get("shape", &e.shape_name());
            for f in &mut e.fields {
                f.stored = get("field", &format!("{}.{}", e.id_name, f.name));
            }
        }
        for d in &mut self.datasets {
            d.stored = get("dataset", &d.id_name);
        }
        let names: Vec<String> = self.mappings.iter().map(|m| m.id_name(self)).collect();
        for (m, name) in self.mappings.iter_mut().zip(names) {
            m.stored = get("mapping", &name);
            m.plan = get("plan", &format!("{name}#{:016x}", m.hash));
        }
        for l in &mut self.lookups {
            if let LookupSource::Dataset { stored, .. } = &mut l.rows {
                *stored = get("lookup", &l.name);
            }
        }
    }
}

impl super::Entity {
    fn shape_name(&self) -> String {
        let about = self.shape_about().to_string();
        format!("{}#{:016x}", self.id_name, banyan_words::codec::hash(about.as_bytes(), 0))
    }

    fn shape_about(&self) -> serde_json::Value {
        self.fields.iter().map(|f| serde_json::json!({ "name": f.name, "type": f.ty })).collect()
    }
}
