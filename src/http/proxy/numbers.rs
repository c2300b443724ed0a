//! A modern side that numbers otherwise: its ids in what it is asked, ours in what it says.
//!
//! Invariant: what cannot be translated is not passed on, in neither direction.

use crate::http::worker;
use crate::runtime::routes::Route;
use crate::runtime::routes::ids::{self, Untranslated};
use crate::runtime::serving::Shared;
use actix_web::web::Bytes;
use banyan_upstream::{Answer, Failure, Incoming};
use banyan_words::Id;
use futures_util::StreamExt;
use std::sync::Arc;

/// The largest answer that is translated.
const LARGEST: usize = 8 << 20;

/// The path by which modern knows what is asked for. `Err`: why it knows it by none.
pub(super) fn outward(shared: &Arc<Shared>, route: &Route, target: &str) -> Result<String, String> {
    let (Some(numbers), Some(entity)) = (&route.config.ids, route.entity) else { return Ok(target.to_owned()) };
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
    let mut steps: Vec<&str> = path.split('/').collect();
    // "", "v1", the collection, the id, and what belongs to it.
    let Some(id) = steps.get(3).and_then(|id| Id::parse(id)) else { return Ok(target.to_owned()) };
    let key =
        worker::with(shared, |w| w.read(|serving, reader| ids::outward(serving, reader, entity, id, &numbers.space)));
    let key = key.map_err(|refusal| refusal.detail)?;
    let key = key.ok_or_else(|| format!("the crosswalk has no key in `{}` for it", numbers.space))?;
    let key = percent(&key);
    if let Some(step) = steps.get_mut(3) {
        *step = &key;
    }
    let path = steps.join("/");
    Ok(query.map_or(path.clone(), |query| format!("{path}?{query}")))
}

/// What modern said, with our ids. `Err`: why it cannot be told.
pub(super) fn inward(shared: &Arc<Shared>, route: &Route, body: &[u8]) -> Result<Vec<u8>, String> {
    let (Some(numbers), Some(entity)) = (&route.config.ids, route.entity) else { return Ok(body.to_vec()) };
    let mut broke = None;
    let translated = worker::with(shared, |w| {
        w.read(|serving, reader| {
            Ok(ids::rewrite(body, &numbers.at, &mut |key| {
                let found = ids::inward(serving, reader, entity, key, &numbers.space);
                let id = found.unwrap_or_else(|refusal| {
                    broke = Some(refusal.detail);
                    None
                })?;
                String::from_utf8(id.text().to_vec()).ok()
            }))
        })
    });
    let translated = translated.map_err(|refusal| refusal.detail)?;
    translated.map_err(|why| match (broke, why) {
        (Some(broke), _) => broke,
        (None, Untranslated::NotJson) => "what it said is no JSON, so its ids cannot be told".to_owned(),
        (None, Untranslated::Unknown(key)) => {
            format!("it speaks of `{key}`, which the crosswalk does not know in `{}`", numbers.space)
        }
    })
}

/// An answer of modern with our ids in it. It is kept whole meanwhile.
pub(super) async fn translated(shared: &Arc<Shared>, route: &Route, mut answer: Answer) -> Result<Answer, Failure> {
    let json = answer.fields.get("content-type").is_some_and(|t| t.starts_with(b"application/json"));
    if route.config.ids.is_none() || !answer.status.is_success() || !json || answer.upgraded.is_some() {
        return Ok(answer);
    }
    let unfit = |why: String| Failure::Unfit { why };
    let mut all = Vec::new();
    while let Some(piece) = answer.body.next().await {
        let piece = piece.map_err(|broke| unfit(broke.to_string()))?;
        if all.len() + piece.len() > LARGEST {
            return Err(unfit(format!("it said more than {} MiB, which is not translated", LARGEST >> 20)));
        }
        all.extend_from_slice(&piece);
    }
    answer.fields.remove("content-length");
    // An answer to HEAD has no body to translate.
    let body = if all.is_empty() { all } else { inward(shared, route, &all).map_err(unfit)? };
    answer.body = Incoming::whole(Bytes::from(body));
    Ok(answer)
}

/// A key as one step of a path.
fn percent(key: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    key.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
