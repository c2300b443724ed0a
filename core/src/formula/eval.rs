//! Runs a plan over one record.
//!
//! Invariant: no record makes it panic, whatever types its cells turn out to have; text is borrowed from the record
//! wherever it is not changed. Not here: the single functions (`functions`).

use super::compare;
use super::numbers;
use super::outcome::{Code, brief};
use super::plan::{LookupStep, MOST_ARGS, MOST_KEYS, Node, Plan, Step, Switch};
use super::scope::{LookupAnswer, Lookups};
use super::tools;
use super::watch::Watch;
use banyan_words::{Row, Value, id};
use std::borrow::Cow;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stop<'r> {
    /// A step failed; an `ELSE` around it speaks.
    Fail(Code),
    /// The formula decided; nothing around it speaks.
    Keep(&'r str),
    Reject(&'r str),
    NotLoaded,
}

/// A value, or why there is none.
pub(crate) type R<'r> = Result<Value<'r>, Stop<'r>>;

/// What a plan sees while it runs.
pub(crate) struct Cx<'r> {
    pub(crate) plan: &'r Plan,
    pub(crate) row: Row<'r>,
    /// Column index by slot; `u32::MAX` where the record's shape has none.
    pub(crate) columns: &'r [u32],
    pub(crate) lookups: &'r dyn Lookups,
    /// Present only while somebody asks why; the fast path pays one test for it.
    pub(crate) watch: Option<&'r Watch>,
}

impl<'r> Cx<'r> {
    /// A failure; the message is made only for somebody who listens.
    #[cold]
    pub(crate) fn fail(&self, code: Code, why: impl FnOnce() -> String) -> Stop<'r> {
        if let Some(w) = self.watch {
            w.failed(why());
        }
        Stop::Fail(code)
    }

    /// A value that is not what a function needs.
    #[cold]
    pub(crate) fn bad(&self, v: &Value<'_>, wanted: &str) -> Stop<'r> {
        self.fail(Code::BadType, || format!("{} is no {wanted}", brief(v)))
    }

    fn column(&self, slot: u32) -> R<'r> {
        let Some(&i) = self.columns.get(slot as usize) else { return Ok(Value::Missing) };
        let i = i as usize;
        match self.row.text(i) {
            Some(t) if self.plan.null_texts.iter().any(|n| n == t) => Ok(Value::Null),
            Some(t) => Ok(Value::text(t)),
            None => Ok(self.row.value(i)),
        }
    }
}

/// The value of a node.
pub(crate) fn eval<'r>(node: &'r Node, cx: &Cx<'r>) -> R<'r> {
    let out = step(node, cx);
    if let Some(w) = cx.watch {
        w.saw(node, &out, cx);
    }
    out
}

fn step<'r>(node: &'r Node, cx: &Cx<'r>) -> R<'r> {
    match &node.step {
        Step::Column(slot) => cx.column(*slot),
        Step::Text(t) => Ok(Value::text(t)),
        Step::Const(v) => Ok(v.clone()),
        Step::Keep(code) => Err(Stop::Keep(code)),
        Step::Reject(code) => Err(Stop::Reject(code)),
        Step::Else(xy) => {
            let out = eval(&xy.0, cx);
            if matches!(out, Err(Stop::Fail(_))) { eval(&xy.1, cx) } else { out }
        }
        // Results are looked at where they lie: taking them apart and together again is what costs most here.
        Step::Call(run, args) => match args.as_ref() {
            [arg] => {
                let mut out = eval(arg, cx);
                match &mut out {
                    Ok(v) if !v.is_absent() => run(std::slice::from_mut(v), cx),
                    _ => out,
                }
            }
            args => call(*run, args, cx),
        },
        Step::With(arg, tool) => {
            let mut out = eval(arg, cx);
            match &mut out {
                Ok(v) if v.is_absent() || tools::leaves(tool, v) => out,
                Ok(v) => tools::apply(tool, std::mem::replace(v, Value::Null), cx),
                Err(_) => out,
            }
        }
        Step::Arithmetic(op, ab) => both(ab, cx, |a, b| numbers::arithmetic(*op, a, b, cx)),
        Step::Compare(how, ab) => both(ab, cx, |a, b| compare::holds(*how, a, b, cx).map(Value::Boolean)),
        Step::If(cab) => {
            let [c, a, b] = cab.as_ref();
            if truth(c, cx)? { eval(a, cx) } else { eval(b, cx) }
        }
        Step::Concat(parts) => concat(parts, cx),
        Step::Lookup(l) => lookup(l, cx),
        Step::Gather(run, args) => run(args, cx),
        _ => rare(node, cx),
    }
}

