//! Time zones: that a name exists, and what it stands for at present.

use super::tell::{Tell, meant};
use banyan_words::codec;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone of that name as formulas will use it; told if there is none.
pub(super) fn check(name: &str, path: &str, tell: &mut Tell<'_>) -> Option<String> {
    let bundled = TimeZoneDatabase::bundled();
    if bundled.get(name).is_ok() && TimeZone::get(name).is_ok() {
        return Some(name.to_owned());
    }
    let known: Vec<String> = bundled.available().map(|n| n.to_string()).collect();
    let near = meant(name, &known.iter().map(String::as_str).collect::<Vec<_>>());
    let hint = match near.starts_with("did you mean") {
        true => near.split(" there are").next().unwrap_or_default().to_owned(),
        false => "write a zone of the IANA database, such as Europe/London".to_owned(),
    };
    tell.error("unknown-zone", path, format!("there is no time zone `{name}`"), hint);
    None
}

/// A hash of what a zone does: when a new edition of the time-zone data changes it, records must be mapped anew.
pub(super) fn hash(name: &str) -> u64 {
    let Ok(zone) = TimeZone::get(name) else { return 0 };
    let mut bytes = Vec::new();
    let (Ok(from), Ok(to)) = (Timestamp::from_second(-2_208_988_800), Timestamp::from_second(2_303_683_200)) else {
        return 0;
    };
    bytes.extend_from_slice(&zone.to_offset(from).seconds().to_le_bytes());
    for change in zone.following(from).take_while(|c| c.timestamp() < to) {
        bytes.extend_from_slice(&change.timestamp().as_second().to_le_bytes());
        bytes.extend_from_slice(&change.offset().seconds().to_le_bytes());
    }
    codec::hash(&bytes, 0)
}
