//! Formulas that can be read backwards: from the value they give to what their record must hold.
//!
//! Invariant: for every record whose value is the one asked for, the columns hold what [`Straight`] says; so a search for
//! that finds all of them. What could not be promised is none. Not here: what a source can compare.

use super::Formula;
use super::ast::{Expr, Kind};
use super::parse::parse;

/// A formula that can be read backwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Straight {
    /// A column as it is.
    Column(String),
    /// The text of a column.
    Text(String),
    /// A reference by columns as they are.
    Ref {
        /// The entity.
        entity: String,
        /// The key space.
        space: String,
        /// The columns.
        columns: Vec<String>,
    },
}

impl Formula {
    /// How it is read backwards; `None` if it cannot be.
    pub fn straight(&self) -> Option<Straight> {
        let (tree, faults) = parse(self.text());
        if faults.is_empty() { of(&tree) } else { None }
    }
}

fn of(e: &Expr) -> Option<Straight> {
    match &e.kind {
        Kind::Column(name) => Some(Straight::Column(name.clone())),
        Kind::Call(name, _, args) => match (name.as_str(), args.as_slice()) {
            ("TEXT", [arg]) => Some(Straight::Text(column(arg)?)),
            ("REF", [entity, space, parts @ ..]) if !parts.is_empty() => Some(Straight::Ref {
                entity: text(entity)?,
                space: text(space)?,
                columns: parts.iter().map(column).collect::<Option<_>>()?,
            }),
            _ => None,
        },
        // What fails gives no value to ask for. KEEP would: an older one.
        Kind::Else(x, y) => match &y.kind {
            Kind::Null | Kind::Missing | Kind::Reject(_) => of(x),
            _ => None,
        },
        _ => None,
    }
}

fn column(e: &Expr) -> Option<String> {
    match &e.kind {
        Kind::Column(name) => Some(name.clone()),
        _ => None,
    }
}

fn text(e: &Expr) -> Option<String> {
    match &e.kind {
        Kind::Text(text) => Some(text.clone()),
        _ => None,
    }
}
