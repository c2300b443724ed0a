//! "Why this value?": for each field of an instance who rules it, where that stood, and who else said what.
//!
//! Invariant: told from the stored observations by the same rules that made the canonical value (`ownership::ruling`),
//! so the answer cannot differ from what is served.
//! Not here: how the instance was found (`execute`), how the answer travels (`http`).

mod formulas;

pub use formulas::place;

use super::serving::Serving;
use banyan_model::instance::{Book, Facts, Instance, Observation, Say};
use banyan_model::model::{EntityNo, Owner};
use banyan_model::ownership::{Ruling, World, ruling};
use banyan_store::{Found, Reader, Unit};
use banyan_words::Id;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::HashMap;

/// The lineage of an instance.
pub fn lineage(serving: &Serving, reader: &mut dyn Reader, entity: EntityNo, found: &Found) -> anyhow::Result<Value> {
    let damaged = || anyhow::anyhow!("the row of {} cannot be decoded", found.id);
    let decoded =
        serving.with_book(|plans, book| Facts::decode(&found.facts, found.id, plans).map(|i| (i, book.clone())))?;
    let (instance, book) = decoded.ok_or_else(damaged)?;
    let world = Units::of(&instance, reader)?;
    let mut formulas = Vec::with_capacity(instance.observations.len());
    for o in &instance.observations {
        let unit = world.0.get(&o.unit).map(|u| &u.key);
        formulas.push(formulas::explain((&serving.catalog, &serving.places), &book, reader, o, unit)?);
    }
    let told = Told { serving, entity, book: &book, instance: &instance, world: &world, formulas: &formulas };
    let e = &serving.catalog.entities[entity];
    let mut fields = Map::new();
    for (no, f) in e.fields.iter().enumerate() {
        fields.insert(f.name.clone(), told.field(no));
    }
    let records: Vec<Value> = (0..instance.observations.len()).map(|at| told.record(at)).collect();
    Ok(json!({ "id": found.id, "entity": e.name, "fields": fields, "records": records }))
}

/// The units observations came in, read once.
struct Units(HashMap<u32, Unit>);

impl Units {
    fn of(i: &Instance, reader: &mut dyn Reader) -> anyhow::Result<Units> {
        let mut all = HashMap::new();
        for o in &i.observations {
            if !all.contains_key(&o.unit)
                && let Some(unit) = reader.unit(o.unit)?
            {
                all.insert(o.unit, unit);
            }
        }
        Ok(Units(all))
    }

    fn order(&self, unit: u32) -> &str {
        self.0.get(&unit).map_or("", |u| &u.key.order)
    }
}

impl World for Units {
    fn compare_units(&self, a: u32, b: u32) -> Ordering {
        self.order(a).cmp(self.order(b))
    }

    fn resolve(&self, _: EntityNo, id: Id) -> Id {
        id
    }
}

struct Told<'a> {
    serving: &'a Serving,
    entity: EntityNo,
    book: &'a Book,
    instance: &'a Instance,
    world: &'a Units,
    formulas: &'a [Map<String, Value>],
}

impl Told<'_> {
    fn field(&self, no: usize) -> Value {
        let catalog = &self.serving.catalog;
        let field = &catalog.entities[self.entity].fields[no];
        let ruling = ruling(catalog, self.entity, self.book, self.world, self.instance, no);
        let (rules, why) = match ruling {
            Ruling::From(at) => (Some(at), "owner"),
            Ruling::Nobody => (None, "nobody says anything"),
            Ruling::Undecided => (None, "the owners disagree; a person is asked"),
        };
        let losing: Vec<Value> = (0..self.instance.observations.len())
            .filter(|at| Some(*at) != rules)
            .filter_map(|at| self.said(at, no))
            .collect();
        json!({
            "value": self.canonical(no),
            "owner": owner(&field.owner, |m| catalog.mappings[m].name.clone()),
            "because": why,
            "from": rules.and_then(|at| self.said(at, no)),
            "losing": losing,
        })
    }

    /// The value as served. A row of another shape holds its fields in another order.
    fn canonical(&self, no: usize) -> Value {
        let name = &self.serving.catalog.entities[self.entity].fields[no].name;
        let shape = self.book.shape(self.instance.shape);
        let at = shape.and_then(|s| s.fields.iter().position(|f| f == name)).unwrap_or(usize::MAX);
        json_of(self.instance.canonical.get(at))
    }

    /// What an observation says of a field, and where it stands.
    fn said(&self, at: usize, no: usize) -> Option<Value> {
        let o = self.instance.observations.get(at)?;
        let plan = self.book.plan(o.plan)?;
        let say = o.says.get(usize::from((*plan.say_of.get(no)?)?))?;
        let mut out = self.place(o);
        match say {
            Say::Missing => return None,
            Say::Value(v) => out.insert("value".to_owned(), json_of(v)),
            Say::Keep { code, value, seen } => {
                let good = seen.map(|(unit, place)| json!({ "unit": self.unit(unit), "line": place.line }));
                out.insert("kept".to_owned(), json!({ "code": code, "last_good": good }));
                out.insert("value".to_owned(), value.as_deref().map_or(Value::Null, json_of))
            }
        };
        let name = &self.serving.catalog.entities[self.entity].fields[no].name;
        if let Some(Value::Object(formula)) = self.formulas.get(at).and_then(|f| f.get(name)) {
            out.extend(formula.clone());
        }
        Some(Value::Object(out))
    }

    fn record(&self, at: usize) -> Value {
        let o = &self.instance.observations[at];
        let mut out = self.place(o);
        out.insert("current".to_owned(), json!(self.book.plan(o.plan).is_some_and(|p| p.current)));
        Value::Object(out)
    }

    fn place(&self, o: &Observation) -> Map<String, Value> {
        let catalog = &self.serving.catalog;
        let mapping = self.book.plan(o.plan).and_then(|p| p.mapping).and_then(|m| catalog.mappings.get(m));
        let mut out = Map::new();
        out.insert("mapping".to_owned(), json!(mapping.map(|m| &m.name)));
        out.insert("dataset".to_owned(), json!(mapping.map(|m| &catalog.datasets[m.dataset].full)));
        out.insert("unit".to_owned(), self.unit(o.unit));
        out.insert("line".to_owned(), json!(o.place.line));
        out.insert("offset".to_owned(), json!(o.place.offset));
        let unit = self.world.0.get(&o.unit);
        let located = mapping.zip(unit).and_then(|(m, unit)| {
            let dataset = &catalog.datasets[m.dataset].full;
            self.serving.places.locate(dataset, None, &unit.key, o.place)
        });
        if let Some(located) = located {
            out.insert("where".to_owned(), json!(located));
        }
        out.insert("withdrawn".to_owned(), json!(o.withdrawn));
        out
    }

    fn unit(&self, number: u32) -> Value {
        self.world.0.get(&number).map_or(Value::Null, |u| json!(u.key.name))
    }
}

fn owner(o: &Owner, name: impl Fn(usize) -> String) -> Value {
    match o {
        Owner::First(list) => json!({ "rule": "first", "of": list.iter().map(|(n, _)| n).collect::<Vec<_>>() }),
        Owner::Latest(ms) => json!({ "rule": "latest", "of": ms.iter().map(|m| name(*m)).collect::<Vec<_>>() }),
        Owner::Review(ms) => json!({ "rule": "review", "of": ms.iter().map(|m| name(*m)).collect::<Vec<_>>() }),
    }
}

fn json_of(fragment: &[u8]) -> Value {
    if fragment.is_empty() { Value::Null } else { serde_json::from_slice(fragment).unwrap_or(Value::Null) }
}
