//! The evidence room, on real files: nothing counts twice whatever is killed when, faults are found, decisions can be
//! computed again.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cost;
mod decisions;
mod faults;
mod kill;
mod sweeping;

use banyan::runtime::clock::Clock;
use banyan::runtime::evidence::{Asked, Evidence, Exchange, Origin, Reply, RouteInfo};
use banyan_migration::account::{Autos, DWELL_MS};
use banyan_migration::compare::Rules;
use banyan_migration::coverage::Wanted;
use banyan_migration::gate::Basis;
use banyan_migration::score::Policy;
use banyan_migration::sticky::Weight;
use bytes::Bytes;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A clock that is set by hand.
#[derive(Clone)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn new() -> Hands {
        Hands(Arc::new(AtomicI64::new(1_780_000_000_000)))
    }

    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn later(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::of(move || Timestamp::from_millisecond(hands.now()).unwrap())
    }
}

fn open(dir: &Path, hands: &Hands) -> Evidence {
    Evidence::open(&dir.join("banyan.evidence.db"), hands.clock()).unwrap()
}

fn route(rules: &str) -> Arc<RouteInfo> {
    let rules: Rules = serde_json::from_str(rules).unwrap();
    let basis = Basis {
        rules: rules.hash(),
        sides: "s".into(),
        mapping: "m".into(),
        adapter: "1".into(),
        build: String::new(),
    };
    Arc::new(RouteInfo {
        name: "/v1/customers".into(),
        rules,
        policy: Policy::default(),
        wanted: Wanted::default(),
        build: Some("X-Build".into()),
        basis,
        autos: Autos {
            promote: true,
            rollback: true,
            dwell_ms: DWELL_MS,
            first: Weight::millionths(50_000).unwrap(),
            writes_only: false,
        },
        entity: Some("customer".into()),
    })
}

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Bytes::copy_from_slice(body.as_bytes()),
        took: Duration::from_millis(3),
        version: None,
    }
}

fn exchange(route: &Arc<RouteInfo>, target: &str, legacy: &str, modern: &str, at_ms: i64) -> Exchange {
    Exchange {
        route: route.clone(),
        request: Asked { method: "GET".into(), target: target.into(), ..Asked::default() },
        trace_id: "0123456789abcdef".into(),
        at_ms,
        legacy: Ok(reply(200, legacy)),
        legacy_again: None,
        modern: Ok(reply(200, modern)),
        origin: Origin::Live,
    }
}
