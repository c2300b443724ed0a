//! A look through the whole folder: which names are there.
//!
//! Events are hints; the sweep is what nothing escapes. It follows no linked directories, so it ends.

use super::glob::Glob;
use std::io;
use std::path::Path;

/// A name that a sweep met.
#[derive(Debug, PartialEq, Eq)]
pub enum Met {
    /// It matches: the path relative to the folder, with `/`.
    Match(String),
    /// It would match, but is no name that can be kept: shown with escapes.
    OddName(String),
}

/// Walks `root` and tells `met` of every name that the pattern matches. `skip`: a sub-folder left out.
/// An error is the disk's, and of the first folder that could not be read: nothing may be concluded from what is missing. It
/// keeps nothing from being found beside it.
pub fn sweep(
    root: &Path,
    glob: &Glob,
    skip: Option<&str>,
    met: &mut dyn FnMut(Met),
) -> Result<(), (String, io::Error)> {
    let mut failed = None;
    let mut fails = |folder: &str, e| {
        failed.get_or_insert((folder.to_owned(), e));
    };
    walk(root, "", glob, skip, met, &mut fails);
    failed.map_or(Ok(()), Err)
}

fn walk(
    folder: &Path,
    prefix: &str,
    glob: &Glob,
    skip: Option<&str>,
    met: &mut dyn FnMut(Met),
    fails: &mut dyn FnMut(&str, io::Error),
) {
    let here = prefix.trim_end_matches('/');
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // Removed meanwhile.
        Err(e) if e.kind() == io::ErrorKind::NotFound && !here.is_empty() => return,
        Err(e) => return fails(here, e),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => return fails(here, e),
        };
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|n| !n.chars().any(char::is_control)) else {
            // Matched against its visible form, so that only names meant for this dataset are reported.
            let shown = format!("{prefix}{}", visible(&name.to_string_lossy()));
            if glob.matches(&shown) {
                met(Met::OddName(format!("{prefix}{}", escaped(&name))));
            }
            continue;
        };
        let path = format!("{prefix}{name}");
        let kind = match entry.file_type() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => {
                fails(&path, e);
                continue;
            }
            Ok(kind) => kind,
        };
        if glob.matches(&path) && !glob.shuns(name) {
            met(Met::Match(path.clone()));
        }
        if kind.is_dir() && glob.enters(&path) && skip != Some(path.as_str()) {
            walk(&entry.path(), &format!("{path}/"), glob, skip, met, fails);
        }
    }
}

fn visible(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '_' } else { c }).collect()
}

/// A name as it can be shown and kept: control characters and bytes that are no text as escapes.
fn escaped(name: &std::ffi::OsStr) -> String {
    name.as_encoded_bytes().escape_ascii().to_string()
}
