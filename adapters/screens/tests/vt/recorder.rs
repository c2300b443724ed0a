//! The recorder: a person's terminal is a pty of the test's, on which a script works.

use crate::far::{comes, script, shows};
use crate::maps::{Tried, book, checked};
use banyan_adapter::Fault;
use banyan_screens::map::{Condition, Finder, Key, Press};
use banyan_screens::picture::Area;
use banyan_screens::record::{RawMode, Recorded, Terminal};
use banyan_screens::transport::vt::{Config, Screen, Term, record};
use portable_pty::{MasterPty, PtySize, native_pty_system};
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const HOT: &str = "\x1d";

/// A person, and the recorder they work with.
struct Person {
    keys: Box<dyn Write + Send>,
    sees: Arc<Mutex<Screen>>,
    recorder: Option<JoinHandle<Result<Recorded, Fault>>>,
    out: PathBuf,
    _terminal: Box<dyn MasterPty + Send>,
}

impl Person {
    fn at(config: &Config, base: &Path) -> Person {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let name = pair.master.tty_name().unwrap();
        let open = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let mut from = pair.master.try_clone_reader().unwrap();
        let sees = Arc::new(Mutex::new(Screen::new((24, 80), "utf-8").unwrap()));
        let screen = sees.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                screen.lock().unwrap().feed(&buffer[..length], &mut Vec::new());
            }
        });
        let out = base.join("draft.yaml");
        let (config, folder, file) = (config.clone(), base.to_owned(), out.clone());
        let (input, output) = (open(), open());
        let recorder = std::thread::spawn(move || {
            let _raw = RawMode::of(&input).unwrap().expect("it is a terminal");
            let terminal = Terminal { input: Box::new(input), output: Box::new(output) };
            record(&config, &folder, &file, terminal)
        });
        let keys = pair.master.take_writer().unwrap();
        Person { keys, sees, recorder: Some(recorder), out, _terminal: pair.master }
    }

    fn sees(&self, text: &str) {
        let mut grid = self.sees.lock().unwrap().grid();
        let seen = comes(|| {
            grid = self.sees.lock().unwrap().grid();
            shows(&grid, text)
        });
        let shown: Vec<String> = (1..=24).map(|r| grid.row(r)).filter(|r| !r.trim().is_empty()).collect();
        assert!(seen, "`{text}` is not seen, but {shown:#?}");
    }

    fn presses(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Opens the recorder's line and answers it.
    fn tells(&mut self, choice: &str, answers: &[&str]) {
        self.presses(HOT);
        self.sees("n name  f field");
        self.presses(choice);
        for answer in answers {
            self.presses(&format!("{answer}\r"));
        }
    }

    fn finishes(mut self, flow: &str) -> (Recorded, String) {
        self.tells("q", &[flow]);
        self.ended()
    }

    fn ended(mut self) -> (Recorded, String) {
        let recorded = self.recorder.take().unwrap().join().unwrap().unwrap();
        (recorded, fs::read_to_string(&self.out).unwrap_or_default())
    }
}

