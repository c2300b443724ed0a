//! Formulas in their places: what each may speak of, and its diagnostics as problems of the configuration.

use super::lookups::Found;
use super::sources::{Known, World};
use super::tell::{Tell, meant};
use crate::draft::Draft;
use crate::formula::{self, Diagnostic, Formula, LookupType, Scope, Target};
use banyan_words::{Column, Severity, Type};
use std::collections::BTreeMap;

/// What all formulas of a configuration may speak of.
pub(super) struct Scopes<'w> {
    pub(super) draft: &'w Draft,
    world: &'w World,
    lookups: BTreeMap<String, LookupType>,
    entities: BTreeMap<String, String>,
}

impl<'w> Scopes<'w> {
    pub(super) fn new(draft: &'w Draft, world: &'w World, tables: &[Found]) -> Scopes<'w> {
        let lookups = tables.iter().map(|t| (t.name.clone(), t.ty.clone())).collect();
        Scopes { draft, world, lookups, entities: names(draft) }
    }

    /// A formula for a field that is not known, for a fault that has been told: whether its last ELSE has anything to catch
    /// depends on that field.
    pub(super) fn adrift(&self, text: &str, known: &Known, path: &str, tell: &mut Tell<'_>) {
        let scope = scope(known, &self.lookups, &self.entities);
        let faults = match formula::compile(text, &scope, None) {
            Ok((formula, warnings)) => {
                formula.refs().iter().for_each(|(_, space)| self.world.spaces.check_ref(space, path, text, tell));
                warnings
            }
            Err(faults) => faults,
        };
        let sure: Vec<Diagnostic> = faults.into_iter().filter(|f| f.code != "else-never-speaks").collect();
        told(&sure, known, path, tell);
    }

    /// A formula over a dataset's records; told if it does not compile.
    pub(super) fn compile(
        &self,
        text: &str,
        known: &Known,
        path: &str,
        target: Option<Target<'_>>,
        tell: &mut Tell<'_>,
    ) -> Option<Formula> {
        let formula = compile(text, known, &self.lookups, &self.entities, target, path, tell)?;
        let before = tell.errors();
        for (_, space) in formula.refs() {
            self.world.spaces.check_ref(space, path, text, tell);
        }
        (tell.errors() == before).then_some(formula)
    }

    /// The point in time a record was changed: a date, a date and time, or an instant.
    pub(super) fn moment(&self, text: &str, known: &Known, path: &str, tell: &mut Tell<'_>) -> Option<Formula> {
        let formula = self.compile(text, known, path, None, tell)?;
        match formula.result() {
            Type::Date | Type::DateTime | Type::Instant => Some(formula),
            other => {
                let message = format!("it gives {}, not a date, a datetime or an instant", other.word());
                let hint = "write DATETIME(COLUMN, \"yyyy-MM-dd HH:mm:ss\"), or DATE(…)";
                tell.error("wrong-type", path, message, hint);
                None
            }
        }
    }
}

/// The condition of a record type: over the file's own columns, without lookups.
pub(super) fn record_type(text: &str, path: &str, file: &Known, tell: &mut Tell<'_>) -> Option<Formula> {
    let (lookups, entities) = (BTreeMap::new(), BTreeMap::new());
    compile(text, file, &lookups, &entities, Some(Target::of(&Type::Boolean)), path, tell)
}

/// A condition over columns that are none of a dataset; only its faults are of interest.
pub(super) fn over(columns: &[Column], text: &str, path: &str, tell: &mut Tell<'_>) {
    let (lookups, entities) = (BTreeMap::new(), BTreeMap::new());
    let scope = Scope {
        columns: Some(columns),
        zone: None,
        null_texts: &[],
        null_dates: &[],
        lookups: &lookups,
        entities: &entities,
    };
    match formula::compile(text, &scope, Some(Target::of(&Type::Boolean))) {
        Ok((_, warnings)) => warnings.iter().for_each(|d| tell.add(d.problem(path))),
        Err(faults) => faults.iter().for_each(|d| tell.add(d.problem(path))),
    }
}

/// Entities that references may name, with the names their ids derive with. One whose section is faulty counts: that
/// has been told.
fn names(draft: &Draft) -> BTreeMap<String, String> {
    let told = draft.left_out.iter().filter_map(|path| path.strip_prefix("entities."));
    let faulty = told.map(|name| (name.to_owned(), name.to_owned()));
    let sound =
        draft.entities.iter().map(|e| (e.name.clone(), e.renamed_from.clone().unwrap_or_else(|| e.name.clone())));
    faulty.chain(sound).collect()
}

fn scope<'a>(
    known: &'a Known,
    lookups: &'a BTreeMap<String, LookupType>,
    entities: &'a BTreeMap<String, String>,
) -> Scope<'a> {
    Scope {
        columns: known.columns.as_deref(),
        zone: known.dataset.zone.as_deref(),
        null_texts: &known.dataset.null_texts,
        null_dates: &known.null_dates,
        lookups,
        entities,
    }
}

fn compile(
    text: &str,
    known: &Known,
    lookups: &BTreeMap<String, LookupType>,
    entities: &BTreeMap<String, String>,
    target: Option<Target<'_>>,
    path: &str,
    tell: &mut Tell<'_>,
) -> Option<Formula> {
    let formula = match formula::compile(text, &scope(known, lookups, entities), target) {
        Ok((formula, warnings)) => {
            told(&warnings, known, path, tell);
            formula
        }
        Err(faults) => {
            told(&faults, known, path, tell);
            return None;
        }
    };
    let gone: Vec<String> =
        formula.columns().iter().filter(|c| known.dataset.discard.contains(c)).map(|c| c.to_string()).collect();
    for column in &gone {
        known.check_column(column, path, tell);
    }
    gone.is_empty().then_some(formula)
}

/// Where the adapter refused the source, types are not known for that reason, and warnings about it are noise.
fn told(faults: &[Diagnostic], known: &Known, path: &str, tell: &mut Tell<'_>) {
    for fault in faults {
        if fault.severity == Severity::Error || known.sound {
            let lookup = fault.code == "unknown-lookup" && tell.is_partial("lookups");
            if lookup {
                continue;
            }
            let mut problem = fault.problem(path);
            if let (None, "unknown-column", Some(columns)) = (&problem.hint, fault.code, &known.columns) {
                let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
                problem = problem.hint(meant("", &names));
            }
            tell.add(problem);
        }
    }
}
