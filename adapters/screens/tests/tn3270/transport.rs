//! The transport alone.

use crate::stock::{choose, config, fill, gone, host, log_in, map, open, plain, press, row, soon, try_open, until};
use banyan_adapter::Call;
use banyan_screens::map::Key;
use banyan_screens::picture::{At, MASK, Style};
use banyan_screens::refusals;
use banyan_screens::transport::{Act, Text, tn3270};
use banyan_testkit_tn3270::{CodePage, DropAt, Tls};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn the_first_screen_has_its_fields_and_hides_the_password() {
    let server = host();
    let mut session = open(&server);
    let first = session.look().unwrap();
    let grid = first.grid().unwrap();
    assert!(first.at_rest && first.revision > 0);
    assert_eq!((grid.size, grid.cursor), ((24, 80), At { row: 21, column: 13 }));
    assert!(grid.row(1).starts_with(" SVM0201P") && grid.row(3).contains("-----"));
    let inputs: Vec<_> = grid.fields.iter().filter(|f| !f.style.has(Style::PROTECTED)).collect();
    assert_eq!(inputs.iter().map(|f| (f.area.at.column, f.area.len)).collect::<Vec<_>>(), [(13, 8), (53, 8)]);
    assert!(inputs[1].style.has(Style::HIDDEN));
    session.act(&fill(21, 53, "GEHEIM1")).unwrap();
    let typed = session.look().unwrap();
    assert_eq!(typed.revision, first.revision, "nothing came from the host");
    assert_eq!(row(&typed, 21).split_whitespace().last().unwrap(), MASK.to_string().repeat(7));
    assert!(!format!("{typed:?}").contains("GEHEIM"));
}

#[test]
fn login_list_and_the_way_out() {
    let server = host();
    let mut session = open(&server);
    log_in(&mut *session);
    let list = choose(&mut *session, "STK");
    assert!(row(&list, 5).starts_with("A1001") && row(&list, 21) == "MORE");
    press(&mut *session, Key::Pf(8));
    let last = press(&mut *session, Key::Pf(8));
    assert_eq!(row(&last, 21), "BOTTOM OF DATA");
    press(&mut *session, Key::Pf(3));
    press(&mut *session, Key::Pf(3));
    let end = press(&mut *session, Key::Pf(3));
    assert!(gone(&end) && end.at_rest);
    // What follows is told so, and reaches nobody.
    assert!(gone(&session.look().unwrap()));
    assert_eq!(session.act(&Act::Press(Key::Enter)).unwrap_err().code, refusals::NOT_SENT);
    let keys: Vec<String> = server.seen().keys.iter().map(|k| k.key.clone()).collect();
    assert_eq!(keys, ["Enter", "Enter", "PF8", "PF8", "PF3", "PF3", "PF3"]);
}

#[test]
fn every_character_of_a_code_page_survives_both_ways() {
    for (page, name, text) in
        [(CodePage::Cp037, "cp037", "£¬äöüß\\\"{}[]~^|"), (CodePage::Cp273, "cp273", "äÖÜß§|{}[]~^\\\"@$")]
    {
        let server = host();
        server.set(|o| o.code_page = page);
        let config = config(&server, |c| c.codepage = Some(name.into()));
        let mut session = try_open(&config, None).unwrap();
        log_in(&mut *session);
        assert!(row(&choose(&mut *session, "STK"), 6).contains("Küchenmesser 20 cm, 3 Stück"), "{name}");
        press(&mut *session, Key::Pf(3));
        choose(&mut *session, "BKG");
        for (at, value) in [((5, 20), "A1002"), ((7, 20), "3"), ((8, 20), "R\\\"\\"), ((9, 20), text)] {
            session.act(&fill(at.0, at.1, value)).unwrap();
        }
        let confirm = press(&mut *session, Key::Enter);
        assert_eq!(confirm.grid().unwrap().row(9).split_at(19).1.trim_end(), text, "{name}");
        press(&mut *session, Key::Pf(5));
        let booking = &server.stock().bookings[0];
        assert_eq!((booking.note.as_str(), booking.reference.as_str()), (text, "R\\\"\\"), "{name}");
    }
}

