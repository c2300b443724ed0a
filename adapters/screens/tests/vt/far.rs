//! What the tests share: maps without screens, sessions, waiting.

use banyan_adapter::{Call, Fault};
use banyan_screens::map::{Key, Map, Pool};
use banyan_screens::picture::{Grid, Picture, Shown};
use banyan_screens::transport::vt::{Config, connect};
use banyan_screens::transport::{Act, Session, Text};
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) const QUIET: Duration = Duration::from_millis(150);

/// A map that says nothing but sizes: the transport alone is tried.
pub(crate) fn map(size: (u16, u16)) -> Map {
    Map {
        name: "none/v1".into(),
        hash: 0,
        pool: Pool { max: 1, lu: Vec::new(), idle: Duration::from_secs(60), keep_alive: None },
        screens: Vec::new(),
        flows: Vec::new(),
        rest: 0,
        login: None,
        size: Some(size),
        quiet: QUIET,
        within: Duration::from_secs(10),
    }
}

pub(crate) fn open(config: &Config, base: &Path) -> Result<Box<dyn Session>, Fault> {
    connect(config, base).open(&map(config.size().unwrap()), None, &Call::default())
}

/// A shell script as the far side.
pub(crate) fn script(text: &str) -> Config {
    Config { command: Some(vec!["sh".into(), "-c".into(), text.into()]), ..Config::default() }
}

pub(crate) fn run(text: &str) -> Box<dyn Session> {
    open(&script(text), Path::new("/")).unwrap()
}

pub(crate) fn settle(session: &mut dyn Session, since: u64) -> Picture {
    session.settle(since, Instant::now() + Duration::from_secs(20), &Call::default()).unwrap()
}

/// The screen once it is at rest and shows that text.
pub(crate) fn until(session: &mut dyn Session, text: &str) -> Grid {
    let end = Instant::now() + Duration::from_secs(20);
    let mut since = 0;
    loop {
        let picture = settle(session, since);
        match picture.shown {
            Shown::Grid(grid) if picture.at_rest && shows(&grid, text) => return grid,
            shown if Instant::now() > end => panic!("`{text}` did not come: {shown:#?}"),
            Shown::Disconnected => panic!("`{text}` did not come: the session ended"),
            _ => since = picture.revision,
        }
    }
}

pub(crate) fn shows(grid: &Grid, text: &str) -> bool {
    (1..=grid.size.0).any(|row| grid.row(row).contains(text))
}

pub(crate) fn text(plain: &str) -> Text {
    Text { plain: plain.into(), secret: false }
}

pub(crate) fn press(session: &mut dyn Session, key: &str) {
    session.act(&Act::Press(key.parse::<Key>().unwrap())).unwrap();
}

pub(crate) fn types(session: &mut dyn Session, plain: &str) {
    session.act(&Act::Type(text(plain))).unwrap();
}

/// Waits for something that happens elsewhere.
pub(crate) fn eventually(what: &str, holds: impl FnMut() -> bool) {
    assert!(comes(holds), "{what}");
}

/// The same; false if it does not in time.
pub(crate) fn comes(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}
