//! A far side in memory: a small stock system with a login, a menu, a list of pages, an item and a booking, and its moods.

use banyan_adapter::{Audit, Call, Fault, Sent};
use banyan_screens::map::{Key, Map};
use banyan_screens::picture::{Area, At, Cell, Grid, MASK, Picture, Shown};
use banyan_screens::refusals;
use banyan_screens::transport::{Act, Session, Text, Transport};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

pub(crate) const MAP: &str = r#"
map: town/v1
transport: { kind: tn3270, host: "town:23", tls: none }
within: 400ms
pool: { max: 2, rest: menu }
screens:
  signon:
    match: { text: { at: [1, 2], is: SIGN ON } }
    fields: { user: { at: [5, 10], len: 8 }, password: { at: [6, 10], len: 8, hidden: true } }
    errors: [{ at: [23, 2], like: "WRONG*", code: invalid-login }]
    exit: { key: PF3, expect: disconnected }
  menu:
    match: { text: { at: [1, 2], is: MAIN MENU } }
    fields: { command: { at: [20, 10], len: 20 } }
    exit: { key: PF3, expect: signon }
  list:
    match: { text: { at: [1, 2], is: STOCK LIST } }
    table: { rows: [5, 6], columns: { item: [2, 8], qty: [12, 6] }, next: PF8, end: { text: BOTTOM }, key: [item] }
    exit: { key: PF3, expect: menu }
  detail:
    match: { text: { at: [1, 2], is: ITEM DETAIL } }
    fields: { item: { at: [3, 10], len: 8 }, qty: { at: [4, 10], len: 6 } }
    errors: [{ at: [23, 2], like: "NOT FOUND*", code: not-found }]
    exit: { key: PF3, expect: menu }
  booking:
    match: { text: { at: [1, 2], is: BOOKING } }
    fields: { item: { at: [3, 10], len: 8 }, qty: { at: [4, 10], len: 6 } }
    errors: [{ at: [23, 2], like: "UNKNOWN*", code: unknown-item }]
    exit: { key: PF3, expect: menu }
  booked:
    match: { text: { at: [1, 2], is: ACCEPTED } }
    exit: { key: PF3, expect: menu }
flows:
  login: { start: signon, steps: [ { set: { user: $user, password: $password }, press: Enter, expect: [menu, signon.errors] } ] }
  read_stock: { start: menu, steps: [ { set: { command: STK }, press: Enter, expect: list }, { read: table } ], returns: records }
  read_item:
    start: menu
    given: { item: text }
    steps: [ { set: { command: "INQ $item" }, press: Enter, expect: [detail, detail.errors], read: { item: detail.item, qty: detail.qty } } ]
    absent: detail.not-found
  find_booking:
    start: menu
    given: { item: text }
    steps: [ { set: { command: "BOK $item" }, press: Enter, expect: [detail, detail.errors], read: { item: detail.item, qty: detail.qty } } ]
    absent: detail.not-found
    returns: record
  book_stock:
    start: menu
    given: { item: text, qty: integer }
    steps:
      - { set: { command: BKG }, press: Enter, expect: booking }
      - { set: { item: $item, qty: $qty }, press: PF5, commit: true, expect: [booked, booking.errors] }
    verify: { run: find_booking, with: { item: $item } }
"#;

/// What happens at the next commit.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Commit {
    Fine,
    DoneAndGone,
    NotDoneAndGone,
    /// It is done, the line is gone, and so is the host.
    DoneAndDown,
    /// It is done, and then a screen comes that nobody knows.
    DoneAndOdd,
    /// It is not done, and then a screen comes that nobody knows.
    NotDoneAndOdd,
}

/// What becomes of a wrong password.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Refuses {
    /// It is said.
    Aloud,
    /// The line is cut.
    HangingUp,
    /// Nothing is said.
    Silently,
}

