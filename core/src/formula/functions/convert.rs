//! Conversions between text and numbers. Blank text fails, so that an `ELSE` speaks; nothing is guessed.

use super::super::check::{Arg, Call, Checked, Checker, Weight, scale};
use super::super::eval::{Cx, R, Stop};
use super::super::moments::{Pattern, plain_text};
use super::super::numbers::{NumberPattern, decimal as exact};
use super::super::outcome::{Code, brief};
use super::super::plan::{Node, Run, Step, Tool};
use super::super::tools::scalar_text;
use super::{Body, Fault, Function, PASSES, take, text};
use banyan_words::value::float_text;
use banyan_words::{Decimal, Type, Value};

const NO_NUMBER: Fault = Fault::new(Code::BadType, Weight::Warn, "the text is empty, blank or no number");

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "DECIMAL",
        signature: "DECIMAL(value [, point [, grouping]])",
        result: "decimal",
        about: "An exact decimal of a text or number. Blanks around it are ignored, a sign may stand before or after it. The point is `.` unless another is given; groups of three digits are allowed only if their separator is given.",
        absent: PASSES,
        fails: &[NO_NUMBER],
        examples: &[
            ("DECIMAL(CRLIM) / 100", "12500"),
            ("DECIMAL(\" 12.50- \")", "-12.50"),
            ("DECIMAL(\"1.234,50\", \",\", \".\")", "1234.50"),
            ("DECIMAL(\"1,234\")", "REJECT \"bad-type\""),
            ("DECIMAL(EMAIL) ELSE 0", "0"),
        ],
        arity: (1, 3),
        body: Body::Special(decimal),
    },
    Function {
        name: "INTEGER",
        signature: "INTEGER(value)",
        result: "integer",
        about: "A whole number of 64 bits, of a text of digits with an optional sign or of a number without a fraction.",
        absent: PASSES,
        fails: &[NO_NUMBER],
        examples: &[("INTEGER(\" 007\")", "7"), ("INTEGER(12.00)", "12"), ("INTEGER(\"1.5\") ELSE NULL", "NULL")],
        arity: (1, 1),
        body: Body::Special(integer),
    },
    Function {
        name: "FLOAT",
        signature: "FLOAT(value)",
        result: "float",
        about: "A binary floating-point number, of a text (an exponent is allowed) or number. Not for money.",
        absent: PASSES,
        fails: &[NO_NUMBER],
        examples: &[("FLOAT(\"1.5e2\")", "150"), ("FLOAT(\"nan\") ELSE NULL", "NULL")],
        arity: (1, 1),
        body: Body::Special(float),
    },
    Function {
        name: "BOOLEAN",
        signature: "BOOLEAN(value, true text, false text)",
        result: "boolean",
        about: "TRUE or FALSE for exactly these texts; blanks around the value are ignored. Without the texts, only `true` and `false` count, in any case.",
        absent: PASSES,
        fails: &[Fault::new(Code::BadType, Weight::Warn, "the text is neither of the two")],
        examples: &[
            ("BOOLEAN(\"Y\", \"Y\", \"N\")", "TRUE"),
            ("BOOLEAN(QTY, \"1\", \"0\") ELSE NULL", "NULL"),
            ("BOOLEAN(\" \", \"Y\", \"\")", "FALSE"),
        ],
        arity: (1, 3),
        body: Body::Special(boolean),
    },
    Function {
        name: "ZONED",
        signature: "ZONED(text, scale)",
        result: "decimal",
        about: "A COBOL zoned decimal with scale digits after an implied point. Its last character may carry the sign: `{ABCDEFGHI` for +0 to +9, `}JKLMNOPQR` for -0 to -9; plain digits have no sign. Blanks are not digits.",
        absent: PASSES,
        fails: &[Fault::new(Code::BadType, Weight::Warn, "a character is no digit, or the text is blank")],
        examples: &[
            ("ZONED(\"0000019400{\", 2)", "1940.00"),
            ("ZONED(\"12J\", 1)", "-12.1"),
            ("ZONED(\"   \", 2) ELSE NULL", "NULL"),
        ],
        arity: (2, 2),
        body: Body::Special(zoned),
    },
    Function {
        name: "TEXT",
        signature: "TEXT(value [, pattern])",
        result: "text",
        about: "The text of a single value. Dates and times take a date pattern, numbers one of zeros: `\"0.00\"` writes two digits after the point, `\"000\"` at least three before it. Nothing is rounded.",
        absent: PASSES,
        fails: &[
            Fault::new(Code::Inexact, Weight::Warn, "the number has more digits after the point than its pattern"),
            super::RANGE,
        ],
        examples: &[
            ("TEXT(PRICE)", "\"12.50\""),
            ("TEXT(QTY, \"0000\")", "\"0007\""),
            ("TEXT(ROUND(2 / 3, 2), \"0.000\")", "\"0.670\""),
            ("TEXT(STAMP, \"dd.MM.yyyy HH:mm\")", "\"29.03.2026 01:30\""),
        ],
        arity: (1, 2),
        body: Body::Special(to_text),
    },
];

