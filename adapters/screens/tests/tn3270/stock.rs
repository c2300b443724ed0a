//! The host, its map, and sessions with it.

use banyan_adapter::{Call, Fault};
use banyan_screens::map::read::{Checked, read};
use banyan_screens::map::{Key, Map};
use banyan_screens::picture::{Picture, Shown};
use banyan_screens::transport::{Act, Config, Session, Text, tn3270};
use banyan_testkit_tn3270::{Server, Stock};
use banyan_words::node::yaml;
use std::path::Path;
use std::time::{Duration, Instant};

const MAP: &str = include_str!("../../../testkit-tn3270/stock.yaml");

pub fn host() -> Server {
    Server::start(Stock::made_up(40)).unwrap()
}

/// The map, with some of its text replaced.
pub fn checked(changes: &[(&str, &str)]) -> Checked {
    let mut text = MAP.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let (node, problems) = yaml::parse("stock.yaml", &text);
    assert!(problems.is_empty(), "{problems:?}");
    read(&node.unwrap(), "").unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub fn map() -> Map {
    checked(&[]).map
}

/// How the host is reached, with some keys changed.
pub fn config(server: &Server, change: impl FnOnce(&mut tn3270::Config)) -> tn3270::Config {
    let Config::Tn3270(mut config) = checked(&[]).transport else { panic!("another kind") };
    config.host = server.address().to_string();
    change(&mut config);
    config
}

pub fn try_open(config: &tn3270::Config, lu: Option<&str>) -> Result<Box<dyn Session>, Fault> {
    tn3270::connect(config, Path::new("/")).open(&map(), lu, &Call::default())
}

pub fn open(server: &Server) -> Box<dyn Session> {
    try_open(&config(server, |_| ()), None).unwrap()
}

pub fn plain(text: &str) -> Text {
    Text { plain: text.into(), secret: false }
}

pub fn fill(row: u16, column: u16, text: &str) -> Act {
    Act::FillAt { at: (row, column).into(), len: None, text: plain(text) }
}

pub fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// Presses a key and waits for the answer.
pub fn press(session: &mut dyn Session, key: Key) -> Picture {
    let before = session.look().unwrap();
    session.act(&Act::Press(key)).unwrap();
    let after = session.settle(before.revision, soon(), &Call::default()).unwrap();
    assert!(after.revision > before.revision, "no answer to {key}");
    after
}

pub fn row(picture: &Picture, row: u16) -> String {
    picture.grid().map(|g| g.row(row).trim().to_owned()).unwrap_or_else(|| format!("{:?}", picture.shown))
}

/// Logs in; the menu.
pub fn log_in(session: &mut dyn Session) -> Picture {
    session.act(&fill(21, 13, "STOCKUSR")).unwrap();
    let password = Text { plain: "GEHEIM1".into(), secret: true };
    session.act(&Act::FillAt { at: (21, 53).into(), len: Some(8), text: password }).unwrap();
    let menu = press(session, Key::Enter);
    assert!(row(&menu, 1).starts_with("SVM0300P"), "{}", row(&menu, 1));
    menu
}

/// Chooses an option of the menu.
pub fn choose(session: &mut dyn Session, option: &str) -> Picture {
    session.act(&fill(21, 15, option)).unwrap();
    press(session, Key::Enter)
}

pub fn gone(picture: &Picture) -> bool {
    picture.shown == Shown::Disconnected
}

/// Waits until something is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = soon();
    while !so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
