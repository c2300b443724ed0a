//! Requests that two systems on the way could read differently: refused before anything is sent.
//!
//! actix itself refuses, and closes: a second `Content-Length` or `Transfer-Encoding`, both together, any encoding but
//! `chunked`, an encoding in HTTP/1.0, folded lines, a bare CR, a blank before the colon, no `Host` or two. Here is the rest.

use actix_web::dev::RequestHead;
use actix_web::http::header;
use actix_web::http::uri::Authority;
use banyan_model::refusal::Refusal;

/// Why a request is not sent on.
pub(super) fn check(head: &RequestHead) -> Result<(), Refusal> {
    path(head.uri.path())?;
    let ambiguous = |why: &str| Err(Refusal::new("ambiguous-request", why));
    let host = head.headers.get(header::HOST);
    if let Some(host) = host.filter(|host| head.uri.authority().is_some() || !is_plain(host.as_bytes())) {
        let read = Authority::try_from(host.as_bytes()).ok().filter(|a| !a.as_str().contains('@'));
        let Some(read) = read else { return ambiguous("`Host` names no host") };
        if head.uri.authority().is_some_and(|a| a != &read) {
            return ambiguous("the request line and `Host` name two different hosts");
        }
    }
    if head.headers.contains_key(header::UPGRADE)
        && (head.headers.contains_key(header::CONTENT_LENGTH) || head.headers.contains_key(header::TRANSFER_ENCODING))
    {
        return ambiguous("a request that changes the protocol cannot have a body");
    }
    Ok(())
}

/// Whether that is a host's name and nothing else, which needs no further reading.
fn is_plain(host: &[u8]) -> bool {
    !host.is_empty() && host.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

/// Refuses what servers resolve before they look: `.` and `..`, a NUL, slashes at the beginning. What is encoded twice
/// is the business of whoever decodes twice.
fn path(path: &str) -> Result<(), Refusal> {
    let ambiguous = |why: &str| Err(Refusal::new("ambiguous-path", why));
    if !path.starts_with('/') && path != "*" {
        return ambiguous("the path does not begin with a slash");
    }
    // The common path has nothing to look at twice.
    let bytes = path.as_bytes();
    let twice = |pair: &[u8]| matches!(pair, b"/." | b"//");
    if !bytes.iter().any(|b| matches!(b, b'%' | b'\\')) && !bytes.windows(2).any(twice) {
        return Ok(());
    }
    let decoded = decoded(path.as_bytes());
    let slash = |b: &u8| *b == b'/' || *b == b'\\';
    if decoded.contains(&0) {
        return ambiguous("the path has a NUL");
    }
    if decoded.get(1).is_some_and(slash) {
        return ambiguous("the path begins with two slashes");
    }
    // Some servers cut a segment's parameters off before they resolve it: `/..;x/` is `/../` to them.
    let name = |segment: &[u8]| segment.split(|b| *b == b';').next().unwrap_or_default().to_vec();
    if decoded.split(slash).any(|segment| matches!(name(segment).as_slice(), b"." | b"..")) {
        return ambiguous("a segment of the path is `.` or `..`");
    }
    Ok(())
}

/// Percent signs taken as servers that forgive take them: what is no two digits stays.
fn decoded(path: &[u8]) -> Vec<u8> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        match (byte, digit(path.get(at + 1)), digit(path.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_no_further_is_a_host() {
        for host in ["a", "api.example", "10.0.0.1", "A-b.c-", ".", "-"] {
            assert!(is_plain(host.as_bytes()) && Authority::try_from(host).is_ok(), "{host}");
        }
        for other in ["", "a:80", "a@b", "a b", "[::1]", "a/b", "a\\b", "\u{e9}", "a,b", "a%20"] {
            assert!(!is_plain(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn paths_that_servers_resolve_are_refused() {
        for bad in [
            "/a/../b",
            "/..",
            "/.",
            "/a/.",
            "/a/./b",
            "/%2e%2e/a",
            "/a/%2E./b",
            "/a/..%2fb",
            "/a%2f..%2fb",
            "/a\\..\\b",
            "/a/..%5cb",
            "//a",
            "/%2fa",
            "/\\a",
            "/a%00b",
            "/a/..;x=1/b",
            "a",
            "",
        ] {
            assert!(path(bad).is_err(), "{bad}");
        }
        for good in ["/", "/a/b", "/a//b", "/...", "/a/..b", "/a/.well-known/x", "/a%20b", "/%252e%252e/a", "/a%", "*"]
        {
            assert!(path(good).is_ok(), "{good}");
        }
    }
}
