//! The ODBC worker: one process, one connection, one answer at a time.
//!
//! Purpose: drivers crash, hang and are not thread-safe; here they do it alone. Requests come over stdin, answers go over
//! stdout (`banyan_odbc::wire`); the end of stdin cancels what runs and ends the process.
//! Invariant: the connection string is never written anywhere. What a driver cannot read is a note on the row or a
//! failed answer; what is unexpected ends the process, and the gateway tells.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cancel;
mod cell;
mod describe;
mod driver;
mod params;
mod rowset;
mod statement;

use banyan_odbc::wire::{Answer, Catalog, Request, read_frame, write_frame};
use driver::{Connection, Trouble};
use rowset::Rowset;
use std::io::Write;
use std::sync::mpsc::sync_channel;

fn main() {
    let test = std::env::var("BANYAN_ODBC_WORKER_TEST").unwrap_or_default();
    let mut stdout = std::io::stdout().lock();
    let mut state = State::default();
    driver::locale();
    let (into, requests) = sync_channel::<Vec<u8>>(1);
    std::thread::spawn(move || {
        let (mut stdin, mut frame) = (std::io::stdin().lock(), Vec::new());
        while let Ok(true) = read_frame(&mut stdin, &mut frame) {
            if into.send(std::mem::take(&mut frame)).is_err() {
                break;
            }
        }
        cancel::leave();
    });
    for frame in requests {
        let Some(request) = Request::decode(&frame) else {
            eprintln!("not a request of this version");
            std::process::exit(3);
        };
        misbehave(&test, &request, &mut stdout);
        let answer = state.answer(request).unwrap_or_else(|t| t.answer());
        if write_frame(&mut stdout, &answer).is_err() {
            return;
        }
        state.spare = answer;
    }
}

/// For tests of the gateway: what real drivers do on bad days.
fn misbehave(test: &str, request: &Request, stdout: &mut impl Write) {
    let fetch = matches!(request, Request::Fetch { .. });
    match test {
        "crash-on-fetch" if fetch => driver::crash(),
        "crash-on-open" => driver::crash(),
        "hang" if fetch => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "garbage" if fetch => {
            let _ = stdout.write_all(b"Segmentation fault (core dumped)\n");
            let _ = stdout.flush();
        }
        "nonsense" if fetch => {
            let _ = write_frame(stdout, &[banyan_odbc::wire::PAGE, 255, 255, 255, 255, 0, 1]);
        }
        "leave" if fetch => std::process::exit(0),
        _ => {}
    }
}

#[derive(Default)]
struct State {
    /// Declared first, so that it is dropped first.
    open: Option<Rowset>,
    connection: Option<&'static Connection>,
    careful: bool,
    /// The last answer's memory, for the next.
    spare: Vec<u8>,
}

impl State {
    fn answer(&mut self, request: Request) -> Result<Vec<u8>, Trouble> {
        if let Request::Open { connection, login_seconds, careful } = request {
            let connection = Connection::open(&connection, login_seconds)?;
            self.careful = careful;
            let answer = connection.about();
            self.connection = Some(connection);
            return Ok(answer.encode());
        }
        let connection = self.connection.ok_or_else(|| Trouble::own("not connected"))?;
        match request {
            Request::Open { .. } => Err(Trouble::own("already connected")),
            Request::Fetch { rows, bytes } => {
                let frame = std::mem::take(&mut self.spare);
                let open = self.open.as_mut().ok_or_else(|| Trouble::own("no answer is open"))?;
                let (page, last) = open.page(frame, rows as usize, bytes as usize).map_err(|t| t.on(connection))?;
                self.careful |= open.lied();
                if last {
                    self.open = None;
                }
                Ok(page)
            }
            Request::Enough => {
                self.open = None;
                Ok(Answer::Done.encode())
            }
            Request::Execute(sql) => {
                self.open = None;
                connection.statement()?.execute(&sql, &[])?;
                Ok(Answer::Done.encode())
            }
            Request::Select { sql, params, seconds } => {
                self.open = None;
                let mut statement = connection.statement()?;
                statement.timeout(seconds);
                let params = params::bindable(params, connection.narrow);
                statement.execute(&sql, &params).map_err(|t| t.on(connection))?;
                self.begin(Rowset::new(statement, connection, self.careful, params)?)
            }
            Request::Catalog { what, schema, table } => {
                self.open = None;
                let mut statement = connection.statement()?;
                match what {
                    Catalog::Tables => statement.tables(&schema, &table)?,
                    Catalog::Columns => statement.columns(&schema, &table)?,
                    Catalog::Keys => statement.keys(&schema, &table)?,
                    Catalog::Indexes => statement.indexes(&schema, &table)?,
                    Catalog::References => statement.references(&schema, &table)?,
                }
                self.begin(Rowset::new(statement, connection, true, Vec::new())?)
            }
        }
    }

    fn begin(&mut self, rowset: Rowset) -> Result<Vec<u8>, Trouble> {
        let columns = rowset.columns();
        self.open = Some(rowset);
        Ok(Answer::Columns(columns).encode())
    }
}
