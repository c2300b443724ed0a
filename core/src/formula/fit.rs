//! The last step of a formula: its value must be what the field holds.
//!
//! Invariant: what comes out fits the field's type, decimals with exactly its scale; nothing is rounded or cut.

use super::eval::{Cx, R};
use super::numbers::decimal;
use super::outcome::{Code, brief};
use super::plan::Fit;
use banyan_words::{Type, Value};

/// Whether a value is as its field holds it, without a look at formats and conversions.
#[inline]
pub(crate) fn fits(fit: &Fit, v: &Value<'_>) -> bool {
    match (&fit.ty, v) {
        (Type::Text, Value::Text(t)) => fit.format.is_none() && fit.max.is_none_or(|m| t.len() <= m as usize),
        (Type::Enum(values), Value::Text(t)) => values.iter().any(|w| w == t),
        (Type::Integer, Value::Integer(_)) | (Type::Boolean, Value::Boolean(_)) | (Type::Date, Value::Date(_)) => true,
        (Type::DateTime, Value::DateTime(_)) | (Type::Instant, Value::Instant(_)) | (Type::Ref(_), Value::Ref(_)) => {
            true
        }
        _ => false,
    }
}

/// The value as the field holds it.
pub(crate) fn apply<'r>(fit: &'r Fit, v: Value<'r>, cx: &Cx<'r>) -> R<'r> {
    let v = convert(&fit.ty, v, cx)?;
    if let Value::Text(t) = &v {
        if let Some(max) = fit.max {
            // Characters are never more than bytes, so most texts need no counting.
            let max = max as usize;
            if t.len() > max && t.chars().count() > max {
                let n = t.chars().count();
                return Err(cx.fail(Code::TooLong, || format!("{} has {n} characters, more than {max}", brief(&v))));
            }
        }
        if let Some(format) = fit.format
            && !(format.check)(t)
        {
            return Err(cx.fail(Code::BadFormat, || format!("{} is no {}", brief(&v), format.name)));
        }
    }
    Ok(v)
}

fn convert<'r>(ty: &Type, v: Value<'r>, cx: &Cx<'r>) -> R<'r> {
    Ok(match (ty, v) {
        (_, v @ (Value::Null | Value::Missing)) => v,
        (Type::Any, v) => v,
        (Type::Text, v @ Value::Text(_))
        | (Type::Integer, v @ Value::Integer(_))
        | (Type::Float, v @ Value::Float(..))
        | (Type::Boolean, v @ Value::Boolean(_))
        | (Type::Date, v @ Value::Date(_))
        | (Type::Time, v @ Value::Time(_))
        | (Type::DateTime, v @ Value::DateTime(_))
        | (Type::Instant, v @ Value::Instant(_))
        | (Type::Bytes, v @ Value::Bytes(_))
        | (Type::Ref(_), v @ Value::Ref(_)) => v,
        (Type::Enum(values), Value::Text(t)) => {
            if values.iter().any(|w| *w == t) {
                return Ok(Value::Text(t));
            }
            let v = Value::Text(t);
            return Err(cx.fail(Code::BadEnum, || format!("{} is none of {}", brief(&v), values.join(", "))));
        }
        // JSON writes whole numbers with a point now and then, and floats without.
        (Type::Integer, Value::Decimal(d)) => match d.to_i64() {
            Some(i) => Value::Integer(i),
            None => return Err(cx.bad(&Value::Decimal(d), "whole number of 64 bits")),
        },
        (Type::Float, v @ (Value::Integer(_) | Value::Decimal(_))) => super::functions::convert::to_float(&v, cx)?,
        (Type::Decimal { precision, scale }, v) => {
            let Some(d) = decimal(&v) else { return Err(wrong(&v, "decimal", "DECIMAL", cx)) };
            let fitted = if d.fits(*precision, *scale) { d.with_scale(*scale).ok() } else { None };
            match fitted {
                Some(d) => Value::Decimal(d),
                None => {
                    let said = || format!("{} has more digits than decimal({precision},{scale})", brief(&v));
                    return Err(cx.fail(Code::BadType, said));
                }
            }
        }
        (Type::List(of), Value::List(items)) => {
            Value::List(items.into_iter().map(|i| convert(of, i, cx)).collect::<Result<_, _>>()?)
        }
        (Type::Object(types), Value::Object(members)) => {
            let mut out = Vec::with_capacity(members.len());
            for (name, m) in members {
                // A member the field does not declare is not stored.
                if let Some((_, ty)) = types.iter().find(|(n, _)| *n == name) {
                    out.push((name, convert(ty, m, cx)?));
                }
            }
            Value::Object(out)
        }
        (ty, v) => return Err(wrong(&v, ty.word(), converter(ty), cx)),
    })
}

fn wrong<'r>(v: &Value<'_>, wanted: &str, function: &str, cx: &Cx<'r>) -> super::eval::Stop<'r> {
    let hint = if function.is_empty() { String::new() } else { format!("; {function}(…) converts") };
    cx.fail(Code::BadType, || format!("{} is {}, not {wanted}{hint}", brief(v), v.word()))
}

/// The function that makes a value of that type.
pub(crate) fn converter(ty: &Type) -> &'static str {
    match ty {
        Type::Text => "TEXT",
        Type::Integer => "INTEGER",
        Type::Decimal { .. } => "DECIMAL",
        Type::Float => "FLOAT",
        Type::Boolean => "BOOLEAN",
        Type::Date => "DATE",
        Type::Time => "TIME",
        Type::DateTime => "DATETIME",
        Type::Instant => "INSTANT",
        Type::Ref(_) => "REF",
        Type::List(_) => "LIST",
        Type::Object(_) => "OBJECT",
        Type::Enum(_) | Type::Bytes | Type::Any => "",
    }
}
