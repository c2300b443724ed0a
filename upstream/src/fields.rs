//! Header fields on their way through: which end here, and which are added.
//!
//! Sources: RFC 9110 7.6.1 (Connection and hop-by-hop fields), 7.6.3 (Via); RFC 7239 (Forwarded).

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write;
use std::net::IpAddr;

/// Fields that end at each hop whether `Connection` names them or not.
fn ends_at_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "keep-alive"
            | "proxy-connection"
    )
}

/// Removes what ends at this hop: fields that `Connection` names, and those that always do. Lengths are the message's own
/// and are written anew where it is sent on.
pub fn end_hop(headers: &mut HeaderMap) {
    let mut named: Vec<HeaderName> = headers.keys().filter(|name| ends_at_hop(name.as_str())).cloned().collect();
    // `Connection` is one of them itself.
    if named.is_empty() {
        return;
    }
    for value in headers.get_all(header::CONNECTION) {
        let words = value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii);
        named.extend(words.filter_map(|w| HeaderName::from_bytes(w).ok()));
    }
    for name in &named {
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

/// How this hop is named.
const VIA: &str = "1.1 banyan";
/// Bytes for an address, twice, and the words of `Forwarded` around it: enough for any.
const ADDRESSES: usize = 160;

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
    let host = caller.host.filter(|h| h.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'));
    let proto = if caller.tls { "https" } else { "http" };
    // All values are made in one piece of memory.
    let mut text = BytesMut::with_capacity(ADDRESSES + 2 * host.map_or(0, str::len));
    let address = caller.address.map(|address| {
        write_address(&mut text, address);
        text.split().freeze()
    });
    if let Some(address) = &address {
        // An IPv6 address is written in brackets and quoted (RFC 7239, 6).
        let six = caller.address.is_some_and(|a| a.is_ipv6());
        let (before, after): (&[u8], &[u8]) = if six { (b"for=\"[", b"]\";") } else { (b"for=", b";") };
        [before, address, after].into_iter().for_each(|piece| text.extend_from_slice(piece));
    }
    if let Some(host) = host {
        [b"host=\"", host.as_bytes(), b"\";"].into_iter().for_each(|piece| text.extend_from_slice(piece));
    }
    [&b"proto="[..], proto.as_bytes()].into_iter().for_each(|piece| text.extend_from_slice(piece));
    let forwarded = text.split().freeze();
    let host = host.map(|host| {
        text.extend_from_slice(host.as_bytes());
        text.split().freeze()
    });
    let proto = Bytes::from_static(proto.as_bytes());
    if caller.trusted {
        let unsaid = |headers: &HeaderMap, name, value: Option<Bytes>| value.filter(|_| !headers.contains_key(name));
        let (host, proto) = (unsaid(headers, &HOST, host), unsaid(headers, &PROTO, Some(proto)));
        let all = [(&FOR, address), (&HOST, host), (&PROTO, proto), (&header::FORWARDED, Some(forwarded))];
        for (name, value) in all {
            value.iter().for_each(|value| append(headers, name, value));
        }
    } else {
        let all = [(FOR, address), (HOST, host), (PROTO, Some(proto)), (header::FORWARDED, Some(forwarded))];
        for (name, value) in all {
            match value.and_then(|value| HeaderValue::from_maybe_shared(value).ok()) {
                Some(value) => drop(headers.insert(name, value)),
                None => drop(headers.remove(name)),
            }
        }
    }
    if headers.contains_key(header::VIA) {
        append(headers, &header::VIA, VIA.as_bytes());
    } else {
        headers.insert(header::VIA, HeaderValue::from_static(VIA));
    }
}

/// IPv4 without the machinery of formats: it is written for each request.
fn write_address(text: &mut BytesMut, address: IpAddr) {
    let IpAddr::V4(four) = address else {
        // Writing to memory does not fail.
        let _ = write!(text, "{address}");
        return;
    };
    let (mut digits, mut at) = ([b'.'; 16], 0);
    let mut put = |digit: u8| {
        digits[at] = digit;
        at += 1;
    };
    for (n, octet) in four.octets().into_iter().enumerate() {
        if n > 0 {
            put(b'.');
        }
        if octet >= 100 {
            put(b'0' + octet / 100);
        }
        if octet >= 10 {
            put(b'0' + octet / 10 % 10);
        }
        put(b'0' + octet % 10);
    }
    text.extend_from_slice(&digits[..at]);
}

/// Copies of several values in one piece of memory, given out one after another: one allocation instead of one for each.
#[derive(Debug)]
pub struct Values(Bytes);

impl Values {
    /// Copies them; they are gone through twice.
    pub fn of<'v, I: Iterator<Item = &'v [u8]>>(values: impl Fn() -> I) -> Values {
        let mut all = Vec::with_capacity(values().map(<[u8]>::len).sum());
        values().for_each(|value| all.extend_from_slice(value));
        Values(Bytes::from(all))
    }

    /// The next one, which has that length.
    pub fn take(&mut self, length: usize) -> Bytes {
        self.0.split_to(length.min(self.0.len()))
    }
}

/// Whether a field tells who asks and through whom.
fn tells_who_asks(name: &str) -> bool {
    // Most fields are told apart by their first letter.
    if !name.starts_with(['f', 'x']) {
        return false;
    }
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
fn append(headers: &mut HeaderMap, name: &HeaderName, text: &[u8]) {
    let mut list: Vec<u8> = Vec::new();
    for value in headers.get_all(name) {
        list.extend_from_slice(value.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(text);
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
    fn addresses_are_written_as_anyone_writes_them() {
        for address in ["0.0.0.0", "127.0.0.1", "9.10.99.100", "255.255.255.255", "::1", "2001:db8::ffff:1"] {
            let mut text = BytesMut::new();
            write_address(&mut text, address.parse().unwrap());
            assert_eq!(text, address);
        }
    }

    #[test]
    fn values_come_back_one_after_another() {
        let all: [&[u8]; 4] = [b"one", b"", b"\xff\t", b"last"];
        let mut values = Values::of(|| all.into_iter());
        all.into_iter().for_each(|value| assert_eq!(values.take(value.len()), value));
        assert!(values.take(7).is_empty());
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