#[inline]
fn both<'r>(ab: &'r (Node, Node), cx: &Cx<'r>, then: impl FnOnce(&Value<'r>, &Value<'r>) -> R<'r>) -> R<'r> {
    match &eval(&ab.0, cx) {
        Ok(a) => match &eval(&ab.1, cx) {
            Ok(b) => then(a, b),
            Err(stop) => Err(*stop),
        },
        Err(stop) => Err(*stop),
    }
}

/// The steps that few formulas have, apart, so that the common ones need little stack.
#[inline(never)]
fn rare<'r>(node: &'r Node, cx: &Cx<'r>) -> R<'r> {
    match &node.step {
        Step::Neg(x) => numbers::negate(&eval(x, cx)?, cx),
        Step::Quotient(how, abn) => {
            let [a, b, n] = abn.as_ref();
            let (a, b, n) = (eval(a, cx)?, eval(b, cx)?, eval(n, cx)?);
            numbers::quotient(*how, &a, &b, &n, cx)
        }
        Step::And(parts) => {
            for p in parts {
                if !truth(p, cx)? {
                    return Ok(Value::Boolean(false));
                }
            }
            Ok(Value::Boolean(true))
        }
        Step::Or(parts) => {
            for p in parts {
                if truth(p, cx)? {
                    return Ok(Value::Boolean(true));
                }
            }
            Ok(Value::Boolean(false))
        }
        Step::Ifs(cases) => {
            for (c, v) in cases {
                if truth(c, cx)? {
                    return eval(v, cx);
                }
            }
            Err(cx.fail(Code::NoCase, || "no condition holds".to_owned()))
        }
        Step::Switch(s) => switch(s, cx),
        Step::Coalesce(parts) => {
            let mut last = Value::Missing;
            for p in parts {
                last = eval(p, cx)?;
                if !last.is_absent() {
                    break;
                }
            }
            Ok(last)
        }
        Step::Ref(r) => reference(&r.0, &r.1, cx),
        Step::Object(members) => {
            let mut out = Vec::with_capacity(members.len());
            for (name, m) in members {
                match eval(m, cx)? {
                    Value::Missing => {}
                    v => out.push((Cow::Borrowed(name.as_ref()), v)),
                }
            }
            Ok(Value::Object(out))
        }
        // Answered by `step`.
        _ => Err(Stop::Fail(Code::BadType)),
    }
}

/// A condition: absent counts as false.
fn truth<'r>(node: &'r Node, cx: &Cx<'r>) -> Result<bool, Stop<'r>> {
    match &eval(node, cx) {
        Ok(Value::Boolean(b)) => Ok(*b),
        Ok(Value::Null | Value::Missing) => Ok(false),
        Ok(other) => Err(cx.bad(other, "boolean")),
        Err(stop) => Err(*stop),
    }
}

/// Missing wins over null, and both over everything else.
pub(crate) fn absent<'r>(values: &[Value<'_>]) -> Option<Value<'r>> {
    if values.iter().any(|v| matches!(v, Value::Missing)) {
        return Some(Value::Missing);
    }
    values.iter().any(|v| matches!(v, Value::Null)).then_some(Value::Null)
}

fn call<'r>(run: super::plan::Run, args: &'r [Node], cx: &Cx<'r>) -> R<'r> {
    let mut values = [const { Value::Null }; MOST_ARGS];
    for (slot, arg) in values.iter_mut().zip(args) {
        *slot = eval(arg, cx)?;
    }
    let values = values.get_mut(..args.len().min(MOST_ARGS)).unwrap_or_default();
    match absent(values) {
        Some(v) => Ok(v),
        None => run(values, cx),
    }
}

