//! The transport alone, on pages that have one of everything.

use crate::site::{Site, folders, map, open, soon, try_open};
use banyan_adapter::{Call, Fault};
use banyan_screens::map::{ElementFinder, Key, Map};
use banyan_screens::picture::{Element, Picture};
use banyan_screens::refusals as codes;
use banyan_screens::transport::{Act, Session, Text};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const ODD: &str = include_str!("../maps/odd.yaml");

/// A browser on the page `odd`, and what its link `Elsewhere` leads to.
struct Odd {
    site: Site,
    elsewhere: TcpListener,
    session: Box<dyn Session>,
    map: Map,
}

static SHARED: LazyLock<Mutex<Odd>> = LazyLock::new(|| Mutex::new(Odd::start()));

impl Odd {
    fn start() -> Odd {
        let site = Site::start();
        let elsewhere = TcpListener::bind("127.0.0.2:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let other = elsewhere.local_addr().unwrap();
        let checked = map(ODD, &site.url(&format!("/page/odd?other=http://{other}/")));
        let session = open(&checked);
        Odd { site, elsewhere, session, map: checked.map }
    }

    /// The page anew, for one test at a time.
    fn fresh() -> MutexGuard<'static, Odd> {
        let mut odd = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        odd.click("#fresh").unwrap();
        assert_eq!(odd.log(), "");
        odd
    }

    fn click(&mut self, css: &str) -> Result<Picture, Fault> {
        self.act(Act::Click(by(css)))
    }

    /// Acts, and waits for what comes of it.
    fn act(&mut self, act: Act) -> Result<Picture, Fault> {
        let since = self.session.look()?.revision;
        self.session.act(&act)?;
        let picture = self.session.settle(since, soon(), &Call::default())?;
        assert!(picture.at_rest && picture.revision > since, "{picture:?}");
        Ok(picture)
    }

    fn fill(&mut self, css: &str, text: &str) -> Result<(), Fault> {
        let text = Text { plain: text.to_owned(), secret: false };
        self.session.act(&Act::FillIn { element: by(css), text })
    }

    fn refused(&mut self, css: &str, text: &str) -> String {
        let before = self.session.look().unwrap();
        let fault = self.fill(css, text).unwrap_err();
        assert_eq!(self.session.look().unwrap().shown, before.shown, "something was done");
        fault.code
    }

    fn field(&mut self, name: &str) -> Element {
        let picture = self.session.look().unwrap();
        let screen = &self.map.screens[0];
        let find = &screen.fields[screen.field(name).unwrap()].find;
        let banyan_screens::map::Finder::Element(element) = find else { panic!("{find:?}") };
        let found = &picture.page().unwrap().found[&element.id()];
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        found[0].clone()
    }

    fn value(&mut self, name: &str) -> String {
        self.field(name).value.unwrap()
    }

    fn log(&mut self) -> String {
        self.field("log").text
    }
}

fn by(css: &str) -> ElementFinder {
    ElementFinder { css: css.to_owned(), role: None, name: None }
}

fn button(css: &str, name: &str) -> ElementFinder {
    ElementFinder { role: Some("button".into()), name: Some(name.into()), ..by(css) }
}

#[test]
fn one_look_answers_every_locator_and_masks_what_is_hidden() {
    let mut odd = Odd::fresh();
    let picture = odd.session.look().unwrap();
    let page = picture.page().unwrap();
    assert_eq!(page.title, "Odd");
    let told = serde_json::to_string(page).unwrap();
    assert!(!told.contains("hunter2") && !told.contains("4711"), "{told}");
    let rows = &page.tables["odd"];
    assert_eq!(rows.len(), 50);
    let cell = |text: &str| Some(text.to_owned());
    assert_eq!(rows[0], [cell("R0"), cell("v0"), cell("x y"), None, None]);
    assert_eq!(rows[49], [cell("R49"), cell("v49"), cell("True"), None, None]);
    assert_eq!(page.found["button \"Save\" button"].len(), 2);
    for (name, value) in
        [("password", "*******"), ("pin", "****"), ("name", "old"), ("which", "One"), ("sure", "false")]
    {
        assert_eq!(odd.value(name), value, "{name}");
    }
    let far = odd.field("far");
    assert!(!far.visible && far.enabled);
    assert!(!odd.field("off").enabled);
    assert_eq!((odd.field("name").role.as_str(), odd.field("name").name.as_str()), ("textbox", "Name of it:"));
}

