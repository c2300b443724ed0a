//! A stock system on green screens, in memory: what it shows, what it does with keys, and moods that break it.

use banyan_adapter::{Call, Fault};
use banyan_screens::engine::{self, Login, Means, Ran, shown};
use banyan_screens::map::{self, Key, Map};
use banyan_screens::picture::{Area, At, Grid, Picture, Shown, Span, Style};
use banyan_screens::refusals;
use banyan_screens::trace::Trace;
use banyan_screens::transport::{Act, Session, Text};
use banyan_words::node::yaml;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// What is done to a key before the system sees it. True: the system does not see it.
type Mood = Box<dyn FnMut(&mut Far, &Act) -> Result<bool, Fault> + Send>;
/// What is done to a picture before it is shown.
type Alter = Box<dyn FnMut(&str, &mut Grid) + Send>;

pub(crate) struct Far {
    pub(crate) on: String,
    pub(crate) page: usize,
    pub(crate) stock: Vec<(String, String)>,
    pub(crate) bookings: Vec<(String, String)>,
    pub(crate) message: String,
    pub(crate) typed: BTreeMap<At, String>,
    pub(crate) cursor: At,
    pub(crate) revision: u64,
    pub(crate) locked: bool,
    pub(crate) gone: bool,
    /// A terminal that knows no fields of its own.
    pub(crate) plain: bool,
    pub(crate) mood: Option<Mood>,
    pub(crate) alter: Option<Alter>,
    /// What happens while somebody waits, one after the other.
    pub(crate) later: VecDeque<Box<dyn FnOnce(&mut Far) + Send>>,
    /// Every act that reached it: the screen's name, the act.
    pub(crate) keys: Vec<(String, String)>,
    under: String,
    pub(crate) per_page: usize,
}

impl Far {
    pub(crate) fn new() -> Far {
        let stock = (1..=5).map(|n| (format!("ITEM{n}"), format!("{}", n * 10))).collect();
        Far {
            on: "home".into(),
            page: 0,
            stock,
            bookings: Vec::new(),
            message: String::new(),
            typed: BTreeMap::new(),
            cursor: At { row: 21, column: 13 },
            revision: 1,
            locked: false,
            gone: false,
            plain: false,
            mood: None,
            alter: None,
            later: VecDeque::new(),
            keys: Vec::new(),
            under: String::new(),
            per_page: 2,
        }
    }

    /// One that is logged in.
    pub(crate) fn inside() -> Far {
        let mut far = Far::new();
        far.go("menu");
        far
    }

    pub(crate) fn go(&mut self, screen: &str) {
        if self.on == "list" && screen != "list" {
            self.page = 0;
        }
        self.on = screen.into();
        self.typed.clear();
        self.message.clear();
        self.cursor = match screen {
            "home" => At { row: 21, column: 13 },
            "booking" => At { row: 4, column: 12 },
            _ => At { row: 20, column: 8 },
        };
        self.revision += 1;
    }

    pub(crate) fn broadcast(&mut self) {
        self.under = std::mem::replace(&mut self.on, "broadcast".into());
        self.revision += 1;
    }

    pub(crate) fn with_mood(mut self, mood: impl FnMut(&mut Far, &Act) -> Result<bool, Fault> + Send + 'static) -> Far {
        self.mood = Some(Box::new(mood));
        self
    }

    pub(crate) fn altered(mut self, alter: impl FnMut(&str, &mut Grid) + Send + 'static) -> Far {
        self.alter = Some(Box::new(alter));
        self
    }

    /// The acts that reached it, without the screens they were sent from.
    pub(crate) fn acts(&self) -> Vec<&str> {
        self.keys.iter().map(|(_, k)| k.as_str()).collect()
    }

    pub(crate) fn count(&self, key: &str) -> usize {
        self.keys.iter().filter(|(_, k)| k == key).count()
    }

