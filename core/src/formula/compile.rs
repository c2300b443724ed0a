//! A formula from its text to its evaluation: compile once, bind once per shape of record, evaluate per record.

use super::ast::Expr;
use super::check::Checker;
use super::diagnostic::Diagnostic;
use super::eval::{Cx, Stop, eval, keys};
use super::moments::null_days;
use super::outcome::{Code, NOT_LOADED, Outcome};
use super::parse::parse;
use super::plan::{LookupStep, MOST_KEYS, Node, Plan, Step, Tool};
use super::scope::{LookupAnswer, Lookups, Scope, Target};
use super::watch::{Step as Explained, Watch};
use banyan_words::{Id, Row, Severity, Shape, Type};
use std::borrow::Cow;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// A compiled formula. Cheap to clone; it may be used by any number of threads.
#[derive(Clone)]
pub struct Formula {
    inner: Arc<Inner>,
}

struct Inner {
    text: String,
    plan: Plan,
    result: Type,
    lookups: Vec<String>,
    refs: Vec<(String, String)>,
    codes: Vec<String>,
    hash: u64,
}

impl std::fmt::Debug for Formula {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Formula").field(&self.inner.text).finish()
    }
}

/// Compiles a formula, with its warnings; or tells everything that is wrong with it, warnings included.
pub fn compile(
    text: &str,
    scope: &Scope<'_>,
    target: Option<Target<'_>>,
) -> Result<(Formula, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (tree, mut faults) = parse(text);
    let mut checker = Checker::new(text, scope);
    let checked = checker.branch(&tree, target.as_ref());
    checker.finish();
    faults.append(&mut checker.faults);
    faults.sort_by_key(|d| (d.offset, std::cmp::Reverse(d.severity)));
    faults.dedup();
    if faults.iter().any(|d| d.severity == Severity::Error) {
        return Err(faults);
    }
    let mut codes = checker.codes;
    for code in checker.implicit.iter().map(|c: &Code| c.as_str()) {
        if !codes.iter().any(|c| c == code) {
            codes.push(code.to_owned());
        }
    }
    let plan = Plan {
        root: checked.node,
        columns: checker.columns,
        null_texts: scope.null_texts.to_vec(),
        null_dates: scope.null_dates.iter().map(|t| t.trim().to_owned()).collect(),
        null_days: null_days(scope.null_dates),
        fetches: checker.fetches,
    };
    let inner = Inner {
        text: text.to_owned(),
        plan,
        result: checked.ty.unwrap_or(Type::Any),
        lookups: checker.lookups,
        refs: checker.refs,
        codes,
        hash: hash(&tree),
    };
    Ok((Formula { inner: Arc::new(inner) }, faults))
}

/// The one spelling of a formula that is printed and hashed; the faults if it cannot be read.
pub fn canonical(text: &str) -> Result<String, Vec<Diagnostic>> {
    let (tree, faults) = parse(text);
    if faults.is_empty() { Ok(tree.print()) } else { Err(faults) }
}

fn hash(tree: &Expr) -> u64 {
    xxh3_64(tree.print().as_bytes())
}

impl Formula {
    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// The columns it reads.
    pub fn columns(&self) -> &[String] {
        &self.inner.plan.columns
    }

    /// The lookups it asks.
    pub fn lookups(&self) -> &[String] {
        &self.inner.lookups
    }

    /// The entities and key spaces it refers to.
    pub fn refs(&self) -> &[(String, String)] {
        &self.inner.refs
    }

    /// Every code it can keep or reject with. A source whose cells are not of the types that its columns declare adds
    /// `bad-type`.
    pub fn codes(&self) -> &[String] {
        &self.inner.codes
    }

    /// The type of its value: the field's, if it was compiled for one. Of decimals, digits are upper bounds, and scale
    /// 38 says that none is known.
    pub fn result(&self) -> &Type {
        &self.inner.result
    }

    /// True if some lookup's rows come from a dataset: see [`Bound::lookup_keys`].
    pub fn fetches(&self) -> bool {
        self.inner.plan.fetches
    }

    /// A hash of its canonical spelling: the same in every release, for texts that differ in blanks or case of function
    /// names only. What surrounds it (null texts, zone, lookup rows) is not part of it.
    pub fn hash(&self) -> u64 {
        self.inner.hash
    }

    /// Finds its columns in a shape; one that is not there reads as missing.
    pub fn bind(&self, shape: &Shape) -> Bound {
        let index = |name: &String| shape.position(name).and_then(|i| u32::try_from(i).ok()).unwrap_or(u32::MAX);
        Bound { formula: self.clone(), columns: self.inner.plan.columns.iter().map(index).collect() }
    }
}

/// A formula for records of one shape.
#[derive(Clone, Debug)]
pub struct Bound {
    formula: Formula,
    columns: Vec<u32>,
}

impl Bound {
    /// The formula.
    pub fn formula(&self) -> &Formula {
        &self.formula
    }

    fn cx<'r>(&'r self, row: &Row<'r>, lookups: &'r dyn Lookups, watch: Option<&'r Watch>) -> Cx<'r> {
        Cx { plan: &self.formula.inner.plan, row: *row, columns: &self.columns, lookups, watch }
    }

