//! Follows the change feed of the wrapper, so that this service knows what the old systems know.
//!
//! Without a place in the feed it begins at the beginning: that is the migration of the data. Afterwards it asks for what is
//! new, twice a second. Nothing is asked of the old systems, and nothing is written to them.

use crate::data::Data;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// Between two looks at the feed.
const PAUSE: Duration = Duration::from_millis(500);

/// What the follower shares with the service.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    pub(crate) data: RwLock<Data>,
    /// The feed was read to its end at least once.
    pub(crate) caught_up: AtomicBool,
    pub(crate) stop: AtomicBool,
}

/// Follows until it is told to stop.
pub(crate) fn follow(from: &str, followed: &Arc<Followed>) {
    // Not through a proxy: the wrapper is near.
    let http = reqwest::blocking::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
    let http = match http {
        Ok(http) => http,
        Err(e) => return eprintln!("the feed cannot be followed: {e}"),
    };
    let mut told = String::new();
    while !followed.stop.load(Ordering::Relaxed) {
        match page(&http, from, followed) {
            Ok(true) => continue,
            Ok(false) => followed.caught_up.store(true, Ordering::Relaxed),
            Err(why) if why != told => {
                eprintln!("{why}");
                told = why;
            }
            Err(_) => {}
        }
        thread::park_timeout(PAUSE);
    }
}

/// Reads a page of the feed; whether there is more already.
fn page(http: &reqwest::blocking::Client, from: &str, followed: &Followed) -> Result<bool, String> {
    let since = followed.data.read().unwrap_or_else(PoisonError::into_inner).since.clone();
    let after = since.as_deref().map(|s| format!("?since={s}")).unwrap_or_default();
    let url = format!("{}/v1/customers/changes{after}", from.trim_end_matches('/'));
    let answer = http.get(&url).send().map_err(|e| format!("{url}: {e}"))?;
    let status = answer.status();
    let body = answer.bytes().map_err(|e| format!("{url}: {e}"))?;
    let write = || followed.data.write().unwrap_or_else(PoisonError::into_inner);
    if matches!(status.as_u16(), 400 | 410) && since.is_some() {
        // The wrapper's store was built anew: its feed has other places.
        write().clear().map_err(|e| e.to_string())?;
        return Ok(true);
    }
    if !status.is_success() {
        return Err(format!("{url}: {status}"));
    }
    let page: Value = serde_json::from_slice(&body).map_err(|e| format!("{url}: {e}"))?;
    if page["next"].as_str() != since.as_deref() {
        write().take(&page).map_err(|e| format!("what the feed said cannot be kept: {e}"))?;
    }
    Ok(page["more"] == true)
}
