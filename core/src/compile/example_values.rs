//! Values of examples: from what a person writes in YAML to what a record holds, and to what the facade would show.

use crate::draft::Draft;
use crate::instance;
use crate::mapping::write_fragment;
use banyan_words::node::{Kind, Node};
use banyan_words::{Decimal, Id, Type, Value};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// A cell of a record, as a source that types its columns so would give it; else what is wrong.
pub(super) fn cell(node: &Node, ty: &Type) -> Result<Value<'static>, String> {
    if node.is_null() {
        return Ok(Value::Null);
    }
    match (&node.kind, ty) {
        (Kind::Scalar { text, .. }, Type::Text | Type::Enum(_)) => Ok(Value::Text(Cow::Owned(text.clone()))),
        (Kind::Scalar { text, plain, .. }, Type::Any) => Ok(untyped(text, *plain)),
        (Kind::Scalar { text, .. }, Type::Decimal { .. }) => {
            text.parse().map(Value::Decimal).map_err(|_| wrong(node, ty))
        }
        (Kind::Scalar { text, .. }, Type::Bytes) => Ok(Value::Bytes(Cow::Owned(text.clone().into_bytes()))),
        (Kind::Scalar { text, .. }, ty) => {
            instance::parse(ty, text).map(Value::into_owned).ok_or_else(|| wrong(node, ty))
        }
        (Kind::List(items), Type::List(of)) => {
            items.iter().map(|n| cell(n, of)).collect::<Result<_, _>>().map(Value::List)
        }
        (Kind::List(items), Type::Any) => {
            items.iter().map(|n| cell(n, &Type::Any)).collect::<Result<_, _>>().map(Value::List)
        }
        (Kind::Map(entries), Type::Object(_) | Type::Any) => {
            let members = entries.iter().map(|(k, n)| {
                let ty = match ty {
                    Type::Object(types) => types.iter().find(|(name, _)| *name == k.text).map(|(_, t)| t),
                    _ => None,
                };
                cell(n, ty.unwrap_or(&Type::Any)).map(|v| (Cow::Owned(k.text.clone()), v))
            });
            members.collect::<Result<_, _>>().map(Value::Object)
        }
        _ => Err(wrong(node, ty)),
    }
}

/// Where the source does not type its columns (JSON), a plain number is a number and the rest text.
fn untyped(text: &str, plain: bool) -> Value<'static> {
    match text {
        "true" if plain => return Value::Boolean(true),
        "false" if plain => return Value::Boolean(false),
        _ => {}
    }
    // Leading zeros are what a number would lose.
    let number = plain && !(text.len() > 1 && text.starts_with('0') && !text.starts_with("0."));
    if number && let Ok(i) = text.parse::<i64>() {
        return Value::Integer(i);
    }
    if number && let Ok(d) = text.parse::<Decimal>() {
        return Value::Decimal(d);
    }
    Value::Text(Cow::Owned(text.to_owned()))
}

fn wrong(node: &Node, ty: &Type) -> String {
    format!("{} is no {ty}", node.describe())
}

/// What a field must come out as.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing: null, or nothing said.
    Absent,
    /// `{ keep: code }`
    Keep(String),
    /// This, as the facade would show it.
    Json(Vec<u8>),
}

/// Reads what an example expects of a field; else what is wrong with it.
pub(super) fn wanted(node: &Node, ty: &Type, zone: Option<&TimeZone>, draft: &Draft) -> Result<Wanted, String> {
    if node.is_null() {
        return Ok(Wanted::Absent);
    }
    if let [(key, code)] = node.entries()
        && key.text == "keep"
        && !matches!(ty, Type::Object(_))
    {
        return code.as_text().map(|c| Wanted::Keep(c.to_owned())).ok_or_else(|| "`keep` wants a code".to_owned());
    }
    let mut json = Vec::new();
    write_fragment(&shown(node, ty, draft)?, zone, &mut json)?;
    Ok(Wanted::Json(json))
}

