//! Conditions, and what is absent.

use super::super::ast::{Expr, Kind, Op};
use super::super::check::{Arg, Call, Checked, Checker, Weight};
use super::super::eval::{Cx, R, eval};
use super::super::outcome::Code;
use super::super::plan::{Node, Step, Switch};
use super::super::scope::Target;
use super::{Body, Fault, Function, Gives, PASSES, take};
use banyan_words::{Type, Value};

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "IF",
        signature: "IF(condition, then, else)",
        result: "as its branches",
        about: "One branch or the other; the other one is not evaluated. A branch may be REJECT \"code\" or KEEP \"code\".",
        absent: "an absent condition counts as false; the branch taken passes through",
        fails: &[],
        examples: &[
            ("IF(CTYPE = \"T\", \"trade\", \"retail\")", "\"trade\""),
            ("IF(NOTHING = \"T\", 1, 2)", "2"),
            ("IF(QTY > 5, REJECT \"too-many\", QTY)", "REJECT \"too-many\""),
        ],
        arity: (3, 3),
        body: Body::Branching(if_),
    },
    Function {
        name: "IFS",
        signature: "IFS(condition, value, …)",
        result: "as its branches",
        about: "The value of the first condition that holds. Ends in TRUE, value, or stands before an ELSE.",
        absent: "an absent condition counts as false",
        fails: &[Fault::new(Code::NoCase, Weight::Demand("ifs-needs-else"), "no condition holds")],
        examples: &[
            ("IFS(QTY > 9, \"many\", QTY > 5, \"some\", TRUE, \"few\")", "\"some\""),
            ("IFS(QTY > 9, \"many\") ELSE NULL", "NULL"),
        ],
        arity: (2, usize::MAX),
        body: Body::Branching(ifs),
    },
    Function {
        name: "SWITCH",
        signature: "SWITCH(value, case, result, … [, default])",
        result: "as its branches",
        about: "The result of the first case that equals the value. Without a default it must cover an enum or stand before an ELSE.",
        absent: "an absent value equals no case: the default, and without one the absent value itself",
        fails: &[Fault::new(Code::NoCase, Weight::Demand("switch-needs-else"), "the value is no case")],
        examples: &[
            ("SWITCH(CTYPE, \"R\", \"retail\", \"T\", \"trade\", \"other\")", "\"trade\""),
            ("SWITCH(REGION, \"DE\", 1) ELSE 0", "0"),
        ],
        arity: (3, usize::MAX),
        body: Body::Branching(switch),
    },
    Function {
        name: "AND",
        signature: "AND(condition, …)",
        result: "boolean",
        about: "Whether all conditions hold; those after the first that does not are not evaluated.",
        absent: "absent counts as false",
        fails: &[],
        examples: &[("AND(QTY > 5, CTYPE = \"T\")", "TRUE"), ("AND(TRUE, NULL)", "FALSE")],
        arity: (1, usize::MAX),
        body: Body::Special(and),
    },
    Function {
        name: "OR",
        signature: "OR(condition, …)",
        result: "boolean",
        about: "Whether any condition holds; those after it are not evaluated.",
        absent: "absent counts as false",
        fails: &[],
        examples: &[("OR(QTY > 9, CTYPE = \"T\")", "TRUE")],
        arity: (1, usize::MAX),
        body: Body::Special(or),
    },
    Function {
        name: "NOT",
        signature: "NOT(condition)",
        result: "boolean",
        about: "The contrary. Mind that a comparison with an absent value is false, so NOT of it is true.",
        absent: PASSES,
        fails: &[],
        examples: &[("NOT(QTY > 9)", "TRUE"), ("NOT(NOTHING = \"x\")", "TRUE")],
        arity: (1, 1),
        body: Body::Strict { params: &[Arg::Boolean], gives: Gives::Boolean, run: not },
    },
    Function {
        name: "ISBLANK",
        signature: "ISBLANK(value)",
        result: "boolean",
        about: "Whether there is nothing to see: null, missing, an empty text, a text of blanks, an empty list.",
        absent: "TRUE",
        fails: &[],
        examples: &[("ISBLANK(\"  \")", "TRUE"), ("ISBLANK(GONE)", "TRUE"), ("ISBLANK(QTY)", "FALSE")],
        arity: (1, 1),
        body: Body::Special(is_blank),
    },
    Function {
        name: "ISNULL",
        signature: "ISNULL(value)",
        result: "boolean",
        about: "Whether the record says that there is none.",
        absent: "TRUE for null, FALSE for missing",
        fails: &[],
        examples: &[("ISNULL(NOTHING)", "TRUE"), ("ISNULL(GONE)", "FALSE"), ("ISNULL(EMAIL)", "FALSE")],
        arity: (1, 1),
        body: Body::Special(is_null),
    },
    Function {
        name: "ISMISSING",
        signature: "ISMISSING(value)",
        result: "boolean",
        about: "Whether the record says nothing about it.",
        absent: "TRUE for missing, FALSE for null",
        fails: &[],
        examples: &[("ISMISSING(GONE)", "TRUE"), ("ISMISSING(NOTHING)", "FALSE")],
        arity: (1, 1),
        body: Body::Special(is_missing),
    },
    Function {
        name: "COALESCE",
        signature: "COALESCE(value, …)",
        result: "as its arguments",
        about: "The first argument that is neither null nor missing; if there is none, the last one as it is. Empty text is a value: BLANKNULL makes it null.",
        absent: "skipped",
        fails: &[],
        examples: &[
            ("COALESCE(NOTHING, GONE, \"x\")", "\"x\""),
            ("COALESCE(BLANKNULL(EMAIL), REJECT \"no-email\")", "REJECT \"no-email\""),
            ("COALESCE(NOTHING, GONE)", "MISSING"),
        ],
        arity: (1, usize::MAX),
        body: Body::Branching(coalesce),
    },
];

