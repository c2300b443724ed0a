//! Sends one request and brings its answer's head; the body streams after it.

use crate::body::{Incoming, Outgoing};
use crate::budget::Retries;
use crate::config::{Address, HostField, Timeouts, UpstreamConfig};
use crate::connect::{self, Tls, Wire};
use crate::contract::ContractConfig;
use crate::failure::{Failure, Sent};
use crate::progress::{self, Progress};
use crate::spare::Spare;
use crate::{fields, pool};
use banyan_migration::breaker::{Breaker, Leave};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::upgrade::OnUpgrade;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Bytes of an answer's head beyond which it is refused, as it is beyond 100 fields (hyper's own bound, for which it needs
/// no memory of its own): a proxy must not be felled by its upstream.
const LARGEST_HEAD: usize = 256 * 1024;

/// A request. Its fields are the caller's, less those of the hop ([`fields::end_hop`]), with ours ([`fields::stamp`]).
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Path and query, as they came.
    pub target: String,
    /// Its fields. Lengths and encodings of transfer are written anew from the body.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Outgoing,
    /// The protocol it wants to change to.
    pub upgrade: Option<HeaderValue>,
}

impl Request {
    /// Whether it may be sent twice without harm (RFC 9110, 9.2.1).
    fn is_safe(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
    }
}

/// An answer: its head has arrived.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its fields, less those of the hop. `Content-Length` stands where the upstream wrote it.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Incoming,
    /// After 101: the connection, for the new protocol, and that protocol.
    pub upgraded: Option<(HeaderValue, OnUpgrade)>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// An upstream, ready to be sent requests from any thread that runs a local set.
pub struct Upstream {
    number: u64,
    address: Address,
    tls: Option<Tls>,
    timeouts: Timeouts,
    idle: usize,
    host: HostField,
    /// What stands in `Host` then.
    authority: HeaderValue,
    breaker: Mutex<Breaker>,
    retries: Retries,
    spare: Spare,
    began: Instant,
    contract: Option<ContractConfig>,
    base: PathBuf,
}

