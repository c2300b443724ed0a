//! Routes that lead elsewhere, through the real program and real sockets.
//!
//! Hazards of routes and mirrors that were met elsewhere, by their number, and where each is shown not to be met here:
//!
//! 1. A shadow that hangs delays a consumer: [`hanging`].
//! 2. A request that is tried again mixes up mirrored bodies: [`bodies`], in 40,000 requests, or as many as `REQUESTS` says.
//! 3. Empty, chunked, length-less and oversized bodies are mirrored in part: [`bodies`].
//! 4. A shadow that hangs fills the memory: [`hanging`], by the memory of the process.
//! 5. Something is mirrored after it was turned off: [`mirror`].
//! 6. A caller moves back while the share grows, over a restart, or at another instance: [`sticky`].
//! 7. No traffic is taken for good news: [`hazards`].
//! 8. There is a state without a way back: [`hazards`].
//! 9. A broken build measured on the wrong side passes: [`decides`]; whatever fails on the way: `tests/evidence`.
//! 10. Noise raises mismatches, or hides faults: [`hazards`]; the rules one by one: `migration/tests/comparison.rs`.
//! 11. A reload drops open connections: [`streams`].
//! 12. Two systems read one request differently: [`shapes`]; fields of the hop: [`through`].
//! 13. A POST whose bytes were sent is sent again: [`sides`].

mod bodies;
mod decides;
mod hanging;
mod hazards;
mod mirror;
mod numbers;
mod shapes;
mod sides;
mod sticky;
mod streams;
mod through;
mod unkept;
mod upstream;

use crate::common::{Gateway, Site};
use upstream::Upstream;

/// A site whose gateway stands over a legacy and a modern service.
fn site(routes: &str, legacy: &Upstream, modern: &Upstream) -> Site {
    let (old, new) = (legacy.url(), modern.url());
    Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{old}\", timeout: 2s }}\n  new: {{ url: \"{new}\", timeout: 2s }}\nroutes:\n{routes}\n"
    ))
}

/// A gateway over a legacy and a modern service.
fn gateway(routes: &str, legacy: &Upstream, modern: &Upstream) -> (Site, Gateway) {
    let site = site(routes, legacy, modern);
    let gateway = site.start();
    (site, gateway)
}

/// The field of a JSON answer.
const JSON: &str = "Content-Type: application/json\r\n";

/// A route's row on the board.
fn board(g: &Gateway, route: &str) -> serde_json::Value {
    let board = g.admin("/admin/v1/migration");
    let row = board["items"].as_array().unwrap().iter().find(|r| r["route"] == route);
    row.unwrap_or_else(|| panic!("{route} is not on the board: {board}")).clone()
}

/// Where a route stands.
fn stage_of(g: &Gateway, route: &str) -> String {
    board(g, route)["stage"].as_str().unwrap().to_owned()
}

/// The value of a metric whose line begins so, 0 where there is none.
fn metric(g: &Gateway, line: &str) -> f64 {
    let all = g.ask_admin("/metrics", &[]).text();
    all.lines().filter(|l| l.starts_with(line)).filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}
