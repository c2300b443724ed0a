//! What the gateway and the worker say to each other.
//!
//! Invariant: a frame is `u32 length | u8 kind | body`, little-endian, and nothing in it is believed: a reader answers
//! `None` to bytes that do not fit. Not here: pages of rows (`page`).

mod answer;
mod frame;
mod request;

pub use answer::{Answer, Form, PAGE, WireColumn};
pub use frame::{Put, Take, read_frame, write_frame};
pub use request::{Catalog, Param, Request};

/// The protocol's version; both sides must be of the same build.
pub const VERSION: u32 = 3;
/// The longest frame either side takes. A page holds at least one row, and a cell at most [`LONGEST`] bytes.
pub const LONGEST_FRAME: usize = 512 << 20;
/// The longest cell that is read.
pub const LONGEST: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_arrives_and_what_is_cut_does_not() {
        let params = vec![
            Param::Null,
            Param::Text("Grüße 🌳".into()),
            Param::Integer(i64::MIN),
            Param::Float(-0.1),
            Param::Bytes(vec![0, 255]),
            Param::Decimal("12.50".into(), 4, 2),
            Param::Date("2024-02-29".into()),
        ];
        let asked = Request::Select { sql: "SELECT ?".into(), params, seconds: 7 };
        let frame = asked.encode();
        assert_eq!(Request::decode(&frame), Some(asked));
        for cut in 0..frame.len() {
            assert_eq!(Request::decode(&frame[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_of_nonsense_is_refused() {
        let mut frame = Vec::new();
        assert!(read_frame(&mut &b"Segmentation fault"[..], &mut frame).is_err());
        assert!(read_frame(&mut &[9, 0, 0, 0, 1][..], &mut frame).is_err(), "shorter than it says");
        assert!(!read_frame(&mut &[][..], &mut frame).unwrap(), "an end is no error");
        assert_eq!(Answer::decode(&[77]), None);
    }
}
