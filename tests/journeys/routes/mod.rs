//! Routes that lead elsewhere, through the real program and real sockets.

mod decides;
mod hazards;
mod mirror;
mod numbers;
mod shapes;
mod sides;
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