pub(crate) struct Host {
    pub(crate) password: String,
    pub(crate) items: BTreeMap<String, String>,
    pub(crate) booked: BTreeMap<String, String>,
    pub(crate) logins: u32,
    pub(crate) opened: u32,
    pub(crate) open: u32,
    pub(crate) most_open: u32,
    pub(crate) commits: u32,
    pub(crate) presses: Vec<String>,
    pub(crate) lus: Vec<Option<String>>,
    pub(crate) title: &'static str,
    pub(crate) commit: Commit,
    pub(crate) down: bool,
    /// Opening a line logs in, and is refused.
    pub(crate) opening_refused: bool,
    /// What it does with a wrong password, if not to say so.
    pub(crate) refuses: Refuses,
    /// Lines that are cut at the next press.
    pub(crate) cuts: u32,
    /// After so many pages of a list the line is cut.
    pub(crate) cut_after: Option<u32>,
    pub(crate) slow: Duration,
    /// An inquiry shows this item, whatever was asked for.
    pub(crate) shows: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Town {
    host: Arc<Mutex<Host>>,
    /// Done when a commit comes, before anything of it is.
    pub(crate) before_commit: Arc<Mutex<Option<Box<dyn Fn() + Send>>>>,
    /// The login that opening a line makes.
    pub(crate) opens_as: Vec<String>,
}

impl Town {
    pub(crate) fn new() -> Town {
        let items = [("4711", "12"), ("4712", "7"), ("4713", "0")];
        let host = Arc::new(Mutex::new(Host {
            password: "secret".into(),
            items: items.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            booked: BTreeMap::new(),
            logins: 0,
            opened: 0,
            open: 0,
            most_open: 0,
            commits: 0,
            presses: Vec::new(),
            lus: Vec::new(),
            title: "STOCK LIST",
            commit: Commit::Fine,
            down: false,
            opening_refused: false,
            refuses: Refuses::Aloud,
            cuts: 0,
            cut_after: None,
            slow: Duration::ZERO,
            shows: None,
        }));
        Town { host, before_commit: Arc::default(), opens_as: Vec::new() }
    }

    pub(crate) fn host(&self) -> MutexGuard<'_, Host> {
        self.host.lock().unwrap()
    }
}

impl Transport for Town {
    fn open(&self, _: &Map, lu: Option<&str>, _: &Call) -> Result<Box<dyn Session>, Fault> {
        let mut host = self.host();
        if host.down {
            return Err(Fault::transient(refusals::HOST_DOWN, "the town is closed"));
        }
        host.opened += 1;
        if host.opening_refused {
            let fault = Fault::permanent(refusals::LOGIN_REFUSED, "the town refuses the user `ann`");
            drop(host);
            // Others come meanwhile.
            std::thread::sleep(Duration::from_millis(50));
            return Err(fault);
        }
        host.open += 1;
        host.most_open = host.most_open.max(host.open);
        host.lus.push(lu.map(str::to_owned));
        let (town, fields) = (self.clone(), BTreeMap::new());
        Ok(Box::new(Terminal { town, at: Some(Where::SignOn), fields, message: String::new(), revision: 1 }))
    }

    fn login(&self) -> Vec<&str> {
        self.opens_as.iter().map(String::as_str).collect()
    }
}

enum Where {
    SignOn,
    Menu,
    List(usize),
    Detail(Option<(String, String)>),
    Booking,
    Booked,
    Odd,
}

struct Terminal {
    town: Town,
    at: Option<Where>,
    fields: BTreeMap<(u16, u16), Text>,
    message: String,
    revision: u64,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.town.host().open -= 1;
    }
}

impl Terminal {
    fn lines(&self, host: &Host) -> Vec<((u16, u16), String)> {
        let put = |row, column, text: &str| ((row, column), text.to_owned());
        let mut lines = match self.at.as_ref().unwrap() {
            Where::SignOn => vec![put(1, 2, "SIGN ON")],
            Where::Menu => vec![put(1, 2, "MAIN MENU")],
            Where::List(from) => {
                let mut lines = vec![put(1, 2, host.title)];
                for (n, (item, qty)) in host.items.iter().skip(*from).take(2).enumerate() {
                    let row = 5 + u16::try_from(n).unwrap();
                    lines.extend([put(row, 2, item), put(row, 12, qty)]);
                }
                if from + 2 >= host.items.len() {
                    lines.push(put(8, 2, "BOTTOM"));
                }
                lines
            }
            Where::Detail(Some((item, qty))) => vec![put(1, 2, "ITEM DETAIL"), put(3, 10, item), put(4, 10, qty)],
            Where::Detail(None) => vec![put(1, 2, "ITEM DETAIL")],
            Where::Booking => vec![put(1, 2, "BOOKING")],
            Where::Booked => vec![put(1, 2, "ACCEPTED")],
            Where::Odd => vec![put(1, 2, "ABEND S0C7")],
        };
        lines.push(put(23, 2, &self.message));
        for (at, text) in &self.fields {
            let shown = if text.secret { MASK.to_string().repeat(text.plain.len()) } else { text.plain.clone() };
            lines.push((*at, shown));
        }
        lines
    }