    /// What the formula says of a record of its shape. Text is borrowed from the record where it is not changed.
    pub fn eval<'r>(&'r self, row: &Row<'r>, lookups: &'r dyn Lookups) -> Outcome<'r> {
        let plan = &self.formula.inner.plan;
        match eval(&plan.root, &self.cx(row, lookups, None)) {
            Ok(v) => Outcome::Value(v),
            Err(Stop::Keep(code)) => Outcome::Keep(code),
            Err(stop) => self.rejected(stop, row, lookups),
        }
    }

    /// Rejections are rare, so the message is made by a second evaluation that listens.
    #[cold]
    fn rejected<'r>(&'r self, stop: Stop<'r>, row: &Row<'r>, lookups: &'r dyn Lookups) -> Outcome<'r> {
        let code = match stop {
            Stop::Keep(code) | Stop::Reject(code) => code,
            Stop::Fail(code) => code.as_str(),
            Stop::NotLoaded => NOT_LOADED,
        };
        let watch = Watch::new(self.formula.text());
        let _ = eval(&self.formula.inner.plan.root, &self.cx(row, lookups, Some(&watch)));
        let message = match stop {
            Stop::NotLoaded => "a lookup row had not been fetched".to_owned(),
            _ => watch.reason().unwrap_or_else(|| format!("the formula says REJECT \"{code}\"")),
        };
        Outcome::Reject { code, message }
    }

    /// The steps that lead to a record's value, innermost first, and the value.
    pub fn explain<'r>(&'r self, row: &Row<'r>, lookups: &'r dyn Lookups) -> (Vec<Explained>, Outcome<'r>) {
        let watch = Watch::new(self.formula.text());
        let _ = eval(&self.formula.inner.plan.root, &self.cx(row, lookups, Some(&watch)));
        (watch.into_steps(), self.eval(row, lookups))
    }

    /// The keys that references of this record are made from, each with its id: how an id is turned back into a key.
    pub fn ref_keys<'r>(&'r self, row: &Row<'r>, lookups: &'r dyn Lookups) -> Vec<(Id, Vec<String>)> {
        let watch = Watch::new(self.formula.text());
        let _ = eval(&self.formula.inner.plan.root, &self.cx(row, lookups, Some(&watch)));
        watch.into_keys()
    }

    /// Hands `need` the number and the keys of every dataset-backed lookup row that this record asks for and `lookups`
    /// does not have yet. A lookup whose keys depend on another one's answer shows up in a further round; branches that
    /// turn out not to be taken may be asked for as well.
    pub fn lookup_keys<'r>(
        &'r self,
        row: &Row<'r>,
        lookups: &'r dyn Lookups,
        need: &mut dyn FnMut(usize, &[Cow<'_, str>]),
    ) {
        let plan = &self.formula.inner.plan;
        if plan.fetches {
            walk(&plan.root, &self.cx(row, lookups, None), need);
        }
    }
}

fn walk<'r>(node: &'r Node, cx: &Cx<'r>, need: &mut dyn FnMut(usize, &[Cow<'_, str>])) {
    if let Step::Lookup(l) = &node.step {
        ask(l, cx, need);
    }
    children(node, &mut |n| walk(n, cx, need));
}

fn ask<'r>(l: &'r LookupStep, cx: &Cx<'r>, need: &mut dyn FnMut(usize, &[Cow<'_, str>])) {
    if !l.from_dataset {
        return;
    }
    let mut parts = [const { Cow::Borrowed("") }; MOST_KEYS];
    // Keys that are absent or fail ask for nothing.
    if let Ok(None) = keys(&l.keys, &mut parts, cx) {
        let parts = parts.get(..l.keys.len()).unwrap_or_default();
        if cx.lookups.get(l.table, parts) == LookupAnswer::NotLoaded {
            need(l.table, parts);
        }
    }
}

fn children<'r>(node: &'r Node, see: &mut dyn FnMut(&'r Node)) {
    match &node.step {
        Step::Column(_) | Step::Text(_) | Step::Const(_) | Step::Keep(_) | Step::Reject(_) => {}
        Step::Neg(x) => see(x),
        Step::Else(xy) | Step::Arithmetic(_, xy) | Step::Compare(_, xy) => {
            see(&xy.0);
            see(&xy.1);
        }
        Step::If(three) | Step::Quotient(_, three) => three.iter().for_each(see),
        Step::Concat(all) | Step::And(all) | Step::Or(all) | Step::Coalesce(all) => all.iter().for_each(see),
        Step::Call(_, all) | Step::Gather(_, all) => all.iter().for_each(see),
        Step::Ifs(cases) => cases.iter().for_each(|(c, v)| {
            see(c);
            see(v);
        }),
        Step::Switch(s) => {
            see(&s.on);
            s.cases.iter().for_each(|(_, c, v)| {
                see(c);
                see(v);
            });
            s.default.iter().for_each(see);
        }
        Step::With(x, tool) => {
            see(x);
            if let Tool::DateAdd(_, n) = tool.as_ref() {
                see(n);
            }
        }
        Step::Lookup(l) => l.keys.iter().for_each(see),
        Step::Ref(r) => r.1.iter().for_each(see),
        Step::Object(members) => members.iter().for_each(|(_, m)| see(m)),
    }
}
