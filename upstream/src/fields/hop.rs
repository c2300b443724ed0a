//! Fields that belong to a connection and end with it (RFC 9110, 7.6.1).

use super::Fields;

/// Fields that end at each hop whether `Connection` names them or not. `Content-Length` is the message's own, but is
/// written anew where the message is sent on.
fn ends_at_hop(name: &[u8]) -> bool {
    matches!(
        name,
        b"connection"
            | b"te"
            | b"trailer"
            | b"transfer-encoding"
            | b"upgrade"
            | b"proxy-authenticate"
            | b"proxy-authorization"
            | b"keep-alive"
            | b"proxy-connection"
    )
}

/// Removes what ends at this hop: fields that `Connection` names, and those that always do. `Host` is none that a hop may
/// take away.
pub fn end_hop(fields: &mut Fields) {
    if !fields.iter().any(|(name, _)| ends_at_hop(name)) {
        return;
    }
    let words = fields.get_all("connection").flat_map(|line| line.split(|b| *b == b',')).map(<[u8]>::trim_ascii);
    // Most name what ends here in any case.
    let others = words.filter(|word| !matches!(*word, b"close" | b"keep-alive" | b"Keep-Alive" | b"host"));
    let named: Vec<Vec<u8>> = others.map(<[u8]>::to_ascii_lowercase).filter(|word| word != b"host").collect();
    fields.retain(|name| !ends_at_hop(name) && !named.iter().any(|n| n == name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_hop_ends_at_it() {
        let mut fields = Fields::of(&[
            ("Connection", "close, X-Foo, Host"),
            ("connection", "x-bar ,,"),
            ("X-Foo", "1"),
            ("X-Bar", "1"),
            ("Host", "a"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic x"),
            ("TE", "trailers"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("X-Kept", "1"),
        ]);
        end_hop(&mut fields);
        assert_eq!(fields.texts(), [("host".to_owned(), "a".to_owned()), ("x-kept".into(), "1".into())]);
    }
}
