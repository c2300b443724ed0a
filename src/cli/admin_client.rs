//! Speaks to the admin listener of a running gateway: HTTP/1.1 over loopback, one request a connection.
//!
//! Invariant: it acts only on the gateway that holds the store of this configuration; whoever else listens at that address
//! is told apart by `/admin/v1/about`.
//! Not here: what is asked for (`hands`).

use super::Failure;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

/// A gateway that answers at once, or none.
const CONNECT: Duration = Duration::from_millis(500);
/// A round of replays waits for the transaction at work.
const ANSWER: Duration = Duration::from_secs(300);
/// Longest answer taken.
const LONGEST: u64 = 64 << 20;

/// A running gateway.
pub(super) struct AdminClient {
    address: SocketAddr,
}

/// An answer of it.
pub(super) struct Answer {
    /// Its status.
    pub(super) status: u16,
    /// Its body; null if it is no JSON.
    pub(super) body: Value,
}

impl AdminClient {
    /// The gateway that works on that store, if one runs. Another one at its address is a failure.
    pub(super) fn find(address: SocketAddr, store: &Path) -> Result<Option<AdminClient>, Failure> {
        let client = AdminClient { address };
        if TcpStream::connect_timeout(&address, CONNECT).is_err() {
            return Ok(None);
        }
        let stranger = || {
            Failure::Because(format!(
                "{address} (gateway.admin) is answered by something else than a gateway with this store; stop it, or give one of them another address"
            ))
        };
        let answer = client.ask("GET", "/admin/v1/about", None).map_err(|_| stranger())?;
        let theirs = answer.body.get("store_file").and_then(Value::as_str).unwrap_or("");
        let ours = std::fs::canonicalize(store).unwrap_or_default();
        if answer.status != 200 || theirs.is_empty() || Path::new(theirs) != ours {
            return Err(stranger());
        }
        Ok(Some(client))
    }

    /// An act; the body of a good answer, else what the gateway says of it.
    pub(super) fn act(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.ask("POST", path, Some(body)).map_err(Failure::Because)?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        let detail = answer.body.get("detail").and_then(Value::as_str).unwrap_or("no reason was given");
        Err(Failure::Because(format!("the gateway refused ({}): {detail}", answer.status)))
    }

    /// What stands at a path.
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        let answer = self.ask("GET", path, None).map_err(Failure::Because)?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(Failure::Because(format!("the gateway answers {status} to {path}"))),
        }
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, String> {
        let fault = |e: std::io::Error| format!("the gateway at {} does not answer: {e}", self.address);
        let mut stream = TcpStream::connect_timeout(&self.address, CONNECT).map_err(fault)?;
        stream.set_read_timeout(Some(ANSWER)).map_err(fault)?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).map_err(fault)?;
        let mut raw = Vec::new();
        stream.take(LONGEST).read_to_end(&mut raw).map_err(fault)?;
        read(&raw).ok_or_else(|| format!("{} does not speak HTTP as a gateway does", self.address))
    }
}

/// Takes an answer apart. The connection was closed after it, so its end is known.
fn read(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(raw.get(..end)?).ok()?;
    let rest = raw.get(end + 4..)?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let chunked = head.lines().any(|l| l.to_ascii_lowercase().replace(' ', "") == "transfer-encoding:chunked");
    let body = if chunked { unchunk(rest)? } else { rest.to_vec() };
    Some(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..end)?).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        let from = end + 2;
        out.extend_from_slice(rest.get(from..from.checked_add(size)?)?);
        rest = rest.get(from + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart() {
        let plain = read(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"a\": 1}").unwrap();
        assert_eq!((plain.status, plain.body["a"].as_i64()), (200, Some(1)));
        let chunked = read(
            b"HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n5;x=y\r\n\": 2}\r\n0\r\n\r\n",
        );
        let chunked = chunked.unwrap();
        assert_eq!((chunked.status, chunked.body["a"].as_i64()), (409, Some(2)));
        for bad in [
            &b""[..],
            b"HTTP/1.1 200",
            b"HTTP/1.1 2x0 OK\r\n\r\n",
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        ] {
            assert!(read(bad).is_none(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
