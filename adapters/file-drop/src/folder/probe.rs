//! One look at a file: opened anew each time, because shares hand out attributes from a cache until a file is opened.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What one look saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified: i128,
    /// Inode, where there are inodes.
    pub inode: u64,
    /// Time of the last change of any attribute, where it is known. A copier cannot set it.
    pub changed: i128,
}

impl Probe {
    /// The token remembered with a unit: the same token, the same file as then.
    pub fn token(&self) -> String {
        format!("{}:{}:{}", self.size, self.modified, self.inode)
    }
}

/// What stands under a name.
#[derive(Debug)]
pub enum Look {
    /// A file, open for reading at its start.
    File(File, Probe),
    /// Nothing (any more).
    Gone,
    /// Something that cannot be used: a refusal with the token to remember it by.
    Unfit {
        /// The code.
        code: &'static str,
        /// The token: as long as it is the same, nothing was done about it.
        token: String,
        /// What is wrong.
        message: String,
    },
}

/// Looks at `path`, which must lie in `root` (canonical) even after links are followed. An error is the disk's.
pub fn look(root: &Path, path: &Path) -> io::Result<Look> {
    let meta = match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Look::Gone),
        other => other?,
    };
    let unfit = |code, token: String, message: String| Ok(Look::Unfit { code, token, message });
    let mut real = path.to_path_buf();
    if meta.is_symlink() {
        real = match std::fs::canonicalize(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return unfit("not-a-file", format!("broken:{}", inode(&meta)), "it is a link to nothing".into());
            }
            other => other?,
        };
        if !real.starts_with(root) {
            let message = "it is a link that leads out of the folder. Drop the file itself".into();
            return unfit("link-outside-folder", format!("link:{}:{}", inode(&meta), real.display()), message);
        }
    }
    let target = std::fs::metadata(&real)?;
    if !target.is_file() {
        let what = if target.is_dir() { "a directory" } else { "neither a file nor a directory" };
        return unfit("not-a-file", format!("odd:{}", inode(&meta)), format!("it is {what}, named like a file"));
    }
    match open(&real) {
        Ok(file) => probe(file),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Look::Gone),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            let token = format!("unreadable:{}:{}", of(&target).token(), of(&target).changed);
            unfit("unreadable-file", token, format!("it may not be read: {e}. Give the gateway's user read access"))
        }
        Err(e) => Err(e),
    }
}

fn open(path: &PathBuf) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // O_NONBLOCK: a pipe put in the file's place meanwhile must not hang the thread.
        options.custom_flags(0o4000);
    }
    options.open(path)
}

fn probe(mut file: File) -> io::Result<Look> {
    let meta = file.metadata()?;
    let mut probe = of(&meta);
    if !meta.is_file() {
        let message = "it is no regular file".into();
        return Ok(Look::Unfit { code: "not-a-file", token: format!("odd:{}", inode(&meta)), message });
    }
    // A size from a cache may lag behind: see whether there is more.
    file.seek(SeekFrom::Start(probe.size))?;
    let mut beyond = [0; 512];
    probe.size += file.read(&mut beyond)? as u64;
    file.seek(SeekFrom::Start(0))?;
    Ok(Look::File(file, probe))
}

/// The attributes of an open file, to see whether it changed while it was read.
pub fn of(meta: &Metadata) -> Probe {
    Probe { size: meta.len(), modified: nanos(meta.modified().ok()), inode: inode(meta), changed: changed(meta) }
}

fn nanos(time: Option<SystemTime>) -> i128 {
    let Some(time) = time else { return 0 };
    let signed = |d: std::time::Duration| i128::try_from(d.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

#[cfg(unix)]
fn inode(meta: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(unix)]
fn changed(meta: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt;
    i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec())
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> i128 {
    0
}
