//! Why a request goes where it goes, in words.

use super::Routes;
use banyan_migration::route::{Explained, OnlyConfig};

impl Routes {
    /// The configured routes that a path outside the facade belongs to, in the order in which they are asked.
    pub fn explain_path(&self, method: &str, path: &str, meets: impl Fn(&OnlyConfig) -> bool) -> Vec<Explained> {
        self.table.explain(method, path, meets)
    }
}