#[test]
fn what_a_field_does_not_take_is_refused_and_nothing_is_left_of_it() {
    let server = host();
    let mut session = open(&server);
    log_in(&mut *session);
    choose(&mut *session, "BKG");
    let before = session.look().unwrap();
    let code = |act: Act, session: &mut dyn banyan_screens::transport::Session| session.act(&act).unwrap_err().code;
    let long = "123456789";
    for (act, expected) in [
        (fill(5, 20, long), refusals::TOO_LONG),
        (fill(7, 20, "1x"), refusals::NOT_NUMERIC),
        (fill(9, 20, "a\tb"), refusals::NOT_TYPEABLE),
        (fill(9, 20, "a\u{1b}b"), refusals::NOT_TYPEABLE),
        (fill(9, 20, "10 €"), refusals::NOT_ENCODABLE),
        (fill(9, 20, "日本"), refusals::NOT_ENCODABLE),
        (fill(1, 2, "x"), refusals::PROTECTED),
        (fill(25, 2, "x"), refusals::FIELD_MISSING),
        (Act::Press(Key::Escape), refusals::NOT_SENT),
        (Act::Press(Key::F(3)), refusals::NOT_SENT),
    ] {
        assert_eq!(code(act.clone(), &mut *session), expected, "{act:?}");
    }
    let after = session.look().unwrap();
    assert_eq!(before.grid().unwrap().cells, after.grid().unwrap().cells);
    assert!(after.at_rest);
    server.forget_keys();
    press(&mut *session, Key::Enter);
    let keys = server.seen().keys;
    assert_eq!(keys.len(), 1);
    assert!(keys[0].fields.iter().all(|(_, text)| text.is_empty()), "{keys:?}");
}

#[test]
fn typing_at_the_cursor_and_replacing_part_of_a_field() {
    let server = host();
    let mut session = open(&server);
    log_in(&mut *session);
    session.act(&Act::Type(plain("BK"))).unwrap();
    session.act(&Act::Type(plain("G"))).unwrap();
    let booking = press(&mut *session, Key::Enter);
    assert!(row(&booking, 1).starts_with("SVM0510P"));
    session.act(&fill(9, 20, "one two three")).unwrap();
    let part = Act::FillAt { at: (9, 24).into(), len: Some(3), text: plain("2") };
    session.act(&part).unwrap();
    assert_eq!(row(&session.look().unwrap(), 9), "NOTE . . . . . .  one 2   three");
    // A field that is filled again holds nothing of before.
    session.act(&fill(9, 20, "x")).unwrap();
    assert_eq!(row(&session.look().unwrap(), 9), "NOTE . . . . . .  x");
    session.act(&Act::Press(Key::Tab)).unwrap();
    session.act(&Act::Type(plain("A1"))).unwrap();
    assert!(row(&session.look().unwrap(), 5).ends_with("A1"));
    let long = Act::Type(plain("1234567"));
    assert_eq!(session.act(&long).unwrap_err().code, refusals::TOO_LONG);
}

#[test]
fn an_unlocked_keyboard_alone_is_no_answer() {
    let server = host();
    let mut session = open(&server);
    log_in(&mut *session);
    server.set(|o| o.partial = Some(Duration::from_millis(400)));
    session.act(&fill(21, 15, "STK")).unwrap();
    let before = session.look().unwrap();
    session.act(&Act::Press(Key::Enter)).unwrap();
    let half = session.settle(before.revision, soon(), &Call::default()).unwrap();
    // The first record unlocks over an empty screen: newer and at rest, but not what was awaited. The engine waits on.
    assert!(half.at_rest && half.grid().unwrap().row(1).trim().is_empty());
    let whole = session.settle(half.revision, soon(), &Call::default()).unwrap();
    assert!(whole.revision > half.revision && row(&whole, 1).starts_with("SVM0410P"));
    // And nothing comes after that: the wait ends in its time, with the same picture.
    let began = Instant::now();
    let none = session.settle(whole.revision, began + Duration::from_millis(300), &Call::default()).unwrap();
    assert_eq!(none.revision, whole.revision);
    assert!((300..5000).contains(&began.elapsed().as_millis()));
}

