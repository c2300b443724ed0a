//! Routes that lead elsewhere, through the real program and real sockets.

mod mirror;
mod numbers;
mod shapes;
mod sides;
mod streams;
mod through;
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

/// The value of a metric whose line begins so, 0 where there is none.
fn metric(g: &Gateway, line: &str) -> f64 {
    let all = g.ask_admin("/metrics", &[]).text();
    all.lines().filter(|l| l.starts_with(line)).filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}
