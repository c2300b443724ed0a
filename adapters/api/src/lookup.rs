//! Reading by key while somebody waits.

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

/// Reads by key.
pub trait Lookup: Send + Sync {
    /// The records of those keys, in any order; a key without a record is not in the answer. The unit's `as_of` and order
    /// are the start of the reading. Dropping the future gives up the request at the source as well.
    fn fetch<'a>(&'a self, probe: &'a Probe, call: &'a Call) -> Task<'a, Result<Batch, Fault>>;
}
