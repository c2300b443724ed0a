//! One request to an upstream, waited for: for threads that serve nobody.

use banyan_upstream::{Fields, Outgoing, Request, Upstream};
use futures_util::StreamExt;
use http::Method;
use std::time::Duration;

/// What a path of an upstream says to a GET, whole: at most `most` bytes, within that time. Not to be called on a thread
/// that serves requests: it waits. An error says why there is no answer of success.
pub fn get(
    upstream: &Upstream,
    target: &str,
    accept: &'static str,
    most: usize,
    within: Duration,
) -> Result<Vec<u8>, String> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let asked = async {
            let asking = asked(upstream, target, accept, most);
            let late = |_| format!("{target}: no whole answer within {} s", within.as_secs());
            tokio::time::timeout(within, asking).await.unwrap_or_else(|e| Err(late(e)))
        };
        tokio::task::LocalSet::new().block_on(&runtime, asked)
    };
    // A thread of its own: connections belong to threads, and this one's end with it.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("ask".to_owned()).spawn_scoped(scope, ask);
        thread.map_err(|e| e.to_string())?.join().unwrap_or_else(|_| Err(format!("{target}: the asking thread failed")))
    })
}

async fn asked(upstream: &Upstream, target: &str, accept: &'static str, most: usize) -> Result<Vec<u8>, String> {
    let fields = Fields::of(&[("accept", accept), ("accept-encoding", "identity")]);
    let request =
        Request { method: Method::GET, target: target.to_owned(), fields, body: Outgoing::Empty, upgrade: None };
    let answer = upstream.send(request).await.map_err(|e| format!("{target}: {e}"))?;
    if !answer.status.is_success() {
        return Err(format!("{target} answered {}", answer.status));
    }
    let (mut body, mut all) = (answer.body, Vec::new());
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|e| format!("{target}: {e}"))?;
        if all.len() + piece.len() > most {
            return Err(format!("{target} is larger than {most} bytes"));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}
