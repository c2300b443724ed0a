//! What can go wrong in the store.

/// A failed call of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds it.
    #[error("the store {0} is in use by another process; stop that one, or give this gateway a store of its own")]
    Locked(String),
    /// Written by a newer version.
    #[error(
        "the store {path} has layout {found}, this version knows layouts up to {known}: it was written by a newer banyan and is left untouched; run that version, or restore a backup"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its layout.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It is not one of ours.
    #[error("{0} is not a banyan store; it is left untouched")]
    Foreign(String),
    /// No room.
    #[error("the disk that holds the store is full; nothing was lost, free some room and ingest goes on by itself")]
    Full,
    /// A row is damaged.
    #[error("the store is damaged: {0}; restore a backup, or delete the store and let it be rebuilt from the sources")]
    Damaged(String),
    /// A call that writes, on a store opened for reading.
    #[error("the store {0} was opened for reading only")]
    ReadOnly(String),
    /// Anything else that the database says.
    #[error("the store failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether trying again later may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, StoreError::Locked(_) | StoreError::Full | StoreError::Database(_))
    }
}
