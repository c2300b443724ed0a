//! Kept schemas: `schemas/crm.contacts.yaml` beside the configuration says what a dataset's source holds, where only the
//! source itself would know. With it, misspelt columns are found and types are exact offline, and a first pass over
//! other columns is seen as drift. `banyan discover --write` writes it; a person may.
//!
//! ```yaml
//! columns:
//!   ContactID: integer
//!   Email: { type: text, server: varchar(80), required: true }
//!   Balance: decimal(15,2)
//! key: [ContactID]
//! indexes:
//!   - { name: PK_CONTACT, columns: [ContactID], unique: true }
//! references:
//!   - { columns: [CompanyID], to: dbo.Company, theirs: [CompanyID] }
//! rows: 1200
//! ```
//!
//! Invariant: what [`Kept::to_yaml`] writes, [`read`] reads as it was. Not here: asking sources.

use super::World;
use super::quote::{list, quoted, scalar};
use banyan_words::decimal::MAX_DIGITS;
use banyan_words::node::{Kind, Node, yaml};
use banyan_words::{Column, Problem, Spot, Type};
use std::fmt::Write;
use std::io;
use std::path::Path;

/// What is kept of a dataset's source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its columns, in order.
    pub columns: Vec<KeptColumn>,
    /// Columns of its key; empty where it has none or it is not known.
    pub key: Vec<String>,
    /// Its indexes; `None` where it is not known which it has.
    pub indexes: Option<Vec<KeptIndex>>,
    /// Its foreign keys; `None` where it is not known which it has.
    pub references: Option<Vec<KeptReference>>,
    /// It is a view.
    pub view: bool,
    /// Rows, as they were estimated.
    pub rows: Option<u64>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptColumn {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub ty: Type,
    /// Its type as the server spells it, where that is known.
    pub server: Option<String>,
    /// It is never null.
    pub required: bool,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptIndex {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// No two rows have the same.
    pub unique: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReference {
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The other table, with its schema where there are such.
    pub to: String,
    /// The columns there, in the same order; empty for its key.
    pub theirs: Vec<String>,
}

/// Where the schema of `source.dataset` is kept, from the directory of the configuration.
pub fn file_of(full: &str) -> String {
    format!("schemas/{full}.yaml")
}

impl Kept {
    /// Names and types.
    pub fn columns(&self) -> Vec<Column> {
        self.columns.iter().map(|c| Column { name: c.name.clone(), ty: c.ty.clone() }).collect()
    }

    /// Columns that an index of its table begins with.
    pub fn leading(&self) -> Vec<String> {
        let indexes = self.indexes.as_deref().unwrap_or_default().iter().filter_map(|i| i.columns.first());
        let mut out: Vec<String> =
            self.key.first().filter(|_| !self.view).into_iter().chain(indexes).cloned().collect();
        out.sort();
        out.dedup();
        out
    }

    /// As it is kept.
    pub fn to_yaml(&self) -> String {
        let mut out = String::from("columns:\n");
        for c in &self.columns {
            let ty = match &c.ty {
                Type::Decimal { .. } => quoted(&c.ty.to_string()),
                other => other.word().to_owned(),
            };
            let mut told = format!("type: {ty}");
            if let Some(server) = &c.server {
                let _ = write!(told, ", server: {}", quoted(server));
            }
            if c.required {
                told.push_str(", required: true");
            }
            let _ = writeln!(out, "  {}: {{ {told} }}", scalar(&c.name));
        }
        if !self.key.is_empty() {
            let _ = writeln!(out, "key: {}", list(self.key.iter().map(String::as_str)));
        }
        match self.indexes.as_deref() {
            None => {}
            Some([]) => out.push_str("indexes: []\n"),
            Some(indexes) => {
                out.push_str("indexes:\n");
                for i in indexes {
                    let columns = list(i.columns.iter().map(String::as_str));
                    let unique = if i.unique { ", unique: true" } else { "" };
                    let _ = writeln!(out, "  - {{ name: {}, columns: {columns}{unique} }}", scalar(&i.name));
                }
            }
        }
        match self.references.as_deref() {
            None => {}
            Some([]) => out.push_str("references: []\n"),
            Some(references) => {
                out.push_str("references:\n");
                for r in references {
                    let columns = list(r.columns.iter().map(String::as_str));
                    let theirs = match r.theirs.as_slice() {
                        [] => String::new(),
                        theirs => format!(", theirs: {}", list(theirs.iter().map(String::as_str))),
                    };
                    let _ = writeln!(out, "  - {{ columns: {columns}, to: {}{theirs} }}", scalar(&r.to));
                }
            }
        }
        if self.view {
            out.push_str("view: true\n");
        }
        if let Some(rows) = self.rows {
            let _ = writeln!(out, "rows: {rows}");
        }
        out
    }
}

/// What is kept of a dataset; `None` where there is nothing or it is faulty, which is told.
pub fn read(full: &str, base: &Path, world: &dyn World, problems: &mut Vec<Problem>) -> Option<Kept> {
    let file = file_of(full);
    let start = Spot { file: file.clone(), line: 1, column: 1 };
    let text = match world.read(&base.join(&file)) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return None,
        Err(e) => Err(e.to_string()),
    };
    let text = match text {
        Ok(text) => text,
        Err(why) => {
            problems.push(told(format!("{file} cannot be read: {why}"), start));
            return None;
        }
    };
    let (node, faults) = yaml::parse(&file, &text);
    if !faults.is_empty() {
        problems.extend(faults);
        return None;
    }
    match kept(&node?) {
        Ok(kept) => Some(kept),
        Err((message, spot)) => {
            problems.push(told(message, spot.unwrap_or(start)));
            None
        }
    }
}

fn told(message: String, spot: Spot) -> Problem {
    let hint = "write `columns: { NAME: text }`, one entry for each column in order, let `banyan discover SOURCE --write \
                --force` write it anew, or remove the file";
    let mut problem = Problem::error("bad-schema", "", message).hint(hint);
    problem.spot = Some(spot);
    problem
}

/// A fault and where it is, if not in the file as a whole.
type Fault = (String, Option<Spot>);

fn kept(node: &Node) -> Result<Kept, Fault> {
    let Some(Node { kind: Kind::Map(entries), .. }) = node.get("columns") else {
        return Err(("it does not say which columns there are".to_owned(), None));
    };
    let mut kept = Kept::default();
    for (key, node) in entries {
        kept.columns.push(column(&key.text, node)?);
    }
    kept.key = names(node.get("key"))?;
    kept.view = flag(node.get("view"))?;
    if let Some(node) = node.get("rows") {
        let rows = node.as_text().and_then(|t| t.parse().ok());
        kept.rows = Some(rows.ok_or_else(|| wrong(node, "no number of rows"))?);
    }
    if let Some(node) = node.get("indexes") {
        let one = |n: &Node| {
            let name = n.get("name").and_then(Node::as_text).unwrap_or_default().to_owned();
            Ok(KeptIndex { name, columns: names(n.get("columns"))?, unique: flag(n.get("unique"))? })
        };
        kept.indexes = Some(node.items().iter().map(one).collect::<Result<_, Fault>>()?);
    }
    if let Some(node) = node.get("references") {
        let one = |n: &Node| {
            let to = n.get("to").and_then(Node::as_text).ok_or_else(|| wrong(n, "no reference: it says no table"))?;
            Ok(KeptReference { columns: names(n.get("columns"))?, to: to.to_owned(), theirs: names(n.get("theirs"))? })
        };
        kept.references = Some(node.items().iter().map(one).collect::<Result<_, Fault>>()?);
    }
    Ok(kept)
}

fn column(name: &str, node: &Node) -> Result<KeptColumn, Fault> {
    // A word alone is the type.
    let ty = if node.as_text().is_some() { Some(node) } else { node.get("type") };
    let ty =
        ty.and_then(Node::as_text).and_then(type_of).ok_or_else(|| wrong(ty.unwrap_or(node), "no type of a column"))?;
    Ok(KeptColumn {
        name: name.to_owned(),
        ty,
        server: node.get("server").and_then(Node::as_text).map(str::to_owned),
        required: flag(node.get("required"))?,
    })
}

fn names(node: Option<&Node>) -> Result<Vec<String>, Fault> {
    let Some(node) = node else { return Ok(Vec::new()) };
    let one = |n: &Node| n.as_text().map(str::to_owned).ok_or_else(|| wrong(n, "no name of a column"));
    match &node.kind {
        Kind::List(items) => items.iter().map(one).collect(),
        _ => Err(wrong(node, "no list of columns")),
    }
}

fn flag(node: Option<&Node>) -> Result<bool, Fault> {
    match node.map(|n| (n, n.as_text())) {
        None => Ok(false),
        Some((_, Some("true"))) => Ok(true),
        Some((_, Some("false"))) => Ok(false),
        Some((node, _)) => Err(wrong(node, "neither true nor false")),
    }
}

fn wrong(node: &Node, what: &str) -> Fault {
    (format!("{} is {what}", node.describe()), Some(node.spot.clone()))
}

fn type_of(word: &str) -> Option<Type> {
    Some(match word {
        "text" => Type::Text,
        "integer" => Type::Integer,
        "decimal" => Type::Decimal { precision: MAX_DIGITS, scale: MAX_DIGITS },
        "float" => Type::Float,
        "boolean" => Type::Boolean,
        "date" => Type::Date,
        "time" => Type::Time,
        "datetime" => Type::DateTime,
        "instant" => Type::Instant,
        "bytes" => Type::Bytes,
        "any" => Type::Any,
        _ => {
            let (precision, scale) = word.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
            let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
            return (scale <= precision && precision <= MAX_DIGITS && precision > 0)
                .then_some(Type::Decimal { precision, scale });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;

    fn of(text: &str) -> (Option<Kept>, Vec<Problem>) {
        let mut world = Memory::default();
        world.files.insert("schemas/crm.contacts.yaml".into(), text.as_bytes().to_vec());
        let mut problems = Vec::new();
        let kept = read("crm.contacts", Path::new("."), &world, &mut problems);
        (kept, problems)
    }

    #[test]
    fn columns_have_types() {
        let (kept, problems) = of("columns:\n  ContactID: integer\n  Balance: decimal(15,2)\n");
        assert_eq!(problems, []);
        let kept = kept.unwrap();
        let columns = kept.columns();
        assert_eq!(columns[1], Column { name: "Balance".into(), ty: Type::Decimal { precision: 15, scale: 2 } });
        assert!(read("crm.other", Path::new("."), &Memory::default(), &mut Vec::new()).is_none());
    }

    #[test]
    fn faults_have_places() {
        for (text, line) in [
            ("columns:\n  A: txt\n", 2),
            ("cols: {}\n", 1),
            ("columns: { A: decimal(2,3) }\n", 1),
            ("columns:\n  A: { server: int }\n", 2),
            ("columns: { A: text }\nkey: A\n", 2),
            ("columns: { A: text }\nrows: many\n", 2),
            ("columns: { A: text }\nreferences:\n  - { columns: [A] }\n", 3),
            ("columns: { A: text }\nindexes:\n  - { columns: [A], unique: perhaps }\n", 3),
        ] {
            let (kept, problems) = of(text);
            assert!(kept.is_none());
            assert_eq!((problems[0].code.as_str(), problems[0].spot.as_ref().unwrap().line), ("bad-schema", line));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let column = |name: &str, ty, server: Option<&str>, required| KeptColumn {
            name: name.to_owned(),
            ty,
            server: server.map(str::to_owned),
            required,
        };
        let index = |name: &str, columns: &[&str], unique| KeptIndex {
            name: name.to_owned(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            unique,
        };
        let whole = Kept {
            columns: vec![
                column("ORDER NO", Type::Integer, Some("int"), true),
                column("null", Type::Decimal { precision: 15, scale: 2 }, Some("decimal(15,2)"), false),
                column("a: \"b\"\n", Type::DateTime, None, false),
            ],
            key: vec!["ORDER NO".into()],
            indexes: Some(vec![index("PK #1", &["ORDER NO", "null"], true), index("", &["null"], false)]),
            references: Some(vec![
                KeptReference { columns: vec!["null".into()], to: "dbo.OTHER #1".into(), theirs: vec!["ID".into()] },
                KeptReference { columns: vec!["a: \"b\"\n".into()], to: "X".into(), theirs: Vec::new() },
            ]),
            view: true,
            rows: Some(1200),
        };
        let bare = Kept { columns: vec![column("A", Type::Text, None, false)], ..Kept::default() };
        let unindexed = Kept { indexes: Some(Vec::new()), references: Some(Vec::new()), ..bare.clone() };
        for kept in [whole, bare, unindexed] {
            assert_eq!(of(&kept.to_yaml()), (Some(kept.clone()), vec![]), "{}", kept.to_yaml());
        }
    }
}