fn shown(node: &Node, ty: &Type, draft: &Draft) -> Result<Value<'static>, String> {
    if node.is_null() {
        return Ok(Value::Null);
    }
    match (&node.kind, ty) {
        (Kind::Scalar { text, .. }, Type::Text | Type::Any) => Ok(Value::Text(Cow::Owned(text.clone()))),
        // Base 64, as it is shown.
        (Kind::Scalar { text, .. }, Type::Bytes) => Ok(Value::Text(Cow::Owned(text.clone()))),
        (Kind::Scalar { text, .. }, Type::Decimal { scale, .. }) => {
            // By value: `12500` is `12500.00`.
            let d: Decimal = text.parse().map_err(|_| wrong(node, ty))?;
            d.with_scale(*scale)
                .map(Value::Decimal)
                .map_err(|_| format!("{text} has more than {scale} digits after the point"))
        }
        (Kind::Scalar { text, .. }, ty) => {
            instance::parse(ty, text).map(Value::into_owned).ok_or_else(|| wrong(node, ty))
        }
        (Kind::List(items), Type::List(of)) => {
            items.iter().map(|n| shown(n, of, draft)).collect::<Result<_, _>>().map(Value::List)
        }
        (Kind::Map(_), Type::Ref(to)) => reference(node, to, draft).map(Value::Ref),
        // In the order in which they are declared, as the facade shows them.
        (Kind::Map(entries), Type::Object(types)) => {
            if let Some((key, _)) = entries.iter().find(|(k, _)| types.iter().all(|(n, _)| *n != k.text)) {
                return Err(format!("the object has no member `{}`", key.text));
            }
            let named = types.iter().filter_map(|(name, ty)| node.get(name).map(|n| (name, ty, n)));
            let members = named.map(|(name, ty, n)| shown(n, ty, draft).map(|v| (Cow::Owned(name.clone()), v)));
            members.collect::<Result<_, _>>().map(Value::Object)
        }
        _ => Err(wrong(node, ty)),
    }
}

/// `{ ref: [space, key, …] }`
fn reference(node: &Node, entity: &str, draft: &Draft) -> Result<Id, String> {
    let hint = "write the id, or `{ ref: [space, key] }`";
    let parts: Option<Vec<&str>> = node.get("ref").map(|n| n.items().iter().filter_map(Node::as_text).collect());
    let Some([space, key @ ..]) = parts.as_deref() else {
        return Err(format!("{} is no reference; {hint}", node.describe()));
    };
    if key.is_empty() {
        return Err(format!("a reference has a key; {hint}"));
    }
    let first = draft.entity(entity).and_then(|e| e.renamed_from.as_deref()).unwrap_or(entity);
    Ok(Id::derive(first, space, key))
}

/// Whether an observed JSON value is the wanted one. Objects say only what they have; text of numbers is by value.
pub(super) fn same(wanted: &[u8], got: &[u8]) -> bool {
    if wanted == got {
        return true;
    }
    let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    match (read(wanted), read(got)) {
        (Some(w), Some(g)) => like(&w, &g),
        _ => false,
    }
}

fn like(wanted: &serde_json::Value, got: &serde_json::Value) -> bool {
    use serde_json::Value as J;
    match (wanted, got) {
        (J::Object(w), J::Object(g)) => {
            // A member that is not named may be absent or null only.
            w.iter().all(|(k, v)| like(v, g.get(k).unwrap_or(&J::Null)))
                && g.iter().all(|(k, v)| v.is_null() || w.contains_key(k))
        }
        (J::Array(w), J::Array(g)) => w.len() == g.len() && w.iter().zip(g).all(|(a, b)| like(a, b)),
        // Two spellings of one point in time.
        (J::String(w), J::String(g)) if w != g => match (w.parse::<jiff::Timestamp>(), g.parse::<jiff::Timestamp>()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        },
        (w, g) => w == g,
    }
}
