//! One client, from hello to the end.

use crate::catalog::{self, Canned};
use crate::rpc::{self, Request};
use crate::server::State;
use crate::types::Ty;
use crate::wire::{ATTENTION, Answer, BATCH, Line, RPC};
use crate::{answer, login, tokens};
use rusqlite::Connection;
use std::io::{Error, Result};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Answers until the client leaves.
pub(crate) fn talk(socket: TcpStream, state: &State) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut line = Line::Clear(socket);
    if state.options().deaf {
        return deaf(&mut line, state).map(drop);
    }
    let Some(mut line) = login::login(line, state)? else { return Ok(()) };
    let db = Connection::open(&state.file).map_err(Error::other)?;
    loop {
        let (kind, body) = line.message()?;
        let request = match kind {
            BATCH => rpc::batch(&body)?,
            RPC => rpc::rpc(&body)?,
            ATTENTION => {
                attention(Answer::new(&mut line, login::PACKET), state)?;
                continue;
            }
            _ => return Err(Error::other("a message out of place")),
        };
        state.note(|seen| seen.statements.push(request.sql.clone()));
        respond(&mut line, &db, state, &request)?;
    }
}

fn respond(line: &mut Line, db: &Connection, state: &State, request: &Request) -> Result<()> {
    let mut out = Answer::new(line, login::PACKET);
    if request.sql.trim_start().starts_with("SET ") {
        tokens::finish(&mut out.tokens, request.procedure, false, 0);
        return out.end();
    }
    if request.sql.contains("sp_describe_first_result_set") {
        return answer::describe(out, db, state, request);
    }
    match catalog::answer(db, state, &request.sql, &request.params) {
        Ok(Some(answer)) => canned(out, &answer, request.procedure),
        Ok(None) => answer::select(out, db, state, request),
        Err(error) => answer::refuse(out, request.procedure, 50000, 16, &error.to_string()),
    }
}

/// Sends a small answer.
pub(crate) fn canned(mut out: Answer<'_>, answer: &Canned, procedure: bool) -> Result<()> {
    let columns: Vec<(String, Ty)> = answer.columns.iter().map(|(n, t)| ((*n).to_owned(), t.clone())).collect();
    answer::metadata(&mut out.tokens, &columns);
    for row in &answer.rows {
        let cells: Vec<rusqlite::types::ValueRef<'_>> = row.iter().map(Into::into).collect();
        answer::row(&mut out.tokens, &columns, &cells).map_err(Error::other)?;
    }
    tokens::finish(&mut out.tokens, procedure, false, answer.rows.len() as u64);
    out.end()
}

/// Confirms that it stopped.
pub(crate) fn attention(mut out: Answer<'_>, state: &State) -> Result<()> {
    state.note(|seen| seen.attentions += 1);
    tokens::done(&mut out.tokens, 0xFD, tokens::ATTENTION, 0);
    out.end()
}

/// Says nothing until the client stirs; true if it wants us to stop.
pub(crate) fn deaf(line: &mut Line, state: &State) -> Result<bool> {
    for _ in 0..600 {
        if state.closing.load(Ordering::SeqCst) {
            break;
        }
        if state.options().deaf {
            std::thread::sleep(Duration::from_millis(100));
        } else if line.stirs(Duration::from_millis(100))? {
            return line.message().map(|(kind, _)| kind == ATTENTION);
        }
    }
    Err(Error::other("nobody came"))
}