#[test]
fn what_a_person_did_with_abook_can_be_done_again() {
    let folder = tempfile::tempdir().unwrap();
    book(folder.path(), 12);
    let mut config = Config {
        command: Some(["abook", "--datafile", "people.abook"].map(str::to_owned).to_vec()),
        term: Term::Xterm,
        ..Config::default()
    };
    config.env.insert("HOME".into(), folder.path().to_str().unwrap().into());
    let mut person = Person::at(&config, folder.path());
    person.sees("Person 011");
    person.tells("n", &["list"]);
    person.presses("\x1b[B");
    person.presses("a");
    person.sees("Name:");
    person.tells("n", &["name_asked"]);
    person.presses("Ann Lex\x7fe\r");
    person.sees("1 - Name                : Ann Lee");
    person.tells("n", &["detail"]);
    person.tells("f", &["name", "7,33,44"]);
    person.presses("q");
    person.sees("/ 13");
    person.tells("n", &["list"]);
    let (recorded, draft) = person.finishes("add_person");
    assert_eq!((recorded.screens, recorded.steps), (3, 4), "{draft}");
    let ready = draft.replace(r#", env: { "HOME": "${env:HOME}" }"#, "");
    assert_ne!(ready, draft);
    let (map, _) = checked(&ready);
    let screen = |name: &str| &map.screens[map.screen(name).unwrap()];
    assert!(screen("list").conditions.iter().all(|c| matches!(c, Condition::TextAt(..) | Condition::Cursor(_))));
    assert_eq!(
        screen("list").volatile.len(),
        2,
        "the number of people, and the new one: {:?}",
        screen("list").volatile
    );
    assert_eq!(screen("detail").fields[0].find, Finder::Area(Area { at: (7, 33).into(), len: 44 }));
    let flow = &map.flows[map.flow("add_person").unwrap()];
    let pressed: Vec<_> = flow.steps.iter().map(|s| s.press.clone().unwrap()).collect();
    assert_eq!(pressed, [Key::Down, Key::Char('a'), Key::Enter, Key::Char('q')].map(Press::Key));

    // The draft, as it is, does the same again.
    book(folder.path(), 12);
    let mut tried = Tried::new(&ready, folder.path());
    tried.run("add_person", &[]).unwrap();
    let grid = tried.session.look().unwrap().grid().unwrap().clone();
    assert!(crate::far::shows(&grid, "Ann Lee") && grid.row(1).contains("/ 13"));
}

const LOGIN: &str = r#"
printf '\033[2J\033[HWELCOME\nlogin: '; read user
stty -echo; printf 'Password: '; read password; stty echo
printf '\033[2J\033[HMAIN MENU of %s\n1 Stock  9 End\nChoice: ' $user; read choice
[ "$password" = geheim-4711 ] && printf '\033[2J\033[HSTOCK\nReturn: '; read x
"#;

#[test]
fn secrets_are_never_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = script(LOGIN);
    config.command.as_mut().unwrap()[2] = "sh login.sh".into();
    fs::write(folder.path().join("login.sh"), LOGIN).unwrap();
    let mut person = Person::at(&config, folder.path());
    person.sees("login:");
    person.tells("n", &["welcome"]);
    person.presses("ann\r");
    person.sees("Password:");
    person.presses("geheim-4711\r");
    person.sees("MAIN MENU");
    person.tells("n", &["home"]);
    person.presses("1\r");
    person.sees("STOCK");
    // Nobody names this one, and the next key ends the session.
    person.presses("\r");
    let (recorded, draft) = person.ended();
    assert!(recorded.file.is_some() && !draft.contains("4711"), "{draft}");
    assert!(draft.contains(r#"type: "${env:SCREENS_SECRET_1}", press: "Enter", expect: home"#), "{draft}");
    assert!(draft.contains(r#"type: "ann", press: "Enter""#), "{draft}");
    assert!(
        draft.contains("  login:\n    start: welcome\n") && draft.contains("  recorded:\n    start: home\n"),
        "{draft}"
    );
    assert!(draft.contains("expect: disconnected"), "{draft}");
    checked(&draft.replace("${env:SCREENS_SECRET_1}", "geheim-4711"));
}

#[test]
fn a_draft_that_cannot_be_written_is_told_and_tried_again() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("drafts");
    fs::create_dir(&folder).unwrap();
    let mut person = Person::at(&script("printf HELLO; read x; printf ' AGAIN'; read x; sleep 100"), &folder);
    person.sees("HELLO");
    person.tells("n", &["hello"]);
    assert!(comes(|| person.out.exists()));
    fs::remove_dir_all(&folder).unwrap();
    person.presses("\r");
    person.sees("AGAIN");
    person.tells("n", &["again"]);
    person.sees("draft.yaml` cannot be written");
    fs::create_dir(&folder).unwrap();
    person.tells("f", &["name", "1,1,5"]);
    assert!(comes(|| fs::read_to_string(&person.out).is_ok_and(|d| d.contains("  again:") && d.contains("name:"))));
    let (recorded, draft) = person.finishes("greet");
    assert!((recorded.screens, recorded.steps) == (2, 1) && draft.contains("map: greet/v1"), "{draft}");
}

#[test]
fn what_is_thrown_away_or_was_there_before() {
    let folder = tempfile::tempdir().unwrap();
    let config = script("printf HELLO; read x; sleep 100");
    let mut person = Person::at(&config, folder.path());
    person.sees("HELLO");
    person.tells("n", &["home"]);
    person.tells("d", &[]);
    let (recorded, draft) = person.ended();
    assert_eq!((recorded.file, draft.as_str()), (None, ""));
    assert!(!folder.path().join("draft.yaml").exists());
    fs::write(folder.path().join("draft.yaml"), "mine").unwrap();
    let mut person = Person::at(&config, folder.path());
    let fault = person.recorder.take().unwrap().join().unwrap().unwrap_err();
    assert!(fault.message.contains("draft.yaml"), "{fault}");
    assert_eq!(fs::read_to_string(folder.path().join("draft.yaml")).unwrap(), "mine");
}
