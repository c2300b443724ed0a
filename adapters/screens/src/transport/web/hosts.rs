//! Which hosts pages may be of.
//!
//! Invariant: only `http` and `https` pages of a named host and port count as allowed.

use url::Url;

/// The hosts that are allowed, with their ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts {
    /// The first page came by `https`: none may come by `http`.
    secure: bool,
    named: Vec<(String, Option<u16>)>,
}

impl Hosts {
    /// Those of the first page and of the list: `erp.example` (the usual port of the page's scheme), `erp.example:8443`.
    pub(super) fn new(url: &Url, more: &[String]) -> Result<Hosts, String> {
        let first = url.host_str().ok_or("the address has no host")?;
        let mut hosts = vec![(first.to_lowercase(), url.port())];
        for text in more {
            hosts.push(host(text)?);
        }
        Ok(Hosts { secure: url.scheme() == "https", named: hosts })
    }

    /// `None` if pages of that address are allowed, else its host, or what else it is.
    pub(super) fn refuse(&self, address: &str) -> Option<String> {
        let Ok(url) = Url::parse(address) else { return Some("an address that is none".to_owned()) };
        let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
            return Some(format!("{}:", url.scheme()));
        };
        if self.secure && url.scheme() == "http" {
            return Some(format!("http://{host}"));
        }
        let same = |port: &Option<u16>| match port {
            None => url.port().is_none(),
            Some(_) => *port == url.port_or_known_default(),
        };
        let allowed = self.named.iter().any(|(name, port)| name == host && same(port));
        (!allowed).then(|| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }

    /// The browser's own rules: no other name is found, whatever a page asks for.
    pub(super) fn rules(&self) -> String {
        let mut rules = "MAP * ~NOTFOUND".to_owned();
        for (host, _) in &self.named {
            rules.push_str(", EXCLUDE ");
            rules.push_str(host);
        }
        rules
    }
}

/// `host` or `host:port`.
fn host(text: &str) -> Result<(String, Option<u16>), String> {
    let wrong = || format!("`{text}` is no host");
    let url = Url::parse(&format!("http://{text}/")).map_err(|_| wrong())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let host =
        url.host_str().filter(|h| bare && !h.contains('*') && !text.contains(['/', '@', ','])).ok_or_else(wrong)?;
    // `http` swallows its own port 80, which must be told apart from none here.
    let port = if text.ends_with(":80") { Some(80) } else { url.port() };
    Ok((host.to_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(more: &[&str]) -> Result<Hosts, String> {
        let more: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
        Hosts::new(&Url::parse("https://erp.example/admin/").unwrap(), &more)
    }

    #[test]
    fn only_named_hosts_and_ports_are_allowed() {
        let hosts = hosts(&["sso.example:8443", "CDN.example"]).unwrap();
        for fine in
            ["https://erp.example/x", "https://erp.example:443/", "https://sso.example:8443/", "https://cdn.example/a"]
        {
            assert_eq!(hosts.refuse(fine), None, "{fine}");
        }
        for (other, said) in [
            ("https://erp.example.evil.test/", "erp.example.evil.test"),
            ("http://erp.example/", "http://erp.example"),
            ("https://erp.example:444/", "erp.example:444"),
            ("https://sso.example/", "sso.example"),
            ("https://erp.example@evil.test/", "evil.test"),
            ("file:///etc/passwd", "file:"),
            ("data:text/html,x", "data:"),
            ("about:blank", "about:"),
            ("javascript:1", "javascript:"),
            ("", "an address that is none"),
        ] {
            assert_eq!(hosts.refuse(other).as_deref(), Some(said), "{other}");
        }
        assert_eq!(hosts.rules(), "MAP * ~NOTFOUND, EXCLUDE erp.example, EXCLUDE sso.example, EXCLUDE cdn.example");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for wrong in ["", "https://x", "a/b", "*.example", "a b", "u@h", "h:99999", "a, EXCLUDE *"] {
            assert!(hosts(&[wrong]).is_err(), "{wrong}");
        }
    }
}