    fn picture(&self) -> Picture {
        let host = self.town.host();
        let shown = match (&self.at, host.down) {
            (None, _) | (_, true) => Shown::Disconnected,
            _ => {
                let mut grid = Grid::blank(24, 80);
                for ((row, column), text) in self.lines(&host) {
                    let at = grid.index(At { row, column }).unwrap();
                    for (n, glyph) in text.chars().enumerate() {
                        grid.cells[at + n] = Cell { glyph, ..Cell::BLANK };
                    }
                }
                let _ = Area { at: grid.cursor, len: 1 };
                Shown::Grid(grid)
            }
        };
        Picture { revision: self.revision, at_rest: true, shown }
    }

    fn field(&self, row: u16) -> String {
        self.fields.get(&(row, 10)).map(|t| t.plain.clone()).unwrap_or_default()
    }

    fn go(&mut self, to: Option<Where>) {
        self.at = to;
        self.fields.clear();
        self.message.clear();
    }

    fn press(&mut self, key: Key) {
        let town = self.town.clone();
        let mut host = town.host();
        host.presses.push(key.to_string());
        if host.cuts > 0 {
            host.cuts -= 1;
            return self.go(None);
        }
        let command = self.field(20);
        match (self.at.as_ref(), key) {
            (Some(Where::SignOn), Key::Enter) => {
                host.logins += 1;
                if self.field(6) == host.password {
                    self.go(Some(Where::Menu));
                } else if host.refuses == Refuses::HangingUp {
                    self.go(None);
                } else if host.refuses == Refuses::Aloud {
                    self.go(Some(Where::SignOn));
                    self.message = "WRONG USER OR PASSWORD".into();
                }
            }
            (Some(Where::SignOn), Key::Pf(3)) => self.go(None),
            (Some(Where::Menu), Key::Enter) => {
                let (what, item) = command.split_once(' ').unwrap_or((&command, ""));
                let found = match what {
                    "BOK" => host.booked.get_key_value(item),
                    _ => host.items.get_key_value(host.shows.as_deref().unwrap_or(item)),
                };
                let found = found.map(|(a, b)| (a.clone(), b.clone()));
                match what {
                    "STK" => self.go(Some(Where::List(0))),
                    "BKG" => self.go(Some(Where::Booking)),
                    _ => {
                        let absent = found.is_none();
                        self.go(Some(Where::Detail(found)));
                        if absent {
                            self.message = "NOT FOUND".into();
                        }
                    }
                }
            }
            (Some(Where::Menu), Key::Pf(3)) => self.go(Some(Where::SignOn)),
            (Some(Where::List(from)), Key::Pf(8)) => {
                let next = from + 2;
                match host.cut_after {
                    Some(n) if next / 2 >= usize::try_from(n).unwrap() => self.go(None),
                    _ => self.go(Some(Where::List(next))),
                }
            }
            (Some(Where::Booking), Key::Pf(5)) => {
                if let Some(look) = self.town.before_commit.lock().unwrap().as_ref() {
                    look();
                }
                host.commits += 1;
                let (item, qty) = (self.field(3), self.field(4));
                if !host.items.contains_key(&item) {
                    self.message = "UNKNOWN ITEM".into();
                } else {
                    if !matches!(host.commit, Commit::NotDoneAndGone | Commit::NotDoneAndOdd) {
                        host.booked.insert(item, qty);
                    }
                    host.down = host.commit == Commit::DoneAndDown;
                    self.go(match host.commit {
                        Commit::Fine => Some(Where::Booked),
                        Commit::DoneAndOdd | Commit::NotDoneAndOdd => Some(Where::Odd),
                        _ => None,
                    });
                }
            }
            (Some(_), Key::Pf(3)) => self.go(Some(Where::Menu)),
            _ => {}
        }
    }
}

impl Session for Terminal {
    fn look(&mut self) -> Result<Picture, Fault> {
        Ok(self.picture())
    }

    fn settle(&mut self, since: u64, until: Instant, call: &Call) -> Result<Picture, Fault> {
        let slow = self.town.host().slow;
        let ready = Instant::now() + slow;
        while Instant::now() < ready.min(until) && !call.is_over() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = since;
        Ok(self.picture())
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        self.revision += 1;
        match act {
            Act::Press(key) => self.press(*key),
            Act::FillAt { at, text, .. } => drop(self.fields.insert((at.row, at.column), text.clone())),
            _ => return Err(Fault::permanent(refusals::NOT_SENT, "the town takes keys and fields only")),
        }
        Ok(())
    }
}

/// Keeps what was written down.
#[derive(Default)]
pub(crate) struct Book(pub Mutex<Vec<Sent>>);

impl Audit for Book {
    fn sent(&self, sent: &Sent) {
        self.0.lock().unwrap().push(sent.clone());
    }
}