    fn paint(&mut self) -> Grid {
        let mut grid = Grid::blank(24, 80);
        grid.cursor = self.cursor;
        let mut inputs: Vec<(u16, u16, u16, Style)> = Vec::new();
        match self.on.clone().as_str() {
            "home" => {
                put(&mut grid, 1, 2, "SVM0201P");
                put(&mut grid, 2, 71, &format!("{:02}:00:00", self.revision % 24));
                put(&mut grid, 23, 2, &self.message);
                inputs = vec![(21, 13, 8, Style::default()), (21, 53, 8, Style::HIDDEN)];
            }
            "menu" => {
                put(&mut grid, 1, 2, "SVM0202P");
                put(&mut grid, 20, 2, "===>");
                inputs = vec![(20, 8, 20, Style::default())];
            }
            "list" => {
                put(&mut grid, 1, 30, "STOCK LIST");
                let rows = self.stock.iter().skip(self.page * self.per_page).take(self.per_page);
                for (n, (item, qty)) in rows.enumerate() {
                    put(&mut grid, 5 + n as u16, 2, item);
                    put(&mut grid, 5 + n as u16, 40, qty);
                }
                if (self.page + 1) * self.per_page >= self.stock.len() {
                    put(&mut grid, 22, 30, "BOTTOM OF DATA");
                }
            }
            "detail" => {
                put(&mut grid, 1, 30, "STOCK ITEM");
                put(&mut grid, 4, 12, &self.under);
                put(&mut grid, 5, 2, "On hand:  17");
                put(&mut grid, 6, 2, "Bin   A12");
                put(&mut grid, 24, 2, &self.message);
            }
            "booking" => {
                put(&mut grid, 1, 30, "STOCK BOOKING");
                put(&mut grid, 23, 2, &self.message);
                inputs = vec![(4, 12, 8, Style::default()), (5, 12, 5, Style::NUMERIC)];
            }
            "booked" => put(&mut grid, 10, 20, "BOOKING ACCEPTED"),
            "broadcast" => put(&mut grid, 12, 5, "MESSAGE FROM OPERATOR: LUNCH"),
            other => put(&mut grid, 1, 2, other),
        }
        for (row, column, len, style) in inputs {
            let at = At { row, column };
            let text = self.typed.get(&at).cloned().unwrap_or_default();
            let hidden = style.has(Style::HIDDEN);
            let text: String = if hidden { text.chars().map(|_| '*').collect() } else { text };
            put(&mut grid, row, column, &text);
            grid.fields.push(Span { area: Area { at, len }, style, modified: !text.is_empty() });
        }
        let outputs =
            Span { area: Area { at: At { row: 1, column: 2 }, len: 10 }, style: Style::PROTECTED, modified: false };
        grid.fields.insert(0, outputs);
        if self.plain {
            grid.fields.clear();
        }
        let on = self.on.clone();
        if let Some(mut alter) = self.alter.take() {
            alter(&on, &mut grid);
            self.alter = Some(alter);
        }
        grid
    }

    fn picture(&mut self) -> Picture {
        let shown = if self.gone { Shown::Disconnected } else { Shown::Grid(self.paint()) };
        Picture { revision: self.revision, at_rest: !self.locked, shown }
    }

    /// What the system does with a key.
    pub(crate) fn key(&mut self, key: Key) {
        let typed = |far: &Far, row, column| far.typed.get(&At { row, column }).cloned().unwrap_or_default();
        match (self.on.as_str(), key) {
            ("home", Key::Enter)
                if (typed(self, 21, 13).as_str(), typed(self, 21, 53).as_str()) == ("op", "s3cr3t") =>
            {
                self.go("menu");
            }
            ("home", Key::Enter) => {
                self.go("home");
                self.message = "Please enter a valid user and password".into();
            }
            ("home", Key::Pf(3)) => self.end(),
            ("menu", Key::Enter) => match typed(self, 20, 8).as_str() {
                "STK" => self.go("list"),
                "BKG" => self.go("booking"),
                other => {
                    let item = other.trim_start_matches("INQ ").to_owned();
                    let known = self.stock.iter().chain(&self.bookings).any(|(i, _)| *i == item);
                    self.go("detail");
                    self.under.clone_from(&item);
                    self.message = if known { String::new() } else { format!("ITEM {item} NOT FOUND") };
                }
            },
            ("menu", Key::Pf(3)) => self.go("home"),
            ("list", Key::Pf(8)) => {
                self.page += usize::from((self.page + 1) * self.per_page < self.stock.len());
                self.revision += 1;
            }
            ("booking", Key::Pf(5)) => {
                let booking = (typed(self, 4, 12), typed(self, 5, 12));
                if booking.0 == "NOPE" {
                    self.message = "UNKNOWN ITEM NOPE".into();
                    self.revision += 1;
                } else {
                    self.bookings.push(booking);
                    self.go("booked");
                }
            }
            ("broadcast", Key::Clear) => {
                let under = std::mem::take(&mut self.under);
                self.on = under;
                self.revision += 1;
            }
            ("list" | "detail" | "booking" | "booked", Key::Pf(3)) => self.go("menu"),
            _ => self.revision += 1,
        }
    }

