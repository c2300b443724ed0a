//! What a list is asked for: filters, sort, fields, page. The contract is the facade's, which consumers know.

use crate::data::Data;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Decimal,
    Date,
    Boolean,
    Enum(&'static [&'static str]),
}

struct Field {
    name: &'static str,
    kind: Kind,
    filters: &'static [&'static str],
    sort: bool,
}

const fn field(name: &'static str, kind: Kind, filters: &'static [&'static str], sort: bool) -> Field {
    Field { name, kind, filters, sort }
}

const CATEGORIES: &[&str] = &["retail", "trade", "export"];
const FIELDS: [Field; 10] = [
    field("name", Kind::Text, &["eq", "startswith"], true),
    field("contact", Kind::Text, &[], false),
    field("email", Kind::Text, &["eq"], false),
    field("phone", Kind::Text, &[], false),
    field("category", Kind::Enum(CATEGORIES), &["eq", "in"], false),
    field("credit_limit", Kind::Decimal, &["eq", "gte", "lt"], true),
    field("since", Kind::Date, &["gte", "lt"], true),
    field("country", Kind::Text, &["eq"], false),
    field("newsletter", Kind::Boolean, &["eq"], false),
    field("newsletter_asked", Kind::Text, &[], false),
];

/// A refusal: its code, and what is wrong.
pub(crate) type Refused = (&'static str, String);

struct Filter {
    field: &'static Field,
    op: &'static str,
    values: Vec<String>,
}

/// What is asked.
pub(crate) struct Query {
    filters: Vec<Filter>,
    sort: Vec<(&'static Field, bool)>,
    fields: Option<Vec<&'static str>>,
    limit: usize,
    /// Goes on after so many.
    pub(crate) after: usize,
    /// What a cursor belongs to.
    binding: u64,
}

/// Reads the parameters of a list; of a single customer only `fields` is taken.
pub(crate) fn read(given: &[(String, String)], list: bool) -> Result<Query, Refused> {
    let mut query = Query { filters: vec![], sort: vec![], fields: None, limit: 50, after: 0, binding: 0 };
    let (mut cursor, mut bound) = (None, String::new());
    for (n, (name, value)) in given.iter().enumerate() {
        if given[..n].iter().any(|(other, _)| other == name) {
            return Err(("duplicate-parameter", format!("`{name}` was given more than once")));
        }
        if !matches!(name.as_str(), "limit" | "cursor" | "fields") {
            bound.push_str(&format!("{name}={value}&"));
        }
        match name.as_str() {
            "fields" => query.fields = Some(names(value, |_| true)?.into_iter().map(|(f, _)| f.name).collect()),
            "sort" if list => query.sort = names(value, |f| f.sort)?,
            "limit" if list => {
                let limit = value.parse().ok().filter(|n| (1..=1000).contains(n));
                query.limit = limit.ok_or(("bad-value", "`limit` is a number from 1 to 1000".to_owned()))?;
            }
            "cursor" if list => cursor = Some(value),
            _ => query.filters.push(filter(name, value).filter(|_| list).ok_or_else(|| unknown(name))??),
        }
    }
    // A range, a prefix or a list of values leads where neither a sort nor a single value does.
    let single = |f: &Filter| f.op == "eq" || (f.op == "in" && f.values.len() == 1);
    if query.sort.is_empty() && !query.filters.iter().any(single) {
        query.sort.extend(query.filters.first().map(|f| (f.field, false)));
    }
    query.binding = crate::print(&bound);
    if let Some(cursor) = cursor {
        let parts = cursor.strip_prefix('m').and_then(|c| c.split_once('-'));
        let read = parts.and_then(|(n, b)| Some((n.parse().ok()?, u64::from_str_radix(b, 16).ok()?)));
        let (after, binding) = read.ok_or(("bad-cursor", "no page of this list names it".to_owned()))?;
        if binding != query.binding {
            return Err(("cursor-mismatch", "`cursor` belongs to other filters or another sort".to_owned()));
        }
        query.after = after;
    }
    Ok(query)
}

fn unknown(name: &str) -> Refused {
    ("unknown-parameter", format!("`{name}` is no parameter of this path"))
}

fn names(text: &str, offered: impl Fn(&Field) -> bool) -> Result<Vec<(&'static Field, bool)>, Refused> {
    let one = |piece: &str| {
        let (name, down) = piece.strip_prefix('-').map_or((piece, false), |name| (name, true));
        let found = FIELDS.iter().find(|f| f.name == name && offered(f));
        found.map(|f| (f, down)).ok_or(("unknown-field", format!("`{name}` is not offered here")))
    };
    // The id always comes along.
    text.split(',').filter(|piece| *piece != "id").map(one).collect()
}

fn filter(name: &str, value: &str) -> Option<Result<Filter, Refused>> {
    let (name, op) = match name.split_once('[') {
        Some((name, op)) => (name, op.strip_suffix(']')?),
        None => (name, "eq"),
    };
    let field = FIELDS.iter().find(|f| f.name == name)?;
    let op = field.filters.iter().find(|o| **o == op)?;
    let values: Vec<String> =
        if *op == "in" { value.split(',').map(str::to_owned).collect() } else { vec![value.to_owned()] };
    let good = |v: &String| match field.kind {
        Kind::Text => true,
        Kind::Decimal => pence(v).is_some(),
        Kind::Date => v.len() == 10 && v.split('-').all(|p| p.parse::<u16>().is_ok()),
        Kind::Boolean => v == "true" || v == "false",
        Kind::Enum(all) => all.contains(&v.as_str()),
    };
    Some(match values.iter().find(|v| !good(v)) {
        Some(bad) => Err(("bad-value", format!("`{bad}` is no value of `{name}`"))),
        None => Ok(Filter { field, op, values }),
    })
}

/// An amount in pence.
fn pence(text: &str) -> Option<i128> {
    let (pounds, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let negative = pounds.starts_with('-');
    let whole = pounds.strip_prefix('-').unwrap_or(pounds);
    if whole.is_empty() || whole.len() > 30 || rest.len() > 2 || !digits(whole) || !digits(rest) {
        return None;
    }
    let all: i128 = format!("{whole}{rest:0<2}").parse().ok()?;
    Some(if negative { -all } else { all })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn compare(kind: Kind, a: &str, b: &str) -> Ordering {
    match kind {
        Kind::Decimal => pence(a).cmp(&pence(b)),
        _ => a.cmp(b),
    }
}

impl Filter {
    fn takes(&self, customer: &Value) -> bool {
        let Some(value) = text(&customer[self.field.name]) else { return false };
        self.values.iter().any(|wanted| {
            let order = compare(self.field.kind, &value, wanted);
            match self.op {
                "startswith" => value.starts_with(wanted.as_str()),
                "gte" => order.is_ge(),
                "lt" => order.is_lt(),
                _ => order.is_eq(),
            }
        })
    }
}

impl Query {
    /// The customers of the page, as they are stored, and the cursor of the next one.
    pub(crate) fn page(&self, data: &Data, begins: usize) -> (Vec<Value>, Option<String>) {
        let mut found: Vec<(usize, &Value)> =
            data.customers.iter().enumerate().filter(|(_, c)| self.filters.iter().all(|f| f.takes(c))).collect();
        found.sort_by(|a, b| {
            let keys = self.sort.iter().map(|(field, down)| by(field, *down, a.1, b.1));
            let last_down = self.sort.last().is_some_and(|(_, down)| *down);
            let arrival = if last_down { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) };
            keys.fold(Ordering::Equal, Ordering::then).then(arrival)
        });
        let page: Vec<Value> = found.iter().skip(begins).take(self.limit).map(|(_, c)| (*c).clone()).collect();
        let next = begins + page.len();
        (page, (next < found.len()).then(|| format!("m{next}-{:x}", self.binding)))
    }

    /// Leaves the fields that are wanted.
    pub(crate) fn project(&self, customer: Value) -> Value {
        match (&self.fields, customer) {
            (Some(wanted), Value::Object(all)) => {
                let kept = all.into_iter().filter(|(name, _)| name == "id" || wanted.contains(&name.as_str()));
                Value::Object(kept.collect::<Map<_, _>>())
            }
            (_, customer) => customer,
        }
    }
}

/// Null comes last either way.
fn by(field: &Field, down: bool, a: &Value, b: &Value) -> Ordering {
    match (text(&a[field.name]), text(&b[field.name])) {
        (Some(a), Some(b)) => {
            let order = compare(field.kind, &a, &b);
            if down { order.reverse() } else { order }
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data() -> Data {
        let customer = |id: &str, name: &str, limit: Value, category: &str| json!({ "id": id, "name": name, "category": category, "credit_limit": limit, "newsletter": null });
        let customers = vec![
            customer("a", "Ångström", json!("900.00"), "export"),
            customer("b", "Zebra", json!("1200.50"), "trade"),
            customer("c", "Betty", json!(null), "retail"),
            customer("d", "Bob", json!("900.00"), "trade"),
        ];
        let mut data = Data::default();
        data.customers = customers;
        data
    }

    fn ids(query: &str) -> Result<String, Refused> {
        let given: Vec<(String, String)> = query
            .split('&')
            .filter(|p| !p.is_empty())
            .filter_map(|p| p.split_once('='))
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect();
        let query = read(&given, true)?;
        let (page, next) = query.page(&data(), query.after);
        let ids: Vec<&str> = page.iter().filter_map(|c| c["id"].as_str()).collect();
        Ok(ids.concat() + next.map(|n| " ".to_owned() + &n).unwrap_or_default().split('-').next().unwrap_or_default())
    }

    #[test]
    fn lists_are_as_the_facade_gives_them() {
        for (query, wanted) in [
            ("", "abcd"),
            ("sort=name", "cdba"),
            ("sort=credit_limit", "adbc"),
            ("sort=-credit_limit", "bdac"),
            ("category[in]=trade,retail&sort=name", "cdb"),
            ("credit_limit[gte]=900&credit_limit[lt]=1200.50", "ad"),
            ("credit_limit[gte]=100", "adb"),
            ("category[in]=trade,retail", "cbd"),
            ("name[startswith]=B", "cd"),
            ("newsletter=true", ""),
            ("limit=3", "abc m3"),
        ] {
            assert_eq!(ids(query).as_deref(), Ok(wanted), "{query}");
        }
    }

    #[test]
    fn a_cursor_goes_on_and_belongs_to_its_list() {
        let given = |q: &[(&str, &str)]| q.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        let first = read(&given(&[("limit", "2"), ("sort", "name")]), true).unwrap_or_else(|e| panic!("{e:?}"));
        let (_, next) = first.page(&data(), 0);
        let next = next.unwrap();
        let second = read(&given(&[("limit", "2"), ("sort", "name"), ("cursor", &next)]), true);
        let second = second.unwrap_or_else(|e| panic!("{e:?}"));
        let (page, end) = second.page(&data(), second.after);
        assert_eq!((page[0]["id"].as_str(), page.len(), end), (Some("b"), 2, None));
        let other = read(&given(&[("sort", "-name"), ("cursor", &next)]), true);
        assert_eq!(other.err().map(|e| e.0), Some("cursor-mismatch"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (query, code) in [
            ("categry=trade", "unknown-parameter"),
            ("phone=1", "unknown-parameter"),
            ("category[gt]=trade", "unknown-parameter"),
            ("category=wholesale", "bad-value"),
            ("credit_limit=1.234", "bad-value"),
            ("limit=0", "bad-value"),
            ("sort=phone", "unknown-field"),
            ("fields=name,none", "unknown-field"),
            ("cursor=x", "bad-cursor"),
            ("limit=1&limit=2", "duplicate-parameter"),
        ] {
            assert_eq!(ids(query).map_err(|e| e.0), Err(code), "{query}");
        }
    }
}
