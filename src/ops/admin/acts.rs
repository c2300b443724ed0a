//! What people do: replay, discard, accept, reload.

use super::blocking;
use super::fault::{AdminFault, Problem};
use super::lists::letter_state;
use super::reads::number_of;
use crate::ops::acts::Waiting;
use crate::ops::state::AdminState;
use crate::runtime::ingest::Replayed;
use actix_web::error::JsonPayloadError;
use actix_web::web::{Bytes, Data, Json, JsonConfig, Path};
use banyan_store::DeadLetterFilter;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;
use utoipa::ToSchema;

/// Longest body read.
const LONGEST: usize = 64 << 10;
/// Dead letters that one call of the bulk replay looks at: some seconds at most.
const ROUND: usize = 500;
const LONGEST_REASON: usize = 1_000;

/// Bounds of bodies, and how a bad one is told.
pub(super) fn json_limits() -> JsonConfig {
    JsonConfig::default().limit(LONGEST).error_handler(|e, _| {
        let fault = match e {
            JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
                AdminFault::new("body-too-large", format!("at most {LONGEST} bytes are read"))
            }
            JsonPayloadError::Deserialize(e) => AdminFault::new("bad-body", e.to_string()),
            other => AdminFault::new("bad-body", other.to_string()),
        };
        fault.into()
    })
}

/// What became of a replay.
#[derive(Serialize, ToSchema)]
pub(super) struct LetterReplayView {
    /// `applied`, or `refused_again`.
    outcome: String,
    /// Why it was refused again: code.
    code: Option<String>,
    /// The same, for a person.
    message: Option<String>,
}

/// Replay one dead letter
///
/// Maps its record again, with the mapping and the lookups as they are now.
#[utoipa::path(post, path = "/admin/v1/dead-letters/{number}/replay", operation_id = "replayDeadLetter", tag = "dead letters",
    params(("number" = u64, Path, description = "Its number.")),
    request_body(content = Option<Empty>, content_type = "application/json", description = "Empty, or an empty object."),
    responses((status = 200, description = "It was applied, or refused again.", body = LetterReplayView),
        (status = 404, description = "There is no such dead letter.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be replayed.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn replay(
    state: Data<AdminState>,
    number: Path<String>,
    body: Bytes,
) -> Result<Json<LetterReplayView>, AdminFault> {
    empty(&body)?;
    let number = number_of("dead letter", &number)?;
    blocking(&state, move |s| {
        exists(s, number)?;
        match s.acts.replay(number)? {
            Replayed::Applied => {
                Ok(Json(LetterReplayView { outcome: "applied".to_owned(), code: None, message: None }))
            }
            Replayed::RefusedAgain { code, message } => Ok(Json(LetterReplayView {
                outcome: "refused_again".to_owned(),
                code: Some(code),
                message: Some(message),
            })),
            Replayed::NotPossible { message } => Err(AdminFault::new("not-possible", message)),
        }
    })
    .await
}

/// Which dead letters to replay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayAsk {
    /// Only of this dataset.
    dataset: Option<String>,
    /// Only with this code.
    code: Option<String>,
    /// `next` of the answer before.
    cursor: Option<String>,
}

/// What became of a round of replays.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct ReplayRound {
    /// How many were applied.
    applied: u64,
    /// How many were refused again.
    refused_again: u64,
    /// How many cannot be replayed: they could not even be read.
    not_possible: u64,
    /// Pass it on as `cursor` for the next round; null when all were looked at.
    next: Option<String>,
}

/// Replay many dead letters
///
/// Looks at up to 500 open dead letters, the newest first. Call it again with `next` until that is null: rounds are
/// bounded, so that intake goes on between them.
#[utoipa::path(post, path = "/admin/v1/dead-letters:replay", operation_id = "replayDeadLetters", tag = "dead letters",
    request_body = ReplayAsk,
    responses((status = 200, description = "What became of this round.", body = ReplayRound),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn replay_many(
    state: Data<AdminState>,
    ask: Json<Object<ReplayAsk>>,
) -> Result<Json<ReplayRound>, AdminFault> {
    let Object(ask) = ask.into_inner();
    blocking(&state, move |s| round(s, &ask).map(Json)).await
}

fn round(state: &AdminState, ask: &ReplayAsk) -> Result<ReplayRound, AdminFault> {
    let dataset = match ask.dataset.as_deref() {
        None => None,
        Some(full) => match state.shared.get().catalog.dataset(full) {
            Some((_, d)) => Some(d.stored),
            None => return Err(AdminFault::new("bad-value", format!("there is no dataset `{full}`"))),
        },
    };
    let before = match ask.cursor.as_deref() {
        None => None,
        Some(c) => {
            let number = c.strip_prefix('b').and_then(|n| n.parse().ok());
            Some(number.ok_or_else(|| AdminFault::new("bad-cursor", "it is not one that this act gave"))?)
        }
    };
    let filter = DeadLetterFilter { dataset, code: ask.code.clone(), state: letter_state(None)?, before };
    let numbers: Vec<u64> =
        state.read(|_, reader| Ok(reader.dead_letters(&filter, ROUND)?.iter().map(|l| l.number).collect()))?;
    let mut out = ReplayRound::default();
    for number in &numbers {
        match state.acts.replay(*number)? {
            Replayed::Applied => out.applied += 1,
            Replayed::RefusedAgain { .. } => out.refused_again += 1,
            Replayed::NotPossible { .. } => out.not_possible += 1,
        }
    }
    out.next = numbers.last().filter(|_| numbers.len() == ROUND).map(super::params::cursor);
    Ok(out)
}

/// Why a dead letter is discarded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DiscardAsk {
    /// For whoever asks later: kept with the dead letter. Not empty, at most 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// That an act is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// What was done.
    done: String,
}

