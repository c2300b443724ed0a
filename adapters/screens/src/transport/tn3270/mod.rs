//! IBM 3270 through the `s3270` program as a child over stdio.
//!
//! Purpose: opens sessions with a host (TLS, logical unit, code page), types and presses what it is told, and shows the
//! host's screen with its fields. The child talks to nobody but its parent: neither its HTTP server nor its script port is
//! ever opened, and nothing secret stands on its command line.
//! Invariant: no key goes to a locked keyboard, for s3270 would keep it and send it later; nothing is typed that would not
//! fit, or that the field does not take; what stands in hidden fields leaves this module as [`crate::picture::MASK`].
//! Not here: structured fields, file transfer, printing, double-byte code pages.

mod answer;
mod buffer;
mod child;
mod config;
mod connect;
mod session;
mod typing;

pub use config::{Config, Tls};
pub use connect::connect;

pub(crate) use config::check;

/// Whether such a terminal has that key, and it may be pressed; else why not.
pub(super) fn has_key(key: crate::map::Key) -> Result<(), String> {
    typing::press(key).map(drop).ok_or_else(|| format!("a 3270 is not given `{key}`"))
}

#[cfg(test)]
mod tests;
