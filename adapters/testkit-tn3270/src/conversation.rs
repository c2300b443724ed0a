//! One connection: encryption, negotiation, and then screens and keys until it ends.

use crate::line::Line;
use crate::options::{Options, Tls};
use crate::server::{KeySeen, Shared, State};
use crate::stream::{Inbound, inbound};
use crate::system::{Answer, Session, World};
use crate::telnet::{self, Event, IAC, Parser, SB, SE};
use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Result};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// How often a silent connection looks whether it shall end or say something out of turn.
const WAKE: Duration = Duration::from_millis(25);

// TN3270E's words (RFC 2355).
const CONNECT: u8 = 1;
const DEVICE_TYPE: u8 = 2;
const FUNCTIONS: u8 = 3;
const IS: u8 = 4;
const REASON: u8 = 5;
const REJECT: u8 = 6;
const REQUEST: u8 = 7;
const SEND: u8 = 8;
const DEVICE_IN_USE: u8 = 1;
const INVALID_NAME: u8 = 3;

struct Peer<'a> {
    line: Line,
    parser: Parser,
    events: VecDeque<Event>,
    state: &'a State,
}

/// A logical unit, given back when its session ends.
struct Unit<'a> {
    name: Option<String>,
    state: &'a State,
}

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            self.state.shared().taken.remove(name);
        }
    }
}

struct Terminal<'a> {
    kind: String,
    unit: Unit<'a>,
    /// Records begin with TN3270E's header.
    enhanced: bool,
}

fn ended() -> Error {
    Error::from(ErrorKind::UnexpectedEof)
}

impl Peer<'_> {
    /// The next event; `None` when nothing came for a moment.
    fn event(&mut self) -> Result<Option<Event>> {
        if self.events.is_empty() {
            if self.state.closing.load(Ordering::SeqCst) {
                return Err(ended());
            }
            let mut buffer = [0; 4096];
            match self.line.read(&mut buffer) {
                Ok(0) => return Err(ended()),
                Ok(n) => {
                    let bytes = buffer.get(..n).unwrap_or_default();
                    self.events.extend(bytes.iter().filter_map(|b| self.parser.take(*b)));
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                Err(e) => return Err(e),
            }
        }
        match self.events.pop_front() {
            Some(Event::TooLong) => Err(ended()),
            event => Ok(event),
        }
    }

    fn wait(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.event()? {
                return Ok(event);
            }
        }
    }

    fn sub(&mut self, body: &[u8]) -> Result<()> {
        let mut bytes = vec![IAC, SB];
        bytes.extend(body);
        bytes.extend([IAC, SE]);
        self.line.send(&bytes)
    }
}

pub(crate) fn talk(socket: TcpStream, state: &State) -> Result<()> {
    let options = state.shared().options.clone();
    let mut line = Line::new(socket, WAKE)?;
    if options.tls == Tls::Tunnel {
        line = line.encrypt(state.tls.clone())?;
    }
    let mut peer = Peer { line, parser: Parser::default(), events: VecDeque::new(), state };
    if options.tls == Tls::StartTls {
        peer = start_tls(peer)?;
    }
    let terminal = if options.enhanced { enhanced(&mut peer)? } else { None };
    let terminal = match terminal {
        Some(terminal) => terminal,
        None => classic(&mut peer)?,
    };
    serve(&mut peer, &terminal)
}

