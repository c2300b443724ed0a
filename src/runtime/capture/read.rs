//! Reads captured requests.

use super::Line;
use super::files::{numbers, path_of, stem_of};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

/// The longest line, in bytes. Longer ones are none of ours.
const LONGEST: u64 = 64 << 10;

/// What reading came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whole lines.
    pub lines: u64,
    /// Lines that are none. A last one that was cut off is not counted at all.
    pub damaged: u64,
}

/// Reads what was captured of a route, oldest first, for as long as `take` goes on.
pub fn of_route(folder: &Path, route: &str, take: &mut dyn FnMut(Line) -> ControlFlow<()>) -> std::io::Result<Found> {
    let stem = stem_of(route);
    let mut found = Found::default();
    let mut ended = false;
    for (number, _) in numbers(folder, &stem)? {
        let mut passed = |line: Line| {
            let flow = if line.route == route { take(line) } else { ControlFlow::Continue(()) };
            ended = flow.is_break();
            flow
        };
        // The oldest may be removed while this reads.
        match one_file(&path_of(folder, &stem, number), &mut passed) {
            Ok(one) => {
                found.lines += one.lines;
                found.damaged += one.damaged;
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        if ended {
            break;
        }
    }
    Ok(found)
}

/// Reads one file.
pub fn one_file(path: &Path, take: &mut dyn FnMut(Line) -> ControlFlow<()>) -> std::io::Result<Found> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut found = Found::default();
    let mut text = Vec::new();
    loop {
        text.clear();
        (&mut reader).take(LONGEST).read_until(b'\n', &mut text)?;
        if text.last() != Some(&b'\n') {
            if u64::try_from(text.len()).unwrap_or(u64::MAX) < LONGEST {
                // The end, or a line that was cut off.
                return Ok(found);
            }
            found.damaged += 1;
            if !skip_line(&mut reader)? {
                return Ok(found);
            }
            continue;
        }
        match serde_json::from_slice::<Line>(&text) {
            Ok(line) => {
                found.lines += 1;
                if take(line).is_break() {
                    return Ok(found);
                }
            }
            Err(_) => found.damaged += 1,
        }
    }
}

/// Passes what is left of a line; `false`: there is no end of it.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<bool> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let (read, ended) = match buffer.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        reader.consume(read);
        if ended {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::Files;
    use super::*;
    use proptest::prelude::*;

    fn line(n: usize) -> Line {
        Line {
            at: "2026-07-01T10:00:00Z".into(),
            route: "/v1/items".into(),
            method: "GET".into(),
            target: format!("/v1/items/{n}?x=ä\n"),
            masked: Vec::new(),
            headers: [("accept".to_owned(), "*/*".to_owned())].into(),
            consumer: "ann".into(),
            trace: "0".repeat(32),
            size: None,
        }
    }

    fn all(folder: &Path) -> (Vec<Line>, Found) {
        let mut lines = Vec::new();
        let found = of_route(folder, "/v1/items", &mut |l| {
            lines.push(l);
            ControlFlow::Continue(())
        });
        (lines, found.unwrap())
    }

    #[test]
    fn the_oldest_make_room_and_a_restart_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = Files::new(dir.path(), "/v1/items");
        for n in 0..500 {
            files.add(&line(n), 40_000).unwrap();
        }
        let mut again = Files::new(dir.path(), "/v1/items");
        again.add(&line(500), 40_000).unwrap();
        let (lines, found) = all(dir.path());
        assert_eq!(found, Found { lines: lines.len() as u64, damaged: 0 });
        assert!(lines.len() > 100 && lines.len() < 400, "{}", lines.len());
        let numbers: Vec<String> = (501 - lines.len()..501).map(|n| line(n).target).collect();
        assert_eq!(lines.iter().map(|l| l.target.clone()).collect::<Vec<_>>(), numbers, "the newest, in order");
        let bytes: u64 = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes <= 40_000, "{bytes}");
        assert!(all(&dir.path().join("nowhere")).0.is_empty());
    }

    proptest! {
        /// However far a file was written before a kill, its whole lines count and nothing else does.
        #[test]
        fn a_cut_last_line_never_counts(lines in 1..6usize, cut in any::<prop::sample::Index>()) {
            let dir = tempfile::tempdir().unwrap();
            let mut files = Files::new(dir.path(), "/v1/items");
            for n in 0..lines {
                files.add(&line(n), 1 << 20).unwrap();
            }
            let path = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
            let text = std::fs::read(&path).unwrap();
            let cut = cut.index(text.len() + 1);
            std::fs::write(&path, &text[..cut]).unwrap();
            let whole = text[..cut].iter().filter(|b| **b == b'\n').count();
            let (found, told) = all(dir.path());
            prop_assert_eq!(found, (0..whole).map(line).collect::<Vec<_>>());
            prop_assert_eq!(told, Found { lines: whole as u64, damaged: 0 });
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("x.jsonl");
            std::fs::write(&path, bytes).unwrap();
            one_file(&path, &mut |_| ControlFlow::Continue(())).unwrap();
        }
    }

    #[test]
    fn a_line_without_end_is_passed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        let mut text = vec![b'x'; 200_000];
        text.push(b'\n');
        text.extend(serde_json::to_vec(&line(1)).unwrap());
        text.push(b'\n');
        std::fs::write(&path, text).unwrap();
        let found = one_file(&path, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(found, Found { lines: 1, damaged: 1 });
    }
}
