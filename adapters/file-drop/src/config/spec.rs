//! A checked source and its datasets, ready to be read.

use crate::folder::after::After;
use crate::folder::glob::Glob;
use crate::folder::names::NamePattern;
use crate::folder::ready::Rule;
use crate::format::Format;
use crate::format::trouble::Trouble;
use crate::format::unpack::Unpacking;
use banyan_words::codec;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

/// A checked source.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// The folder.
    pub folder: PathBuf,
    /// No events, sweeps alone.
    pub poll: bool,
    /// Time between sweeps.
    pub every: Duration,
}

/// A checked dataset.
#[derive(Clone, Debug)]
pub struct DatasetSpec {
    /// Its name.
    pub name: String,
    /// Which files.
    pub files: Glob,
    /// How they are read.
    pub format: Format,
    /// How they are unpacked.
    pub unpacking: Unpacking,
    /// When they are whole.
    pub ready: Rule,
    /// The last record says whether the file is whole.
    pub has_trailer: bool,
    /// Which of two is newer.
    pub order: Order,
    /// What names say, if they say anything.
    pub names: Option<NamePattern>,
    /// The parts of a snapshot; empty where one file is one.
    pub parts: Vec<String>,
    /// What happens to them.
    pub after: After,
    /// A file without content has no records, instead of being refused.
    pub empty_ok: bool,
}

/// Which of two files is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Name,
    /// By modification time.
    Modified,
    /// By the date in the name.
    Date,
}

impl DatasetSpec {
    /// Opens a file's unpacked bytes and its reader.
    pub fn open(&self, file: File, name: &str) -> Result<Box<dyn crate::format::Reader>, Trouble> {
        self.format.open(&self.name, self.unpacking.open(file, name)?)
    }

    /// Changes whenever one file may give other records than before.
    pub fn reading_hash(&self) -> u64 {
        let member = &self.unpacking.member;
        codec::hash(format!("file-drop 1 {:?} {member:?} {:?}", self.format, self.unpacking.packing).as_bytes(), 0)
    }

    /// Changes whenever a file may be refused that was not before, or the other way round, beside
    /// [`DatasetSpec::reading_hash`].
    pub fn judging_hash(&self) -> u64 {
        let told = (&self.names, &self.parts, self.unpacking.max, self.empty_ok, self.order, self.ready.patience);
        codec::hash(format!("{told:?}").as_bytes(), 0)
    }

    /// The name of the done file of a file, as a pattern.
    pub fn done_file(&self) -> Option<&str> {
        self.ready.done_file.as_deref()
    }
}