fn start_tls(mut peer: Peer<'_>) -> Result<Peer<'_>> {
    peer.line.send(&[IAC, telnet::DO, telnet::START_TLS])?;
    if peer.wait()? != Event::Option(telnet::WILL, telnet::START_TLS) {
        return Err(ended());
    }
    // The terminal's hello comes after the host's word: nothing of it may be in hand before.
    while !matches!(peer.wait()?, Event::Sub(body) if body.first() == Some(&telnet::START_TLS)) {}
    peer.sub(&[telnet::START_TLS, 1])?;
    peer.line = peer.line.encrypt(peer.state.tls.clone())?;
    Ok(peer)
}

/// RFC 2355; `None` if the terminal does not want to.
fn enhanced<'a>(peer: &mut Peer<'a>) -> Result<Option<Terminal<'a>>> {
    peer.line.send(&[IAC, telnet::DO, telnet::TN3270E])?;
    let mut terminal = None;
    loop {
        let body = match peer.wait()? {
            Event::Option(telnet::WILL, telnet::TN3270E) => {
                peer.sub(&[telnet::TN3270E, SEND, DEVICE_TYPE])?;
                continue;
            }
            Event::Option(telnet::WONT, telnet::TN3270E) => return Ok(None),
            Event::Sub(body) => body,
            _ => continue,
        };
        match body.as_slice() {
            [telnet::TN3270E, DEVICE_TYPE, REQUEST, rest @ ..] => terminal = Some(device(peer, rest)?),
            // No functions: neither BIND images nor responses.
            [telnet::TN3270E, FUNCTIONS, IS | REQUEST] => {
                if body.get(2) == Some(&REQUEST) {
                    peer.sub(&[telnet::TN3270E, FUNCTIONS, IS])?;
                }
                if let Some(Some(terminal)) = terminal {
                    return Ok(Some(terminal));
                }
                return Err(ended());
            }
            [telnet::TN3270E, FUNCTIONS, ..] => peer.sub(&[telnet::TN3270E, FUNCTIONS, REQUEST])?,
            _ => {}
        }
    }
}

/// Answers a request for a terminal type and perhaps a logical unit; `None` was refused.
fn device<'a>(peer: &mut Peer<'a>, request: &[u8]) -> Result<Option<Terminal<'a>>> {
    let mut parts = request.splitn(2, |b| *b == CONNECT);
    let kind = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let wanted = parts.next().map(|lu| String::from_utf8_lossy(lu).into_owned());
    match unit(peer.state, wanted) {
        Ok(unit) => {
            let mut answer = vec![telnet::TN3270E, DEVICE_TYPE, IS];
            answer.extend(kind.bytes());
            answer.push(CONNECT);
            answer.extend(unit.name.iter().flat_map(|n| n.bytes()));
            peer.sub(&answer)?;
            Ok(Some(Terminal { kind, unit, enhanced: true }))
        }
        Err(reason) => {
            peer.sub(&[telnet::TN3270E, DEVICE_TYPE, REJECT, REASON, reason])?;
            Ok(None)
        }
    }
}

/// Takes a logical unit: the one that is wanted, else any free one.
fn unit(state: &State, wanted: Option<String>) -> std::result::Result<Unit<'_>, u8> {
    let mut shared = state.shared();
    let Shared { options: Options { lus, .. }, taken, .. } = &mut *shared;
    let name = match wanted {
        Some(wanted) if !lus.is_empty() && !lus.contains(&wanted) => return Err(INVALID_NAME),
        Some(wanted) => wanted,
        None if lus.is_empty() => {
            let free = (1..).map(|n| format!("TCP{n:05}")).find(|n| !taken.contains(n));
            free.unwrap_or_default()
        }
        None => lus.iter().find(|n| !taken.contains(*n)).cloned().ok_or(DEVICE_IN_USE)?,
    };
    if !taken.insert(name.clone()) {
        return Err(DEVICE_IN_USE);
    }
    Ok(Unit { name: Some(name), state })
}