/// A conversion whose argument is of one of these types; `sure` ones cannot fail.
fn conversion(
    c: &mut Checker<'_>,
    call: &Call<'_>,
    run: Run,
    gives: fn(Option<&Type>) -> Type,
    takes: fn(&Type) -> bool,
    sure: fn(&Type) -> bool,
) -> Checked {
    let Some((first, more)) = call.args.split_first() else { return c.nothing(call.span) };
    let from = c.expr(first, None);
    let ty = gives(from.ty.as_ref());
    if let Some(t) = from.ty.as_ref().filter(|t| !matches!(t, Type::Any) && !takes(t)) {
        let said = format!("{} cannot make {} of {}", call.function.name, ty.word(), t.word());
        c.error("wrong-type", first.span, said, None);
        return c.nothing(call.span);
    }
    if from.ty.as_ref().is_some_and(|t| !sure(t)) {
        c.fails(call);
    }
    let mut nodes = vec![from.node];
    nodes.extend(c.args(more, Arg::Text).into_iter().map(|a| a.node));
    c.strict(call.span, run, nodes, Some(ty))
}

fn number(ty: &Type) -> bool {
    matches!(ty, Type::Integer | Type::Decimal { .. })
}

fn numeric_or_text(ty: &Type) -> bool {
    number(ty) || matches!(ty, Type::Text | Type::Enum(_) | Type::Float)
}

fn decimal(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let out = conversion(c, call, run_decimal, digits, numeric_or_text, number);
    for i in 1..call.args.len() {
        if let Some(mark) = c.literal(call, i, "separator")
            && (mark.chars().count() != 1 || mark.chars().any(|m| m.is_ascii_digit() || "+-".contains(m)))
        {
            let span = call.args.get(i).map_or(call.span, |a| a.span);
            c.error("wrong-arguments", span, "a separator is one character, and no digit or sign".to_owned(), None);
        }
    }
    out
}

/// A number keeps the digits it is known to have; those of a text are not known.
fn digits(from: Option<&Type>) -> Type {
    match from {
        Some(Type::Integer) => Type::Decimal { precision: 38, scale: 0 },
        Some(t @ Type::Decimal { .. }) => t.clone(),
        _ => Type::Decimal { precision: 38, scale: 38 },
    }
}

fn run_decimal<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let marks = if args.len() > 1 {
        let point = text(args, 1, cx)?;
        let group = if args.len() > 2 { Some(text(args, 2, cx)?) } else { None };
        Some((point, group))
    } else {
        None
    };
    let v = take(args, 0);
    let found = match &v {
        Value::Integer(_) | Value::Decimal(_) => exact(&v),
        Value::Float(f, narrow) => float_text(*f, *narrow).parse().ok(),
        Value::Text(t) => match &marks {
            None => plain(t.trim()),
            Some((point, group)) => spelled(t.trim(), point, group.as_deref()),
        },
        _ => None,
    };
    found.map(Value::Decimal).ok_or_else(|| cx.bad(&v, "decimal number of at most 38 digits"))
}

