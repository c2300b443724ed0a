//! Kept schemas: `schemas/crm.contacts.yaml` beside the configuration says which columns a dataset has, where only the
//! source itself would know. With it, misspelt columns are found offline.
//!
//! ```yaml
//! columns:
//!   ContactID: integer
//!   Email: text
//!   Balance: decimal(15,2)
//! ```

use super::{World, yaml};
use banyan_words::decimal::MAX_DIGITS;
use banyan_words::node::{Kind, Node};
use banyan_words::{Column, Problem, Spot, Type};
use std::io;
use std::path::Path;

/// The columns a kept schema tells; `None` where there is none or it is faulty, which is told.
pub(super) fn columns(full: &str, base: &Path, world: &dyn World, problems: &mut Vec<Problem>) -> Option<Vec<Column>> {
    let file = format!("schemas/{full}.yaml");
    let told = |message: String, spot: Spot| {
        let hint = "write `columns: { NAME: text }`, one entry for each column in order; or remove the file";
        let mut problem = Problem::error("bad-schema", "", message).hint(hint);
        problem.spot = Some(spot);
        problem
    };
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
    let node = node?;
    let Some(Node { kind: Kind::Map(entries), .. }) = node.get("columns") else {
        problems.push(told(format!("{file} does not say which columns {full} has"), start));
        return None;
    };
    let mut columns = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        match node.as_text().and_then(type_of) {
            Some(ty) => columns.push(Column { name: key.text.clone(), ty }),
            None => {
                let message = format!("{} is no type of a column", node.describe());
                problems.push(told(message, node.spot.clone()));
                return None;
            }
        }
    }
    Some(columns)
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

    fn read(text: &str) -> (Option<Vec<Column>>, Vec<Problem>) {
        let mut world = Memory::default();
        world.files.insert("schemas/crm.contacts.yaml".into(), text.as_bytes().to_vec());
        let mut problems = Vec::new();
        let columns = columns("crm.contacts", Path::new("."), &world, &mut problems);
        (columns, problems)
    }

    #[test]
    fn columns_have_types() {
        let (columns, problems) = read("columns:\n  ContactID: integer\n  Balance: decimal(15,2)\n");
        assert_eq!(problems, []);
        let columns = columns.unwrap();
        assert_eq!(columns[1], Column { name: "Balance".into(), ty: Type::Decimal { precision: 15, scale: 2 } });
        assert!(super::columns("crm.other", Path::new("."), &Memory::default(), &mut Vec::new()).is_none());
    }

    #[test]
    fn faults_have_places() {
        for (text, line) in [("columns:\n  A: txt\n", 2), ("cols: {}\n", 1), ("columns: { A: decimal(2,3) }\n", 1)] {
            let (columns, problems) = read(text);
            assert!(columns.is_none());
            assert_eq!((problems[0].code.as_str(), problems[0].spot.as_ref().unwrap().line), ("bad-schema", line));
        }
    }
}
