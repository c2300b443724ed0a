//! Fields that a caller goes without for a while, taken out of what an upstream says.
//!
//! Invariant: an answer that cannot be read is passed on as it came, says of nothing that it is lacking, and is counted.
//! That somebody should notice is no reason to refuse what was asked.
//! Not here: which fields (`http/brownout`).

use crate::http::brownout::Without;
use crate::runtime::routes::{Route, prune, without_columns};
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::web::Bytes;
use banyan_upstream::{Answer, Failure, Fields, Incoming, Sent};
use futures_util::StreamExt;
use metrics::counter;

/// The largest answer that is read, in bytes.
const LARGEST: usize = 8 << 20;

/// Asks so that the answer can be read: whole, and not because somebody holds it already.
pub(super) fn ask(without: &Without, fields: &mut Fields) {
    if without.is_empty() {
        return;
    }
    for name in ["if-none-match", "if-modified-since", "if-range", "range"] {
        fields.remove(name);
    }
    fields.set("accept-encoding", b"identity");
}

/// An answer without those fields. `Err`: it broke off while it was read.
pub(super) async fn taken_out(
    without: &Without,
    route: &Route,
    asked: &RequestHead,
    mut answer: Answer,
) -> Result<Answer, Failure> {
    if without.is_empty() || !answer.status.is_success() || answer.upgraded.is_some() {
        return Ok(answer);
    }
    let passed_on = |why, answer| {
        count(route, why);
        Ok(answer)
    };
    let encoded = answer.fields.get_all("content-encoding").any(|v| v != b"identity");
    let Some(kind) = kind(&answer.fields) else { return passed_on("unreadable", answer) };
    if encoded {
        return passed_on("encoded", answer);
    }
    if asked.method == Method::HEAD {
        lacks(without, &mut answer.fields);
        return Ok(answer);
    }
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    if answer.body.length().is_some_and(|length| length > most) {
        return passed_on("too-large", answer);
    }
    let mut all = Vec::new();
    while let Some(piece) = answer.body.next().await {
        all.extend_from_slice(&piece.map_err(|broke| Failure::Broken { why: broke.to_string(), sent: Sent::Perhaps })?);
        if all.len() > LARGEST {
            answer.body = answer.body.after(Bytes::from(all));
            return passed_on("too-large", answer);
        }
    }
    let Some(body) = less(without, kind, &all) else {
        answer.body = Incoming::whole(Bytes::from(all));
        return passed_on("unreadable", answer);
    };
    count(route, "taken-out");
    lacks(without, &mut answer.fields);
    answer.body = Incoming::whole(Bytes::from(body));
    Ok(answer)
}

/// What can be read.
#[derive(Clone, Copy)]
enum Kind {
    Json,
    Lines,
    Csv,
}

fn kind(fields: &Fields) -> Option<Kind> {
    let kind = fields.text("content-type")?;
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => Some(Kind::Json),
        "application/x-ndjson" | "application/ndjson" => Some(Kind::Lines),
        "text/csv" => Some(Kind::Csv),
        other => other.ends_with("+json").then_some(Kind::Json),
    }
}

fn less(without: &Without, kind: Kind, body: &[u8]) -> Option<Vec<u8>> {
    let at = without.places(matches!(kind, Kind::Lines));
    match kind {
        Kind::Json => return prune(body, &at),
        // Its columns are named as the fields are.
        Kind::Csv => return without_columns(body, without.names()),
        Kind::Lines => {}
    }
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        if line.trim_ascii().is_empty() {
            out.extend_from_slice(line);
            continue;
        }
        out.extend(prune(line, &at)?);
        if line.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    Some(out)
}

/// The headers of an answer that lacks something. What told the whole apart tells nothing of a part.
fn lacks(without: &Without, fields: &mut Fields) {
    for name in ["etag", "last-modified", "content-length", "accept-ranges"] {
        fields.remove(name);
    }
    for name in ["content-md5", "digest", "content-digest", "repr-digest"] {
        fields.remove(name);
    }
    without.tell_in(fields);
}

fn count(route: &Route, result: &'static str) {
    counter!("banyan_brownout_answers_total", "route" => route.name.clone(), "result" => result).increment(1);
}