/// Discard a dead letter
///
/// Closes it for good. It stays in the list of discarded ones, with the reason.
#[utoipa::path(post, path = "/admin/v1/dead-letters/{number}/discard", operation_id = "discardDeadLetter", tag = "dead letters",
    params(("number" = u64, Path, description = "Its number.")), request_body = DiscardAsk,
    responses((status = 200, description = "It is discarded.", body = Done),
        (status = 400, description = "There is no reason given.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such dead letter.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not open.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn discard(
    state: Data<AdminState>,
    number: Path<String>,
    ask: Json<Object<DiscardAsk>>,
) -> Result<Json<Done>, AdminFault> {
    let number = number_of("dead letter", &number)?;
    let reason = ask.into_inner().0.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(AdminFault::new("bad-body", format!("`reason` has 1 to {LONGEST_REASON} characters")));
    }
    blocking(&state, move |s| {
        exists(s, number)?;
        if s.acts.discard(number, &reason)? {
            return Ok(Json(Done { done: format!("dead letter {number} is discarded") }));
        }
        Err(AdminFault::new("not-possible", format!("dead letter {number} is not open")))
    })
    .await
}

/// Accept changed columns, or deletions that wait
///
/// A dataset that drifted goes on with the columns it found; a snapshot whose deletions wait is read again, and carries
/// them out. Say in the body what you saw, and nothing else is accepted; an empty body accepts whatever waits.
#[utoipa::path(post, path = "/admin/v1/datasets/{full}/accept", operation_id = "acceptDataset", tag = "datasets",
    params(("full" = String, Path, description = "Its full name, as in `crm.contacts`.")),
    request_body(content = Option<Waiting>, content_type = "application/json", description = "What you saw."),
    responses((status = 200, description = "What was accepted.", body = Done),
        (status = 404, description = "There is no such dataset.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing waits, or something else.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn accept(state: Data<AdminState>, full: Path<String>, body: Bytes) -> Result<Json<Done>, AdminFault> {
    let seen = match empty(&body) {
        Ok(()) => None,
        Err(_) => {
            let read: Result<Object<Waiting>, _> = serde_json::from_slice(&body);
            Some(read.map_err(|e| AdminFault::new("bad-body", e.to_string()))?.0)
        }
    };
    let full = full.into_inner();
    blocking(&state, move |s| match s.acts.accept(&full, seen)? {
        Some(what) => Ok(Json(Done { done: format!("accepted {what}") })),
        None => Err(AdminFault::new("not-possible", format!("nothing of `{full}` waits to be accepted"))),
    })
    .await
}

/// Which halt was seen.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HaltSeen {
    /// `id` of `halted`, as `/admin/v1/sources` tells it; left out: whatever waits.
    halt: Option<String>,
}

/// Let a source go on that stands still
///
/// A source stands still when it found its system other than described (a changed screen), or was refused its login, until
/// a person has looked. Say in the body which halt you saw, and no other is accepted.
#[utoipa::path(post, path = "/admin/v1/sources/{name}/accept", operation_id = "acceptSource", tag = "sources",
    params(("name" = String, Path, description = "Its name.")),
    request_body(content = Option<HaltSeen>, content_type = "application/json", description = "Which halt you saw."),
    responses((status = 200, description = "What was accepted.", body = Done),
        (status = 404, description = "There is no such source.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing waits, or something else.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn accept_source(
    state: Data<AdminState>,
    name: Path<String>,
    body: Bytes,
) -> Result<Json<Done>, AdminFault> {
    let seen = match empty(&body) {
        Ok(()) => HaltSeen::default(),
        Err(_) => {
            let read: Result<Object<HaltSeen>, _> = serde_json::from_slice(&body);
            read.map_err(|e| AdminFault::new("bad-body", e.to_string()))?.0
        }
    };
    let name = name.into_inner();
    blocking(&state, move |s| match s.acts.accept_source(&name, seen.halt.as_deref())? {
        Some(what) => Ok(Json(Done { done: what })),
        None => Err(AdminFault::new("not-possible", format!("nothing of `{name}` waits to be accepted"))),
    })
    .await
}

/// Read the configuration again
///
/// One with errors is refused, and the one in use stays.
#[utoipa::path(post, path = "/admin/v1/reload", operation_id = "reload", tag = "gateway",
    request_body(content = Option<Empty>, content_type = "application/json", description = "Empty, or an empty object."),
    responses((status = 200, description = "It is in use.", body = Done),
        (status = 409, description = "This gateway does not reload.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It has errors.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn reload(state: Data<AdminState>, body: Bytes) -> Result<Json<Done>, AdminFault> {
    empty(&body)?;
    blocking(&state, |s| Ok(Json(Done { done: s.acts.reload()? }))).await
}

/// A body that is an object: a list would pass for one, member by member.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Object<T>, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        from.deserialize_map(Members(PhantomData))
    }
}

/// An act without details.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty {}

fn empty(body: &[u8]) -> Result<(), AdminFault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let read: Result<Object<Empty>, _> = serde_json::from_slice(body);
    read.map(drop)
        .map_err(|e| AdminFault::new("bad-body", format!("an empty body or an empty object is expected: {e}")))
}

fn exists(state: &AdminState, number: u64) -> Result<(), AdminFault> {
    match state.read(|_, reader| reader.dead_letter(number))? {
        Some(_) => Ok(()),
        None => Err(AdminFault::missing(format_args!("dead letter {number}"))),
    }
}
