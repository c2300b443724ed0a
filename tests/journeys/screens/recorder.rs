//! `banyan screens record` as a person has it: the real program on a terminal, which is a pty of the test's.

use crate::common::{PROGRAM, Site, printed};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const HOT: &str = "\x1d";

struct Person {
    keys: Box<dyn Write + Send>,
    from: Receiver<Vec<u8>>,
    /// What came since something was last looked for.
    new: String,
    program: Box<dyn portable_pty::Child + Send + Sync>,
    _terminal: Box<dyn portable_pty::MasterPty + Send>,
}

impl Person {
    fn at(folder: &Path, args: &[&str]) -> Person {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(args);
        command.cwd(folder);
        let program = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, from) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Person { keys, from, new: String::new(), program, _terminal: pair.master }
    }

    /// Waits until that is painted, and forgets what was painted before.
    fn sees(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(at) = self.new.find(text) {
                self.new.drain(..at + text.len());
                return;
            }
            assert!(Instant::now() < end, "`{text}` is not seen, but {:?}", self.new);
            if let Ok(bytes) = self.from.recv_timeout(Duration::from_millis(100)) {
                self.new.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn presses(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn tells(&mut self, choice: &str, question: &str, answer: &str) {
        self.presses(HOT);
        self.sees("n name  f field");
        self.presses(choice);
        self.sees(question);
        self.presses(&format!("{answer}\r"));
        // The line is taken away again.
        self.sees("\x1b[24;1H\x1b[K");
    }

    fn names(&mut self, screen: &str) {
        self.tells("n", "name of this screen: ", screen);
    }

    /// Signs on, and names the screens on the way.
    fn signs_on(&mut self) {
        self.sees("User:");
        self.names("signon");
        self.presses("oper\r");
        self.sees("Password:");
        self.names("password");
        self.presses("secret\r");
        self.sees("q quit");
        self.names("menu");
    }

    fn ends(mut self) -> u32 {
        self.program.wait().unwrap().exit_code()
    }
}

#[test]
fn what_a_person_does_becomes_a_draft_of_a_map() {
    let site = super::green("1h", "secret");
    let mut person =
        Person::at(site.folder(), &["screens", "record", "--out", "draft.yaml", "--", "bash", "./green.sh"]);
    person.signs_on();
    person.presses("l");
    person.sees("b back");
    person.names("list");
    person.presses(HOT);
    person.sees("n name  f field");
    person.presses("q");
    person.sees("name of what was done: ");
    person.presses("look\r");
    person.sees("draft.yaml: a draft with 4 screens");
    assert_eq!(person.ends(), 0);
    let draft = fs::read_to_string(site.path("draft.yaml")).unwrap();
    for part in ["map: look/v1", "\"GREEN MENU\"", "\"STOCK LIST\"", "type: \"oper\"", "${env:SCREENS_SECRET_1}"] {
        assert!(draft.contains(part), "`{part}` is not in\n{draft}");
    }
    assert!(!draft.contains("secret\""), "{draft}");

    let mut person =
        Person::at(site.folder(), &["screens", "record", "--out", "draft.yaml", "--", "bash", "./green.sh"]);
    person.sees("draft.yaml");
    assert_eq!(person.ends(), 1, "a draft is never written over");
    assert_eq!(fs::read_to_string(site.path("draft.yaml")).unwrap(), draft);
}

#[test]
fn a_draft_outlives_its_terminal() {
    // What the system sends when the terminal's window is closed, and what nobody can answer.
    for signal in ["-HUP", "-KILL"] {
        let site = super::green("1h", "secret");
        let args = ["screens", "record", "--out", "draft.yaml", "--", "bash", "./green.sh"];
        let mut person = Person::at(site.folder(), &args);
        person.signs_on();
        let recorder = person.program.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &recorder]).status().unwrap().success());
        person.ends();
        let draft = fs::read_to_string(site.path("draft.yaml")).unwrap();
        for part in ["map: recorded/v1", "\"GREEN MENU\"", "type: \"oper\"", "${env:SCREENS_SECRET_1}", "expect: menu"]
        {
            assert!(draft.contains(part), "`{part}` is not in\n{draft}");
        }
        assert!(!site.path("draft.yaml.new").exists() && !draft.contains("secret\""), "{draft}");
    }
}

#[test]
fn a_recording_needs_a_person() {
    let site: Site = super::green("1h", "secret");
    let out = site.banyan(&["screens", "record", "--out", "draft.yaml", "--", "bash", "./green.sh"]);
    assert!(out.status.code() == Some(2) && printed(&out).contains("must be a terminal"), "{}", printed(&out));
    assert!(!site.path("draft.yaml").exists());
}
