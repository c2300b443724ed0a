//! Rounding and counting.

use super::super::ast::{Expr, Kind, Op};
use super::super::check::{Arg, Call, Checked, Checker, Weight, scale, whole};
use super::super::compare;
use super::super::eval::{Cx, R, Stop, eval};
use super::super::numbers::{self, Rounding};
use super::super::outcome::{Code, brief};
use super::super::plan::{Gather, Node, Step};
use super::{Body, Fault, Function, Gives, PASSES, take};
use banyan_words::{Type, Value};
use std::cmp::Ordering;

const SKIPS: &str = "null and missing are skipped; if nothing is left NULL, or MISSING if all were missing";
const ROUNDS: &[Fault] = &[
    Fault::new(Code::ByZero, Weight::Warn, "of a quotient: the divisor is zero"),
    Fault::new(Code::Overflow, Weight::Silent, "more than 38 digits"),
];
const KINDS: &[Fault] = &[Fault::new(Code::BadType, Weight::Silent, "the arguments are not of one kind")];

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "ROUND",
        signature: "ROUND(x, n)",
        result: "decimal, or integer of an integer",
        about: "x with n digits after the point, half away from zero; a negative n rounds before the point. ROUND(a / b, n) divides and rounds at once, so endless digits do no harm.",
        absent: PASSES,
        fails: ROUNDS,
        examples: &[
            ("ROUND(2.345, 2)", "2.35"),
            ("ROUND(-2.5, 0)", "-3"),
            ("ROUND(1250, -2)", "1300"),
            ("ROUND(2 / 3, 4)", "0.6667"),
        ],
        arity: (2, 2),
        body: Body::Special(round_half),
    },
    Function {
        name: "ROUNDUP",
        signature: "ROUNDUP(x, n)",
        result: "decimal, or integer of an integer",
        about: "The same, away from zero.",
        absent: PASSES,
        fails: ROUNDS,
        examples: &[("ROUNDUP(2.341, 2)", "2.35"), ("ROUNDUP(-1 / 3, 2)", "-0.34")],
        arity: (2, 2),
        body: Body::Special(round_up),
    },
    Function {
        name: "ROUNDDOWN",
        signature: "ROUNDDOWN(x, n)",
        result: "decimal, or integer of an integer",
        about: "The same, towards zero.",
        absent: PASSES,
        fails: ROUNDS,
        examples: &[("ROUNDDOWN(2.349, 2)", "2.34"), ("ROUNDDOWN(-2.9, 0)", "-2")],
        arity: (2, 2),
        body: Body::Special(round_down),
    },
    Function {
        name: "ABS",
        signature: "ABS(x)",
        result: "as its argument",
        about: "x without its sign.",
        absent: PASSES,
        fails: &[Fault::new(Code::Overflow, Weight::Silent, "the smallest integer has no positive counterpart")],
        examples: &[("ABS(-12.50)", "12.50")],
        arity: (1, 1),
        body: Body::Strict { params: &[Arg::Number], gives: Gives::Same, run: abs },
    },
    Function {
        name: "MOD",
        signature: "MOD(a, b)",
        result: "as its arguments",
        about: "What is left of a after division by b, with the sign of b.",
        absent: PASSES,
        fails: &[
            Fault::new(Code::ByZero, Weight::Warn, "b is zero"),
            Fault::new(Code::Overflow, Weight::Silent, "more than 38 digits"),
        ],
        examples: &[("MOD(7, 3)", "1"), ("MOD(-7, 3)", "2"), ("MOD(7.5, 2)", "1.5")],
        arity: (2, 2),
        body: Body::Special(modulo),
    },
    Function {
        name: "MIN",
        signature: "MIN(value or list, …)",
        result: "as its arguments",
        about: "The least of numbers, of dates or of texts.",
        absent: SKIPS,
        fails: KINDS,
        examples: &[("MIN(3, 2.5, NULL)", "2.5"), ("MIN(NOTHING)", "NULL")],
        arity: (1, usize::MAX),
        body: Body::Special(min),
    },
    Function {
        name: "MAX",
        signature: "MAX(value or list, …)",
        result: "as its arguments",
        about: "The greatest of numbers, of dates or of texts.",
        absent: SKIPS,
        fails: KINDS,
        examples: &[("MAX(3, 2.5)", "3"), ("MAX(DATE(\"2019-04-01\"), DATE(\"2019-05-01\")) ELSE NULL", "2019-05-01")],
        arity: (1, usize::MAX),
        body: Body::Special(max),
    },
    Function {
        name: "SUM",
        signature: "SUM(number or list, …)",
        result: "decimal, or integer of integers",
        about: "The sum of numbers and of lists of numbers.",
        absent: SKIPS,
        fails: &[
            Fault::new(Code::BadType, Weight::Silent, "an item is no number"),
            Fault::new(Code::Overflow, Weight::Silent, "more than 38 digits"),
        ],
        examples: &[("SUM(QTY, 0.5, NULL)", "7.5"), ("SUM(LIST(1, 2, 3))", "6")],
        arity: (1, usize::MAX),
        body: Body::Special(sum),
    },
];