/// `12.50`, `-12.50`, `12.50-`.
fn plain(t: &str) -> Option<Decimal> {
    match t.strip_suffix('-') {
        None => t.parse().ok(),
        Some(head) if head.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            let d: Decimal = head.trim_end().parse().ok()?;
            Decimal::new(-d.coefficient(), d.scale()).ok()
        }
        Some(_) => None,
    }
}

/// With another point, and groups of three digits before it.
fn spelled(t: &str, point: &str, group: Option<&str>) -> Option<Decimal> {
    let (whole, fraction) = match t.split_once(point) {
        Some((w, f)) => (w, Some(f)),
        None => (t, None),
    };
    let mut out = String::with_capacity(t.len());
    match group.filter(|g| whole.contains(g)) {
        None => out.push_str(whole),
        Some(g) => {
            for (i, part) in whole.split(g).enumerate() {
                let digits = part.trim_start_matches(['+', '-']);
                let fine = if i == 0 { (1..=3).contains(&digits.len()) } else { part.len() == 3 && digits == part };
                if !fine {
                    return None;
                }
                out.push_str(part);
            }
        }
    }
    if let Some(f) = fraction {
        out.push('.');
        out.push_str(f);
    }
    // The point of the plain form must not slip through as a letter of this one.
    if point != "." && (whole.contains('.') && group != Some(".") || fraction.is_some_and(|f| f.contains('.'))) {
        return None;
    }
    plain(&out)
}

fn integer(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let sure = |t: &Type| matches!(t, Type::Integer) || (number(t) && scale(t) == 0);
    let takes = |t: &Type| numeric_or_text(t) && !matches!(t, Type::Float);
    let out = conversion(c, call, run_integer, |_| Type::Integer, takes, sure);
    c.can_fail(call.span, Code::BadType, Weight::Silent, "");
    out
}

fn run_integer<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let v = take(args, 0);
    let found = match &v {
        Value::Integer(i) => Some(*i),
        Value::Decimal(d) => d.to_i64(),
        Value::Text(t) => t.trim().parse().ok(),
        _ => None,
    };
    found.map(Value::Integer).ok_or_else(|| cx.bad(&v, "whole number of 64 bits"))
}

fn float(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    conversion(c, call, run_float, |_| Type::Float, numeric_or_text, |t| number(t) || matches!(t, Type::Float))
}

fn run_float<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    to_float(&take(args, 0), cx)
}

/// The nearest float.
pub(crate) fn to_float<'r>(v: &Value<'r>, cx: &Cx<'r>) -> R<'r> {
    let found = match v {
        Value::Float(f, narrow) => return Ok(Value::Float(*f, *narrow)),
        Value::Integer(i) => Some(*i as f64),
        Value::Decimal(d) => d.to_string().parse::<f64>().ok(),
        // `inf` and `nan` are words, not numbers.
        Value::Text(t) if t.bytes().any(|b| b.is_ascii_digit()) => {
            t.trim().parse::<f64>().ok().filter(|f| f.is_finite())
        }
        _ => None,
    };
    found.map(|f| Value::Float(f, false)).ok_or_else(|| cx.bad(v, "floating-point number"))
}

fn boolean(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    if call.args.len() == 2 {
        let said = "BOOLEAN needs the text for false, too".to_owned();
        c.error("wrong-arguments", call.span, said, Some(call.function.signature.to_owned()));
    }
    let takes = |t: &Type| matches!(t, Type::Text | Type::Enum(_) | Type::Integer | Type::Boolean);
    conversion(c, call, run_boolean, |_| Type::Boolean, takes, |t| matches!(t, Type::Boolean))
}

