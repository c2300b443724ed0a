//! The engine over `s3270`, against a bare loop that sends `s3270` what a careful script would.
//!
//! One transaction is an enquiry: three keys, three screens, two fields typed and read back, five values read. Counted is
//! the CPU time of the thread that drives; the emulator is a process of its own and the host has its own threads, so that
//! neither counts. Bare are the same commands over the same pipe, with the screens' characters decoded and the keyboard
//! looked at, and nothing else. The goal is at most 1.25 times that, and eight sessions until a core is full. Measured on
//! two cores, optimised: 1.0 times (432 µs a transaction beside 439, 475 beside 459; the best of five rounds each). The
//! engine asks more often than the bare loop, and is woken less often: it takes a screen whole, the bare loop line by line.
//! Two sessions and more read 2,000 to 2,400 screens a second and take a third of a core of the gateway; what fills the two
//! cores is the emulators and the host of the test.
//! `cargo bench -p banyan-screens --bench tn3270` runs it; without `--bench` it does a few transactions, as a test.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use banyan_adapter::Call;
use banyan_screens::engine::{Login, Means, NoLog, go_home, run};
use banyan_screens::map::{End, Map, read};
use banyan_screens::transport::{Session, Text, tn3270};
use banyan_testkit_tn3270::{Server, Stock};
use banyan_words::node::yaml;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

const MAP: &str = include_str!("../../testkit-tn3270/stock.yaml");

/// Nanoseconds that this thread was on a processor.
fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

struct Bare {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    line: String,
}

impl Bare {
    fn start(server: &Server) -> Bare {
        let mut child = Command::new("s3270")
            .args(["-utf8", "-clear", "aidWait", "-clear", "unlockDelay", "-set", "oerrLock"])
            .args(["-model", "3279-2-E", "-codepage", "cp037"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("s3270 is installed");
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut bare = Bare { child, to, from, line: String::new() };
        bare.ask(&format!("Connect(\"{}\")", server.address()));
        bare
    }

    /// A command; the characters of the screen that it answers, if it does.
    fn ask(&mut self, command: &str) -> Vec<char> {
        self.to.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut cells = Vec::new();
        loop {
            self.line.clear();
            self.from.read_line(&mut self.line).unwrap();
            let line = self.line.trim_end();
            match line.strip_prefix("data: ") {
                Some(data) => cells.extend(data.split(' ').filter_map(|token| match token.len() {
                    4 => u32::from_str_radix(token, 16).ok().and_then(char::from_u32),
                    _ => Some(' '),
                })),
                None if line == "ok" => return cells,
                None => {
                    assert!(line.starts_with("U F") || line.starts_with("L F") || line.starts_with("L U"), "{line}")
                }
            }
        }
    }

    fn step(&mut self, place: &str, text: &str) {
        self.ask(&format!("MoveCursor({place}) EraseEOF() String(\"{text}\")"));
        black_box(self.ask("Query(StatsRx) ReadBuffer(Unicode)"));
        self.press("Enter()");
    }

    fn press(&mut self, key: &str) {
        self.ask(key);
        black_box(self.ask("Wait(5,Output) Wait(5,Unlock) Query(StatsRx) ReadBuffer(Unicode)"));
    }

    fn enquire(&mut self, item: &str) {
        self.step("20,14", "ENQ");
        self.step("4,19", item);
        self.press("PF(3)");
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bare(server: &Server, times: u32) -> u64 {
    let mut bare = Bare::start(server);
    bare.ask("MoveCursor(20,12) String(\"STOCKUSR\") MoveCursor(20,52) String(\"GEHEIM1\")");
    bare.press("Enter()");
    let before = cpu();
    for i in 0..times {
        bare.enquire(&format!("A{}", 1001 + i % 40));
    }
    cpu() - before
}

struct Driven {
    map: Map,
    login: Login,
    session: Box<dyn Session>,
}

impl Driven {
    fn start(server: &Server) -> Driven {
        let text = MAP.replace("127.0.0.1:3270", &server.address().to_string());
        let checked = read(&yaml::parse("stock.yaml", &text).0.unwrap(), "").unwrap();
        let banyan_screens::transport::Config::Tn3270(config) = &checked.transport else { panic!("another kind") };
        let session = tn3270::connect(config, Path::new("/")).open(&checked.map, None, &Call::default()).unwrap();
        let secret = |plain: &str| Text { plain: plain.into(), secret: true };
        let login = Login { user: secret("STOCKUSR"), password: secret("GEHEIM1") };
        let mut driven = Driven { map: checked.map, login, session };
        driven.with(|session, means| go_home(session, means).unwrap());
        driven
    }

    fn with(&mut self, act: impl FnOnce(&mut dyn Session, &mut Means<'_>)) {
        let (call, mut log, clock) = (Call::default(), NoLog, || jiff::Timestamp::UNIX_EPOCH);
        let mut means = Means {
            map: &self.map,
            login: &self.login,
            door: &banyan_screens::engine::OpenDoor,
            clock: &clock,
            call: &call,
            log: &mut log,
        };
        act(&mut *self.session, &mut means);
    }

    fn enquire(&mut self, item: &str) {
        let flow = self.map.flow("read_item").unwrap();
        self.with(|session, means| {
            let ran = run(session, means, flow, &[("item".into(), item.into())]).unwrap();
            assert_eq!((ran.end, ran.records.len()), (End::Done, 1));
            go_home(session, means).unwrap();
        });
    }
}

fn engine(server: &Server, times: u32) -> u64 {
    let mut driven = Driven::start(server);
    let before = cpu();
    for i in 0..times {
        driven.enquire(&format!("A{}", 1001 + i % 40));
    }
    cpu() - before
}

fn main() {
    let measured = std::env::args().any(|a| a == "--bench");
    let times = if measured { 500 } else { 5 };
    let server = Server::start(Stock::made_up(40)).unwrap();
    let (mut best_bare, mut best_engine) = (u64::MAX, u64::MAX);
    for _ in 0..if measured { 5 } else { 1 } {
        best_bare = best_bare.min(bare(&server, times));
        best_engine = best_engine.min(engine(&server, times));
        server.forget_keys();
    }
    let each = |nanos: u64| nanos / u64::from(times) / 1000;
    println!("bare loop: {} µs of CPU a transaction of three screens", each(best_bare));
    println!("engine:    {} µs, {:.2} times", each(best_engine), best_engine as f64 / best_bare as f64);
    for sessions in [1, 2, 4, 8] {
        let mut all: Vec<Driven> = (0..sessions).map(|_| Driven::start(&server)).collect();
        let begun = Instant::now();
        let nanos: u64 = std::thread::scope(|scope| {
            let each = all.iter_mut().map(|driven| {
                scope.spawn(move || {
                    let before = cpu();
                    (0..times).for_each(|i| driven.enquire(&format!("A{}", 1001 + i % 40)));
                    cpu() - before
                })
            });
            let running: Vec<_> = each.collect();
            running.into_iter().map(|r| r.join().unwrap()).sum()
        });
        let screens = f64::from(3 * times * sessions) / begun.elapsed().as_secs_f64();
        let share = nanos as f64 / begun.elapsed().as_nanos() as f64;
        println!("{sessions} sessions: {screens:.0} screens a second, of the gateway's threads {share:.2} cores");
        server.forget_keys();
    }
}
