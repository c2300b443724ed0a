//! VT terminals against real far sides: programs on a pty, OpenSSH's sshd, a telnetd.
//!
//! Nothing is skipped: a program that is missing fails the test that needs it (scripts/setup.sh --for test installs all).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod end;
mod far;
mod floods;
mod maps;
mod passwords;
mod pty;
mod recorder;
mod ssh;
mod telnet;
