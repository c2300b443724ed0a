//! The files of one route: lines are added at the end, full files are followed by new ones, the oldest are removed.

use super::Line;
use banyan_words::codec::hash;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Into how many files what is kept is divided: as much is lost at once as one of them holds.
const PARTS: u64 = 8;
/// The smallest file that is followed by another, in bytes.
const SMALLEST: u64 = 4 << 10;

/// Files of one route.
pub(super) struct Files {
    folder: PathBuf,
    stem: String,
    current: Option<(File, u64)>,
    /// Number and bytes of each, oldest first, the current one included.
    all: Vec<(u64, u64)>,
}

/// How the files of a route begin: names of routes hold slashes.
pub(super) fn stem_of(route: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let words: String = route.chars().map(plain).take(40).collect();
    format!("{}-{:016x}", words.trim_matches('-'), hash(route.as_bytes(), 0))
}

/// Numbers and bytes of the files of a route, oldest first.
pub(super) fn numbers(folder: &Path, stem: &str) -> std::io::Result<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|n| n.strip_prefix(stem)?.strip_prefix('.')?.strip_suffix(".jsonl"));
        if let Some(number) = number.and_then(|n| n.parse().ok()) {
            found.push((number, entry.metadata()?.len()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// A file of a route.
pub(super) fn path_of(folder: &Path, stem: &str, number: u64) -> PathBuf {
    folder.join(format!("{stem}.{number:06}.jsonl"))
}

impl Files {
    /// Of that route; goes on behind what is there.
    pub(super) fn new(folder: &Path, route: &str) -> Files {
        let stem = stem_of(route);
        let all = numbers(folder, &stem).unwrap_or_default();
        Files { folder: folder.to_owned(), stem, current: None, all }
    }

    /// Adds a line; `keep` bounds all files together, in bytes.
    pub(super) fn add(&mut self, line: &Line, keep: u64) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let full = (keep / PARTS).max(SMALLEST);
        if self.current.as_ref().is_some_and(|(_, written)| written + bytes > full) {
            self.current = None;
        }
        let (file, written) = match &mut self.current {
            Some(current) => current,
            None => {
                // A new file after each start: what a kill cut off stays the end of its file.
                let number = self.all.last().map_or(1, |(n, _)| n + 1);
                std::fs::create_dir_all(&self.folder)?;
                let path = path_of(&self.folder, &self.stem, number);
                let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(path)?;
                self.all.push((number, 0));
                self.current.insert((file, 0))
            }
        };
        if let Err(e) = file.write_all(&text) {
            self.current = None;
            return Err(e);
        }
        *written += bytes;
        if let Some(last) = self.all.last_mut() {
            last.1 += bytes;
        }
        while self.all.len() > 1 && self.all.iter().map(|(_, b)| b).sum::<u64>() > keep {
            let (number, _) = self.all.remove(0);
            // One that somebody else took away is as good as removed.
            let _ = std::fs::remove_file(path_of(&self.folder, &self.stem, number));
        }
        Ok(())
    }
}
