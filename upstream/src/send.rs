//! Sends one request and brings its answer's head; the body streams after it.

use crate::body::{Incoming, Outgoing};
use crate::budget::Retries;
use crate::config::{Address, HostField, Timeouts, UpstreamConfig};
use crate::connect::{self, Tls};
use crate::contract::ContractConfig;
use crate::failure::{Failure, Sent};
use crate::fields::{self, Fields};
use crate::http1::{Call, Coming, Head, Link, Unanswered, Upgraded, Upload};
use crate::pool::Home;
use crate::spare::Spare;
use banyan_migration::breaker::{Breaker, Leave};
use bytes::Bytes;
use http::{Method, StatusCode};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, ready};
use tokio::time::Instant;

/// Bytes of a request's head beside path, host and fields, or a few more.
const FRAME: usize = 96;

/// A request. Its fields are the caller's, less those of the hop ([`fields::end_hop`]), with ours ([`fields::stamp`]).
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Path and query, as they came.
    pub target: String,
    /// Its fields. Lengths and encodings of transfer are written anew from the body.
    pub fields: Fields,
    /// Its body.
    pub body: Outgoing,
    /// The protocol it wants to change to.
    pub upgrade: Option<String>,
}

impl Request {
    /// Whether it may be sent twice without harm (RFC 9110, 9.2.1).
    fn is_safe(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
    }
}

/// What is sent, once or twice.
struct Asked<'r> {
    head: &'r [u8],
    safe: bool,
    /// Its method is HEAD.
    asks_head: bool,
    /// The protocol it wants to change to.
    upgrade: Option<&'r str>,
}

/// An answer: its head has arrived.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its fields, less those of the hop. `Content-Length` stands where the upstream wrote it.
    pub fields: Fields,
    /// Its body.
    pub body: Incoming,
    /// After 101: the connection, for the new protocol, and that protocol.
    pub upgraded: Option<(String, Upgraded)>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// An upstream, ready to be sent requests from any thread that runs a local set.
pub struct Upstream {
    home: Home,
    address: Address,
    tls: Option<Tls>,
    timeouts: Timeouts,
    host: HostField,
    breaker: Mutex<Breaker>,
    retries: Retries,
    spare: Spare,
    began: std::time::Instant,
    contract: Option<ContractConfig>,
    base: PathBuf,
}

