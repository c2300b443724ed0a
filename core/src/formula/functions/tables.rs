//! Lookups in value tables, and references to instances of entities.

use super::super::check::{Call, Checked, Checker, Weight};
use super::super::outcome::Code;
use super::super::plan::{LookupStep, MOST_KEYS, Node, Step};
use super::super::scope::LookupType;
use super::{Body, Fault, Function};
use crate::lookup::Table;
use banyan_words::Type;
use banyan_words::id::IdHasher;
use banyan_words::problem::nearest;
use std::borrow::Cow;

const NO_KEY: Fault = Fault::new(Code::BadKey, Weight::Silent, "a key is empty, or of a kind that can be no key");
/// Most combinations of keys that are tried to see whether a lookup covers its enums.
const MOST_COMBINATIONS: usize = 10_000;

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "LOOKUP",
        signature: "LOOKUP(\"lookup\", key, …)",
        result: "as the lookup's value",
        about: "The value of the row that the keys name; of several rows with `*` the most specific. Needs an ELSE unless a row of `*` alone answers everything, or the keys are enums whose values all have a row. Keys are compared letter for letter: TRIM them.",
        absent: "a null key gives NULL, a missing one MISSING; no row is looked for",
        fails: &[
            Fault::new(
                Code::NotFound,
                Weight::Demand("lookup-needs-else"),
                "the lookup may have no row for these keys",
            ),
            NO_KEY,
        ],
        examples: &[
            ("LOOKUP(\"category\", CTYPE, REGION) ELSE REJECT \"unknown-category\"", "\"trade\""),
            ("LOOKUP(\"category\", \"R\", \"FR\") ELSE NULL", "\"retail\""),
            ("LOOKUP(\"category\", \"X\", \"FR\") ELSE REJECT \"unknown-category\"", "REJECT \"unknown-category\""),
            ("LOOKUP(\"category\", NOTHING, REGION) ELSE \"x\"", "NULL"),
        ],
        arity: (2, MOST_KEYS + 1),
        body: Body::Special(lookup),
    },
    Function {
        name: "REF",
        signature: "REF(\"entity\", \"key space\", key, …)",
        result: "ref",
        about: "The canonical id of the instance with that key, whether or not it has arrived. Keys stand in their declared order; they are compared letter for letter.",
        absent: "a null key gives NULL, a missing one MISSING",
        fails: &[NO_KEY],
        examples: &[
            ("REF(\"customer\", \"erp\", \"001001\")", "5pga7r8a2xsmynwhp3fje39cc1"),
            ("REF(\"customer\", \"erp\", EMAIL)", "REJECT \"bad-key\""),
        ],
        arity: (3, MOST_KEYS + 2),
        body: Body::Special(reference),
    },
];

/// The keys from argument `from` on.
fn keys(c: &mut Checker<'_>, call: &Call<'_>, from: usize) -> Vec<Checked> {
    let mut out = Vec::new();
    for e in call.args.get(from..).unwrap_or_default() {
        let key = c.expr(e, None);
        if let Some(t @ (Type::Float | Type::List(_) | Type::Object(_))) = &key.ty {
            let said = format!("{} is {}, which can be no key", e.span.of(c.text), t.word());
            c.error("wrong-type", e.span, said, None);
        }
        out.push(key);
    }
    out
}

