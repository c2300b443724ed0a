//! The task that owns a connection and answers what its link asks.
//!
//! An open answer borrows the connection, so both live in one task; the link, which blocks, drives the task on its own
//! thread while it waits. Rows cross in chunks, so that the crossing costs nothing noticeable for each.
//! Invariant: at most one chunk of rows waits, bounded in rows and bytes. A panic ends the task and nothing else.

use crate::cells;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tiberius::error::{Error, IoErrorKind};
use tiberius::{Client, ColumnData, ColumnType, QueryItem, QueryStream, Row, ToSql};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_util::compat::Compat;

/// A logged-in connection.
pub(crate) type Wire = Client<Compat<TcpStream>>;

/// Rows of a chunk, at most.
const CHUNK_ROWS: usize = 256;
/// Bytes of a chunk, about.
const CHUNK_BYTES: usize = 1 << 20;
/// How long the server may take to confirm that it gave up an answer nobody reads to its end.
const CANCEL: Duration = Duration::from_secs(2);
/// The same, where the connection is thrown away in any case.
pub(crate) const FAREWELL: Duration = Duration::from_millis(300);

/// What a link asks.
pub(crate) enum Ask {
    /// Send a statement.
    Select(String, Vec<ColumnData<'static>>),
    /// More rows of its answer, about so many.
    Fetch(usize),
}

/// What it is told.
pub(crate) enum Answer {
    /// The answer's columns.
    Columns(Vec<(String, ColumnType)>),
    /// Rows, and whether there may be more.
    Rows(Vec<Row>, bool),
}

pub(crate) type Reply = Result<Answer, Error>;

/// Whether the connection is of no use after it.
pub(crate) fn fatal(error: &Error) -> bool {
    !matches!(error, Error::Server(token) if token.class() < 20)
}

enum After {
    /// The answer was read to its end.
    Ended,
    /// Another statement came first.
    GivenUp(Ask),
    /// Nobody asks any more.
    Gone,
    /// The connection is of no use.
    Broken,
}

/// Answers until the link is gone or the connection is.
pub(crate) async fn serve(
    mut client: Wire,
    mut asks: mpsc::Receiver<Ask>,
    answers: mpsc::Sender<Reply>,
    stop: Arc<Notify>,
) {
    let mut next = asks.recv().await;
    while let Some(ask) = next.take() {
        let Ask::Select(sql, params) = ask else {
            let _ = answers.send(Ok(Answer::Rows(Vec::new(), false))).await;
            next = asks.recv().await;
            continue;
        };
        let after = tokio::select! {
            after = one(&mut client, sql, params, &mut asks, &answers) => after,
            () = stop.notified() => After::Gone,
        };
        match after {
            After::Ended => next = asks.recv().await,
            After::Broken => return,
            After::Gone => {
                // The server would go on working for nobody: dropping the answer does not tell it.
                let _ = timeout(FAREWELL, client.cancel_query()).await;
                return;
            }
            After::GivenUp(ask) => match timeout(CANCEL, client.cancel_query()).await {
                Ok(Ok(())) => next = Some(ask),
                _ => {
                    let message = "the server did not confirm that it gave up the statement before".to_owned();
                    let _ = answers.send(Err(Error::Io { kind: IoErrorKind::TimedOut, message })).await;
                    return;
                }
            },
        }
    }
}

async fn one(
    client: &mut Wire,
    sql: String,
    params: Vec<ColumnData<'static>>,
    asks: &mut mpsc::Receiver<Ask>,
    answers: &mpsc::Sender<Reply>,
) -> After {
    let refs: Vec<&dyn ToSql> = params.iter().map(|p| p as &dyn ToSql).collect();
    let opened = match refs.is_empty() {
        true => client.simple_query(sql).await,
        false => client.query(sql, &refs).await,
    };
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(error) => return fail(error, answers).await,
    };
    let columns = match stream.columns().await {
        Ok(columns) => columns.unwrap_or_default().iter().map(|c| (c.name().to_owned(), c.column_type())).collect(),
        Err(error) => return fail(error, answers).await,
    };
    if answers.send(Ok(Answer::Columns(columns))).await.is_err() {
        return After::Gone;
    }
    rows(stream, asks, answers).await
}

async fn rows(mut stream: QueryStream<'_>, asks: &mut mpsc::Receiver<Ask>, answers: &mpsc::Sender<Reply>) -> After {
    loop {
        let most = match asks.recv().await {
            None => return After::Gone,
            Some(Ask::Fetch(most)) => most.clamp(1, CHUNK_ROWS),
            Some(other) => return After::GivenUp(other),
        };
        let mut chunk = Vec::with_capacity(most);
        let end = fill(&mut stream, most, &mut chunk).await;
        // Rows that arrived whole before an error count; the error follows them.
        let more = !matches!(end, Some(Ok(())));
        let failed = match end {
            Some(Err(error)) => Some(error),
            _ => None,
        };
        if let Some(error) = failed {
            if !chunk.is_empty() {
                let told = answers.send(Ok(Answer::Rows(chunk, true))).await;
                if told.is_err() || asks.recv().await.is_none() {
                    return After::Broken;
                }
            }
            return fail(error, answers).await;
        }
        if answers.send(Ok(Answer::Rows(chunk, more))).await.is_err() {
            return After::Gone;
        }
        if !more {
            return After::Ended;
        }
    }
}

/// Takes rows until there are enough (`None`), the answer ends, or it fails.
async fn fill(stream: &mut QueryStream<'_>, most: usize, chunk: &mut Vec<Row>) -> Option<Result<(), Error>> {
    let mut held = 0;
    while chunk.len() < most && held < CHUNK_BYTES {
        match stream.next().await {
            // A SELECT has one set of rows; whatever else a trigger or a proxy adds is none of ours.
            Some(Ok(QueryItem::Row(row))) if row.result_index() == 0 => {
                held += cells::weight(&row);
                chunk.push(row);
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Some(Err(error)),
            None => return Some(Ok(())),
        }
    }
    None
}

async fn fail(error: Error, answers: &mpsc::Sender<Reply>) -> After {
    let broken = fatal(&error);
    let _ = answers.send(Err(error)).await;
    if broken { After::Broken } else { After::Ended }
}