#[test]
fn what_came_before_the_wait_began_is_not_missed() {
    let server = host();
    let mut session = open(&server);
    log_in(&mut *session);
    for _ in 0..20 {
        let before = session.look().unwrap();
        session.act(&Act::Press(Key::Pa(1))).unwrap();
        until("the answer is there", || session.look().unwrap().revision > before.revision);
        let after = session.settle(before.revision, soon(), &Call::default()).unwrap();
        assert!(after.revision > before.revision && row(&after, 23) == "PA1 means nothing here");
    }
}

#[test]
fn a_locked_keyboard_gets_no_key_and_none_is_kept_for_later() {
    let server = host();
    let mut session = open(&server);
    log_in(&mut *session);
    server.set(|o| o.locked = true);
    session.act(&fill(21, 15, "STK")).unwrap();
    let before = session.look().unwrap();
    session.act(&Act::Press(Key::Enter)).unwrap();
    let until = Instant::now() + Duration::from_millis(600);
    let locked = session.settle(before.revision, until, &Call::default()).unwrap();
    assert!(locked.revision > before.revision && !locked.at_rest);
    for act in [Act::Press(Key::Pf(8)), Act::Press(Key::Tab), Act::Type(plain("X")), fill(21, 15, "X")] {
        assert_eq!(session.act(&act).unwrap_err().code, refusals::NOT_SENT, "{act:?}");
    }
    server.set(|o| o.locked = false);
    // The host has answered: Reset frees the keyboard, and only what is pressed then is sent.
    session.act(&Act::Press(Key::Reset)).unwrap();
    press(&mut *session, Key::Pf(3));
    let keys: Vec<String> = server.seen().keys.iter().map(|k| k.key.clone()).collect();
    assert_eq!(keys, ["Enter", "Enter", "PF3"]);
}

#[test]
fn reset_does_not_free_a_keyboard_that_waits_for_the_host() {
    let server = host();
    let mut session = open(&server);
    log_in(&mut *session);
    server.set(|o| o.mute = true);
    session.act(&Act::Press(Key::Enter)).unwrap();
    assert_eq!(session.act(&Act::Press(Key::Reset)).unwrap_err().code, refusals::NOT_SENT);
    assert_eq!(session.act(&Act::Press(Key::Enter)).unwrap_err().code, refusals::NOT_SENT);
    let seen = || server.seen().keys.len();
    until("the key comes", || seen() == 2);
    // That nothing more comes can only be waited for.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(seen(), 2);
}

