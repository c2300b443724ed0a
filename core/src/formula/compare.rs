//! `= <> < <= > >=`: exact, by value, and false where either side is absent.
//!
//! Invariant: text is compared letter for letter (case and blanks count), numbers by value (`12.50 = 12.5`).

use super::ast::Op;
use super::eval::{Cx, Stop};
use super::outcome::{Code, brief};
use super::plan::Comparison;
use super::tools;
use banyan_words::{Decimal, Value};
use std::cmp::Ordering;

/// Whether the comparison holds.
pub(crate) fn holds<'r>(how: Comparison, a: &Value<'r>, b: &Value<'r>, cx: &Cx<'r>) -> Result<bool, Stop<'r>> {
    if a.is_absent() || b.is_absent() {
        return Ok(false);
    }
    if let (Value::Text(a), Value::Text(b)) = (a, b) {
        return Ok(meets(how.op, a.as_ref().cmp(b.as_ref())));
    }
    if how.as_text {
        let (a, b) = (tools::scalar_text(a, cx)?, tools::scalar_text(b, cx)?);
        return Ok(meets(how.op, a.as_ref().cmp(b.as_ref())));
    }
    match order(a, b) {
        Some(o) => Ok(meets(how.op, o)),
        None => {
            Err(cx.fail(Code::BadType, || format!("{} {} cannot be compared with {}", a.word(), brief(a), brief(b))))
        }
    }
}

fn meets(op: Op, o: Ordering) -> bool {
    match op {
        Op::Eq => o == Ordering::Equal,
        Op::Ne => o != Ordering::Equal,
        Op::Lt => o == Ordering::Less,
        Op::Le => o != Ordering::Greater,
        Op::Gt => o == Ordering::Greater,
        Op::Ge => o != Ordering::Less,
        _ => false,
    }
}

/// The order of two values of one kind; `None` where there is none.
pub(crate) fn order(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Integer(a), Value::Decimal(b)) => Decimal::from(*a).cmp(b),
        (Value::Decimal(a), Value::Integer(b)) => a.cmp(&Decimal::from(*b)),
        (Value::Float(a, _), Value::Float(b, _)) => a.partial_cmp(b)?,
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.cmp(b),
        (Value::Instant(a), Value::Instant(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Ref(a), Value::Ref(b)) => a.cmp(b),
        _ => return None,
    })
}