/// RFC 1576: terminal type, end of record, binary.
fn classic<'a>(peer: &mut Peer<'a>) -> Result<Terminal<'a>> {
    peer.line.send(&[IAC, telnet::DO, telnet::TERMINAL_TYPE])?;
    let kind = loop {
        match peer.wait()? {
            Event::Option(telnet::WILL, telnet::TERMINAL_TYPE) => peer.sub(&[telnet::TERMINAL_TYPE, 1])?,
            Event::Option(telnet::WONT, telnet::TERMINAL_TYPE) => return Err(ended()),
            Event::Sub(body) => {
                if let [telnet::TERMINAL_TYPE, 0, kind @ ..] = body.as_slice() {
                    break String::from_utf8_lossy(kind).into_owned();
                }
            }
            _ => {}
        }
    };
    let mut wanted = Vec::new();
    for option in [telnet::END_OF_RECORD, telnet::BINARY] {
        peer.line.send(&[IAC, telnet::DO, option, IAC, telnet::WILL, option])?;
        wanted.extend([Event::Option(telnet::WILL, option), Event::Option(telnet::DO, option)]);
    }
    while !wanted.is_empty() {
        let event = peer.wait()?;
        wanted.retain(|w| *w != event);
    }
    // A logical unit is asked for behind the type (RFC 1646).
    let unit = match kind.split_once('@') {
        Some((_, lu)) => unit(peer.state, Some(lu.to_owned())).map_err(|_| ended())?,
        None => Unit { name: None, state: peer.state },
    };
    Ok(Terminal { kind, unit, enhanced: false })
}

fn serve(peer: &mut Peer<'_>, terminal: &Terminal<'_>) -> Result<()> {
    let state = peer.state;
    let mut session = Session::new(terminal.unit.name.clone().unwrap_or_default());
    let number = {
        let seen = &mut state.shared().seen;
        seen.sessions.push((terminal.kind.clone(), terminal.unit.name.clone(), peer.line.encrypted()));
        seen.sessions.len() as u64
    };
    let mut heard = state.shouts.load(Ordering::SeqCst);
    show(peer, terminal, &session)?;
    loop {
        let event = peer.event()?;
        let shouts = state.shouts.load(Ordering::SeqCst);
        if shouts != heard {
            heard = shouts;
            let message = state.shared().options.message.clone();
            session.interrupt(&message);
            show(peer, terminal, &session)?;
        }
        let Some(Event::Record(record)) = event else { continue };
        let record = if terminal.enhanced { record.get(5..).unwrap_or_default() } else { &record };
        let page = state.shared().options.code_page;
        let Some(read) = inbound(page, record) else { continue };
        match pressed(state, &mut session, number, &read) {
            Answer::Show => show(peer, terminal, &session)?,
            Answer::Nothing => {}
            Answer::End => return Ok(()),
        }
    }
}

fn pressed(state: &State, session: &mut Session, number: u64, read: &Inbound) -> Answer {
    let mut shared = state.shared();
    let Shared { options, stock, seen, .. } = &mut *shared;
    let mut world = World { stock, options, wrong_logins: &mut seen.wrong_logins };
    let (screen, fields) = (session.name(&world), session.named(&world, &read.fields));
    let answer = session.press(&mut world, read);
    seen.keys.push(KeySeen { session: number, screen, key: read.key.clone(), fields });
    answer
}

/// The time of day, as screens show it.
#[expect(clippy::disallowed_methods, reason = "the host shows a clock of its own; nothing is decided by it")]
fn clock() -> String {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

fn show(peer: &mut Peer<'_>, terminal: &Terminal<'_>, session: &Session) -> Result<()> {
    let (screen, options) = {
        let mut shared = peer.state.shared();
        let Shared { options, stock, seen, .. } = &mut *shared;
        let clock = options.clock.then(clock);
        let world = World { stock, options, wrong_logins: &mut seen.wrong_logins };
        (session.screen(&world, clock), options.clone())
    };
    std::thread::sleep(options.delay);
    let mut send = |record: Vec<u8>| {
        let head: &[u8] = if terminal.enhanced { &[0; 5] } else { &[] };
        peer.line.send(&telnet::framed(&[head, &record].concat()))
    };
    match options.partial {
        Some(gap) => {
            let [first, second] = screen.paint_in_two(options.code_page);
            send(first)?;
            std::thread::sleep(gap);
            send(second)
        }
        None => send(screen.paint(options.code_page, !options.locked)),
    }
}
