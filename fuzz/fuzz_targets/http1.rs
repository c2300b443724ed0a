//! Nothing that an upstream may answer panics, and how it comes apart on its way makes no difference.
//!
//! Input: the length of the pieces, then what is sent.

#![no_main]

use banyan_upstream::read_for_fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [cut, sent @ ..] = bytes else { return };
    let whole = read_for_fuzzing(sent, sent.len());
    assert_eq!(read_for_fuzzing(sent, usize::from(*cut)), whole);
});
