//! Who calls.
//!
//! Invariant: the first declared consumer that the request shows to be counts. Work per request is bounded: one hash of
//! one short key, one reading of one token; what was presented before is remembered.

use super::config::ConsumerConfig;
use super::digest::{Digest, same};
use super::signs::{By, Sign};
use super::token;
use super::trust::Trust;
use core::net::IpAddr;
use std::collections::BTreeSet;

/// Longest key that is looked at, in bytes. A longer one is nobody's.
const LONGEST_KEY: usize = 512;

/// What is remembered at once.
const REMEMBERED: usize = 8;

/// What a request says under a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<'h> {
    /// Nothing.
    None,
    /// This.
    One(&'h [u8]),
    /// Several things: nobody can tell which of them others go by.
    Many,
}

/// A request's headers.
pub trait Headers {
    /// What it says under a name, which is in lower case.
    fn given(&self, name: &str) -> Given<'_>;

    /// The address that they come from.
    fn from(&self) -> Option<IpAddr>;
}

/// All consumers, in the order in which they are declared.
#[derive(Clone, Debug, Default)]
pub struct Consumers {
    names: Vec<String>,
    /// Digests of keys, each with its consumer.
    keys: Vec<(Digest, usize)>,
    /// Headers, their values, and whose they are.
    headers: Vec<(String, Vec<(String, usize)>)>,
    /// The header in which a trusted proxy tells of a certificate; what it may say.
    certificates: Option<(String, Vec<(String, usize)>)>,
    /// Claims of a verified token.
    claims: Vec<(Vec<(String, String)>, usize)>,
    /// Whose claims and certificates are verified.
    trust: Trust,
}

/// What was presented of late on one thread, and whom it named. Presented again it is neither hashed nor read.
#[derive(Debug, Default)]
pub struct Memo {
    known: Vec<(Kind, Vec<u8>, Option<(usize, By)>)>,
    next: usize,
}

/// What is remembered apart: a token names by more where it was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    Bearer,
    Verified,
}

impl Memo {
    /// Forgets everything: other consumers are declared.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    fn recall(&mut self, kind: Kind, given: &[u8], work: impl FnOnce() -> Option<(usize, By)>) -> Option<(usize, By)> {
        if let Some((.., found)) = self.known.iter().find(|(of, k, _)| *of == kind && same(k, given)) {
            return *found;
        }
        let found = work();
        let entry = (kind, given.to_vec(), found);
        match self.known.get_mut(self.next) {
            Some(oldest) => *oldest = entry,
            None => self.known.push(entry),
        }
        self.next = (self.next + 1) % REMEMBERED;
        found
    }
}

impl Consumers {
    /// Of a configuration that was checked. `certificate`: the header in which a trusted proxy tells of it.
    pub fn new(configs: &[(String, ConsumerConfig)], certificate: Option<&str>) -> Consumers {
        let mut all = Consumers::default();
        let mut certificates = Vec::new();
        for (no, (name, config)) in configs.iter().enumerate() {
            all.names.push(name.clone());
            all.keys.extend(config.keys.iter().map(|k| (*k, no)));
            for (header, value) in &config.header {
                let header = header.to_ascii_lowercase();
                match all.headers.iter_mut().find(|(h, _)| *h == header) {
                    Some((_, values)) => values.push((value.clone(), no)),
                    None => all.headers.push((header, vec![(value.clone(), no)])),
                }
            }
            certificates.extend(config.certificate.iter().map(|c| (c.clone(), no)));
            if !config.claim.is_empty() {
                all.claims.push((config.claim.clone().into_iter().collect(), no));
            }
        }
        let certificate = certificate.filter(|_| !certificates.is_empty());
        all.certificates = certificate.map(|header| (header.to_ascii_lowercase(), certificates));
        all
    }

