//! Reading by key, or by conditions, while somebody waits.

use crate::{Call, Fault, Task};
use banyan_words::{Batch, Value};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The dataset.
    pub dataset: String,
    /// Keys, each with a value for every column of the dataset's `key`, in its order.
    pub keys: Vec<Vec<Value<'static>>>,
}

/// Records that are looked for without knowing their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The dataset.
    pub dataset: String,
    /// All must hold; there is at least one. The first column of each is among [`crate::Prepared::pushes`].
    pub conditions: Vec<Condition>,
    /// Only records whose key comes after this one, in the order of the source.
    pub after: Option<Vec<Value<'static>>>,
    /// How many are wanted.
    pub limit: usize,
}

/// What must hold of some columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The columns.
    pub columns: Vec<String>,
    /// What must hold.
    pub test: Test,
}

/// A test that a source can make. There is none that leaves its bound out: whoever asks tests again, so that a source may
/// round a bound to what its column can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The columns are one of these, each with a value for every column. A text is read as the column's type.
    AnyOf(Vec<Vec<Value<'static>>>),
    /// The one column is this or above.
    AtLeast(Value<'static>),
    /// The one column is this or below.
    AtMost(Value<'static>),
}

/// A column that a source can be asked to narrow a search by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushable {
    /// The column.
    pub column: String,
    /// [`Test::AnyOf`] is possible.
    pub equal: bool,
    /// [`Test::AtLeast`] and [`Test::AtMost`] are possible.
    pub range: bool,
    /// Where the configuration names it, as a path below the dataset's; `None` where only an index speaks for it.
    pub named: Option<String>,
}

/// Reads by key.
pub trait Lookup: Send + Sync {
    /// The records of those keys, in any order; a key without a record is not in the answer. The unit's `as_of` and order
    /// are the start of the reading. Dropping the future gives up the request at the source as well.
    fn fetch<'a>(&'a self, probe: &'a Probe, call: &'a Call) -> Task<'a, Result<Batch, Fault>>;

    /// Records that meet conditions, in the order of their keys as the source has it: as many as are wanted, and one more
    /// where there are more. There may be some among them that do not meet the conditions (a source compares texts, or
    /// rounds bounds, in its own way), but none that does is left out. Otherwise as [`Lookup::fetch`].
    fn find<'a>(&'a self, search: &'a Search, _call: &'a Call) -> Task<'a, Result<Batch, Fault>> {
        let message = format!("`{}` cannot be searched: its adapter reads by key only", search.dataset);
        Box::pin(async move { Err(Fault::permanent("not-searchable", message)) })
    }
}