impl Upstream {
    /// Makes one of its keys; certificates are read here, nothing is connected. Paths are relative to `base`.
    pub fn new(config: &UpstreamConfig, base: &Path) -> Result<Upstream, String> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let address = config.address()?;
        if !Fields::default().append("host", address.authority.as_bytes()) {
            return Err(format!("`{}` is no header value", address.authority));
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Upstream {
            home: Home { upstream: number, most: config.idle_connections.unwrap_or(32) },
            tls: connect::tls(&address, config.tls.as_ref(), base)?,
            address,
            timeouts: config.timeouts(),
            host: config.host,
            breaker: Mutex::default(),
            retries: Retries::default(),
            spare: Spare::new(config.spare.unwrap_or(10)),
            began: std::time::Instant::now(),
            contract: config.contract.clone(),
            base: base.to_owned(),
        })
    }

    /// Where it is, and by which name it is asked: two with the same place are the same service.
    pub fn place(&self) -> String {
        let Address { tls, authority, base, .. } = &self.address;
        let kept = if self.host == HostField::Keep { " with the caller's Host" } else { "" };
        format!("{}://{authority}{base}{kept}", if *tls { "https" } else { "http" })
    }

    /// Where its OpenAPI document is, if that is configured.
    pub fn contract(&self) -> Option<&ContractConfig> {
        self.contract.as_ref()
    }

    /// A file of its configuration, from where this process stands.
    pub fn file(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    /// Whether its breaker keeps requests from it.
    pub fn is_open(&self) -> bool {
        self.breaker().is_open()
    }

    /// Whether it may be asked once more beyond what consumers ask, now. Each yes counts.
    pub fn may_be_asked_beside(&self) -> bool {
        self.spare.spend(self.now())
    }

    /// Sends a request. Dropping the future, or the answer's body, closes the connection and so tells the upstream.
    pub async fn send(&self, mut request: Request) -> Result<Answer, Failure> {
        self.leave()?;
        self.retries.earn();
        if let Some(protocol) = &request.upgrade {
            request.fields.set("connection", b"upgrade");
            request.fields.set("upgrade", protocol.as_bytes());
        }
        let head = self.head(&request)?;
        let safe = request.is_safe();
        let again = request.body.again();
        let asks_head = request.method == Method::HEAD;
        let asked = Asked { head: &head, safe, asks_head, upgrade: request.upgrade.as_deref() };
        let mut sent = self.once(&asked, request.body).await;
        if let Err(failure) = &sent {
            let harmless = safe || failure.sent() == Sent::Nothing;
            let passing = matches!(failure, Failure::Broken { .. } | Failure::Connect { .. });
            if harmless
                && passing
                && let Some(again) = again
                && self.retries.spend()
            {
                sent = self.once(&asked, again).await;
            }
        }
        match &sent {
            Ok(_) => self.breaker().answered(),
            Err(failure) if failure.counts() => {
                let now = self.now();
                self.breaker().failed(now);
            }
            Err(_) => {}
        }
        sent
    }

    fn leave(&self) -> Result<(), Failure> {
        // A probe whose task is dropped is over with the head's time.
        let timeout = self.timeouts.connect + self.timeouts.head;
        let now = self.now();
        match self.breaker().ask(now, u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)) {
            Leave::Go | Leave::Probe => Ok(()),
            Leave::Not { again_ms } => Err(Failure::BreakerOpen { again_ms }),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request's head as it is written.
    fn head(&self, request: &Request) -> Result<Vec<u8>, Failure> {
        let unsendable = |why: &str| Failure::Unsendable { why: why.to_owned() };
        let target = request.target.as_bytes();
        if !target.starts_with(b"/") && target != b"*" {
            return Err(unsendable("the path does not begin with a slash"));
        }
        // What ends a request line, or is cut off before it is sent, is no part of a target (RFC 9112, 3.2).
        if target.iter().any(|b| *b <= b' ' || *b == 0x7f || *b == b'#') {
            return Err(unsendable("the path has a blank, a control character or a fragment"));
        }
        let fields = &request.fields;
        let kept = fields.get("host").filter(|_| self.host == HostField::Keep);
        let host = kept.unwrap_or(self.address.authority.as_bytes());
        let (method, base) = (request.method.as_str().as_bytes(), self.address.base.as_bytes());
        let mut head = Vec::with_capacity(FRAME + base.len() + target.len() + host.len() + fields.size());
        for piece in [method, b" ", base, target, b" HTTP/1.1\r\nhost: ", host, b"\r\n"] {
            head.extend_from_slice(piece);
        }
        fields.write(&mut head, |name| !matches!(name, b"host" | b"content-length" | b"transfer-encoding"));
        let expected = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
        match request.body.length() {
            // Where nobody expects a body none is announced, unless the caller did (RFC 9110, 8.6).
            Some(0) if !expected && !fields.contains("content-length") => {}
            Some(length) => head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes()),
            None => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }

    /// Sends it over an idle connection or a new one. An idle one may have been closed meanwhile: as long as nothing was
    /// sent that is no failure, and the next is tried.
    async fn once(&self, asked: &Asked<'_>, body: Outgoing) -> Result<Answer, Failure> {
        let (whole, mut upload) = match body {
            Outgoing::Empty => (Bytes::new(), None),
            Outgoing::Whole(bytes) => (bytes, None),
            Outgoing::Stream { length, stream } => (Bytes::new(), Some(Upload::new(length, stream))),
        };
        loop {
            // What may not be asked twice is not sent to where nobody listens any more.
            let (mut link, reused) = match self.home.take(!asked.safe) {
                Some(link) => (link, true),
                None => (self.connect().await?, false),
            };
            link.begin(&[asked.head, &whole]);
            let mut call = Call::new(link, upload.take(), asked.asks_head);
            match self.head_of(&mut call).await {
                Ok(head) => return self.take(call, head, asked),
                Err(Failure::Broken { sent: Sent::Nothing, .. }) if reused => upload = call.into_upload(),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Waits for the head of an answer: its time begins anew with each piece of the body that is sent.
    async fn head_of(&self, call: &mut Call) -> Result<Head, Failure> {
        let limit = self.timeouts.head;
        let begun = Instant::now();
        std::future::poll_fn(|cx| {
            if let Poll::Ready(head) = call.poll_head(cx) {
                return Poll::Ready(head.map_err(|why| failure(why, call.began())));
            }
            let moved = call.upload().map_or(begun, Upload::moved);
            ready!(call.poll_until(moved + limit, cx));
            let millis = limit.as_millis();
            Poll::Ready(Err(match call.upload() {
                Some(upload) if upload.is_callers() => Failure::CallerPaused { millis },
                _ => Failure::Timeout { what: "the answer", millis, sent: Sent::Perhaps },
            }))
        })
        .await
    }

    fn take(&self, call: Call, head: Head, asked: &Asked<'_>) -> Result<Answer, Failure> {
        let (status, mut fields) = (head.status, head.fields);
        let mut idle = Some(self.timeouts.idle);
        let (body, upgraded) = match (status, asked.upgrade) {
            (StatusCode::SWITCHING_PROTOCOLS, Some(wanted)) => {
                let protocol = fields.text("upgrade").unwrap_or(wanted).to_owned();
                (Incoming::whole(Bytes::new()), Some((protocol, Upgraded::new(call.into_link()))))
            }
            (StatusCode::SWITCHING_PROTOCOLS, None) => {
                return Err(Failure::NotHttp { why: "it changes the protocol, which nobody asked for".to_owned() });
            }
            _ => {
                if fields.get("content-type").is_some_and(|t| t.starts_with(b"text/event-stream")) {
                    idle = None;
                }
                let coming = Coming::new(call, head.ends, head.keeps, self.home, self.timeouts.idle);
                (Incoming::new(coming, idle), None)
            }
        };
        fields::end_hop(&mut fields);
        Ok(Answer { status, fields, body, upgraded })
    }

    async fn connect(&self) -> Result<Link, Failure> {
        Ok(Link::new(connect::open(&self.address, self.tls.as_ref(), self.timeouts.connect).await?))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // Connections of other threads end with their servers' idle times.
        self.home.forget();
    }
}

fn failure(why: Unanswered, began: bool) -> Failure {
    match why {
        Unanswered::Caller(why) => Failure::CallerBroke { why },
        Unanswered::NotHttp(why) => Failure::NotHttp { why },
        Unanswered::Broken(why) => Failure::Broken { why, sent: if began { Sent::Perhaps } else { Sent::Nothing } },
    }
}
