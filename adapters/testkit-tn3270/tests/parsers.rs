//! The host's parsers take whatever a terminal, or anyone else, sends.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use banyan_testkit_tn3270::parse::{Event, Parser, inbound};
use banyan_testkit_tn3270::{CodePage, Server, Stock};
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Bytes with many that mean something to TELNET and to the data stream.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let telling =
        prop::sample::select(vec![255, 255, 250, 240, 239, 253, 251, 40, 2, 3, 7, 8, 0, 0x11, 0x7d, 0x40, 0xf1]);
    prop::collection::vec(prop_oneof![telling, any::<u8>()], 0..300)
}

proptest! {
    #[test]
    fn any_bytes_become_events_and_keys(bytes in bytes()) {
        let mut parser = Parser::default();
        let events: Vec<Event> = bytes.iter().filter_map(|b| parser.take(*b)).collect();
        prop_assert!(events.len() <= bytes.len());
        for event in events {
            if let Event::Record(record) = event {
                let read = inbound(CodePage::Cp037, &record);
                prop_assert_eq!(read.is_some(), !record.is_empty());
                for ((row, column), _) in read.map(|r| r.fields).unwrap_or_default() {
                    prop_assert!((1..=24).contains(&row) && (1..=80).contains(&column));
                }
            }
        }
        let _ = inbound(CodePage::Cp273, &bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn a_host_outlives_any_terminal(bytes in bytes(), head in any::<bool>()) {
        let server = Server::start(Stock::made_up(3)).unwrap();
        let mut rude = TcpStream::connect(server.address()).unwrap();
        if head {
            // Past the negotiation: WILL TN3270E, a device type, functions agreed.
            rude.write_all(&[255, 251, 40, 255, 250, 40, 2, 7, b'X', 255, 240, 255, 250, 40, 3, 4, 255, 240]).unwrap();
        }
        let _ = rude.write_all(&bytes);
        drop(rude);
        let mut polite = TcpStream::connect(server.address()).unwrap();
        polite.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut first = [0; 3];
        polite.read_exact(&mut first).unwrap();
        prop_assert_eq!(first, [255, 253, 40]);
    }
}
