//! Why a file could not be read on: the disk said no, or the file as a whole is not what it should be.
//!
//! A bad record is neither: it is delivered as one and reading goes on.

use std::fmt;
use std::io;

/// A file refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One of [`crate::refusals::REFUSALS`].
    pub code: &'static str,
    /// What is wrong, where, and what to do.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// Why reading ended early.
#[derive(Debug)]
pub enum Trouble {
    /// The operating system could not read; says nothing about the file's content.
    Io(io::Error),
    /// The content cannot be used; records before it stay.
    Refused(Refusal),
}

impl Trouble {
    /// A refusal.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Trouble {
        Trouble::Refused(Refusal { code, message: message.into() })
    }
}

/// A refusal that must travel through [`io::Read`].
pub fn smuggle(code: &'static str, message: impl Into<String>) -> io::Error {
    io::Error::other(Refusal { code, message: message.into() })
}

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Trouble {
        match e.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()) {
            Some(refusal) => Trouble::Refused(refusal.clone()),
            None => Trouble::Io(e),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Io(e) => e.fmt(f),
            Trouble::Refused(r) => write!(f, "{} [{}]", r.message, r.code),
        }
    }
}
