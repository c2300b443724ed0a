//! A key and the screen it brings, through a session, against a bare loop of the emulator library over the same program.
//!
//! Both sides count the time that this process was on a processor, all its threads: the program on the other end of the
//! pty has a process of its own and does not count. The bare loop waits for quiet as a session does; told beside it is one
//! that knows how long each screen is. The goal is at most 1.25 times the former; medians were 1.04 and 1.13 on two cores of
//! a machine with other work, optimised: who drives a session listens by themselves. `cargo bench -p banyan-screens` runs
//! it; without `--bench` it reads a few screens, as a test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use alacritty_terminal::Term;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::Config as TermConfig;
use alacritty_terminal::vte::ansi::Processor;
use banyan_adapter::Call;
use banyan_screens::map::{Key, Map, Pool};
use banyan_screens::picture::{Grid, Shown};
use banyan_screens::transport::Act;
use banyan_screens::transport::vt::{Config, connect};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Shows a full screen, with some brightness and line drawing, whenever a key comes.
const PROGRAM: &str = r#"
import os, tty
tty.setraw(0)
def screen(n):
    rows = [f"\x1b[{r};1H\x1b[{1 if r % 5 == 0 else 0}m\x1b(0x\x1b(B {n + r:06d} Harbour Supplies Ltd {r * 17:8.2f} "
            f"\x1b[7m{'open' if (n + r) % 2 else 'paid'}\x1b[m  {'lorem ipsum dolor sit amet'[:r]:<26}" for r in range(1, 24)]
    return ("\x1b[H" + "".join(rows) + "\x1b[24;1H").encode()
os.write(1, b"R")
n = 0
while True:
    key = os.read(0, 1)
    if not key or key == b"q": break
    os.write(1, screen(n).ljust(2600))
    n += 1
"#;
/// Bytes of each of its screens.
const BYTES: usize = 2600;
/// How long nothing may come until a screen counts as complete.
const QUIET: Duration = Duration::from_millis(5);

/// Nanoseconds that all threads of this process were on a processor.
fn cpu() -> u64 {
    let mut all = 0;
    for task in std::fs::read_dir("/proc/self/task").expect("Linux") {
        let stat = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap_or_default();
        all += stat.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    }
    all
}

struct Size;

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        24
    }
    fn screen_lines(&self) -> usize {
        24
    }
    fn columns(&self) -> usize {
        80
    }
}

/// Processor time for each screen, of the emulator on one thread. It waits for quiet as a session does, or knows how long
/// each screen is and does not.
fn bare(screens: u32, waits: bool) -> u64 {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options().read(true).write(true).open(name).unwrap();
    let mut child = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(slave.try_clone().unwrap())
        .stdout(slave)
        .spawn()
        .expect("python3 is installed");
    let mut pty = File::from(master);
    let mut term = Term::new(TermConfig { scrolling_history: 0, ..TermConfig::default() }, &Size, VoidListener);
    let mut parser: Processor = Processor::new();
    let mut buffer = vec![0; 16 * 1024];
    // The program says when it is ready.
    pty.read_exact(&mut buffer[..1]).unwrap();
    let quiet = Timespec::try_from(QUIET).unwrap();
    let mut began = 0;
    for n in 0..=screens {
        pty.write_all(b"x").unwrap();
        let mut came = 0;
        while came < BYTES || (waits && poll(&mut [PollFd::new(&pty, PollFlags::IN)], Some(&quiet)).unwrap() > 0) {
            let length = pty.read(&mut buffer).unwrap();
            parser.advance(&mut term, &buffer[..length]);
            came += length;
        }
        let grid = term.grid();
        let cells: Vec<char> =
            (0..24).flat_map(|r| (0..80).map(move |c| (r, c))).map(|(r, c)| grid[Line(r)][Column(c)].c).collect();
        black_box(cells);
        if n == 0 {
            began = cpu();
        }
    }
    let spent = cpu() - began;
    pty.write_all(b"q").unwrap();
    child.wait().unwrap();
    spent / u64::from(screens)
}

fn ours(screens: u32) -> u64 {
    let map = Map {
        name: "bench/v1".into(),
        hash: 0,
        pool: Pool { max: 1, lu: Vec::new(), idle: Duration::from_secs(60), keep_alive: None },
        screens: Vec::new(),
        flows: Vec::new(),
        rest: 0,
        login: None,
        size: Some((24, 80)),
        quiet: QUIET,
        within: Duration::from_secs(10),
    };
    let command = ["python3", "-c", PROGRAM].map(str::to_owned).to_vec();
    let config = Config { command: Some(command), ..Config::default() };
    let call = Call::default();
    let mut session = connect(&config, Path::new("/")).open(&map, None, &call).unwrap();
    let until = || Instant::now() + Duration::from_secs(20);
    let (mut began, mut revision) = (0, session.settle(0, until(), &call).unwrap().revision);
    for n in 0..=screens {
        session.act(&Act::Press(Key::Char('x'))).unwrap();
        let want = 1 + u64::from(n + 1) * BYTES as u64;
        let mut grid: Option<Grid> = None;
        while revision < want || grid.is_none() {
            let picture = session.settle(revision, until(), &call).unwrap();
            revision = picture.revision;
            let Shown::Grid(shown) = picture.shown else { panic!("it ended") };
            grid = Some(shown);
        }
        black_box(grid);
        if n == 0 {
            began = cpu();
        }
    }
    let spent = cpu() - began;
    session.close();
    spent / u64::from(screens)
}

fn main() {
    let full = std::env::args().any(|a| a == "--bench");
    let (rounds, screens) = if full { (7, 400) } else { (1, 5) };
    let (mut alike, mut knowing) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (bare, short, ours) = (bare(screens, true) as f64, bare(screens, false) as f64, ours(screens) as f64);
        alike.push(ours / bare);
        knowing.push(ours / short);
        println!(
            "bare loop {:.1} us ({:.1} us if it knows each screen's length), session {:.1} us a screen, {:.2} times",
            bare / 1e3,
            short / 1e3,
            ours / 1e3,
            ours / bare
        );
    }
    alike.sort_by(f64::total_cmp);
    knowing.sort_by(f64::total_cmp);
    let (alike, knowing) = (alike[alike.len() / 2], knowing[knowing.len() / 2]);
    println!("median {alike:.2} times (goal: at most 1.25); {knowing:.2} times one that knows each screen's length");
}