fn lookup(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let name = c.literal(call, 0, "name");
    let keys = keys(c, call, 1);
    let Some(name) = name else { return c.nothing(call.span) };
    let at = call.args.first().map_or(call.span, |a| a.span);
    let scope = c.scope;
    let Some(table) = scope.lookups.get(name) else {
        let hint = nearest(name, scope.lookups.keys().map(String::as_str)).map(|n| format!("did you mean \"{n}\"?"));
        let hint = hint.or(Some("declare it under lookups:".to_owned()));
        c.error("unknown-lookup", at, format!("there is no lookup \"{name}\""), hint);
        return c.nothing(call.span);
    };
    if table.keys != keys.len() {
        let said = format!("lookup \"{name}\" has {} keys, not {}", table.keys, keys.len());
        c.error("wrong-arguments", call.span, said, None);
        return c.nothing(call.span);
    }
    note(&mut c.lookups, name);
    c.fetches |= table.from_dataset;
    if keys.iter().any(|k| k.ty.as_ref().is_some_and(|t| matches!(t, Type::Any | Type::Bytes))) {
        c.can_fail(call.span, NO_KEY.code, NO_KEY.weight, NO_KEY.when);
    }
    match gap(table, &keys) {
        None => {}
        Some(None) => {
            if let Some(f) = call.function.fails.first() {
                c.can_fail(call.span, f.code, f.weight, f.when);
            }
        }
        Some(Some(key)) => {
            let why = format!("lookup \"{name}\" has no row for {key}");
            c.can_fail(call.span, Code::NotFound, Weight::Demand("lookup-needs-else"), &why);
        }
    }
    let (ty, words) = match &table.value {
        Type::Enum(values) => (Type::Text, Some(values.clone())),
        other => (other.clone(), table.values.clone()),
    };
    let step = Step::Lookup(Box::new(LookupStep {
        table: table.id,
        name: name.into(),
        from_dataset: table.from_dataset,
        keys: keys.into_iter().map(|k| k.node).collect(),
    }));
    Checked { node: Node { span: call.span, step }, ty: Some(ty), words }
}

/// What a lookup lacks: nothing, an unknown key, or this one.
fn gap(table: &LookupType, keys: &[Checked]) -> Option<Option<String>> {
    if table.covers_all {
        return None;
    }
    let unknown = Some(None);
    let Some(rows) = table.table.as_deref() else { return unknown };
    let mut words: Vec<&[String]> = Vec::new();
    for k in keys {
        match &k.words {
            Some(w) => words.push(w),
            None => return unknown,
        }
    }
    if words.iter().try_fold(1_usize, |n, w| n.checked_mul(w.len())).is_none_or(|n| n > MOST_COMBINATIONS) {
        return unknown;
    }
    first_gap(rows, &words, &mut Vec::new()).map(Some)
}

fn first_gap<'w>(rows: &Table, words: &[&'w [String]], chosen: &mut Vec<Cow<'w, str>>) -> Option<String> {
    let Some((first, rest)) = words.split_first() else {
        return if rows.get(chosen).is_none() { Some(chosen.join(", ")) } else { None };
    };
    first.iter().find_map(|w| {
        chosen.push(Cow::Borrowed(w));
        let gap = first_gap(rows, rest, chosen);
        chosen.pop();
        gap
    })
}

fn note(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
}

fn reference(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let (entity, space) = (c.literal(call, 0, "entity"), c.literal(call, 1, "key space"));
    let keys = keys(c, call, 2);
    let (Some(entity), Some(space)) = (entity, space) else { return c.nothing(call.span) };
    let scope = c.scope;
    let Some(first_name) = scope.entities.get(entity) else {
        let at = call.args.first().map_or(call.span, |a| a.span);
        let hint = nearest(entity, scope.entities.keys().map(String::as_str)).map(|n| format!("did you mean \"{n}\"?"));
        c.error("unknown-entity", at, format!("there is no entity \"{entity}\""), hint);
        return c.nothing(call.span);
    };
    let pair = (entity.to_owned(), space.to_owned());
    if !c.refs.contains(&pair) {
        c.refs.push(pair);
    }
    if keys.iter().any(|k| !matches!(k.ty, Some(Type::Integer | Type::Decimal { .. } | Type::Date))) {
        c.fails(call);
    }
    let nodes = keys.into_iter().map(|k| k.node).collect();
    let step = Step::Ref(Box::new((IdHasher::new(first_name, space), nodes)));
    Checked { node: Node { span: call.span, step }, ty: Some(Type::Ref(entity.to_owned())), words: None }
}
