//! The house stands as DESIGN section 4 draws it: arrows run downward, files are small and say what they are for.
//!
//! Not here: what the rooms do (their own tests and `journeys`).

#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod arrows;
mod docs;
mod source;
mod tidy;
