//! Which questions of a census an entity's list is worth: each sort and each filter that is offered.
//!
//! A filter is asked for values that exist, since one that finds nothing finds no fault: the lowest and the highest of the
//! field; by equality, each word of an enum and of a boolean.
//! Invariant: the order is that of the contract. No value of a field marked personal is asked for: questions stand in
//! addresses and in samples. There are two questions of a field and an operator at most, besides an enum's words.

use crate::runtime::serving::Serving;
use banyan_model::instance::{FactsHead, json_scalar_text};
use banyan_model::model::{EntityNo, FieldNo, FilterOp};
use banyan_model::query::filters;
use banyan_store::{ListQuery, Reader, Sort, StoreError};
use banyan_words::Type;

/// A value of more bytes is not asked for: addresses have an end.
const LONGEST: usize = 256;

/// The lowest and the highest value of a field, as the facade shows them; once where they are the same.
type Ends = Vec<String>;

/// The query strings of those questions.
pub(super) fn shapes(serving: &Serving, reader: &mut dyn Reader, no: EntityNo) -> Result<Vec<String>, StoreError> {
    let (entity, offered) = (&serving.catalog.entities[no], filters(&serving.catalog.entities[no]));
    let mut all = Vec::new();
    for (at, field) in entity.fields.iter().enumerate() {
        if field.sort {
            all.push(format!("sort={}", field.name));
            all.push(format!("sort=-{}", field.name));
        }
        let mut mine = offered.iter().filter(|o| o.field == at).peekable();
        if field.personal || mine.peek().is_none() {
            continue;
        }
        let ends = ends(serving, reader, no, at)?;
        for offer in mine {
            let name = encoded(&offer.name);
            all.extend(asked(&field.ty, offer.op, &ends).iter().map(|value| format!("{name}={}", encoded(value))));
        }
    }
    Ok(all)
}

/// The values that a filter is asked for.
fn asked(ty: &Type, op: FilterOp, ends: &Ends) -> Vec<String> {
    let short = || ends.iter().filter(|v| v.len() <= LONGEST).cloned();
    match (op, ty) {
        (FilterOp::Eq, Type::Enum(words)) => words.clone(),
        (FilterOp::Eq, Type::Boolean) => vec!["true".to_owned(), "false".to_owned()],
        (FilterOp::In, _) => {
            let listed: Vec<String> = short().map(|v| quoted(&v)).collect();
            if listed.is_empty() { listed } else { vec![listed.join(",")] }
        }
        (FilterOp::StartsWith, _) => {
            let mut first: Vec<String> = ends.iter().filter_map(|v| v.chars().next()).map(String::from).collect();
            first.dedup();
            first
        }
        _ => short().collect(),
    }
}

/// A value within a list of values, which a comma would end.
fn quoted(value: &str) -> String {
    if value.contains(',') || value.starts_with('"') {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

/// A name or a value in a query string.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~,:".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn ends(serving: &Serving, reader: &mut dyn Reader, no: EntityNo, at: FieldNo) -> Result<Ends, StoreError> {
    let mut ends = Vec::new();
    for descending in [false, true] {
        ends.extend(end(serving, reader, no, at, descending)?);
    }
    ends.dedup();
    Ok(ends)
}

/// The value at one end of the field's order; `None` where no instance has one.
fn end(
    serving: &Serving,
    reader: &mut dyn Reader,
    no: EntityNo,
    at: FieldNo,
    descending: bool,
) -> Result<Option<String>, StoreError> {
    let entity = &serving.catalog.entities[no];
    let sort = vec![Sort { field: entity.fields[at].stored, descending }];
    let page = reader.list(entity.stored, &ListQuery { sort, limit: 1, ..ListQuery::default() })?;
    let Some(head) = page.rows.first().and_then(|found| FactsHead::read(&found.facts)) else { return Ok(None) };
    let fragments = serving.face(no).fragments(&head, || serving.book_knowing(&[], &[head.shape]).ok());
    Ok(fragments.get(at).and_then(|f| json_scalar_text(f)).map(|text| text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(all: &[&str]) -> Ends {
        all.iter().map(|v| (*v).to_owned()).collect()
    }

    #[test]
    fn each_operator_is_asked_for_values_that_exist() {
        let two = ends(&["Ångström", "Smith, J"]);
        for op in [FilterOp::Eq, FilterOp::Ne, FilterOp::Lt, FilterOp::Lte, FilterOp::Gt, FilterOp::Gte] {
            assert_eq!(asked(&Type::Text, op, &two), two, "{op:?}");
        }
        assert_eq!(asked(&Type::Text, FilterOp::In, &two), ["Ångström,\"Smith, J\""]);
        assert_eq!(asked(&Type::Text, FilterOp::StartsWith, &two), ["Å", "S"]);
        let words = Type::Enum(vec!["a".into(), "b".into(), "c".into()]);
        assert_eq!(asked(&words, FilterOp::Eq, &ends(&["b"])), ["a", "b", "c"]);
        assert_eq!(asked(&words, FilterOp::In, &ends(&["b"])), ["b"]);
        assert_eq!(asked(&Type::Boolean, FilterOp::Ne, &ends(&["true"])), ["true"]);
        for op in FilterOp::ALL {
            assert!(asked(&Type::Text, op, &ends(&[])).is_empty(), "{op:?}: nothing exists");
            assert!(asked(&Type::Text, op, &two).len() <= 2, "{op:?}");
        }
    }

    #[test]
    fn what_is_long_or_has_signs_of_its_own() {
        let long = ends(&[&"x".repeat(LONGEST + 1)]);
        assert!(asked(&Type::Text, FilterOp::Eq, &long).is_empty());
        assert_eq!(asked(&Type::Text, FilterOp::StartsWith, &long), ["x"]);
        assert!(asked(&Type::Text, FilterOp::StartsWith, &ends(&[""])).is_empty(), "everything begins with nothing");
        assert_eq!(encoded("price[gte]"), "price%5Bgte%5D");
        assert_eq!(encoded("a&b=c+d é"), "a%26b%3Dc%2Bd%20%C3%A9");
        assert_eq!(quoted("say \"hi\", he said"), "\"say \"\"hi\"\", he said\"");
        assert_eq!((quoted("\"hi"), quoted("hi")), ("\"\"\"hi\"".to_owned(), "hi".to_owned()));
    }
}
