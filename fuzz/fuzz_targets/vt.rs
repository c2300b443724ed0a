//! Nothing that a far side may send makes a terminal panic, grow, or show what is no screen of its size.
//!
//! Input: the encoding, the length of the pieces, then what is sent.

#![no_main]

use banyan_screens::transport::vt::Screen;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [encoding, cut, sent @ ..] = bytes else { return };
    let encoding = ["utf-8", "cp437", "iso-8859-1"][usize::from(*encoding) % 3];
    let mut screen = Screen::new((24, 80), encoding).expect("it is known");
    let mut answers = Vec::new();
    sent.chunks(usize::from(*cut).max(1)).for_each(|piece| screen.feed(piece, &mut answers));
    let grid = screen.grid();
    assert_eq!((grid.size, grid.cells.len()), ((24, 80), 24 * 80));
    assert!(grid.index(grid.cursor).is_some());
    assert!(grid.cells.iter().all(|c| c.glyph == '\0' || !c.glyph.is_control()));
    screen.feed(b"\x18\x1bc", &mut answers);
    assert!(!screen.midway());
});
