//! Why an upstream did not answer.

/// How much of a request may have reached the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Nothing: it may be sent elsewhere.
    Nothing,
    /// It cannot be told: only a safe request may be sent again.
    Perhaps,
}

/// Why there is no answer. Told to operators; consumers see a status only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too many requests failed of late; the next probe is due then.
    #[error("the upstream failed of late; it is tried again in {again_ms} ms")]
    BreakerOpen {
        /// In milliseconds.
        again_ms: u64,
    },
    /// No connection: unknown name, refused, unreachable.
    #[error("cannot connect to {at}: {why}")]
    Connect {
        /// Host and port.
        at: String,
        /// The system's words.
        why: String,
    },
    /// The certificate is not trusted, or the two cannot agree.
    #[error("TLS with {at} failed: {why}")]
    Tls {
        /// Host and port.
        at: String,
        /// The library's words.
        why: String,
    },
    /// It took longer than the configuration allows.
    #[error("{what} took longer than {millis} ms")]
    Timeout {
        /// Connecting, or the head of the answer.
        what: &'static str,
        /// The limit.
        millis: u128,
        /// What may have been sent.
        sent: Sent,
    },
    /// The connection broke before the head of an answer.
    #[error("the upstream closed the connection without an answer: {why}")]
    Broken {
        /// The library's words.
        why: String,
        /// What may have been sent.
        sent: Sent,
    },
    /// The upstream's answer is not HTTP.
    #[error("the upstream's answer is not proper HTTP: {why}")]
    NotHttp {
        /// The library's words.
        why: String,
    },
    /// The caller's body ended early or was not properly encoded; the upstream is not to blame.
    #[error("the request's body broke off: {why}")]
    CallerBroke {
        /// Why.
        why: String,
    },
    /// The caller's body paused for too long; the upstream is not to blame.
    #[error("the request's body paused for more than {millis} ms")]
    CallerPaused {
        /// The limit.
        millis: u128,
    },
    /// What was asked, or said, cannot be put into the other side's words.
    #[error("{why}")]
    Unfit {
        /// Why.
        why: String,
    },
    /// The request cannot be put into HTTP.
    #[error("the request cannot be sent: {why}")]
    Unsendable {
        /// Why.
        why: String,
    },
}

impl Failure {
    /// How much of the request may have reached the upstream.
    pub fn sent(&self) -> Sent {
        match self {
            Failure::Timeout { sent, .. } | Failure::Broken { sent, .. } => *sent,
            Failure::NotHttp { .. }
            | Failure::Unfit { .. }
            | Failure::CallerBroke { .. }
            | Failure::CallerPaused { .. } => Sent::Perhaps,
            _ => Sent::Nothing,
        }
    }

    /// Whether it is the transport's failure, which the breaker counts.
    pub(crate) fn counts(&self) -> bool {
        !matches!(
            self,
            Failure::BreakerOpen { .. }
                | Failure::CallerBroke { .. }
                | Failure::CallerPaused { .. }
                | Failure::Unfit { .. }
                | Failure::Unsendable { .. }
        )
    }
}
