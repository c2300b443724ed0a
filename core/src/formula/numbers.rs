//! Arithmetic: whole numbers stay whole, everything else is an exact decimal, and nothing rounds unless told to.

use super::ast::Op;
use super::eval::{Cx, R, Stop, absent};
use super::outcome::{Code, brief};
use banyan_words::decimal::{DecimalError, MAX_DIGITS};
use banyan_words::{Decimal, Value};

/// How surplus digits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// Half away from zero.
    Half,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
}

/// The decimal of a number; `None` if it is no exact number.
pub(crate) fn decimal(v: &Value<'_>) -> Option<Decimal> {
    match v {
        Value::Integer(i) => Some(Decimal::from(*i)),
        Value::Decimal(d) => Some(*d),
        _ => None,
    }
}

/// A whole number, for counts and positions.
pub(crate) fn whole<'r>(v: &Value<'r>, cx: &Cx<'r>) -> Result<i64, Stop<'r>> {
    match v {
        Value::Integer(i) => Ok(*i),
        Value::Decimal(d) => d.to_i64().ok_or_else(|| cx.bad(v, "whole number")),
        _ => Err(cx.bad(v, "whole number")),
    }
}

fn number<'r>(v: &Value<'r>, cx: &Cx<'r>) -> Result<Decimal, Stop<'r>> {
    decimal(v).ok_or_else(|| cx.bad(v, "number"))
}

/// `a + b`, `a - b`, `a * b`, `a / b`.
pub(crate) fn arithmetic<'r>(op: Op, a: &Value<'r>, b: &Value<'r>, cx: &Cx<'r>) -> R<'r> {
    if let (Value::Integer(x), Value::Integer(y)) = (a, b) {
        let whole = match op {
            Op::Add => x.checked_add(*y),
            Op::Sub => x.checked_sub(*y),
            Op::Mul => x.checked_mul(*y),
            _ => return divide(Decimal::from(*x), Decimal::from(*y), cx),
        };
        return whole.map(Value::Integer).ok_or_else(|| overflow(cx));
    }
    if a.is_absent() || b.is_absent() {
        let gone = matches!(a, Value::Missing) || matches!(b, Value::Missing);
        return Ok(if gone { Value::Missing } else { Value::Null });
    }
    let (x, y) = (number(a, cx)?, number(b, cx)?);
    let out = match op {
        Op::Add => x.checked_add(y),
        Op::Sub => x.checked_sub(y),
        Op::Mul => x.checked_mul(y),
        _ => return divide(x, y, cx),
    };
    out.map(Value::Decimal).map_err(|_| overflow(cx))
}

fn divide<'r>(a: Decimal, b: Decimal, cx: &Cx<'r>) -> R<'r> {
    a.checked_div(b).map(Value::Decimal).map_err(|e| match e {
        DecimalError::ByZero => cx.fail(Code::ByZero, || format!("{a} is divided by zero")),
        // A divisor of twos and fives leaves no endless digits: only their number can be too large.
        DecimalError::Inexact if !ends(b) => {
            cx.fail(Code::Inexact, || format!("{a} / {b} has endless digits; ROUND(a / b, n) rounds it"))
        }
        _ => overflow(cx),
    })
}

/// Whether every quotient by `b` has an end: its coefficient is made of twos and fives.
pub(crate) fn ends(b: Decimal) -> bool {
    let mut c = b.coefficient().unsigned_abs();
    if c == 0 {
        return false;
    }
    while c.is_multiple_of(2) {
        c /= 2;
    }
    while c.is_multiple_of(5) {
        c /= 5;
    }
    c == 1
}

#[cold]
pub(crate) fn overflow<'r>(cx: &Cx<'r>) -> Stop<'r> {
    cx.fail(Code::Overflow, || "the result has too many digits".to_owned())
}

/// `-a`
pub(crate) fn negate<'r>(a: &Value<'r>, cx: &Cx<'r>) -> R<'r> {
    match a {
        Value::Null | Value::Missing => Ok(a.clone()),
        Value::Integer(i) => i.checked_neg().map(Value::Integer).ok_or_else(|| overflow(cx)),
        Value::Decimal(d) => signed(-d.coefficient(), d.scale(), cx),
        _ => Err(cx.bad(a, "number")),
    }
}

fn signed<'r>(coefficient: i128, scale: u8, cx: &Cx<'r>) -> R<'r> {
    Decimal::new(coefficient, scale).map(Value::Decimal).map_err(|_| overflow(cx))
}

/// `a` rounded to `n` digits after the point; a negative `n` counts before it. Whole numbers stay whole.
pub(crate) fn round<'r>(how: Rounding, a: &Value<'r>, n: i64, cx: &Cx<'r>) -> R<'r> {
    let d = number(a, cx)?;
    if n >= i64::from(d.scale()) {
        return Ok(a.clone());
    }
    let drop = i64::from(d.scale()) - n;
    let Some(f) = power(drop) else {
        // Every digit goes, and what is left lies beyond 38 digits or is zero.
        return if how == Rounding::Up && d.coefficient() != 0 {
            Err(overflow(cx))
        } else {
            Ok(like(a, Decimal::ZERO))
        };
    };
    let q = part(how, d.coefficient(), f);
    finish(q, n, cx).map(|v| match v {
        Value::Decimal(d) => like(a, d),
        other => other,
    })
}

