//! The host, its map, and sessions with it.

use banyan_adapter::{Call, Fault, Probed};
use banyan_screens::engine::{Login, Means, NoLog, Ran, go_home, run, verify};

use banyan_screens::map::{Checked, Key, Map, read};
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

/// A map, its user, and what is given on the way.
pub struct Driver {
    pub map: Map,
    pub login: Login,
    config: tn3270::Config,
}

/// Drives the host by its map, with some of its text replaced.
pub fn driver(server: &Server, changes: &[(&str, &str)]) -> Driver {
    let map = checked(changes).map;
    let secret = Text { plain: "GEHEIM1".into(), secret: true };
    Driver { map, login: Login { user: plain("STOCKUSR"), password: secret }, config: config(server, |_| ()) }
}

impl Driver {
    pub fn open(&self) -> Box<dyn Session> {
        tn3270::connect(&self.config, Path::new("/")).open(&self.map, None, &Call::default()).unwrap()
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut Means<'_>) -> T) -> T {
        let (call, mut log) = (Call::default(), NoLog);
        let clock = || jiff::Timestamp::UNIX_EPOCH;
        act(&mut Means {
            map: &self.map,
            login: &self.login,
            door: &banyan_screens::engine::OpenDoor,
            clock: &clock,
            call: &call,
            log: &mut log,
        })
    }

    pub fn run(&self, session: &mut dyn Session, flow: &str, given: &[(&str, &str)]) -> Result<Ran, Fault> {
        let flow = self.map.flow(flow).unwrap();
        self.with(|means| run(session, means, flow, &owned(given)))
    }

    pub fn home(&self, session: &mut dyn Session) -> Result<(), Fault> {
        self.with(|means| go_home(session, means))
    }

    pub fn verify(&self, session: &mut dyn Session, flow: &str, given: &[(&str, &str)]) -> Result<Probed, Fault> {
        let flow = self.map.flow(flow).unwrap();
        self.with(|means| verify(session, means, flow, &owned(given)))
    }
}

fn owned(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// How often a key came on a screen.
pub fn count(server: &Server, screen: &str, key: &str) -> usize {
    server.seen().keys.iter().filter(|k| k.screen == screen && k.key == key).count()
}

/// No key came that the map does not press on that screen, and no field came that the screen does not have.
pub fn clean(server: &Server) {
    for seen in server.seen().keys {
        let allowed: &[&str] = match seen.screen {
            "SVM0201P" | "SVM0300P" | "SVM0420P" | "SVM0510P" | "SVM0540P" => &["Enter", "PF3"],
            "SVM0410P" => &["PF8", "PF3"],
            "SVM0421P" | "SVM0530P" | "SVM0541P" => &["PF3"],
            "SVM0520P" => &["PF5", "PF3"],
            "broadcast" => &["Clear"],
            _ => &[],
        };
        assert!(allowed.contains(&seen.key.as_str()), "{seen:?}");
        assert!(seen.fields.iter().all(|(name, _)| name != "?" && name != "accept"), "{seen:?}");
    }
}
