//! Header fields on their way through: which end here, and which are added.
//!
//! Sources: RFC 9110 7.6.1 (Connection and hop-by-hop fields), 7.6.3 (Via); RFC 7239 (Forwarded).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;

/// Fields that end at each hop whether `Connection` names them or not.
const HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
];
const HOP_OTHER: [&str; 2] = ["keep-alive", "proxy-connection"];

/// Removes what ends at this hop: fields that `Connection` names, and those that always do. Lengths are the message's own
/// and are written anew where it is sent on.
pub fn end_hop(headers: &mut HeaderMap) {
    let mut named: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        let words = value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii);
        named.extend(words.filter_map(|w| HeaderName::from_bytes(w).ok()));
    }
    for name in &named {
        headers.remove(name);
    }
    for name in &HOP {
        headers.remove(name);
    }
    for name in HOP_OTHER {
        headers.remove(name);
    }
}

/// The protocol a caller wants to change to (`websocket`), where it says so in both fields it must (RFC 9110 7.8).
pub fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let listed = headers
        .get_all(header::CONNECTION)
        .iter()
        .any(|value| value.as_bytes().split(|b| *b == b',').any(|w| w.trim_ascii().eq_ignore_ascii_case(b"upgrade")));
    let mut protocols = headers.get_all(header::UPGRADE).iter();
    let protocol = protocols.next().filter(|_| listed && protocols.next().is_none())?;
    Some(protocol.clone())
}

/// Who asks, as this hop saw it.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// Address of the other end of the connection.
    pub address: Option<IpAddr>,
    /// The `Host` it asked.
    pub host: Option<&'a str>,
    /// It came over TLS.
    pub tls: bool,
    /// It is a proxy whose own `Forwarded` and `X-Forwarded-*` are believed; else they are replaced, since anyone can
    /// write them.
    pub trusted: bool,
}

/// Adds what tells the upstream who asked and through whom.
pub fn stamp(headers: &mut HeaderMap, caller: &Caller<'_>) {
    const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
    const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
    let said: Vec<HeaderName> = headers.keys().filter(|name| tells_who_asks(name.as_str())).cloned().collect();
    for name in said {
        // What reads like another name to servers that take `_` for `-` was written by nobody who is believed.
        if !caller.trusted || name.as_str().contains('_') {
            headers.remove(&name);
        }
    }
    if !headers.get_all(&header::FORWARDED).iter().all(|v| is_closed(v.as_bytes())) {
        headers.remove(&header::FORWARDED);
    }
    let proto = if caller.tls { "https" } else { "http" };
    let mut forwarded = Vec::new();
    if let Some(address) = caller.address {
        append(headers, &FOR, &address.to_string());
        // An IPv6 address is written in brackets and quoted (RFC 7239, 6).
        forwarded.push(if address.is_ipv6() { format!("for=\"[{address}]\"") } else { format!("for={address}") });
    }
    if let Some(host) = caller.host.filter(|h| h.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')) {
        if !headers.contains_key(&HOST) {
            append(headers, &HOST, host);
        }
        forwarded.push(format!("host=\"{host}\""));
    }
    if !headers.contains_key(&PROTO) {
        append(headers, &PROTO, proto);
    }
    forwarded.push(format!("proto={proto}"));
    append(headers, &header::FORWARDED, &forwarded.join(";"));
    append(headers, &header::VIA, "1.1 banyan");
}

/// Whether a field tells who asks and through whom.
fn tells_who_asks(name: &str) -> bool {
    let name = name.replace('_', "-");
    name == "forwarded" || name == "x-real-ip" || name.starts_with("x-forwarded-")
}

/// Whether what is appended to a value stands outside of its quotes.
fn is_closed(value: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in value {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    !quoted
}

/// Adds to a list field: `a` and `b` become `a, b`.
fn append(headers: &mut HeaderMap, name: &HeaderName, text: &str) {
    let mut list: Vec<u8> = Vec::new();
    for value in headers.get_all(name) {
        list.extend_from_slice(value.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(text.as_bytes());
    if let Ok(value) = HeaderValue::from_bytes(&list) {
        headers.insert(name.clone(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn told(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<String> = headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn what_belongs_to_the_hop_ends_at_it() {
        let mut headers = map(&[
            ("Connection", "close, X-Foo"),
            ("connection", "x-bar ,,"),
            ("X-Foo", "1"),
            ("X-Bar", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic x"),
            ("TE", "trailers"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("X-Kept", "1"),
        ]);
        end_hop(&mut headers);
        assert_eq!(told(&headers), ["x-kept: 1"]);
    }

    #[test]
    fn an_upgrade_is_one_only_if_both_fields_say_so() {
        let both = [("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket")];
        assert_eq!(upgrade(&map(&both)).unwrap(), "websocket");
        assert_eq!(upgrade(&map(&both[..1])), None);
        assert_eq!(upgrade(&map(&both[1..])), None);
        assert_eq!(upgrade(&map(&[both[0], both[1], ("Upgrade", "h2c")])), None);
    }

    #[test]
    fn strangers_cannot_say_who_asks() {
        let forged = [("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=6.6.6.6"), ("X-Forwarded-Proto", "https")];
        let caller = Caller {
            address: Some("192.0.2.7".parse().unwrap()),
            host: Some("api.example"),
            tls: false,
            trusted: false,
        };
        let mut headers = map(&forged);
        stamp(&mut headers, &caller);
        assert_eq!(
            told(&headers),
            [
                "forwarded: for=192.0.2.7;host=\"api.example\";proto=http",
                "via: 1.1 banyan",
                "x-forwarded-for: 192.0.2.7",
                "x-forwarded-host: api.example",
                "x-forwarded-proto: http"
            ]
        );
        let mut headers = map(&forged);
        let six = Some("2001:db8::1".parse().unwrap());
        stamp(&mut headers, &Caller { address: six, host: Some("a\"b"), trusted: true, tls: true });
        assert_eq!(
            told(&headers),
            [
                "forwarded: for=6.6.6.6, for=\"[2001:db8::1]\";proto=https",
                "via: 1.1 banyan",
                "x-forwarded-for: 6.6.6.6, 2001:db8::1",
                "x-forwarded-proto: https"
            ]
        );
    }
}
