//! What is told when an upstream did not answer, and whether legacy answers instead.

use super::send;
use crate::runtime::routes::Turn;
use crate::runtime::shadow::{Reply, Skipped};
use actix_web::web::Bytes;
use banyan_migration::stage::Side;
use banyan_model::refusal::Refusal;
use banyan_upstream::{Answer, Failure};
use std::time::Duration;

/// Why legacy is to answer instead, as it stands in a header and a metric. `None`: it is not. A write never falls back:
/// its [`banyan_migration::stage::Way`] says so.
pub(super) fn falls_back(turn: &Turn, sent: &Result<Answer, Failure>) -> Option<&'static str> {
    if turn.way.answers != Side::Modern || !turn.way.falls_back {
        return None;
    }
    match sent {
        Ok(answer) if turn.route.config.fallback => match answer.status.as_u16() {
            502 => Some("modern-502"),
            503 => Some("modern-503"),
            504 => Some("modern-504"),
            _ => None,
        },
        Ok(_) => None,
        Err(Failure::BreakerOpen { .. }) => Some("modern-breaker-open"),
        Err(Failure::Connect { .. } | Failure::Tls { .. }) => Some("modern-unreachable"),
        Err(Failure::Timeout { .. }) => Some("modern-timeout"),
        Err(Failure::Unfit { .. }) => Some("modern-ids"),
        Err(Failure::Broken { .. } | Failure::NotHttp { .. }) => Some("modern-failed"),
        Err(Failure::CallerBroke { .. } | Failure::CallerPaused { .. } | Failure::Unsendable { .. }) => None,
    }
}

/// How modern failed, to be compared with what legacy answers instead.
pub(super) fn told(sent: &Result<Answer, Failure>, took: Duration) -> Result<Reply, String> {
    let answer = sent.as_ref().map_err(ToString::to_string)?;
    let (status, headers) = (answer.status.as_u16(), answer.fields.texts());
    Ok(Reply { status, headers, body: Bytes::new(), took })
}

/// Why nothing is compared where nobody answered.
pub(super) fn uncompared(side: Side, failure: &Failure) -> Skipped {
    match (side, failure) {
        (_, Failure::CallerBroke { .. } | Failure::CallerPaused { .. }) => Skipped::BrokeOff,
        (Side::Legacy, _) => Skipped::Unanswered,
        // Legacy was not asked instead, since the request could not be asked twice.
        (Side::Modern, _) => Skipped::RequestTooLarge,
    }
}

/// What the consumer is told: never which system, or what it said. `largest`: the body was larger than that.
pub(super) fn refusal(failure: &Failure, largest: Option<u64>) -> Refusal {
    if let Some(largest) = largest {
        return send::too_large(largest);
    }
    match failure {
        Failure::BreakerOpen { .. } => {
            Refusal::new("upstream-unavailable", "it failed several times in a row and is tried again soon")
        }
        Failure::Unsendable { .. } => Refusal::new("upstream-unavailable", "nobody answers this request now"),
        Failure::Connect { .. } | Failure::Tls { .. } => {
            Refusal::new("upstream-unreachable", "no connection could be made; nothing was sent")
        }
        Failure::Timeout { sent: banyan_upstream::Sent::Nothing, .. } => {
            Refusal::new("upstream-timeout", "no connection came about in time; nothing was sent")
        }
        Failure::Timeout { millis, .. } => Refusal::new(
            "upstream-timeout",
            format!("no answer began within {millis} ms; the request may have been done"),
        ),
        Failure::Unfit { .. } => Refusal::new(
            "upstream-failed",
            "it knows what was asked for by another id, and that id is not known here, or the other way round",
        ),
        Failure::Broken { .. } | Failure::NotHttp { .. } => Refusal::new(
            "upstream-failed",
            "the connection broke, or the answer is none; the request may have been done",
        ),
        Failure::CallerBroke { .. } => send::broken(),
        Failure::CallerPaused { millis } => {
            Refusal::new("body-too-slow", format!("the body paused for more than {millis} ms"))
        }
    }
}