#[test]
fn a_caller_who_goes_away_is_not_waited_for() {
    let server = host();
    let mut session = open(&server);
    server.set(|o| o.mute = true);
    let before = session.look().unwrap();
    session.act(&Act::Press(Key::Enter)).unwrap();
    let call = Call::default();
    let stop = call.stop.clone();
    let began = Instant::now();
    let picture = std::thread::scope(|scope| {
        scope.spawn(|| {
            until("the key comes", || server.seen().keys.len() == 1);
            stop.stop();
        });
        session.settle(before.revision, began + Duration::from_secs(30), &call).unwrap()
    });
    assert!(picture.revision == before.revision && began.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_lost_connection_is_seen_while_waiting_and_while_not() {
    let server = host();
    server.set(|o| o.drop = Some(DropAt::BeforeCommit));
    let mut session = open(&server);
    log_in(&mut *session);
    choose(&mut *session, "BKG");
    assert!(gone(&press(&mut *session, Key::Enter)));

    let mut resting = open(&server);
    let before = resting.look().unwrap();
    drop(server);
    until("the end is seen", || gone(&resting.look().unwrap()));
    let end = resting.settle(before.revision, soon(), &Call::default()).unwrap();
    assert!(gone(&end) && end.revision > before.revision);
}

#[test]
fn a_host_that_is_down_is_said_to_be() {
    let server = host();
    let gone = config(&server, |_| ());
    drop(server);
    until("the port closes", || std::net::TcpStream::connect(&gone.host).is_err());
    let fault = try_open(&gone, None).err().unwrap();
    assert_eq!(fault.code, refusals::HOST_DOWN);
    assert!(fault.message.contains(&gone.host), "{fault:?}");
}

#[test]
fn a_host_that_never_shows_a_screen_costs_its_time_only() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = host();
    let silent = config(&server, |c| {
        c.host = listener.local_addr().unwrap().to_string();
        c.connect_timeout = Some("1s".parse().unwrap());
    });
    let began = Instant::now();
    let fault = try_open(&silent, None).err().unwrap();
    assert_eq!(fault.code, refusals::HOST_DOWN, "{fault:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
    // The caller's time counts too.
    let call = Call { deadline: Some(Instant::now() + Duration::from_millis(300)), ..Call::default() };
    let patient = config(&server, |c| c.host = silent.host.clone());
    let began = Instant::now();
    let fault = tn3270::connect(&patient, Path::new("/")).open(&map(), None, &call).err().unwrap();
    assert_eq!(fault.code, refusals::GIVEN_UP);
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[test]
fn tls_is_verified_before_anything_is_sent() {
    for (mode, wanted) in [(Tls::Tunnel, tn3270::Tls::Require), (Tls::StartTls, tn3270::Tls::StartTls)] {
        let server = host();
        server.set(|o| o.tls = mode);
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("ours.pem");
        std::fs::write(&ours, server.authority()).unwrap();
        std::fs::write(folder.path().join("stranger.pem"), server.stranger().unwrap()).unwrap();
        let config = config(&server, |c| {
            (c.tls, c.ca, c.certificate_name) = (wanted, Some("ours.pem".into()), Some("localhost".into()));
        });
        let open = |config: &tn3270::Config| {
            tn3270::connect(config, folder.path()).open(&map(), Some("LU07"), &Call::default())
        };

        let mut session = open(&config).unwrap();
        log_in(&mut *session);
        assert_eq!(server.seen().sessions, [("IBM-3278-2-E".to_owned(), Some("LU07".to_owned()), true)]);
        drop(session);
        until("the logical unit is given back", || server.seen().ended == 1);

        // Another authority; another name; no such file; a certificate nobody vouches for.
        for change in [
            (|c: &mut tn3270::Config| c.ca = Some("stranger.pem".into())) as fn(&mut tn3270::Config),
            |c| c.certificate_name = Some("mainframe.example".into()),
            |c| c.ca = Some("missing.pem".into()),
            |c| c.ca = None,
        ] {
            let mut wrong = config.clone();
            change(&mut wrong);
            let fault = open(&wrong).err().unwrap();
            assert_eq!(fault.code, refusals::UNTRUSTED, "{mode:?} {wrong:?} {fault:?}");
        }
        let keys = server.seen().keys;
        assert!(keys.iter().all(|k| k.session == 1), "{keys:?}");
    }
}

#[test]
fn a_host_that_does_not_encrypt_is_left() {
    let server = host();
    for tls in [tn3270::Tls::Require, tn3270::Tls::StartTls] {
        let config = config(&server, |c| (c.tls, c.connect_timeout) = (tls, Some("1s".parse().unwrap())));
        let fault = try_open(&config, None).err().unwrap();
        let expected = if tls == tn3270::Tls::Require { refusals::HOST_DOWN } else { refusals::UNTRUSTED };
        assert_eq!(fault.code, expected, "{fault:?}");
    }
    assert!(server.seen().keys.is_empty());
}

#[test]
fn logical_units_are_given_or_said_not_to_be() {
    let server = host();
    server.set(|o| o.lus = vec!["LU01".into(), "LU02".into()]);
    let config = config(&server, |c| c.lu = Some("LU02".into()));
    let mut first = try_open(&config, None).unwrap();
    assert!(row(&first.look().unwrap(), 2).starts_with("TERMINAL LU02"));
    let taken = try_open(&config, None).err().unwrap();
    assert!(taken.code == refusals::HOST_DOWN && taken.message.contains("LU02"), "{taken:?}");
    let mut second = try_open(&config, Some("LU01")).unwrap();
    assert!(row(&second.look().unwrap(), 2).starts_with("TERMINAL LU01"));
    for unknown in ["LU99", "A@B", "TOOLONGNAME"] {
        assert_eq!(try_open(&config, Some(unknown)).err().unwrap().code, refusals::HOST_DOWN);
    }
}

#[test]
fn hosts_without_tn3270e_and_other_models() {
    let server = host();
    server.set(|o| o.enhanced = false);
    let mut session = try_open(&config(&server, |c| c.model = Some("3278-4-E".into())), Some("LU05")).unwrap();
    assert_eq!(session.look().unwrap().grid().unwrap().size, (24, 80));
    log_in(&mut *session);
    assert_eq!(server.seen().sessions, [("IBM-3278-4-E@LU05".to_owned(), Some("LU05".to_owned()), false)]);
}

fn children() -> Vec<u32> {
    let me = std::process::id();
    let tasks = std::fs::read_dir(format!("/proc/{me}/task")).unwrap().flatten();
    let lists = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    lists.flat_map(|l| l.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Its own process, for it looks at all children.
#[test]
#[ignore = "run by `sessions_leave_no_process`"]
fn child_sessions_leave_no_process() {
    let server = host();
    let mut hung = open(&server);
    let [child] = children()[..] else { panic!("{:?}", children()) };
    let line = std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap();
    assert!(
        line.contains("/s3270\0")
            && !line.contains("GEHEIM")
            && !line.contains("httpd")
            && !line.contains("scriptport")
    );
    // It listens nowhere.
    let sockets = std::fs::read_to_string(format!("/proc/{child}/net/tcp")).unwrap();
    let inodes: Vec<String> = std::fs::read_dir(format!("/proc/{child}/fd"))
        .unwrap()
        .flatten()
        .filter_map(|f| std::fs::read_link(f.path()).ok())
        .map(|l| l.to_string_lossy().into_owned())
        .collect();
    for listening in sockets.lines().filter(|l| l.split_whitespace().nth(3) == Some("0A")) {
        let inode = listening.split_whitespace().nth(9).unwrap();
        assert!(!inodes.contains(&format!("socket:[{inode}]")), "{listening}");
    }
    // One that crashes costs its session; another goes on.
    let mut other = open(&server);
    Command::new("kill").args(["-9", &child.to_string()]).status().unwrap();
    let fault = hung.look().unwrap_err();
    assert!(fault.code == refusals::FAILED && fault.message.contains("ended"), "{fault:?}");
    assert!(other.look().unwrap().at_rest);
    drop(hung);
    drop(other);
    assert_eq!(children(), Vec::<u32>::new());
}

fn apart(name: &str, path: Option<&str>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("transport::{name}"), "--ignored", "--nocapture"]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn sessions_leave_no_process() {
    apart("child_sessions_leave_no_process", None);
}

#[test]
#[ignore = "run by `a_missing_program_is_named_with_its_package`"]
fn child_without_the_program() {
    let server = host();
    let fault = try_open(&config(&server, |_| ()), None).err().unwrap();
    assert_eq!(fault.code, refusals::PROGRAM_MISSING);
    assert!(fault.message.contains("apt-get install s3270"));
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn a_missing_program_is_named_with_its_package() {
    apart("child_without_the_program", Some("/nonexistent"));
}

#[test]
fn secrets_stand_in_no_message() {
    let server = host();
    let mut session = open(&server);
    let secret = Text { plain: "GEHEIM1-too-long".into(), secret: true };
    let fault = session.act(&Act::FillAt { at: (21, 53).into(), len: Some(8), text: secret }).unwrap_err();
    assert!(fault.code == refusals::TOO_LONG && !fault.message.contains("GEHEIM"), "{fault:?}");
}
