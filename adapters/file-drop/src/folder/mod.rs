//! The folder: which files are there, when they are whole, and in which order they are read.
//!
//! Invariant: files are only read, until the gateway says that their records are durable and the configuration says
//! that they shall move. A file that cannot be used is visible as such; an error of the disk never means "go on".
//! Not here: what is in the files (`format`).

pub mod after;
pub mod digest;
pub mod glob;
pub mod names;
pub mod probe;
pub mod ready;
pub mod sweep;
pub mod watch;