fn round_half(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    rounded(c, call, Rounding::Half, |args, cx| run(Rounding::Half, args, cx))
}

fn round_up(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    rounded(c, call, Rounding::Up, |args, cx| run(Rounding::Up, args, cx))
}

fn round_down(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    rounded(c, call, Rounding::Down, |args, cx| run(Rounding::Down, args, cx))
}

fn run<'r>(how: Rounding, args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let [x, n] = args else { return Ok(Value::Null) };
    let n = numbers::whole(n, cx)?;
    numbers::round(how, x, n, cx)
}

fn rounded(c: &mut Checker<'_>, call: &Call<'_>, how: Rounding, run: super::Run) -> Checked {
    let [x, places] = call.args else { return c.nothing(call.span) };
    let digits = whole(places);
    if digits.is_some_and(|n| !(-38..=38).contains(&n)) {
        c.error("wrong-arguments", places.span, "digits after the point are from -38 to 38".to_owned(), None);
    }
    let (ty, step) = if let Kind::Binary(Op::Div, a, b) = &x.kind {
        let (a, b) = c.quotient(call.span, a, b);
        let n = c.arg(places, Arg::Whole);
        let known = digits.and_then(|n| u8::try_from(n.max(0)).ok()).unwrap_or(38);
        let ty = (a.ty.is_some() && b.ty.is_some()).then_some(Type::Decimal { precision: 38, scale: known });
        (ty, Step::Quotient(how, Box::new([a.node, b.node, n.node])))
    } else {
        let (x, n) = (c.arg(x, Arg::Number), c.arg(places, Arg::Whole));
        c.can_fail(call.span, Code::Overflow, Weight::Silent, "");
        let ty = x.ty.map(|t| match (t, digits) {
            (Type::Integer, _) => Type::Integer,
            // Of a value whose kind is not known, rounding says at least how many digits it has.
            (t @ (Type::Decimal { .. } | Type::Any), Some(n)) => {
                let n = u8::try_from(n.clamp(0, 38)).unwrap_or(38);
                Type::Decimal { precision: 38, scale: scale(&t).min(n) }
            }
            (t, _) => t,
        });
        (ty, Step::Call(run, vec![x.node, n.node].into()))
    };
    Checked { node: Node { span: call.span, step }, ty, words: None }
}

fn abs<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let v = take(args, 0);
    match &v {
        Value::Integer(i) if *i < 0 => numbers::negate(&v, cx),
        Value::Decimal(d) if d.is_negative() => numbers::negate(&v, cx),
        Value::Integer(_) | Value::Decimal(_) => Ok(v),
        _ => Err(cx.bad(&v, "number")),
    }
}

fn modulo(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let args = c.args(call.args, Arg::Number);
    let known = call.args.get(1).is_some_and(|e| match &e.kind {
        Kind::Integer(i) => *i != 0,
        Kind::Decimal(d) => d.coefficient() != 0,
        _ => false,
    });
    for f in call.function.fails.iter().filter(|f| !known || f.code != Code::ByZero) {
        c.can_fail(call.span, f.code, f.weight, f.when);
    }
    let (ty, _) = c.unify(args.iter().zip(call.args).map(|(a, e)| (a, e.span)));
    let nodes = args.into_iter().map(|a| a.node).collect();
    c.strict(
        call.span,
        |args, cx| match args {
            [a, b] => numbers::modulo(a, b, cx),
            _ => Ok(Value::Null),
        },
        nodes,
        ty,
    )
}

