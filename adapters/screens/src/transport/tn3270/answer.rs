//! What s3270 answers to a command: lines of data, its status, and whether it did it.

use memchr::memchr_iter;

/// An answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    /// Everything before the status line.
    data: &'a [u8],
    /// Its status.
    pub(super) status: Status,
    /// It did what it was told.
    pub(super) ok: bool,
}

/// What the status line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// The keyboard takes keys.
    pub(super) unlocked: bool,
    /// There is a session with the host.
    pub(super) connected: bool,
    /// It is a 3270 session by now, not a typewriter's.
    pub(super) in_3270: bool,
    /// Rows and columns of the screen as it is now.
    pub(super) size: (u16, u16),
    /// Row and column of the cursor, from 1.
    pub(super) cursor: (u16, u16),
}

impl Status {
    fn read(line: &[u8]) -> Option<Status> {
        let line = std::str::from_utf8(line).ok()?;
        let words: Vec<&str> = line.split(' ').collect();
        let number = |i: usize| words.get(i)?.parse::<u16>().ok();
        Some(Status {
            unlocked: *words.first()? == "U",
            connected: words.get(3)?.starts_with("C("),
            in_3270: *words.get(4)? == "I",
            size: (number(6)?, number(7)?),
            cursor: (number(8)?.checked_add(1)?, number(9)?.checked_add(1)?),
        })
    }
}

/// Whether the bytes end an answer.
pub(super) fn complete(bytes: &[u8]) -> bool {
    bytes.ends_with(b"\nok\n") || bytes.ends_with(b"\nerror\n")
}

impl<'a> Answer<'a> {
    /// Takes apart a complete answer.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Answer<'a>> {
        let ok = bytes.ends_with(b"\nok\n");
        let rest = bytes.strip_suffix(if ok { b"\nok\n".as_slice() } else { b"\nerror\n" })?;
        let start = rest.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let (data, status) = rest.split_at_checked(start)?;
        Some(Answer { data, status: Status::read(status)?, ok })
    }

    /// Its lines of data, without what marks them.
    pub(super) fn lines(self) -> impl Iterator<Item = &'a [u8]> {
        let mut ends = memchr_iter(b'\n', self.data);
        let mut from = 0;
        std::iter::from_fn(move || {
            let end = ends.next()?;
            let line = self.data.get(from..end);
            from = end + 1;
            line
        })
        .filter_map(|line| line.strip_prefix(b"data: "))
    }

    /// What it says, for people: printable words only. (s3270 4.1 adds bytes of freed memory to some messages.)
    pub(super) fn words(self) -> String {
        let lines = self.lines().map(|l| String::from_utf8_lossy(l).into_owned());
        let sound = |l: &String| !l.trim().is_empty() && l.chars().all(|c| !c.is_control() && c != '\u{fffd}');
        lines.filter(sound).collect::<Vec<_>>().join(" ")
    }

    /// How many records came from the host so far, of an answer to `Query(StatsRx)` first thing.
    pub(super) fn records(self) -> Option<u64> {
        let line = std::str::from_utf8(self.lines().next()?).ok()?;
        line.strip_prefix("records ")?.split(' ').next()?.parse().ok()
    }
}