    /// All by which a consumer is known.
    pub fn signs(&self, no: usize) -> BTreeSet<Sign> {
        let mut signs: BTreeSet<Sign> =
            self.keys.iter().filter(|(_, n)| *n == no).map(|(k, _)| Sign::Key(*k)).collect();
        for (header, values) in &self.headers {
            signs.extend(values.iter().filter(|(_, n)| *n == no).map(|(v, _)| Sign::Header(header.clone(), v.clone())));
        }
        if let Some((header, values)) = &self.certificates {
            let of_it = values.iter().filter(|(_, n)| *n == no);
            signs.extend(of_it.map(|(v, _)| Sign::Certificate(header.clone(), v.clone())));
        }
        signs.extend(self.claims.iter().filter(|(_, n)| *n == no).map(|(c, _)| Sign::Claim(c.clone())));
        signs
    }

    /// The same, where these requests come through a proxy that verified them.
    pub fn trusting(self, trust: Trust) -> Consumers {
        Consumers { trust, ..self }
    }

    /// Whether what comes from that address comes through a proxy that is believed.
    pub fn trusts(&self, from: Option<IpAddr>) -> bool {
        self.trust.holds(from)
    }

    /// Whether none is declared: everyone is anonymous.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Their names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of the consumer who calls. `None`: anonymous.
    pub fn who(&self, headers: &impl Headers, memo: &mut Memo) -> Option<usize> {
        self.find(headers, memo).ok().flatten().map(|(no, _)| no)
    }

    /// The same, with why. `Err`: that header is said twice.
    pub fn why(&self, headers: &impl Headers) -> Result<Option<(usize, By)>, String> {
        self.find(headers, &mut Memo::default()).map_err(str::to_owned)
    }

    fn find<'s>(&'s self, headers: &impl Headers, memo: &mut Memo) -> Result<Option<(usize, By)>, &'s str> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let verified = self.trust.holds(headers.from());
        let mut first: Option<(usize, By)> = None;
        let mut counts = |found: Option<(usize, By)>| first = [first, found].into_iter().flatten().min();
        if !self.keys.is_empty() {
            match headers.given("x-api-key") {
                Given::Many => return Err("x-api-key"),
                Given::One(key) => counts(self.of_key(key, memo)),
                Given::None => {}
            }
        }
        if !self.keys.is_empty() || (verified && !self.claims.is_empty()) {
            match headers.given("authorization") {
                Given::Many => return Err("authorization"),
                Given::One(value) => counts(bearer(value).and_then(|t| self.of_bearer(t, verified, memo))),
                Given::None => {}
            }
        }
        let said = self
            .headers
            .iter()
            .map(|h| (h, By::Header))
            .chain(self.certificates.iter().filter(|_| verified).map(|c| (c, By::Certificate)));
        for ((header, values), by) in said {
            match headers.given(header) {
                Given::Many => return Err(header),
                Given::One(value) => {
                    let of_it = values.iter().filter(|(v, _)| v.as_bytes() == value);
                    counts(of_it.map(|(_, no)| (*no, by)).min());
                }
                Given::None => {}
            }
        }
        Ok(first)
    }

    fn of_key(&self, key: &[u8], memo: &mut Memo) -> Option<(usize, By)> {
        if key.len() > LONGEST_KEY {
            return None;
        }
        memo.recall(Kind::Key, key, || self.of_digest(&Digest::of(key)).map(|no| (no, By::Key)))
    }

    /// A bearer's token may be a key, or hold claims.
    fn of_bearer(&self, token: &[u8], verified: bool, memo: &mut Memo) -> Option<(usize, By)> {
        if token.len() > token::LONGEST {
            return None;
        }
        memo.recall(if verified { Kind::Verified } else { Kind::Bearer }, token, || {
            let key = (token.len() <= LONGEST_KEY).then(|| self.of_digest(&Digest::of(token))).flatten();
            let claims = if self.claims.is_empty() || !verified { None } else { token::claims(token) };
            let all_hold = |c: &serde_json::Map<_, _>, wanted: &[(String, String)]| {
                wanted.iter().all(|(name, value)| token::holds(c, name, value))
            };
            let claim = claims.and_then(|c| self.claims.iter().find(|(w, _)| all_hold(&c, w)).map(|(_, no)| *no));
            let (key, claim) = (key.map(|no| (no, By::Bearer)), claim.map(|no| (no, By::Claim)));
            [key, claim].into_iter().flatten().min()
        })
    }

    fn of_digest(&self, digest: &Digest) -> Option<usize> {
        // Every digest is looked at, whichever is found.
        self.keys.iter().fold(None, |found, (known, no)| if known.is(digest) { found.or(Some(*no)) } else { found })
    }
}