/// Arguments that may be lists, and their one type.
fn gathered(c: &mut Checker<'_>, call: &Call<'_>, run: Gather, fits: fn(&Type) -> bool, wanted: &str) -> Checked {
    let mut parts: Vec<Checked> = Vec::new();
    for e in call.args {
        let mut part = c.expr(e, None);
        if let Some(Type::List(of)) = &part.ty {
            part.ty = Some((**of).clone());
        }
        if part.ty.as_ref().is_some_and(|t| !fits(t)) {
            part = mismatch(c, e, part, wanted);
        }
        parts.push(part);
    }
    c.fails(call);
    let (ty, _) = c.unify(parts.iter().zip(call.args).map(|(p, e)| (p, e.span)));
    let step = Step::Gather(run, parts.into_iter().map(|p| p.node).collect());
    Checked { node: Node { span: call.span, step }, ty, words: None }
}

fn mismatch(c: &mut Checker<'_>, e: &Expr, part: Checked, wanted: &str) -> Checked {
    let text = e.span.of(c.text).to_owned();
    let word = part.ty.as_ref().map_or("", Type::word);
    let hint =
        if matches!(part.ty, Some(Type::Text | Type::Float)) { Some(format!("say DECIMAL({text})")) } else { None };
    c.error("wrong-type", e.span, format!("{text} is {word}, where {wanted} are needed"), hint);
    c.nothing(e.span)
}

fn ordered(ty: &Type) -> bool {
    !matches!(ty, Type::List(_) | Type::Object(_) | Type::Boolean | Type::Ref(_) | Type::Bytes)
}

fn min(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    gathered(c, call, |nodes, cx| extreme(nodes, cx, Ordering::Less), ordered, "values that have an order")
}

fn max(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    gathered(c, call, |nodes, cx| extreme(nodes, cx, Ordering::Greater), ordered, "values that have an order")
}

fn sum(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let number = |t: &Type| matches!(t, Type::Integer | Type::Decimal { .. } | Type::Any);
    gathered(c, call, total, number, "numbers")
}

/// Hands every value to `add`, the items of lists one by one; what is left if all were absent.
fn each<'r>(
    nodes: &'r [Node],
    cx: &Cx<'r>,
    mut add: impl FnMut(Value<'r>) -> Result<(), Stop<'r>>,
) -> Result<Value<'r>, Stop<'r>> {
    let mut nothing = Value::Missing;
    let mut one = |v: Value<'r>| match v {
        Value::Missing => Ok(()),
        Value::Null => {
            nothing = Value::Null;
            Ok(())
        }
        v => add(v),
    };
    for node in nodes {
        match eval(node, cx)? {
            Value::List(items) => {
                one(Value::Null)?;
                items.into_iter().try_for_each(&mut one)?;
            }
            v => one(v)?,
        }
    }
    Ok(nothing)
}

fn extreme<'r>(nodes: &'r [Node], cx: &Cx<'r>, wanted: Ordering) -> R<'r> {
    let mut best: Option<Value<'r>> = None;
    let nothing = each(nodes, cx, |v| {
        match &best {
            Some(b) => match compare::order(&v, b) {
                Some(o) if o == wanted => best = Some(v),
                Some(_) => {}
                None => {
                    let said = || format!("{} and {} have no order", brief(&v), brief(b));
                    return Err(cx.fail(Code::BadType, said));
                }
            },
            None => best = Some(v),
        }
        Ok(())
    })?;
    Ok(best.unwrap_or(nothing))
}

fn total<'r>(nodes: &'r [Node], cx: &Cx<'r>) -> R<'r> {
    let mut sum: Option<Value<'r>> = None;
    let nothing = each(nodes, cx, |v| {
        let so_far = sum.take().unwrap_or(Value::Integer(0));
        sum = Some(numbers::arithmetic(Op::Add, &so_far, &v, cx)?);
        Ok(())
    })?;
    Ok(sum.unwrap_or(nothing))
}