fn if_(c: &mut Checker<'_>, call: &Call<'_>, want: Option<&Target<'_>>) -> Checked {
    let [condition, yes, no] = call.args else { return c.nothing(call.span) };
    let condition = c.arg(condition, Arg::Boolean);
    let (a, b) = (c.branch(yes, want), c.branch(no, want));
    let (ty, words) = c.unify([(&a, yes.span), (&b, no.span)]);
    let step = Step::If(Box::new([condition.node, a.node, b.node]));
    Checked { node: Node { span: call.span, step }, ty, words }
}

fn ifs(c: &mut Checker<'_>, call: &Call<'_>, want: Option<&Target<'_>>) -> Checked {
    if call.args.len() % 2 == 1 {
        let hint = "the last pair may be TRUE, value".to_owned();
        c.error("wrong-arguments", call.span, "IFS takes conditions and values in pairs".to_owned(), Some(hint));
    }
    let (mut cases, mut values) = (Vec::new(), Vec::new());
    let mut complete = false;
    for pair in call.args.chunks_exact(2) {
        let [condition, value] = pair else { continue };
        complete = matches!(condition.kind, Kind::Boolean(true));
        cases.push(c.arg(condition, Arg::Boolean).node);
        values.push((c.branch(value, want), value.span));
    }
    let (ty, words) = c.unify(values.iter().map(|(v, s)| (v, *s)));
    if !complete {
        c.fails(call);
    }
    let step = Step::Ifs(cases.into_iter().zip(values.into_iter().map(|(v, _)| v.node)).collect());
    Checked { node: Node { span: call.span, step }, ty, words }
}

fn switch(c: &mut Checker<'_>, call: &Call<'_>, want: Option<&Target<'_>>) -> Checked {
    let Some((on, rest)) = call.args.split_first() else { return c.nothing(call.span) };
    let on = c.expr(on, None);
    let mut results = Vec::new();
    let mut cases = Vec::new();
    let mut covered: Vec<String> = Vec::new();
    for pair in rest.chunks_exact(2) {
        let [case, result] = pair else { continue };
        let value = c.expr(case, None);
        let how = c.comparable(case.span, Op::Eq, &on, &value);
        if let Kind::Text(t) = &case.kind {
            covered.push(t.clone());
        }
        cases.push((how, value.node));
        results.push((c.branch(result, want), result.span));
    }
    let default: Option<&Expr> = if rest.len() % 2 == 1 { rest.last() } else { None };
    let default = default.map(|e| (c.branch(e, want), e.span));
    let (ty, words) = c.unify(results.iter().chain(&default).map(|(v, s)| (v, *s)));
    let complete = on.words.as_ref().is_some_and(|all| all.iter().all(|w| covered.contains(w)));
    if default.is_none() && !complete {
        c.fails(call);
    }
    let cases = cases.into_iter().zip(results).map(|((how, case), (r, _))| (how, case, r.node)).collect();
    let step = Step::Switch(Box::new(Switch { on: on.node, cases, default: default.map(|(d, _)| d.node) }));
    Checked { node: Node { span: call.span, step }, ty, words }
}

fn coalesce(c: &mut Checker<'_>, call: &Call<'_>, want: Option<&Target<'_>>) -> Checked {
    let parts: Vec<_> = call.args.iter().map(|e| (c.branch(e, want), e.span)).collect();
    let (ty, words) = c.unify(parts.iter().map(|(p, s)| (p, *s)));
    let step = Step::Coalesce(parts.into_iter().map(|(p, _)| p.node).collect());
    Checked { node: Node { span: call.span, step }, ty, words }
}

fn conditions(c: &mut Checker<'_>, call: &Call<'_>, step: fn(Box<[Node]>) -> Step) -> Checked {
    let parts = c.args(call.args, Arg::Boolean).into_iter().map(|p| p.node).collect();
    Checked { node: Node { span: call.span, step: step(parts) }, ty: Some(Type::Boolean), words: None }
}

fn and(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    conditions(c, call, Step::And)
}

fn or(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    conditions(c, call, Step::Or)
}

fn not<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    match take(args, 0) {
        Value::Boolean(b) => Ok(Value::Boolean(!b)),
        other => Err(cx.bad(&other, "boolean")),
    }
}

/// A test that sees null and missing.
fn test(c: &mut Checker<'_>, call: &Call<'_>, holds: super::super::plan::Gather) -> Checked {
    let parts: Vec<Node> = c.args(call.args, Arg::Any).into_iter().map(|p| p.node).collect();
    let step = Step::Gather(holds, parts.into());
    Checked { node: Node { span: call.span, step }, ty: Some(Type::Boolean), words: None }
}

fn is_blank(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    test(c, call, |nodes, cx| with_first(nodes, cx, blank))
}

fn is_null(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    test(c, call, |nodes, cx| with_first(nodes, cx, |v| *v == Value::Null))
}

fn is_missing(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    test(c, call, |nodes, cx| with_first(nodes, cx, |v| *v == Value::Missing))
}

fn with_first<'r>(nodes: &'r [Node], cx: &Cx<'r>, holds: fn(&Value<'_>) -> bool) -> R<'r> {
    match nodes.first() {
        Some(n) => Ok(Value::Boolean(holds(&eval(n, cx)?))),
        None => Ok(Value::Null),
    }
}

/// Nothing to see.
pub(super) fn blank(v: &Value<'_>) -> bool {
    match v {
        Value::Null | Value::Missing => true,
        Value::Text(t) => t.trim().is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}
