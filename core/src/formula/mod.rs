//! The mapping language: what a field's value is, in the spelling of a spreadsheet.
//!
//! Purpose: parse, type-check and compile a formula once; evaluate it for every record; explain a value afterwards.
//! Invariant: a formula sees its record and its lookups and nothing else. It has no loops, no clock and no IO, it never
//! panics, and it fails only with codes that were known before the first record was read.
//! Not here: mappings (which formula feeds which field), examples, and where lookup rows of datasets come from.

mod ast;
mod check;
mod compare;
mod compile;
mod diagnostic;
mod eval;
mod fit;
mod functions;
mod lex;
mod moments;
mod numbers;
mod outcome;
mod parse;
mod pattern;
mod plan;
mod reference;
mod sample;
mod scope;
mod straight;
mod tools;
mod watch;
mod xml;
mod zoned;

#[cfg(test)]
mod tests;

pub use compile::{Bound, Formula, canonical, compile};
pub use diagnostic::Diagnostic;
pub use functions::{Fault, Function, functions};
pub use outcome::{Code, NOT_LOADED, Outcome, show};
pub use plan::TextFormat;
pub use reference::reference_markdown;
pub use scope::{LookupAnswer, LookupType, Lookups, NoLookups, Scope, Target};
pub use straight::Straight;
pub use watch::Step;