impl Upstream {
    /// Makes one of its keys; certificates are read here, nothing is connected. Paths are relative to `base`.
    pub fn new(config: &UpstreamConfig, base: &Path) -> Result<Upstream, String> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let address = config.address()?;
        let authority = HeaderValue::from_str(&address.authority);
        let authority = authority.map_err(|_| format!("`{}` is no header value", address.authority))?;
        Ok(Upstream {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            tls: connect::tls(&address, config.tls.as_ref(), base)?,
            address,
            timeouts: config.timeouts(),
            idle: config.idle_connections.unwrap_or(32),
            host: config.host,
            authority,
            breaker: Mutex::default(),
            retries: Retries::default(),
            spare: Spare::new(config.spare.unwrap_or(10)),
            began: Instant::now(),
            contract: config.contract.clone(),
            base: base.to_owned(),
        })
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
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let again = request.body.again().map(|body| Request {
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            body,
            upgrade: request.upgrade.clone(),
        });
        self.send_or(request, || again).await
    }

    /// The same for who can make the request anew, which costs nothing where it is not sent a second time. `None`: its
    /// body is gone.
    pub async fn send_or(
        &self,
        mut request: Request,
        again: impl FnOnce() -> Option<Request>,
    ) -> Result<Answer, Failure> {
        self.leave()?;
        self.retries.earn();
        self.dress(&mut request)?;
        let safe = request.is_safe();
        let mut sent = self.once(request).await;
        if let Err(failure) = &sent {
            let harmless = safe || failure.sent() == Sent::Nothing;
            let passing = matches!(failure, Failure::Broken { .. } | Failure::Connect { .. });
            if harmless
                && passing
                && let Some(mut again) = again()
                && self.retries.spend()
            {
                self.dress(&mut again)?;
                sent = self.once(again).await;
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

    /// What every request to this upstream bears.
    fn dress(&self, request: &mut Request) -> Result<(), Failure> {
        let unsendable = |why: &str| Failure::Unsendable { why: why.to_owned() };
        let headers = &mut request.headers;
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::TRANSFER_ENCODING);
        if self.host == HostField::Upstream || !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, self.authority.clone());
        }
        if let Some(protocol) = &request.upgrade {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, protocol.clone());
        }
        if !request.target.starts_with('/') && request.target != "*" {
            return Err(unsendable("the path does not begin with a slash"));
        }
        if !self.address.base.is_empty() {
            request.target.insert_str(0, &self.address.base);
        }
        Ok(())
    }

    /// Sends it over an idle connection or a new one. An idle one may have been closed meanwhile: as long as nothing was
    /// sent that is no failure, and the next is tried.
    async fn once(&self, request: Request) -> Result<Answer, Failure> {
        let uri = Uri::try_from(request.target).map_err(|e| Failure::Unsendable { why: format!("its path: {e}") })?;
        let upgrade = request.upgrade;
        let (body, progress) = progress::watch(request.body);
        let mut message = http::Request::new(body);
        *message.method_mut() = request.method;
        *message.uri_mut() = uri;
        *message.headers_mut() = request.headers;
        loop {
            let (mut connection, reused) = match pool::take(self.number) {
                Some(connection) => (connection, true),
                None => (self.connect().await?, false),
            };
            let sending = connection.try_send_request(message);
            let answer = match self.in_time(sending, progress.as_deref()).await {
                Err(late) => return Err(late),
                Ok(Err(mut failed)) => match failed.take_message() {
                    Some(unsent) if reused => {
                        message = unsent;
                        continue;
                    }
                    unsent => return Err(failure(failed.error(), unsent.is_some())),
                },
                Ok(Ok(answer)) => answer,
            };
            if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                pool::give(self.number, connection, self.idle);
            }
            return self.take(answer, upgrade);
        }
    }

    /// Waits for the head of an answer: its time begins anew with each piece of the body that is sent.
    async fn in_time<T>(&self, sending: impl Future<Output = T>, progress: Option<&Progress>) -> Result<T, Failure> {
        let head = self.timeouts.head;
        let Some(progress) = progress else {
            return tokio::time::timeout(head, sending).await.map_err(|_| self.late());
        };
        let mut sending = std::pin::pin!(sending);
        loop {
            let until = progress.moved() + head;
            match tokio::time::timeout_at(until, &mut sending).await {
                Ok(sent) => return Ok(sent),
                Err(_) if progress.moved() + head > until => {}
                Err(_) if progress.is_callers() => return Err(Failure::CallerPaused { millis: head.as_millis() }),
                Err(_) => return Err(self.late()),
            }
        }
    }

    fn late(&self) -> Failure {
        Failure::Timeout { what: "the answer", millis: self.timeouts.head.as_millis(), sent: Sent::Perhaps }
    }

    fn take(
        &self,
        mut answer: http::Response<hyper::body::Incoming>,
        upgrade: Option<HeaderValue>,
    ) -> Result<Answer, Failure> {
        let upgraded = match (answer.status(), upgrade) {
            (StatusCode::SWITCHING_PROTOCOLS, Some(asked)) => {
                let protocol = answer.headers().get(header::UPGRADE).cloned().unwrap_or(asked);
                Some((protocol, hyper::upgrade::on(&mut answer)))
            }
            (StatusCode::SWITCHING_PROTOCOLS, None) => {
                return Err(Failure::NotHttp { why: "it changes the protocol, which nobody asked for".to_owned() });
            }
            _ => None,
        };
        let (parts, body) = answer.into_parts();
        let mut headers = parts.headers;
        let events = headers.get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/event-stream"));
        fields::end_hop(&mut headers);
        let idle = (!events && upgraded.is_none()).then_some(self.timeouts.idle);
        Ok(Answer { status: parts.status, headers, body: Incoming::new(body, idle), upgraded })
    }

    async fn connect(&self) -> Result<SendRequest<Outgoing>, Failure> {
        let wire = connect::open(&self.address, self.tls.as_ref(), self.timeouts.connect).await?;
        let mut builder = Builder::new();
        builder.max_buf_size(LARGEST_HEAD);
        let broken = |e: hyper::Error| Failure::Broken { why: e.to_string(), sent: Sent::Nothing };
        // How a connection ends is told to whoever waits for an answer on it.
        match wire {
            Wire::Plain(io) => {
                let (sender, connection) = builder.handshake(io).await.map_err(broken)?;
                tokio::task::spawn_local(async move { drop(connection.with_upgrades().await) });
                Ok(sender)
            }
            Wire::Tls(io) => {
                let (sender, connection) = builder.handshake(*io).await.map_err(broken)?;
                tokio::task::spawn_local(async move { drop(connection.with_upgrades().await) });
                Ok(sender)
            }
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // Connections of other threads end with their servers' idle times.
        pool::forget(self.number);
    }
}

fn failure(error: &hyper::Error, unsent: bool) -> Failure {
    let why = error.to_string();
    if error.is_user() {
        return Failure::CallerBroke { why };
    }
    if error.is_parse() {
        return Failure::NotHttp { why };
    }
    Failure::Broken { why, sent: if unsent { Sent::Nothing } else { Sent::Perhaps } }
}
