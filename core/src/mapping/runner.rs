//! A mapping bound to the columns of one shape.

use super::{Draft, SayKind, write_fragment};
use crate::formula::{Bound, Lookups, Outcome};
use crate::instance::key_of_value;
use crate::model::{Catalog, KeyFrom, MappingNo};
use banyan_words::id::{IdHasher, key_text};
use banyan_words::{Id, Row, Shape, Value};
use jiff::tz::TimeZone;

/// Why a record's key cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFault {
    /// The column.
    pub column: String,
    /// What is wrong, for a person.
    pub message: String,
}

/// Why a record is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A declared code.
    pub code: String,
    /// The field concerned.
    pub field: Option<String>,
    /// What is wrong, for a person.
    pub message: String,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It says what is in the draft.
    Says,
    /// `deleted:` holds: it withdraws what it said.
    Withdrawn,
    /// `when:` does not hold.
    Skipped,
    /// It becomes a dead letter.
    Refused(Refusal),
}

struct Key {
    hasher: IdHasher,
    columns: Vec<(String, Option<usize>)>,
    /// Texts that mean null: no part of any key.
    nulls: Vec<String>,
}

struct FieldRun {
    bound: Bound,
    name: String,
    required: bool,
    /// Whoever brings instances into being must give what is required; who adds to them may say nothing.
    must_say: bool,
}

/// See the module.
pub struct Runner {
    /// The mapping.
    pub mapping: MappingNo,
    /// Whether it says nothing about dataset-backed lookups, so that nothing needs fetching first.
    pub fetches: bool,
    record: Option<Key>,
    instance: Option<Key>,
    also: Vec<Key>,
    when: Option<Bound>,
    deleted: Option<Bound>,
    changed_at: Option<Bound>,
    pick: Vec<Option<usize>>,
    fields: Vec<FieldRun>,
    zone: Option<TimeZone>,
}

impl Runner {
    /// Binds a mapping to a shape.
    pub fn new(catalog: &Catalog, mapping: MappingNo, shape: &Shape) -> Runner {
        let m = &catalog.mappings[mapping];
        let entity = &catalog.entities[m.entity];
        let dataset = &catalog.datasets[m.dataset];
        let nulls = &dataset.null_texts;
        let key = |k: &KeyFrom| Key::new(IdHasher::new(&entity.id_name, &k.space), &k.columns, nulls, shape);
        let record = if m.direct {
            Some(key(&m.key))
        } else if dataset.key.is_empty() {
            None
        } else {
            Some(Key::new(IdHasher::new("\u{0}record", &dataset.id_name), &dataset.key, nulls, shape))
        };
        let fields = m
            .fields
            .iter()
            .map(|(no, f)| {
                let field = &entity.fields[*no];
                let required = field.required;
                FieldRun { bound: f.bind(shape), name: field.name.clone(), required, must_say: required && m.creates }
            })
            .collect();
        let pick = m.pick.as_ref().map_or(&[][..], |p| &p.by);
        Runner {
            mapping,
            fetches: m.fields.iter().any(|(_, f)| f.fetches()),
            record,
            // Without a key a record is an instance of its own.
            instance: (!m.direct && !m.key.columns.is_empty()).then(|| key(&m.key)),
            also: m.also.iter().map(key).collect(),
            when: m.when.as_ref().map(|f| f.bind(shape)),
            deleted: m.deleted.as_ref().map(|f| f.bind(shape)),
            changed_at: m.changed_at.as_ref().map(|f| f.bind(shape)),
            pick: pick.iter().map(|c| shape.position(c)).collect(),
            fields,
            zone: dataset.zone.as_deref().and_then(|z| TimeZone::get(z).ok()),
        }
    }

    /// The record's key as an id; `None` for a dataset without key.
    pub fn record_id(&self, row: &Row<'_>) -> Option<Result<Id, KeyFault>> {
        self.record.as_ref().map(|k| k.id(row))
    }

    /// Collects the keys of dataset-backed lookups that the formulas will ask for.
    pub fn lookup_keys(&self, row: &Row<'_>, lookups: &dyn Lookups, want: &mut dyn FnMut(usize, Vec<String>)) {
        for f in &self.fields {
            f.bound.lookup_keys(row, lookups, &mut |table, keys| {
                want(table, keys.iter().map(|k| k.to_string()).collect());
            });
        }
    }