fn concat<'r>(parts: &'r [Node], cx: &Cx<'r>) -> R<'r> {
    let mut out = String::new();
    for p in parts {
        if let Step::Text(t) = &p.step {
            out.push_str(t);
            continue;
        }
        match &eval(p, cx) {
            Ok(Value::Text(t)) => out.push_str(t),
            Ok(Value::Null | Value::Missing) => {}
            Ok(other) => out.push_str(&tools::scalar_text(other, cx)?),
            Err(stop) => return Err(*stop),
        }
    }
    Ok(Value::Text(Cow::Owned(out)))
}

fn switch<'r>(s: &'r Switch, cx: &Cx<'r>) -> R<'r> {
    let on = eval(&s.on, cx)?;
    for (how, case, result) in &s.cases {
        if compare::holds(*how, &on, &eval(case, cx)?, cx)? {
            return eval(result, cx);
        }
    }
    match &s.default {
        Some(d) => eval(d, cx),
        None => Err(cx.fail(Code::NoCase, || format!("{} is no case", brief(&on)))),
    }
}

/// Evaluates the keys of a lookup into `out`; an absent key's value where there is one.
pub(crate) fn keys<'r>(
    nodes: &'r [Node],
    out: &mut [Cow<'r, str>; MOST_KEYS],
    cx: &Cx<'r>,
) -> Result<Option<Value<'r>>, Stop<'r>> {
    let mut gone = None;
    for (slot, node) in out.iter_mut().zip(nodes) {
        match &mut eval(node, cx) {
            Ok(Value::Text(t)) => *slot = std::mem::take(t),
            Ok(Value::Missing) => gone = Some(Value::Missing),
            Ok(Value::Null) => gone = gone.or(Some(Value::Null)),
            Ok(v) => match id::key_text(v) {
                Some(t) => *slot = Cow::Owned(t.into_owned()),
                None => return Err(cx.fail(Code::BadKey, || format!("{} can be no key", brief(v)))),
            },
            Err(stop) => return Err(*stop),
        }
    }
    Ok(gone)
}

fn lookup<'r>(l: &'r LookupStep, cx: &Cx<'r>) -> R<'r> {
    let mut parts = [const { Cow::Borrowed("") }; MOST_KEYS];
    if let Some(absent) = keys(&l.keys, &mut parts, cx)? {
        return Ok(absent);
    }
    let parts = parts.get(..l.keys.len()).unwrap_or_default();
    match cx.lookups.get(l.table, parts) {
        LookupAnswer::Found(v) => {
            if let Some(w) = cx.watch {
                w.note(cx.lookups.place(l.table, parts));
            }
            Ok(v)
        }
        LookupAnswer::Absent => {
            let said = || format!("lookup \"{}\" has no row for {}", l.name, parts.join(", "));
            Err(cx.fail(Code::NotFound, said))
        }
        LookupAnswer::NotLoaded => Err(Stop::NotLoaded),
    }
}

fn reference<'r>(hasher: &id::IdHasher, nodes: &'r [Node], cx: &Cx<'r>) -> R<'r> {
    let mut h = hasher.clone();
    let mut gone: Option<Value<'r>> = None;
    let mut parts = Vec::new();
    for node in nodes {
        match &eval(node, cx) {
            Ok(Value::Missing) => gone = Some(Value::Missing),
            Ok(Value::Null) => gone = gone.or(Some(Value::Null)),
            Ok(v) => match id::key_text(v) {
                Some(t) => {
                    h.part(&t);
                    if cx.watch.is_some() {
                        parts.push(t.into_owned());
                    }
                }
                None => return Err(cx.fail(Code::BadKey, || format!("{} can be no key", brief(v)))),
            },
            Err(stop) => return Err(*stop),
        }
    }
    if let Some(gone) = gone {
        return Ok(gone);
    }
    let id = h.finish();
    if let Some(watch) = cx.watch {
        watch.referred(id, parts);
    }
    Ok(Value::Ref(id))
}