fn run_boolean<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let v = take(args, 0);
    if let Value::Boolean(b) = v {
        return Ok(Value::Boolean(b));
    }
    let found = {
        let t = scalar_text(&v, cx)?;
        let t = t.trim();
        match args {
            [_, yes, no] => {
                let is = |v: &Value<'r>| -> Result<bool, Stop<'r>> { Ok(scalar_text(v, cx)?.trim() == t) };
                if is(yes)? {
                    Some(true)
                } else if is(no)? {
                    Some(false)
                } else {
                    None
                }
            }
            _ if t.eq_ignore_ascii_case("true") => Some(true),
            _ if t.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    };
    found
        .map(Value::Boolean)
        .ok_or_else(|| cx.fail(Code::BadType, || format!("{} says neither true nor false", brief(&v))))
}

fn zoned(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let Some(first) = call.args.first() else { return c.nothing(call.span) };
    let arg = c.arg(first, Arg::Text);
    let scale = c.count(call, 1, "scale", 38).and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
    c.fails(call);
    let step = Step::With(Box::new(arg.node), Box::new(Tool::Zoned(scale)));
    Checked { node: Node { span: call.span, step }, ty: Some(Type::Decimal { precision: 38, scale }), words: None }
}

fn to_text(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let Some((first, more)) = call.args.split_first() else { return c.nothing(call.span) };
    let arg = c.expr(first, None);
    let Some(ty) = arg.ty.clone() else {
        return Checked { ty: Some(Type::Text), ..c.strict(call.span, plain_text, vec![arg.node], None) };
    };
    if matches!(ty, Type::List(_) | Type::Object(_)) {
        let hint = "TEXTJOIN joins the items of a list".to_owned();
        c.error("wrong-type", first.span, format!("a {} has no text", ty.word()), Some(hint));
        return c.nothing(call.span);
    }
    if more.is_empty() {
        if matches!(ty, Type::Any) {
            c.can_fail(call.span, Code::BadType, Weight::Silent, "");
        }
        let words = arg.words;
        return Checked { words, ..c.strict(call.span, plain_text, vec![arg.node], Some(Type::Text)) };
    }
    let Some(pattern) = c.literal(call, 1, "pattern") else { return c.nothing(call.span) };
    let Some(tool) = shown(c, call, &ty, pattern) else { return c.nothing(call.span) };
    let step = Step::With(Box::new(arg.node), Box::new(tool));
    Checked { node: Node { span: call.span, step }, ty: Some(Type::Text), words: None }
}

/// How a value of that type is written by a pattern.
fn shown(c: &mut Checker<'_>, call: &Call<'_>, ty: &Type, pattern: &str) -> Option<Tool> {
    let span = call.args.get(1)?.span;
    let zeros = NumberPattern::parse(pattern);
    let moment = matches!(ty, Type::Date | Type::Time | Type::DateTime);
    if number(ty) || (matches!(ty, Type::Any) && zeros.is_some()) {
        let Some(p) = zeros else {
            let hint = "a number's pattern is made of zeros: \"0.00\", \"00000\"".to_owned();
            c.error("bad-pattern", span, format!("\"{pattern}\" is no pattern for numbers"), Some(hint));
            return None;
        };
        if scale(ty) > p.scale {
            c.can_fail(
                call.span,
                Code::Inexact,
                Weight::Warn,
                "it may have more digits after the point than the pattern",
            );
        }
        c.can_fail(call.span, Code::Overflow, Weight::Silent, "");
        return Some(Tool::ShowNumber(p));
    }
    if !moment && !matches!(ty, Type::Any) {
        let hint = "patterns are for numbers, dates and times".to_owned();
        c.error("bad-pattern", span, format!("a value of type {} has no pattern", ty.word()), Some(hint));
        return None;
    }
    match Pattern::parse(pattern) {
        Ok(p) => {
            let (date, time) = p.needs();
            if (date && matches!(ty, Type::Time)) || (time && matches!(ty, Type::Date)) {
                c.error("bad-pattern", span, format!("a {} has not all the parts of \"{pattern}\"", ty.word()), None);
            }
            c.can_fail(
                call.span,
                Code::BadType,
                if moment { Weight::Silent } else { Weight::Warn },
                "it may be no date or time",
            );
            Some(Tool::ShowMoment(p))
        }
        Err(said) => {
            c.error("bad-pattern", span, said, None);
            None
        }
    }
}
