//! What tells an upstream who asked and through whom: `Via` (RFC 9110, 7.6.3), `Forwarded` (RFC 7239), `X-Forwarded-*`.

use super::Fields;
use std::io::Write;
use std::net::IpAddr;

/// Who asks, as this hop saw it.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// Address of the other end of the connection.
    pub address: Option<IpAddr>,
    /// The `Host` it asked.
    pub host: Option<&'a [u8]>,
    /// It came over TLS.
    pub tls: bool,
    /// It is a proxy whose own `Forwarded` and `X-Forwarded-*` are believed; else they are replaced, since anyone can
    /// write them.
    pub trusted: bool,
}

/// How this hop is named.
pub(super) const VIA: &[u8] = b"1.1 banyan";
/// The longest text of an address.
const ADDRESS: usize = 45;

/// Adds what tells the upstream who asked and through whom.
pub fn stamp(fields: &mut Fields, caller: &Caller<'_>) {
    // What reads like another name to servers that take `_` for `-` was written by nobody who is believed.
    fields.retain(|name| !tells_who_asks(name) || (caller.trusted && !name.contains(&b'_')));
    if !fields.get_all("forwarded").all(is_closed) {
        fields.remove("forwarded");
    }
    let host = caller.host.filter(|h| h.iter().all(|b| b.is_ascii_graphic() && *b != b'"' && *b != b'\\'));
    let proto: &[u8] = if caller.tls { b"https" } else { b"http" };
    let mut digits = [0; ADDRESS];
    let address = caller.address.map(|address| text(address, &mut digits));
    // An IPv6 address is written in brackets and quoted (RFC 7239, 6).
    let (before, after): (&[u8], &[u8]) = match caller.address {
        Some(IpAddr::V6(_)) => (b"for=\"[", b"]\";"),
        Some(IpAddr::V4(_)) => (b"for=", b";"),
        None => (b"", b""),
    };
    let named: [&[u8]; 3] = host.map_or_else(Default::default, |host| [b"host=\"", host, b"\";"]);
    let [host_is, its_name, over] = named;
    let forwarded = [before, address.unwrap_or_default(), after, host_is, its_name, over, b"proto=", proto];
    if let Some(address) = address {
        list(fields, "x-forwarded-for", &[address]);
    }
    if let Some(host) = host.filter(|_| !fields.contains("x-forwarded-host")) {
        fields.append("x-forwarded-host", host);
    }
    if !fields.contains("x-forwarded-proto") {
        fields.append("x-forwarded-proto", proto);
    }
    list(fields, "forwarded", &forwarded);
    list(fields, "via", &[VIA]);
}

/// An address as text, without the machinery of formats where it is IPv4: it is written for each request.
fn text(address: IpAddr, to: &mut [u8; ADDRESS]) -> &[u8] {
    let mut at = 0;
    match address {
        IpAddr::V4(four) => {
            let mut put = |digit: u8| {
                to[at] = digit;
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
        }
        IpAddr::V6(six) => {
            let mut rest = &mut to[..];
            // The longest there is fits.
            let _ = write!(rest, "{six}");
            at = ADDRESS - rest.len();
        }
    }
    &to[..at]
}

/// Whether a field tells who asks and through whom.
fn tells_who_asks(name: &[u8]) -> bool {
    let reads = |as_what: &[u8], name: &[u8]| {
        let same = |(a, b): (&u8, &u8)| a == b || (*a == b'-' && *b == b'_');
        as_what.len() == name.len() && as_what.iter().zip(name).all(same)
    };
    match name.first() {
        Some(b'f') => name == b"forwarded",
        Some(b'x') => reads(b"x-real-ip", name) || name.get(..12).is_some_and(|begin| reads(b"x-forwarded-", begin)),
        _ => false,
    }
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
fn list(fields: &mut Fields, name: &str, pieces: &[&[u8]]) {
    if !fields.contains(name) {
        fields.append_pieces(name, pieces);
        return;
    }
    let mut all: Vec<u8> = Vec::new();
    for value in fields.get_all(name) {
        all.extend_from_slice(value);
        all.extend_from_slice(b", ");
    }
    pieces.iter().for_each(|piece| all.extend_from_slice(piece));
    fields.set(name, &all);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &Fields) -> Vec<String> {
        let mut lines: Vec<String> = fields.texts().into_iter().map(|(n, v)| format!("{n}: {v}")).collect();
        lines.sort();
        lines
    }

    #[test]
    fn addresses_are_written_as_anyone_writes_them() {
        for address in
            ["0.0.0.0", "127.0.0.1", "9.10.99.100", "255.255.255.255", "::1", "2001:db8:ffff:1111:2222:3333:4444:5555"]
        {
            assert_eq!(text(address.parse().unwrap(), &mut [0; ADDRESS]), address.as_bytes());
        }
    }

    #[test]
    fn strangers_cannot_say_who_asks() {
        let forged = [("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=6.6.6.6"), ("X-Forwarded-Proto", "https")];
        let caller = Caller {
            address: Some("192.0.2.7".parse().unwrap()),
            host: Some(b"api.example"),
            tls: false,
            trusted: false,
        };
        let mut fields = Fields::of(&forged);
        fields.append("X_Forwarded_For", b"6.6.6.6");
        stamp(&mut fields, &caller);
        assert_eq!(
            told(&fields),
            [
                "forwarded: for=192.0.2.7;host=\"api.example\";proto=http",
                "via: 1.1 banyan",
                "x-forwarded-for: 192.0.2.7",
                "x-forwarded-host: api.example",
                "x-forwarded-proto: http"
            ]
        );
        let mut fields = Fields::of(&forged);
        let six = Some("2001:db8::1".parse().unwrap());
        stamp(&mut fields, &Caller { address: six, host: Some(b"a\"b"), trusted: true, tls: true });
        assert_eq!(
            told(&fields),
            [
                "forwarded: for=6.6.6.6, for=\"[2001:db8::1]\";proto=https",
                "via: 1.1 banyan",
                "x-forwarded-for: 6.6.6.6, 2001:db8::1",
                "x-forwarded-proto: https"
            ]
        );
    }

    #[test]
    fn what_a_caller_left_open_closes_nothing_of_ours() {
        let mut fields = Fields::of(&[("Forwarded", "for=\"a"), ("Via", "1.0 x")]);
        stamp(&mut fields, &Caller { address: None, host: None, trusted: true, tls: false });
        assert_eq!(told(&fields), ["forwarded: proto=http", "via: 1.0 x, 1.1 banyan", "x-forwarded-proto: http"]);
    }
}
