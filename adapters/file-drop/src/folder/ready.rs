//! When a file is whole.
//!
//! Quiet time alone cannot tell a stalled copy from a finished one. Where the writer is a process of this machine that
//! we may see, it is asked: a file that is open for writing is not ready, however quiet it is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a dataset waits for.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Size and time unchanged for that long, over probes that each open the file anew.
    pub quiet: Duration,
    /// A second file says that this one is whole: its name, with `{name}` and `{stem}`.
    pub done_file: Option<String>,
    /// How long a trailer may disagree before the file is refused.
    pub patience: Duration,
}

/// The path of the file that says that `name` (relative to the folder) is whole.
pub fn done_name(pattern: &str, name: &str) -> String {
    let (folder, file) = match name.rsplit_once('/') {
        Some((folder, file)) => (format!("{folder}/"), file),
        None => (String::new(), name),
    };
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    folder + &pattern.replace("{name}", file).replace("{stem}", stem)
}

/// True if the done file is there and no older than the file: one left over from last time does not count.
pub fn is_done(root: &Path, pattern: &str, name: &str, modified: i128) -> std::io::Result<bool> {
    match std::fs::metadata(root.join(done_name(pattern, name))) {
        Ok(meta) => Ok(super::probe::of(&meta).modified >= modified),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Files below a folder that processes of this machine have open for writing, as far as we may see.
#[derive(Default)]
pub struct Writers {
    seen: HashSet<PathBuf>,
    at: Option<Duration>,
}

/// A look at all processes is good for that long.
const FRESH: Duration = Duration::from_millis(500);

impl Writers {
    /// True if a process is known to write to `path` (canonical). `now` is monotonic.
    pub fn holds(&mut self, root: &Path, path: &Path, now: Duration) -> bool {
        if self.at.is_none_or(|at| now < at || now - at >= FRESH) {
            self.seen = look(root);
            self.at = Some(now);
        }
        self.seen.contains(path)
    }
}

#[cfg(target_os = "linux")]
fn look(root: &Path) -> HashSet<PathBuf> {
    let mut seen = HashSet::new();
    let Ok(processes) = std::fs::read_dir("/proc") else { return seen };
    for process in processes.flatten() {
        if !process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        // What belongs to others is not shown to us; their files are told by events, or by quiet time alone.
        let Ok(handles) = std::fs::read_dir(process.path().join("fd")) else { continue };
        for handle in handles.flatten() {
            let Ok(target) = std::fs::read_link(handle.path()) else { continue };
            if target.starts_with(root) && writes(&process.path().join("fdinfo").join(handle.file_name())) {
                seen.insert(target);
            }
        }
    }
    seen
}

/// True if the handle's open flags (octal) include writing: their last two bits are not 0.
#[cfg(target_os = "linux")]
fn writes(info: &Path) -> bool {
    let text = std::fs::read_to_string(info).unwrap_or_default();
    let flags = text.lines().find_map(|l| l.strip_prefix("flags:")).map(str::trim);
    flags.and_then(|f| u32::from_str_radix(f, 8).ok()).is_some_and(|f| f & 3 != 0)
}

#[cfg(not(target_os = "linux"))]
fn look(_: &Path) -> HashSet<PathBuf> {
    HashSet::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn done_files_are_named_after_their_file() {
        assert_eq!(done_name("{stem}.done", "a/x.csv"), "a/x.done");
        assert_eq!(done_name("{name}.ok", "x.csv.gz"), "x.csv.gz.ok");
        assert_eq!(done_name("ALL_DONE", "a/x"), "a/ALL_DONE");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_open_for_writing_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (a, b) = (root.join("a"), root.join("b"));
        let writer = std::fs::File::create(&a).unwrap();
        std::fs::write(&b, "b").unwrap();
        let reader = std::fs::File::open(&b).unwrap();
        let mut writers = Writers::default();
        assert!(writers.holds(&root, &a, Duration::ZERO));
        assert!(!writers.holds(&root, &b, Duration::ZERO), "reading is not writing");
        drop((writer, reader));
        assert!(!writers.holds(&root, &a, FRESH));
    }
}
