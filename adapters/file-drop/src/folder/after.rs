//! What happens to a file once its records are durable: nothing, unless the configuration asks for it.
//!
//! Invariant: only the very version that was read is moved or deleted; nothing is overwritten; nothing leaves the
//! folder. Doing it again does no harm.

use super::probe::{self, Look};
use super::ready::done_name;
use std::io;
use std::path::Path;

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    #[default]
    Leave,
    /// Move into that sub-folder (relative, without a slash at its end).
    Move(String),
    /// Delete.
    Delete,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// What was asked for.
    Done,
    /// The file is not there any more.
    Gone,
    /// It is another version now, which is not touched.
    Changed,
}

/// Acts on the file of that name, if it is still the one with that token. `version` tells apart files that would
/// have the same name in the target folder.
pub fn act(
    root: &Path,
    name: &str,
    token: &str,
    version: &str,
    after: &After,
    done_file: Option<&str>,
) -> io::Result<Acted> {
    let path = root.join(name);
    if *after == After::Leave {
        return Ok(Acted::Done);
    }
    match probe::look(root, &path)? {
        Look::Gone => return Ok(Acted::Gone),
        Look::Unfit { .. } => return Ok(Acted::Changed),
        Look::File(_, probe) if probe.token() != token => return Ok(Acted::Changed),
        Look::File(..) => {}
    }
    let done = done_file.map(|pattern| done_name(pattern, name));
    match after {
        After::Leave => {}
        After::Delete => {
            remove(&path)?;
            if let Some(done) = done {
                remove(&root.join(done))?;
            }
        }
        After::Move(folder) => {
            let target = root.join(folder);
            contained(root, &target)?;
            shift(root, &target, name, version)?;
            if let Some(done) = done.filter(|d| root.join(d).exists()) {
                shift(root, &target, &done, version)?;
            }
        }
    }
    Ok(Acted::Done)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A target folder that is a link to elsewhere is refused.
fn contained(root: &Path, target: &Path) -> io::Result<()> {
    std::fs::create_dir_all(target)?;
    if target.canonicalize()?.starts_with(root) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} leads out of the folder", target.display())))
}

/// Moves `root/name` to `target/name`, sub-folders included, under a name that is free.
fn shift(root: &Path, target: &Path, name: &str, version: &str) -> io::Result<()> {
    let wanted = target.join(name);
    if let Some(folder) = wanted.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let short = version.get(..8).unwrap_or(version);
    let names = (0..1000).map(|n| match n {
        0 => wanted.clone(),
        1 => with_suffix(&wanted, short),
        n => with_suffix(&wanted, &format!("{short}-{n}")),
    });
    for free in names {
        if std::fs::symlink_metadata(&free).is_err() {
            return std::fs::rename(root.join(name), free);
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is taken", wanted.display())))
}

/// `a.csv` to `a.SUFFIX.csv`.
fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    let file = path.file_name().and_then(|f| f.to_str()).unwrap_or_default();
    let named = match file.split_once('.') {
        Some((stem, rest)) => format!("{stem}.{suffix}.{rest}"),
        None => format!("{file}.{suffix}"),
    };
    path.with_file_name(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(root: &Path, name: &str) -> String {
        match probe::look(root, &root.join(name)).unwrap() {
            Look::File(_, p) => p.token(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn moves_only_what_was_read_and_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let to = After::Move("done".into());
        std::fs::create_dir_all(root.join("done/in")).unwrap();
        std::fs::create_dir_all(root.join("in")).unwrap();
        std::fs::write(root.join("done/in/a.csv"), "older").unwrap();
        std::fs::write(root.join("in/a.csv"), "1").unwrap();
        let old = token(&root, "in/a.csv");
        std::fs::write(root.join("in/a.csv"), "22").unwrap();
        assert_eq!(act(&root, "in/a.csv", &old, "abcdef0123", &to, None).unwrap(), Acted::Changed);
        let now = token(&root, "in/a.csv");
        assert_eq!(act(&root, "in/a.csv", &now, "abcdef0123", &to, None).unwrap(), Acted::Done);
        assert_eq!(act(&root, "in/a.csv", &now, "abcdef0123", &to, None).unwrap(), Acted::Gone, "repeatable");
        assert_eq!(std::fs::read(root.join("done/in/a.csv")).unwrap(), b"older");
        assert_eq!(std::fs::read(root.join("done/in/a.abcdef01.csv")).unwrap(), b"22");
    }

    #[test]
    fn deletes_with_its_done_file() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::write(root.join("a.csv"), "1").unwrap();
        std::fs::write(root.join("a.done"), "").unwrap();
        let t = token(&root, "a.csv");
        assert_eq!(act(&root, "a.csv", &t, "v", &After::Delete, Some("{stem}.done")).unwrap(), Acted::Done);
        assert!(!root.join("a.csv").exists() && !root.join("a.done").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_target_that_is_a_link_to_elsewhere_is_refused() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(other.path(), root.join("done")).unwrap();
        std::fs::write(root.join("a.csv"), "1").unwrap();
        let t = token(&root, "a.csv");
        assert!(act(&root, "a.csv", &t, "v", &After::Move("done".into()), None).is_err());
        assert!(root.join("a.csv").exists());
    }
}