#[test]
fn only_one_element_that_shows_and_works_is_clicked() {
    let mut odd = Odd::fresh();
    let codes = [
        (by("#nothing"), codes::FIELD_MISSING),
        (by("button"), codes::ELEMENT_AMBIGUOUS),
        (button("button", "Save"), codes::ELEMENT_AMBIGUOUS),
        (button("#b1", "Store"), codes::ELEMENT_AMBIGUOUS),
        (button("#other", "Elsewhere"), codes::ELEMENT_AMBIGUOUS),
        (by("#b3"), codes::PROTECTED),
        (by("#far"), codes::PROTECTED),
        (by("#under"), codes::NOT_SENT),
        (by("#b1 ++"), codes::NOT_SENT),
    ];
    for (finder, code) in codes {
        let fault = odd.session.act(&Act::Click(finder.clone())).unwrap_err();
        assert_eq!(fault.code, code, "{finder}: {fault}");
    }
    // That nothing comes of it can only be waited for.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(odd.log(), "");
    odd.act(Act::Click(button("button", "Send it"))).unwrap();
    odd.act(Act::Click(button("#b2", "Save"))).unwrap();
    assert_eq!(odd.log(), "b4 b2");
}

#[test]
fn inputs_are_filled_and_what_does_not_fit_is_refused_before_a_key_is_sent() {
    let mut odd = Odd::fresh();
    for (css, name, text) in [
        ("#a", "name", "Žü€"),
        ("#a", "name", ""),
        ("#n", "number", "-12.5"),
        ("#d", "day", "2026-11-22"),
        ("#s", "which", "Four"),
        ("#c", "sure", "true"),
        ("#c", "sure", "false"),
        ("#t", "notes", "one\ntwo 🦀"),
        ("#pw", "password", "secret"),
    ] {
        odd.fill(css, text).unwrap_or_else(|f| panic!("{css}: {f}"));
        let shown = if name == "password" { "******" } else { text };
        assert_eq!(odd.value(name), shown, "{css}");
    }
    for (css, text, code) in [
        ("#a", "sixsix", codes::TOO_LONG),
        ("#a", "a\n", codes::NOT_TYPEABLE),
        ("#a", "a\u{E007}", codes::NOT_TYPEABLE),
        ("#t", "a\tb", codes::NOT_TYPEABLE),
        ("#n", "1O", codes::NOT_NUMERIC),
        ("#d", "22.11.2026", codes::UNFIT),
        ("#s", "Fo", codes::NOT_SENT),
        ("#s", "Two", codes::ELEMENT_AMBIGUOUS),
        ("#s", "Three", codes::NOT_SENT),
        ("#c", "maybe", codes::NOT_SENT),
        ("#ro", "x", codes::PROTECTED),
        ("#dis", "x", codes::PROTECTED),
        ("#far", "x", codes::PROTECTED),
        ("#b1", "x", codes::PROTECTED),
        ("#file", "/etc/passwd", codes::PROTECTED),
        ("input", "x", codes::ELEMENT_AMBIGUOUS),
    ] {
        assert_eq!(odd.refused(css, text), code, "{css} {text:?}");
    }
    assert_eq!(odd.log(), "");
}

#[test]
fn keys_go_to_what_has_the_focus() {
    let mut odd = Odd::fresh();
    let typed = Act::Type(Text { plain: "x".into(), secret: false });
    assert_eq!(odd.session.act(&typed).unwrap_err().code, codes::PROTECTED);
    odd.fill("#a", "ab").unwrap();
    odd.session.act(&typed).unwrap();
    assert_eq!(odd.value("name"), "abx");
    odd.session.act(&Act::Press(Key::Ctrl('A'))).unwrap();
    odd.session.act(&Act::Press(Key::Delete)).unwrap();
    assert_eq!(odd.value("name"), "");
    odd.act(Act::Press(Key::Enter)).unwrap();
    assert_eq!(odd.log(), "submitted");
    assert_eq!(odd.session.act(&Act::Press(Key::Pf(3))).unwrap_err().code, codes::NOT_SENT);
}