    /// Runs the formulas. `record` is the id of [`Runner::record_id`], which for a direct mapping is the instance's.
    pub fn run(&self, row: &Row<'_>, record: Id, lookups: &dyn Lookups, out: &mut Draft) -> Fate {
        out.clear();
        for (bound, wanted, fate) in [(&self.when, false, Fate::Skipped), (&self.deleted, true, Fate::Withdrawn)] {
            let Some(bound) = bound else { continue };
            match truth(bound, row, lookups) {
                Err(refusal) => return Fate::Refused(refusal),
                Ok(t) if t == wanted => {
                    if fate == Fate::Withdrawn
                        && let Err(refusal) = self.keys(row, record, out)
                    {
                        return Fate::Refused(refusal);
                    }
                    return fate;
                }
                Ok(_) => {}
            }
        }
        if let Err(refusal) = self.keys(row, record, out) {
            return Fate::Refused(refusal);
        }
        for field in &self.fields {
            if let Err(refusal) = field.run(row, lookups, self.zone.as_ref(), out) {
                return Fate::Refused(refusal);
            }
        }
        if let Some(bound) = &self.changed_at {
            match bound.eval(row, lookups) {
                Outcome::Value(v) => key_of_value(&v, &mut out.changed_at),
                Outcome::Keep(_) => {}
                Outcome::Reject { code, message } => return Fate::Refused(refused(code, "changed_at", message)),
            }
        }
        for column in &self.pick {
            let v = column.map_or(Value::Missing, |i| row.value(i));
            // Null must compare lowest here: a record that says when it was made beats one that does not.
            let mut bytes = Vec::new();
            if !v.is_absent() {
                key_of_value(&v, &mut bytes);
            }
            // Escaped and ended, so that a key that begins another sorts before it whatever column follows.
            for b in bytes {
                out.pick.push(b);
                if b == 0 {
                    out.pick.push(0xff);
                }
            }
            out.pick.extend_from_slice(&[0, 0]);
        }
        Fate::Says
    }

    fn keys(&self, row: &Row<'_>, record: Id, out: &mut Draft) -> Result<(), Refusal> {
        out.instance = Some(match &self.instance {
            None => record,
            Some(key) => {
                key.id(row).map_err(|f| Refusal { code: "bad-key".into(), field: None, message: f.message })?
            }
        });
        for key in &self.also {
            // A null part gives no key (DESIGN section 5, Crosswalk).
            if let Ok(id) = key.id(row) {
                out.aliases.push(id);
            }
        }
        Ok(())
    }

    /// The formulas by field name, for explanations.
    pub fn bounds(&self) -> impl Iterator<Item = (&str, &Bound)> {
        self.fields.iter().map(|f| (f.name.as_str(), &f.bound))
    }
}

impl FieldRun {
    fn run(
        &self,
        row: &Row<'_>,
        lookups: &dyn Lookups,
        zone: Option<&TimeZone>,
        out: &mut Draft,
    ) -> Result<(), Refusal> {
        let kind = match self.bound.eval(row, lookups) {
            Outcome::Value(Value::Missing) if self.must_say => {
                let message = "the field is required, but its formula gives nothing (missing)";
                return Err(refused("required", &self.name, message.into()));
            }
            Outcome::Value(Value::Missing) => SayKind::Missing,
            Outcome::Value(Value::Null) if self.required => {
                return Err(refused(
                    "required",
                    &self.name,
                    "the field is required, but its formula gives null".into(),
                ));
            }
            Outcome::Value(v) => {
                let written = out.fragments.push_with(|b| write_fragment(&v, zone, b));
                written.map_err(|why| refused("bad-time", &self.name, why))?;
                out.says.push(SayKind::Value);
                return Ok(());
            }
            Outcome::Keep(code) => SayKind::Keep(code.into()),
            Outcome::Reject { code, message } => return Err(refused(code, &self.name, message)),
        };
        out.fragments.push(b"");
        out.says.push(kind);
        Ok(())
    }
}

impl Key {
    fn new(hasher: IdHasher, columns: &[String], nulls: &[String], shape: &Shape) -> Key {
        let columns = columns.iter().map(|c| (c.clone(), shape.position(c))).collect();
        Key { hasher, columns, nulls: nulls.to_vec() }
    }

    fn id(&self, row: &Row<'_>) -> Result<Id, KeyFault> {
        let mut hasher = self.hasher.clone();
        for (name, at) in &self.columns {
            let value = match at {
                None => Value::Missing,
                Some(at) => match row.text(*at) {
                    Some(text) if self.nulls.iter().any(|n| n == text) => Value::Null,
                    Some(text) => Value::text(text),
                    None => row.value(*at),
                },
            };
            match key_text(&value) {
                Some(text) => hasher.part(&text),
                None => {
                    let message = format!("the key column {name} is {}", absent_word(&value));
                    return Err(KeyFault { column: name.clone(), message });
                }
            }
        }
        Ok(hasher.finish())
    }
}

fn absent_word(v: &Value<'_>) -> &'static str {
    match v {
        Value::Text(_) => "empty",
        other => other.word(),
    }
}

fn truth(bound: &Bound, row: &Row<'_>, lookups: &dyn Lookups) -> Result<bool, Refusal> {
    match bound.eval(row, lookups) {
        Outcome::Value(Value::Boolean(b)) => Ok(b),
        Outcome::Value(v) if v.is_absent() => Ok(false),
        Outcome::Value(v) => {
            Err(refused("bad-type", "when", format!("a condition gives {}, not true or false", v.word())))
        }
        Outcome::Keep(code) => Err(refused(code, "when", "a condition cannot be kept".into())),
        Outcome::Reject { code, message } => Err(refused(code, "when", message)),
    }
}

fn refused(code: &str, field: &str, message: String) -> Refusal {
    Refusal { code: code.to_owned(), field: Some(field.to_owned()), message }
}