    pub(crate) fn end(&mut self) {
        self.gone = true;
        self.revision += 1;
    }
}

pub(crate) fn put(grid: &mut Grid, row: u16, column: u16, text: &str) {
    let start = grid.index(At { row, column }).unwrap();
    for (cell, glyph) in grid.cells[start..].iter_mut().zip(text.chars()) {
        cell.glyph = glyph;
    }
}

pub(crate) fn gone() -> Fault {
    Fault::transient(refusals::DISCONNECTED, "the line is dead")
}

impl Session for Far {
    fn look(&mut self) -> Result<Picture, Fault> {
        Ok(self.picture())
    }

    fn settle(&mut self, since: u64, _: Instant, _: &Call) -> Result<Picture, Fault> {
        while (self.revision <= since || self.locked) && !self.gone {
            let Some(event) = self.later.pop_front() else { break };
            event(self);
        }
        Ok(self.picture())
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        if self.gone {
            return Err(gone());
        }
        self.keys.push((self.on.clone(), shown(act, true)));
        if let Some(mut mood) = self.mood.take() {
            let taken = mood(self, act);
            self.mood = Some(mood);
            if taken? {
                return Ok(());
            }
        }
        match act {
            Act::Press(key) => self.key(*key),
            Act::Type(text) => {
                let at = self.cursor;
                self.typed.insert(at, text.plain.clone());
                self.revision += u64::from(self.plain);
            }
            Act::FillAt { at, text, .. } => {
                self.typed.insert(*at, text.plain.clone());
                self.revision += u64::from(self.plain);
            }
            _ => return Err(Fault::permanent(refusals::NOT_SENT, "a terminal has no elements")),
        }
        Ok(())
    }
}

pub(crate) const STOCK: &str = include_str!("../maps/stock.yaml");

pub(crate) fn read(text: &str) -> Map {
    let text = text.replace("\"${env:STOCK_PW}\"", "$password");
    let (node, problems) = yaml::parse("stock.yaml", &text);
    assert_eq!(problems, vec![]);
    map::read(&node.unwrap(), "").unwrap_or_else(|p| panic!("{p:#?}")).map
}

/// The stock map, with texts replaced; each must be there.
pub(crate) fn stock(replace: &[(&str, &str)]) -> Map {
    let mut text = STOCK.to_owned();
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    read(&text)
}

pub(crate) fn login() -> Login {
    let text = |plain: &str, secret| Text { plain: plain.into(), secret };
    Login { user: text("op", false), password: text("s3cr3t", true) }
}

/// Runs something with means, and the whole trace of it.
pub(crate) fn with<T>(map: &Map, login: &Login, call: &Call, act: impl FnOnce(&mut Means<'_>) -> T) -> (T, Trace) {
    let mut trace = Trace::new(true);
    let clock = || jiff::Timestamp::UNIX_EPOCH;
    let done =
        act(&mut Means { map, login, door: &banyan_screens::engine::OpenDoor, clock: &clock, call, log: &mut trace });
    (done, trace)
}

/// Runs a flow.
pub(crate) fn run(far: &mut Far, map: &Map, flow: &str, given: &[(&str, &str)]) -> Result<Ran, Fault> {
    traced(far, map, flow, given).0
}

pub(crate) fn traced(far: &mut Far, map: &Map, flow: &str, given: &[(&str, &str)]) -> (Result<Ran, Fault>, Trace) {
    let given: Vec<(String, String)> = given.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    let flow = map.flow(flow).unwrap();
    with(map, &login(), &Call::default(), |means| engine::run(far, means, flow, &given))
}

/// The code of the fault of a flow.
pub(crate) fn fails(far: &mut Far, map: &Map, flow: &str, given: &[(&str, &str)]) -> String {
    match run(far, map, flow, given) {
        Err(fault) => fault.code,
        Ok(ran) => panic!("it ended as {ran:?}"),
    }
}

pub(crate) const BOOK: &[(&str, &str)] = &[("item", "NEW1"), ("qty", "3")];