/// A decimal, or a whole number where `a` is one.
fn like<'r>(a: &Value<'r>, d: Decimal) -> Value<'r> {
    match (a, d.to_i64()) {
        (Value::Integer(_), Some(i)) => Value::Integer(i),
        _ => Value::Decimal(d),
    }
}

fn power(n: i64) -> Option<i128> {
    let n = u32::try_from(n).ok().filter(|n| *n <= u32::from(MAX_DIGITS))?;
    10_i128.checked_pow(n)
}

/// `num / den`, whole, rounded.
fn part(how: Rounding, num: i128, den: i128) -> i128 {
    let (q, r) = (num / den, num % den);
    let away = match how {
        Rounding::Half => r.unsigned_abs() >= den.unsigned_abs() - r.unsigned_abs(),
        Rounding::Up => r != 0,
        Rounding::Down => false,
    };
    if away && r != 0 { q + if (num < 0) == (den < 0) { 1 } else { -1 } } else { q }
}

/// `q × 10^-n`
fn finish<'r>(q: i128, n: i64, cx: &Cx<'r>) -> R<'r> {
    if let Ok(scale) = u8::try_from(n) {
        return signed(q, scale, cx);
    }
    let c = power(-n).and_then(|f| q.checked_mul(f)).ok_or_else(|| overflow(cx))?;
    signed(c, 0, cx)
}

/// `a / b` rounded to `n` digits after the point.
pub(crate) fn quotient<'r>(how: Rounding, a: &Value<'r>, b: &Value<'r>, n: &Value<'r>, cx: &Cx<'r>) -> R<'r> {
    if let Some(gone) = absent(&[a.clone(), b.clone(), n.clone()]) {
        return Ok(gone);
    }
    let (x, y, n) = (number(a, cx)?, number(b, cx)?, whole(n, cx)?);
    if y.coefficient() == 0 {
        return Err(cx.fail(Code::ByZero, || format!("{x} is divided by zero")));
    }
    if !(-i64::from(MAX_DIGITS)..=i64::from(MAX_DIGITS)).contains(&n) {
        return Err(cx.fail(Code::BadType, || format!("{n} is no number of digits")));
    }
    let (x, y) = (x.normalised(), y.normalised());
    let up = n - i64::from(x.scale()) + i64::from(y.scale());
    let (num, den) = match power(up.abs()) {
        Some(f) if up >= 0 => (x.coefficient().checked_mul(f), Some(y.coefficient())),
        Some(f) => (Some(x.coefficient()), y.coefficient().checked_mul(f)),
        None => (None, None),
    };
    match (num, den) {
        (Some(num), Some(den)) => finish(part(how, num, den), n, cx),
        // The divisor outgrew every dividend: nothing is left but what rounding adds.
        (Some(num), None) if how != Rounding::Up || num == 0 => finish(0, n, cx),
        _ => Err(overflow(cx)),
    }
}

/// The remainder with the divisor's sign, as spreadsheets have it.
pub(crate) fn modulo<'r>(a: &Value<'r>, b: &Value<'r>, cx: &Cx<'r>) -> R<'r> {
    let (x, y) = (number(a, cx)?, number(b, cx)?);
    if y.coefficient() == 0 {
        return Err(cx.fail(Code::ByZero, || format!("{x} is divided by zero")));
    }
    let scale = x.scale().max(y.scale());
    let (Ok(p), Ok(q)) = (x.with_scale(scale), y.with_scale(scale)) else { return Err(overflow(cx)) };
    let mut r = p.coefficient() % q.coefficient();
    if r != 0 && (r < 0) != (q.coefficient() < 0) {
        r += q.coefficient();
    }
    let d = Decimal::new(r, scale).map_err(|_| overflow(cx))?;
    Ok(match (a, b) {
        (Value::Integer(_), Value::Integer(_)) => like(a, d),
        _ => Value::Decimal(d),
    })
}

/// How `TEXT` writes a number: `"0"`, `"0.00"`, `"000000"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberPattern {
    /// Least digits before the point.
    digits: usize,
    /// Digits after the point, exactly.
    pub(crate) scale: u8,
}

impl NumberPattern {
    pub(crate) fn parse(text: &str) -> Option<NumberPattern> {
        let (before, after) = text.split_once('.').unwrap_or((text, ""));
        let zeros = |s: &str| s.bytes().all(|b| b == b'0');
        let fine = zeros(before) && zeros(after) && (1..=38).contains(&before.len()) && after.len() <= 38;
        (fine && (text.len() == before.len() || !after.is_empty()))
            .then_some(NumberPattern { digits: before.len(), scale: after.len() as u8 })
    }

    /// The number's text; an error where digits after the point would be lost.
    pub(crate) fn show<'r>(self, v: &Value<'r>, cx: &Cx<'r>) -> Result<String, Stop<'r>> {
        let d = number(v, cx)?;
        let lost = || format!("{} has more than {} digits after the point; ROUND it", brief(v), self.scale);
        let d = d.normalised().with_scale(self.scale).map_err(|e| match e {
            DecimalError::Inexact => cx.fail(Code::Inexact, lost),
            _ => overflow(cx),
        })?;
        let text = d.to_string();
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |t| ("-", t));
        let before = digits.find('.').unwrap_or(digits.len());
        Ok(format!("{sign}{}{digits}", "0".repeat(self.digits.saturating_sub(before))))
    }
}
