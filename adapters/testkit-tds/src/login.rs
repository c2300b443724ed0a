//! PRELOGIN and LOGIN7.

use crate::rpc::{Bytes, text};
use crate::server::{LoginSeen, State, Tls};
use crate::tokens;
use crate::wire::{ANSWER, Answer, LOGIN, Line, PRELOGIN};
use std::io::{Error, ErrorKind, Result};

/// Packet size after login.
pub(crate) const PACKET: usize = 16 * 1024;

const OFF: u8 = 0;
const ON: u8 = 1;
const CANNOT: u8 = 2;
const REQUIRED: u8 = 3;

/// Logs a client in; `None` if it was sent away.
pub(crate) fn login(mut line: Line, state: &State) -> Result<Option<Line>> {
    let (kind, body) = line.message()?;
    if kind != PRELOGIN {
        return Err(Error::other("no PRELOGIN"));
    }
    let asked = encryption(&body).ok_or(ErrorKind::InvalidData)?;
    let agreed = match (state.options().tls, asked) {
        (Tls::None, _) | (Tls::Offered, CANNOT) => CANNOT,
        (Tls::Required, CANNOT | OFF) => REQUIRED,
        (Tls::Offered, OFF) => OFF,
        (Tls::Offered | Tls::Required, _) => ON,
    };
    // VERSION, ENCRYPTION and an empty INSTOPT.
    let reply = [0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 2, 0, 23, 0, 1, 0xFF, 16, 0, 0x03, 0xE8, 0, 0, agreed, 0];
    line.send(ANSWER, true, 1, &reply)?;
    if agreed != CANNOT {
        line = line.encrypt(state.tls.clone())?;
    }
    let (kind, body) = line.message()?;
    if kind != LOGIN {
        return Err(Error::other("no LOGIN7"));
    }
    let encrypted = matches!(line, Line::Tls(_));
    if agreed == OFF
        && let Line::Tls(tls) = line
    {
        line = Line::Clear(tls.sock);
    }
    let (mut seen, password) = parse(&body)?;
    seen.encrypted = encrypted;
    state.note(|s| s.logins.push(seen.clone()));
    let options = state.options();
    let mut answer = Answer::new(&mut line, 4096);
    let out = &mut answer.tokens;
    let known = seen.user == options.user && password == options.password;
    let refused = format!("Login failed for user '{}'.", seen.user);
    if !known || seen.database != options.database {
        if known {
            let what = format!("Cannot open database \"{}\" requested by the login. The login failed.", seen.database);
            tokens::error(out, 4060, 11, &what);
        }
        tokens::error(out, 18456, 14, &refused);
        tokens::done(out, 0xFD, tokens::ERROR, 0);
        answer.end()?;
        return Ok(None);
    }
    tokens::env_change(out, 1, &seen.database, "master");
    tokens::error(out, 5701, 0, &format!("Changed database context to '{}'.", seen.database));
    tokens::login_ack(out);
    tokens::env_change(out, 4, &PACKET.to_string(), "4096");
    tokens::done(out, 0xFD, tokens::FINAL, 0);
    answer.end()?;
    Ok(Some(line))
}

/// What the client wants of encryption.
fn encryption(body: &[u8]) -> Option<u8> {
    let mut options = body;
    while let [kind, a, b, _, _, rest @ ..] = options {
        if *kind == 1 {
            return body.get(usize::from(u16::from_be_bytes([*a, *b]))).copied();
        }
        options = rest;
    }
    None
}

fn parse(body: &[u8]) -> Result<(LoginSeen, String)> {
    let field = |at: usize| -> Result<&[u8]> {
        let mut place = Bytes(body.get(at..).ok_or(ErrorKind::UnexpectedEof)?);
        let (from, chars) = (place.number(2)? as usize, place.number(2)? as usize);
        body.get(from..from + 2 * chars).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    };
    let password: Vec<u8> = field(44)?.iter().map(|b| (b ^ 0xA5).rotate_left(4)).collect();
    let seen = LoginSeen {
        user: text(field(40)?),
        application: text(field(48)?),
        database: text(field(68)?),
        read_only: body.get(26).is_some_and(|flags| flags & 0x20 != 0),
        encrypted: false,
    };
    Ok((seen, text(&password)))
}
