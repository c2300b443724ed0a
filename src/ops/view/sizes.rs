//! Sizes of the store's files and of the process.

use serde::Serialize;
use std::path::Path;
use utoipa::ToSchema;

/// Sizes in bytes; null where they cannot be told here.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Sizes {
    /// The store's data file.
    pub store_bytes: Option<u64>,
    /// Its write-ahead log.
    pub log_bytes: Option<u64>,
    /// Memory of the process.
    pub resident_bytes: Option<u64>,
    /// The same without file pages: what memory limits count.
    pub own_bytes: Option<u64>,
}

/// Measures now.
pub fn sizes(store: Option<&Path>) -> Sizes {
    let length = |path: &Path| std::fs::metadata(path).ok().map(|m| m.len());
    let log = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        Some(length(Path::new(&name)).unwrap_or(0))
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    Sizes {
        store_bytes: store.and_then(length),
        log_bytes: store.and_then(log),
        resident_bytes: kilobytes(&status, "VmRSS:"),
        own_bytes: kilobytes(&status, "RssAnon:"),
    }
}

fn kilobytes(status: &str, line: &str) -> Option<u64> {
    let rest = status.lines().find_map(|l| l.strip_prefix(line))?;
    rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_file() {
        let status = "Name:\tbanyan\nVmRSS:\t   12345 kB\nRssAnon:\t    9000 kB\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(12345 * 1024));
        assert_eq!(kilobytes(status, "RssAnon:"), Some(9000 * 1024));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }
}
