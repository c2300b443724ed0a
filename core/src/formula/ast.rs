//! A formula as it was written: the tree the parser makes, and its one canonical spelling.
//!
//! Invariant: printing a tree and parsing the text gives the same tree, so the printed form may be hashed.
//! Not here: types (`check`) and evaluation (`plan`, `eval`).

use banyan_words::Decimal;
use std::fmt::{self, Write as _};

/// A part of the formula's text, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    pub(crate) fn to(self, last: Span) -> Span {
        Span { start: self.start, end: last.end }
    }

    /// The text it covers.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// Two trees are the same wherever they stood in their texts.
impl PartialEq for Span {
    fn eq(&self, _: &Span) -> bool {
        true
    }
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Concat,
    Add,
    Sub,
    Mul,
    Div,
}

impl Op {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Op::Eq => "=",
            Op::Ne => "<>",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Concat => "&",
            Op::Add => "+",
            Op::Sub => "-",
            Op::Mul => "*",
            Op::Div => "/",
        }
    }

    /// How tightly it binds; `ELSE` is 0, a sign 5.
    pub(crate) fn power(self) -> u8 {
        match self {
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => 1,
            Op::Concat => 2,
            Op::Add | Op::Sub => 3,
            Op::Mul | Op::Div => 4,
        }
    }

    pub(crate) fn compares(self) -> bool {
        self.power() == 1
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    /// Levels of expressions within, so that no later walk can run out of stack.
    pub(crate) height: u16,
    pub(crate) kind: Kind,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text(String),
    Integer(i64),
    Decimal(Decimal),
    Boolean(bool),
    Null,
    Missing,
    Column(String),
    Neg(Box<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    /// Name in capitals, where the name stood, arguments.
    Call(String, Span, Vec<Expr>),
    Else(Box<Expr>, Box<Expr>),
    Keep(String),
    Reject(String),
    /// Something that could not be read; a diagnostic says so.
    Bad,
}

impl Expr {
    pub(crate) fn leaf(span: Span, kind: Kind) -> Expr {
        Expr { span, height: 1, kind }
    }

    /// The canonical spelling.
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        let _ = write!(out, "{self}");
        out
    }

    fn power(&self) -> u8 {
        match &self.kind {
            Kind::Else(..) => 0,
            Kind::Binary(op, ..) => op.power(),
            Kind::Neg(_) => 5,
            _ => 6,
        }
    }

    /// Writes the expression, in parentheses if it binds less tightly than `least`.
    fn within(&self, least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.power() < least { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Text(t) => quote(t, f),
            Kind::Integer(i) => write!(f, "{i}"),
            // A point keeps a whole decimal from being read back as an integer.
            Kind::Decimal(d) if d.scale() == 0 && d.to_i64().is_some() => write!(f, "{d}.0"),
            Kind::Decimal(d) => write!(f, "{d}"),
            Kind::Boolean(b) => f.write_str(if *b { "TRUE" } else { "FALSE" }),
            Kind::Null => f.write_str("NULL"),
            Kind::Missing => f.write_str("MISSING"),
            Kind::Column(name) => column(name, f),
            Kind::Neg(x) => {
                f.write_str("-")?;
                x.within(5, f)
            }
            Kind::Binary(op, a, b) => {
                // Comparisons do not chain; the others lean to the left.
                a.within(op.power() + u8::from(op.compares()), f)?;
                write!(f, " {} ", op.sign())?;
                b.within(op.power() + 1, f)
            }
            Kind::Call(name, _, args) => {
                write!(f, "{name}(")?;
                for (i, a) in args.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{a}")?;
                }
                f.write_str(")")
            }
            Kind::Else(x, y) => {
                x.within(1, f)?;
                f.write_str(" ELSE ")?;
                y.within(0, f)
            }
            Kind::Keep(code) => {
                f.write_str("KEEP ")?;
                quote(code, f)
            }
            Kind::Reject(code) => {
                f.write_str("REJECT ")?;
                quote(code, f)
            }
            Kind::Bad => f.write_str("?"),
        }
    }
}

/// Writes text in double quotes, as a formula spells it.
pub(crate) fn quote(text: &str, f: &mut impl fmt::Write) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if c == '"' {
            f.write_char('"')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

/// Words that are no bare column names.
pub(crate) const RESERVED: [&str; 7] = ["ELSE", "NULL", "MISSING", "TRUE", "FALSE", "KEEP", "REJECT"];

pub(crate) fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(crate) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

fn column(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let bare = name.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(begins_name) && chars.all(continues_name)
    }) && !RESERVED.iter().any(|w| w.eq_ignore_ascii_case(name));
    if bare { f.write_str(name) } else { write!(f, "[{}]", name.replace(']', "]]")) }
}
