//! `banyan why`: where the value of each field comes from, who rules it, and who else said what.

use super::hands::{because, reading, store_fault};
use super::{Done, Failure, Global, out};
use crate::runtime::places::Places;
use crate::runtime::serving::Serving;
use crate::runtime::why;
use banyan_model::model::{Catalog, Entity, EntityNo, Numbers};
use banyan_model::query::key_spaces;
use banyan_store::Store;
use banyan_words::Id;
use banyan_words::problem::nearest;
use serde_json::{Map, Value};
use std::fmt::Write;
use std::sync::Arc;

/// Say why an instance has the values it has.
#[derive(Debug, clap::Args)]
pub(super) struct Why {
    /// The entity, as in `customer`.
    entity: String,
    /// Its id, or a key as `space:key`; further parts of a composite key follow.
    #[arg(required = true, value_name = "ID | SPACE:KEY")]
    which: Vec<String>,
    /// Only this field.
    #[arg(long)]
    field: Option<String>,
}

impl Why {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (built, store) = reading(global)?;
        let mut catalog = built.catalog;
        catalog.bind(&numbers(&*store, &catalog)?);
        let places = Places::of(&catalog, &built.prepared);
        let mut serving = Serving::new(Arc::new(catalog), store.clone()).map_err(store_fault)?;
        serving.places = places;
        let catalog = &serving.catalog;
        let (no, entity) = catalog.entity(&self.entity).ok_or_else(|| no_entity(catalog, &self.entity))?;
        let id = self.id(catalog, no, entity)?;
        let mut reader = store.reader().map_err(store_fault)?;
        let found = reader.instance(entity.stored, id).map_err(store_fault)?;
        let found =
            found.ok_or_else(|| Failure::Because(format!("there is no {} with this id or key", entity.name)))?;
        let mut told = why::lineage(&serving, &mut *reader, no, &found).map_err(because)?;
        if let Some(field) = &self.field {
            let fields = told.get_mut("fields").and_then(Value::as_object_mut);
            let one = fields.as_ref().and_then(|f| f.get(field).cloned());
            let one = one.ok_or_else(|| Failure::Because(format!("{} has no field `{field}`", entity.name)))?;
            if let Some(fields) = fields {
                *fields = Map::from_iter([(field.clone(), one)]);
            }
        }
        match global.json {
            true => out::json(&told),
            false => out::answer(&text(&entity.name, &told)),
        }
        Ok(())
    }

    fn id(&self, catalog: &Catalog, no: EntityNo, entity: &Entity) -> Result<Id, Failure> {
        let first = self.which.first().map_or("", String::as_str);
        let Some((space, key)) = first.split_once(':') else {
            let id = Id::parse(first).filter(|_| self.which.len() == 1);
            return id.ok_or_else(|| {
                Failure::Because(format!(
                    "`{first}` is neither an id (26 characters) nor a key, written as `space:key`"
                ))
            });
        };
        let spaces = key_spaces(catalog, no);
        let Some(known) = spaces.iter().find(|s| s.name == space) else {
            let names: Vec<&str> = spaces.iter().map(|s| s.name.as_str()).collect();
            let meant =
                nearest(space, names.iter().copied()).map(|m| format!("did you mean `{m}`? ")).unwrap_or_default();
            let message = format!("{} has no key space `{space}`; {meant}there are: {}", entity.name, names.join(", "));
            return Err(Failure::Because(message));
        };
        let parts: Vec<&str> = std::iter::once(key).chain(self.which.iter().skip(1).map(String::as_str)).collect();
        if parts.len() != known.columns.len() {
            let message =
                format!("a key of `{space}` has {} part(s): {}", known.columns.len(), known.columns.join(", "));
            return Err(Failure::Because(message));
        }
        Ok(Id::derive(&entity.id_name, space, &parts))
    }
}

/// The numbers the store gave to names of this configuration. What is new in it has none yet: nothing is stored of that.
fn numbers(store: &dyn Store, catalog: &Catalog) -> Result<Numbers, Failure> {
    let mut out = Numbers::new();
    for name in catalog.names() {
        match store.register(std::slice::from_ref(&name)) {
            Ok(known) => out.extend(known),
            Err(banyan_store::StoreError::ReadOnly(_)) => {}
            Err(e) => return Err(store_fault(e)),
        }
    }
    Ok(out)
}

fn no_entity(catalog: &Catalog, name: &str) -> Failure {
    let known: Vec<&str> = catalog.entities.iter().map(|e| e.name.as_str()).collect();
    let meant = nearest(name, known.iter().copied()).map(|m| format!("did you mean `{m}`? ")).unwrap_or_default();
    Failure::Because(format!("there is no entity `{name}`; {meant}there are: {}", known.join(", ")))
}

fn text(entity: &str, told: &Value) -> String {
    let mut out = format!("{entity} {}\n", told.get("id").and_then(Value::as_str).unwrap_or(""));
    for (name, field) in told.get("fields").and_then(Value::as_object).into_iter().flatten() {
        let _ = writeln!(out, "\n{name} = {}", shown(field.get("value")));
        match field.get("from").and_then(Value::as_object) {
            Some(from) => said(from, "  ", &mut out),
            None => {
                let because = field.get("because").and_then(Value::as_str).unwrap_or("nobody says anything");
                let _ = writeln!(out, "  {because}");
            }
        }
        for other in field.get("losing").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
            let _ = writeln!(out, "  also said: {}", shown(other.get("value")));
            said(other, "    ", &mut out);
        }
    }
    out
}

/// Where something was said, and whatever else lineage tells of it.
fn said(from: &Map<String, Value>, indent: &str, out: &mut String) {
    let get = |name: &str| from.get(name).and_then(Value::as_str).unwrap_or("-");
    let line = from.get("line").map(|l| format!(", line {l}")).unwrap_or_default();
    let _ = writeln!(out, "{indent}from {} ({}{line})", get("dataset"), super::out::plain(get("unit")));
    let told = ["dataset", "unit", "line", "offset", "withdrawn", "value"];
    for (name, value) in from.iter().filter(|(n, v)| !told.contains(&n.as_str()) && !v.is_null()) {
        detail(name, value, indent, out);
    }
}

fn detail(name: &str, value: &Value, indent: &str, out: &mut String) {
    match value {
        Value::Object(members) => {
            let _ = writeln!(out, "{indent}{name}");
            members.iter().for_each(|(n, v)| detail(n, v, &format!("{indent}  "), out));
        }
        Value::Array(items) if items.iter().any(|i| i.is_object() || i.is_array()) => {
            let _ = writeln!(out, "{indent}{name}");
            for item in items {
                match item.as_object() {
                    Some(members) => {
                        let line: Vec<String> =
                            members.iter().map(|(n, v)| format!("{n} {}", shown(Some(v)))).collect();
                        let _ = writeln!(out, "{indent}  {}", line.join(", "));
                    }
                    None => out.push_str(&format!("{indent}  {}\n", shown(Some(item)))),
                }
            }
        }
        other => out.push_str(&format!("{indent}{name} {}\n", shown(Some(other)))),
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "null".to_owned(),
        Some(Value::String(text)) => super::out::plain(text),
        Some(other) => other.to_string(),
    }
}