#[test]
fn a_dialog_hides_the_page_until_it_is_decided() {
    let mut odd = Odd::fresh();
    for (key, log) in [(Key::Escape, "kept"), (Key::Enter, "kept deleted")] {
        let picture = odd.click("#ask").unwrap();
        let page = picture.page().unwrap();
        assert_eq!((page.url.as_str(), page.title.as_str(), page.text.as_str()), ("dialog:", "", "Delete everything?"));
        assert!(page.found.is_empty() && page.tables.is_empty());
        let fault = odd.session.act(&Act::Click(by("#b1"))).unwrap_err();
        assert_eq!(fault.code, codes::NOT_SENT, "{fault}");
        assert_eq!(odd.refused("#a", "x"), codes::NOT_SENT);
        odd.act(Act::Press(key)).unwrap();
        assert_eq!(odd.log(), log);
    }
}

#[test]
fn rest_comes_after_requests_and_changes_have_ended() {
    let mut odd = Odd::fresh();
    odd.click("#busy").unwrap();
    assert_eq!(odd.log(), "early busy");
    odd.click("#later").unwrap();
    assert_eq!(odd.log(), "early busy later");
    // Nothing comes: the wait is given up in time, and shows what there is.
    let before = odd.session.look().unwrap();
    let until = Instant::now() + Duration::from_millis(300);
    let picture = odd.session.settle(before.revision, until, &Call::default()).unwrap();
    assert_eq!(picture, before);
    assert!(until.elapsed() < Duration::from_secs(5));
    // A stopped call is not waited for.
    let call = Call::default();
    call.stop.stop();
    let began = Instant::now();
    odd.session.settle(before.revision, soon(), &call).unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn photographs_are_pngs() {
    let mut odd = Odd::fresh();
    let before = odd.session.look().unwrap();
    let png = odd.session.photograph().unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(odd.session.look().unwrap(), before, "taking it changes nothing");
}

#[test]
fn what_is_typed_is_in_no_log() {
    let mut odd = Odd::fresh();
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(kept.clone());
    tracing::subscriber::with_default(subscriber.finish(), || {
        let text = Text { plain: "tr0ubad0r".into(), secret: true };
        odd.session.act(&Act::FillIn { element: by("#pw"), text }).unwrap();
        tracing::debug!("the log is written");
    });
    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the log is written") && !log.contains("tr0ubad0r"), "{log}");
    assert_eq!(odd.value("password"), "*".repeat(9));
}

#[derive(Clone, Default)]
struct Kept(std::sync::Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Kept {
    type Writer = Kept;

    fn make_writer(&self) -> Kept {
        self.clone()
    }
}

/// The browser's own computation is the oracle of ours.
#[test]
fn roles_and_names_are_those_that_the_browser_computes() {
    let site = Site::start();
    let url = site.url("/page/roles");
    let oracle =
        Command::new(env!("CARGO_MANIFEST_DIR").to_owned() + "/tests/django/names.sh").arg(&url).output().unwrap();
    let said = String::from_utf8_lossy(&oracle.stdout);
    assert!(oracle.status.success(), "{said}{}", String::from_utf8_lossy(&oracle.stderr));
    let mut expected: Vec<(String, String)> = serde_json::from_str(&said).unwrap();
    assert!(expected.len() > 40, "{expected:?}");
    let text = ODD.replace("css: \"#log\"", "css: \"[data-t]\"");
    let checked = map(&text, &url);
    let mut session = open(&checked);
    let picture = session.look().unwrap();
    let page = picture.page().unwrap();
    let found = page.found["[data-t]"].iter();
    let mut ours: Vec<(String, String)> = found.map(|e| (e.role.clone(), e.name.clone())).collect();
    // Ours come with those first that show.
    ours.sort();
    expected.sort();
    assert_eq!(ours, expected);
    session.close();
}

#[test]
fn pages_of_other_hosts_get_no_request_and_no_key() {
    let mut odd = Odd::start();
    let since = odd.session.look().unwrap().revision;
    odd.session.act(&Act::Click(by("#other"))).unwrap();
    let fault = odd.session.settle(since, soon(), &Call::default()).unwrap_err();
    assert_eq!(fault.code, codes::HOST_NOT_ALLOWED, "{fault}");
    assert!(fault.message.contains("127.0.0.2"), "{fault}");
    assert_eq!(odd.session.act(&Act::Press(Key::Enter)).unwrap_err().code, codes::HOST_NOT_ALLOWED);
    assert!(odd.elsewhere.accept().is_err(), "the browser asked the other host");
}

#[test]
fn a_second_window_hides_the_page() {
    let mut odd = Odd::start();
    let picture = odd.click("#window").unwrap();
    assert_eq!(picture.page().unwrap().url, "window:");
    assert_eq!(odd.session.act(&Act::Click(by("#b1"))).unwrap_err().code, codes::NOT_SENT);
}

#[test]
fn a_session_leaves_no_process_and_no_folder() {
    // Its own process with temporary files of its own: those of the other tests come and go meanwhile.
    let dir = tempfile::tempdir().unwrap();
    let out = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "pages::child_a_session_leaves_nothing", "--ignored", "--nocapture"])
        .env("TMPDIR", dir.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stdout).contains("1 passed"), "{}", String::from_utf8_lossy(&out.stdout));
}

