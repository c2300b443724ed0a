//! What SQLite says, in our words.

use crate::StoreError;
use banyan_words::Id;
use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;

impl From<rusqlite::Error> for StoreError {
    fn from(e: rusqlite::Error) -> StoreError {
        match e.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked("file".into()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(e.to_string()),
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly("file".into()),
            _ => StoreError::Database(e.to_string()),
        }
    }
}

impl From<FromSqlError> for StoreError {
    fn from(e: FromSqlError) -> StoreError {
        StoreError::Damaged(format!("a column holds another type than it was written with ({e})"))
    }
}

/// Names the file in errors that came without one.
pub(crate) fn named(e: StoreError, path: &std::path::Path) -> StoreError {
    let path = path.display().to_string();
    match e {
        StoreError::Locked(_) => StoreError::Locked(path),
        StoreError::ReadOnly(_) => StoreError::ReadOnly(path),
        other => other,
    }
}

/// An error of the file system.
pub(crate) fn io(what: &str, path: &std::path::Path, e: &std::io::Error) -> StoreError {
    match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Database(format!("{what} {}: {e}", path.display())),
    }
}

/// A damaged row.
pub(crate) fn damaged(what: impl Into<String>) -> StoreError {
    StoreError::Damaged(what.into())
}

/// Reads the columns of a row by what they mean.
pub(super) trait Columns {
    /// A number that is never negative.
    fn number(&self, column: usize) -> crate::Result<u64>;
    /// The same, of 32 bits.
    fn small(&self, column: usize) -> crate::Result<u32>;
    /// A hash: 64 bits of any kind.
    fn bits(&self, column: usize) -> crate::Result<u64>;
    /// Bytes.
    fn bytes(&self, column: usize) -> crate::Result<&[u8]>;
    /// An id.
    fn id(&self, column: usize) -> crate::Result<Id>;
}

impl Columns for rusqlite::Row<'_> {
    fn number(&self, column: usize) -> crate::Result<u64> {
        u64::try_from(self.get_ref(column)?.as_i64()?).map_err(|_| damaged("a number is negative"))
    }

    fn small(&self, column: usize) -> crate::Result<u32> {
        u32::try_from(self.get_ref(column)?.as_i64()?).map_err(|_| damaged("a number is out of bounds"))
    }

    fn bits(&self, column: usize) -> crate::Result<u64> {
        Ok(self.get_ref(column)?.as_i64()? as u64)
    }

    fn bytes(&self, column: usize) -> crate::Result<&[u8]> {
        Ok(self.get_ref(column)?.as_blob()?)
    }

    fn id(&self, column: usize) -> crate::Result<Id> {
        self.bytes(column)?.try_into().map(Id).map_err(|_| damaged("an id is not of 16 bytes"))
    }
}
