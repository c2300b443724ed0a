//! The headers every answer wears: how old it is, who served it, how long it may be kept.

use super::wants::Wants;
use crate::runtime::live::Fresh;
use crate::runtime::serving::Serving;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use banyan_model::model::DatasetNo;
use banyan_model::refusal::Refusal;
use banyan_words::Id;
use std::time::{Duration, UNIX_EPOCH};

/// As of when the data speaks.
pub(super) const AS_OF: HeaderName = HeaderName::from_static("banyan-as-of");
/// What answered: the store, a live read, or a modern service.
pub(super) const SERVED_BY: HeaderName = HeaderName::from_static("banyan-served-by");
/// Which preferences were honoured.
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// RFC 3339, in UTC.
pub(super) fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(|t| t.to_string()).unwrap_or_default()
}

/// The date form of HTTP headers.
pub(super) fn http_date(ms: i64) -> HeaderValue {
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    value(header::HttpDate::from(at).to_string())
}

/// A header's value from text of our own making.
pub(super) fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// Seconds since `as_of`. A date of the data that lies ahead counts as now.
pub(super) fn age(now_ms: i64, as_of_ms: i64) -> i64 {
    (now_ms.saturating_sub(as_of_ms) / 1000).max(0)
}

/// How long an answer that rests on these datasets may be kept unasked: the shortest of their promises, if all promise.
pub(super) fn cache_control(serving: &Serving, datasets: &[DatasetNo]) -> HeaderValue {
    let promises = datasets.iter().map(|d| serving.catalog.datasets.get(*d).and_then(|d| d.fresh));
    match promises.collect::<Option<Vec<Duration>>>().and_then(|p| p.into_iter().min()) {
        Some(fresh) => value(format!("max-age={}", fresh.as_secs())),
        None => HeaderValue::from_static("no-cache"),
    }
}

/// Refuses what is older than a strict request wants.
///
/// `max-age=0` wants what its sources say now: a stored copy is older than that, however young. `asked` says whether all
/// that the answer rests on was read for this request.
pub(super) fn fresh_enough(wants: &Wants<'_>, as_of: Option<i64>, now_ms: i64, asked: bool) -> Result<(), Refusal> {
    let (Some(max_age), true) = (wants.max_age, wants.strict) else { return Ok(()) };
    match as_of.map(|a| age(now_ms, a)) {
        Some(age) if u64::try_from(age).is_ok_and(|a| a <= max_age) && (max_age > 0 || asked) => Ok(()),
        Some(0) => Err(Refusal::new(
            "not-fresh-enough",
            "the data is less than a second old, but was not read for this request, and its sources cannot be asked at once",
        )),
        Some(age) => Err(Refusal::new(
            "not-fresh-enough",
            format!("the data is {age} s old, {max_age} s were asked for, and its sources cannot be asked at once"),
        )),
        None => Err(Refusal::new("not-fresh-enough", "its sources have not delivered yet, so its age is not known")),
    }
}

/// As of when an answer speaks that rests on these datasets: the oldest of them; those read live for it as of then, and
/// where it is about one instance, those that its stored copy was read live from as of that.
pub(super) fn as_of(
    serving: &Serving,
    datasets: &[DatasetNo],
    fresh: Option<&Fresh>,
    instance: Option<Id>,
) -> Option<i64> {
    let stored = serving.live.as_ref().zip(instance);
    if fresh.is_none() && stored.is_none() {
        return serving.freshness.oldest(datasets);
    }
    let of = |d: &DatasetNo| {
        let live = fresh.and_then(|f| f.as_of.iter().find(|(f, _)| f == d)).map(|(_, at)| *at);
        let before = stored.and_then(|(live, id)| live.as_of(*d, id));
        live.max(before).max(serving.freshness.get(*d))
    };
    datasets.iter().filter_map(of).min()
}

/// Whether all that an answer rests on was read for this request.
pub(super) fn asked(datasets: &[DatasetNo], fresh: Option<&Fresh>) -> bool {
    fresh.is_some_and(|f| {
        f.live && f.faults.is_empty() && datasets.iter().all(|d| f.as_of.iter().any(|(read, _)| read == d))
    })
}

/// What answered.
pub(super) fn served_by(fresh: Option<&Fresh>) -> HeaderValue {
    HeaderValue::from_static(if fresh.is_some_and(|f| f.live) { "live" } else { "store" })
}

/// Dresses an answer that is made for this request.
pub(super) fn dress(
    headers: &mut HeaderMap,
    serving: &Serving,
    datasets: &[DatasetNo],
    wants: &Wants<'_>,
) -> Result<(), Refusal> {
    dress_fresh(headers, serving, datasets, wants, (None, None))
}

/// The same for one that may have been read live; with the instance, where it is about one.
pub(super) fn dress_fresh(
    headers: &mut HeaderMap,
    serving: &Serving,
    datasets: &[DatasetNo],
    wants: &Wants<'_>,
    (fresh, instance): (Option<&Fresh>, Option<Id>),
) -> Result<(), Refusal> {
    let (as_of, now) = (as_of(serving, datasets, fresh, instance), serving.clock.now_ms());
    fresh_enough(wants, as_of, now, asked(datasets, fresh))?;
    if let Some(as_of) = as_of {
        headers.insert(AS_OF, value(rfc3339(as_of)));
        headers.insert(header::AGE, HeaderValue::from(age(now, as_of)));
    }
    headers.insert(header::CACHE_CONTROL, cache_control(serving, datasets));
    headers.insert(SERVED_BY, served_by(fresh));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stored_is_young_enough_for_who_wants_it_as_it_is_now() {
        let wants = |max_age| Wants { max_age: Some(max_age), strict: true, ..Wants::default() };
        let code = |max_age, as_of, asked| {
            fresh_enough(&wants(max_age), as_of, 10_000, asked).map_err(|r| r.def.code).err().unwrap_or("fresh")
        };
        assert_eq!(code(0, Some(9_500), false), "not-fresh-enough", "half a second is older than now");
        assert_eq!(code(0, Some(9_500), true), "fresh", "read for this request");
        assert_eq!(code(0, Some(8_000), true), "not-fresh-enough");
        assert_eq!(code(1, Some(9_500), false), "fresh");
        assert_eq!(code(1, None, true), "not-fresh-enough");
        let lenient = Wants { strict: false, ..wants(0) };
        assert!(fresh_enough(&lenient, Some(0), 10_000, false).is_ok());
    }
}
