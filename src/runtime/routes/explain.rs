//! Why a request goes where it goes, in words.

use super::Routes;
use banyan_migration::route::Explained;

impl Routes {
    /// The configured routes that a path outside the facade belongs to, in the order in which they are asked.
    pub fn explain_path(&self, method: &str, path: &str) -> Vec<Explained> {
        self.table.explain(method, path)
    }
}