/// The token of `Bearer …`; the word is written as one likes (RFC 9110, 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (word, token) = value.split_at_checked(7)?;
    word.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Sent(Vec<(&'static str, Vec<u8>)>);

    const PROXY: &str = "10.0.0.7";

    impl Headers for Sent {
        fn given(&self, name: &str) -> Given<'_> {
            let mut all = self.0.iter().filter(|(n, _)| *n == name).map(|(_, v)| v.as_slice());
            match (all.next(), all.next()) {
                (None, _) => Given::None,
                (Some(one), None) => Given::One(one),
                _ => Given::Many,
            }
        }

        fn from(&self) -> Option<IpAddr> {
            // One of the headers is none: where the request comes from.
            let stranger = self.0.iter().any(|(n, _)| *n == "from a stranger");
            Some(if stranger { "10.0.0.8" } else { PROXY }.parse().unwrap())
        }
    }

    fn consumer(key: &str, header: &str, certificate: &str, client: &str) -> ConsumerConfig {
        let pair = |k: &str, v: &str| if v.is_empty() { vec![] } else { vec![(k.to_owned(), v.to_owned())] };
        ConsumerConfig {
            keys: if key.is_empty() { vec![] } else { vec![Digest::of(key.as_bytes())] },
            header: pair("X-Consumer", header).into_iter().collect(),
            certificate: (!certificate.is_empty()).then(|| certificate.to_owned()),
            claim: pair("client_id", client).into_iter().collect(),
        }
    }

    fn all() -> Consumers {
        let configs = [
            ("shop", consumer("k1", "shop", "", "")),
            ("payroll", consumer("k2", "", "CN=payroll,O=Acme", "payroll")),
            ("field", consumer("", "field", "", "")),
        ];
        Consumers::new(&configs.map(|(n, c)| (n.to_owned(), c)), Some("X-Subject"))
            .trusting(Trust::From(vec![super::super::trust::Network::parse(PROXY).unwrap()]))
    }

    fn who(sent: &[(&'static str, &[u8])]) -> Option<String> {
        let all = all();
        let sent = Sent(sent.iter().map(|(n, v)| (*n, v.to_vec())).collect());
        all.who(&sent, &mut Memo::default()).map(|no| all.names()[no].clone())
    }

    /// `{"client_id":"payroll"}`
    const PAYROLL: &[u8] = b"Bearer e30.eyJjbGllbnRfaWQiOiJwYXlyb2xsIn0.x";

    #[test]
    fn each_way_names() {
        for (header, value, name) in [
            ("x-api-key", &b"k1"[..], "shop"),
            ("authorization", b"Bearer k2", "payroll"),
            ("authorization", b"bEARER  k2 ", "payroll"),
            ("authorization", PAYROLL, "payroll"),
            ("x-consumer", b"field", "field"),
            ("x-subject", b"CN=payroll,O=Acme", "payroll"),
        ] {
            assert_eq!(who(&[(header, value)]).as_deref(), Some(name), "{header}");
        }
        for (header, value) in [
            ("x-api-key", &b""[..]),
            ("x-api-key", b"K1"),
            ("x-api-key", b"k1,k2"),
            ("x-api-key", b"\xff\xfe"),
            ("authorization", b"k1"),
            ("authorization", b"Basic k1"),
            ("authorization", b"Bearer "),
            ("authorization", b"Bearer\xff"),
            ("x-consumer", b"Field"),
            ("x-consumer", b"field, shop"),
            ("x-consumer", b"fi\xe9ld"),
            ("x-subject", b"O=Evil,CN=payroll,O=Acme"),
        ] {
            assert_eq!(who(&[(header, value)]), None, "{header}");
        }
    }

    #[test]
    fn what_nobody_verified_names_nobody_and_a_memory_does_not_mix_the_two() {
        let stranger = ("from a stranger", &b""[..]);
        assert_eq!(who(&[("x-subject", b"CN=payroll,O=Acme"), stranger]), None);
        assert_eq!(who(&[("authorization", PAYROLL), stranger]), None);
        assert_eq!(who(&[("authorization", b"Bearer k2"), stranger]).as_deref(), Some("payroll"), "a key is a key");
        assert_eq!(
            who(&[("x-consumer", b"field"), ("x-subject", b"a"), ("x-subject", b"b"), stranger]).as_deref(),
            Some("field")
        );
        let (all, mut memo) = (all(), Memo::default());
        let verified = Sent(vec![("authorization", PAYROLL.to_vec())]);
        let not = Sent(vec![("authorization", PAYROLL.to_vec()), ("from a stranger", vec![])]);
        for _ in 0..2 {
            assert_eq!(all.who(&verified, &mut memo), Some(1));
            assert_eq!(all.who(&not, &mut memo), None);
        }
    }

    #[test]
    fn the_first_that_is_declared_counts() {
        assert_eq!(who(&[("x-api-key", b"k2"), ("x-consumer", b"field")]).as_deref(), Some("payroll"));
        assert_eq!(who(&[("x-api-key", b"k2"), ("authorization", b"Bearer k1")]).as_deref(), Some("shop"));
    }

    #[test]
    fn what_is_said_twice_names_nobody() {
        assert_eq!(who(&[("x-api-key", b"k1"), ("x-api-key", b"k1")]), None);
        assert_eq!(who(&[("x-api-key", b"k1"), ("x-consumer", b"shop"), ("x-consumer", b"field")]), None);
        assert_eq!(who(&[("authorization", PAYROLL), ("authorization", b"Bearer k1")]), None);
    }

    #[test]
    fn what_is_too_long_is_neither_hashed_nor_kept() {
        let (all, mut memo) = (all(), Memo::default());
        for (header, bytes) in [("x-api-key", vec![b'a'; 513]), ("authorization", vec![b'a'; 9_000])] {
            assert_eq!(all.who(&Sent(vec![(header, bytes)]), &mut memo), None);
        }
        assert!(memo.known.is_empty());
        for n in 0..100 {
            all.who(&Sent(vec![("x-api-key", format!("{n}").into_bytes())]), &mut memo);
        }
        assert_eq!(memo.known.len(), REMEMBERED);
    }

    proptest! {
        /// A memory changes nothing, and whoever shows no known thing is nobody.
        #[test]
        fn a_memory_changes_nothing(asks in prop::collection::vec((0..6_usize, 0..4_usize), 1..60)) {
            let all = all();
            let mut memo = Memo::default();
            for (way, what) in asks {
                let key = [&b"k1"[..], b"k2", b"other", b"\xff"][what];
                let client = ["payroll", "shop", "", "x"][what];
                let sent = Sent(match way {
                    0 => vec![("x-api-key", key.to_vec())],
                    1 => vec![("authorization", [b"Bearer ", key].concat())],
                    2 => vec![("x-consumer", client.as_bytes().to_vec())],
                    3 => vec![("x-api-key", key.to_vec()), ("x-api-key", key.to_vec())],
                    4 => vec![("authorization", PAYROLL.to_vec()), ("x-api-key", key.to_vec())],
                    _ => vec![],
                });
                let found = all.who(&sent, &mut memo);
                prop_assert_eq!(found, all.who(&sent, &mut Memo::default()));
                let expected = match (way, what) {
                    (0 | 1 | 4, 0) | (2, 1) => Some(0),
                    (0 | 1 | 4, 1) | (4, _) => Some(1),
                    _ => None,
                };
                prop_assert_eq!(found, expected);
            }
        }

        /// Whatever bytes come, nothing panics, and only what is declared names.
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..80), way in 0..4_usize) {
            let name = ["x-api-key", "authorization", "x-consumer", "x-subject"][way];
            let given = if way == 1 { [b"Bearer ", bytes.as_slice()].concat() } else { bytes };
            prop_assert_eq!(all().who(&Sent(vec![(name, given)]), &mut Memo::default()), None);
        }
    }
}
