//! The formula language.

/// A compiled formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula;
impl Formula {
    /// Its text.
    pub fn text(&self) -> &str {
        ""
    }
}
