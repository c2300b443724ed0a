//! A small TN3270E host for tests and the demo.
//!
//! It listens on a port of this machine, speaks TELNET with TN3270E (RFC 2355) or plain TN3270 (RFC 1576), in the clear,
//! inside TLS or after START-TLS, gives out logical units, and runs a small stock system on 24 by 80 screens: login, menu,
//! paged list, enquiry, booking with a confirmation, enquiry of bookings. It misbehaves on demand ([`Options`]) and
//! remembers every key and field it got ([`Seen`]).
//!
//! What of a real 3270 host it does not show, so that no test here says anything about it: VTAM and its screens (USSTAB,
//! application selection), BIND and UNBIND images, responses and their sequence numbers, SCS printers, structured fields
//! (Query Reply, file transfer, partitions), screens other than 24 by 80 (a larger terminal is written to in its default
//! size), double-byte code pages, graphics, light pen, Attn and SysReq's effect, NVT mode before the first screen, SNA
//! sense codes, what CICS and IMS do between screens (pseudo-conversation, ATTACH, abends that break the session), client
//! certificates, Kerberos, and any load at all.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod conversation;
mod data;
mod ebcdic;
mod line;
mod options;
mod screens;
mod server;
mod stream;
mod system;
mod telnet;
mod tls;

pub mod control;

pub use data::{Booking, Item, Stock};
pub use ebcdic::CodePage;
pub use options::{Drop as DropAt, Layout, Options, Paging, Tls};
pub use server::{KeySeen, Seen, Server};

/// The parsers that take bytes from the network, for tests that feed them anything.
pub mod parse {
    pub use crate::stream::{Inbound, inbound};
    pub use crate::telnet::{Event, Parser};
}