#[test]
#[ignore = "run by `a_session_leaves_no_process_and_no_folder`"]
fn child_a_session_leaves_nothing() {
    let mut odd = Odd::start();
    let mine = folders();
    assert!(!mine.is_empty());
    odd.site.kill();
    let processes = || {
        let all =
            std::fs::read_dir("/proc").unwrap().flatten().filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
        all.filter(|c| mine.iter().any(|f| String::from_utf8_lossy(c).contains(&*f.to_string_lossy()))).count()
    };
    assert!(processes() > 0);
    // The server went: a typed fault, and the session can still be closed.
    let since = odd.session.look().unwrap().revision;
    odd.session.act(&Act::Click(by("#fresh"))).unwrap();
    let fault = odd.session.settle(since, soon(), &Call::default()).unwrap_err();
    assert_eq!(fault.code, codes::HOST_DOWN, "{fault}");
    odd.session.close();
    assert_eq!(mine.iter().filter(|f| f.exists()).count(), 0);
    assert_eq!(processes(), 0);
}

#[test]
fn what_cannot_be_opened_is_told_by_its_kind() {
    let checked = |more: &str| {
        let text = ODD.replace("admin/\" }", &format!("admin/\", {more} }}"));
        map(&text, "http://127.0.0.1:9/")
    };
    let fault = try_open(&checked("driver: /no/driver")).err().unwrap();
    assert_eq!(fault.code, codes::PROGRAM_MISSING);
    assert!(fault.message.contains("chromium-driver"), "{fault}");
    let fault = try_open(&checked("browser: no-such-browser")).err().unwrap();
    assert_eq!(fault.code, codes::PROGRAM_MISSING);
    let fault = try_open(&checked("driver: /bin/true")).err().unwrap();
    assert_eq!(fault.code, codes::FAILED, "{fault}");
    let fault = try_open(&checked("viewport: [800, 600]")).err().unwrap();
    assert_eq!(fault.code, codes::HOST_DOWN, "{fault}");
}

#[test]
fn a_certificate_that_nobody_trusts_is_a_fault_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (key, cert) = (folder.path().join("key.pem"), folder.path().join("cert.pem"));
    let make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=erp -addext subjectAltName=IP:127.0.0.1";
    let made = Command::new("openssl").args(make.split(' ')).arg("-keyout").arg(&key).arg("-out").arg(&cert).output();
    assert!(made.expect("openssl is not installed").status.success());
    let mut serve = Command::new("openssl");
    serve.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-key"]).arg(&key).arg("-cert").arg(&cert);
    let mut server = serve.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let said = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = said.filter_map(|l| l.strip_prefix("ACCEPT 127.0.0.1:").map(str::to_owned)).next().unwrap();
    let fault = try_open(&map(ODD, &format!("https://127.0.0.1:{port}/"))).err();
    server.kill().unwrap();
    server.wait().unwrap();
    let fault = fault.expect("the page was opened");
    assert_eq!(fault.code, codes::UNTRUSTED, "{fault}");
}
