//! How long readers wait for modern before legacy answers instead.
//!
//! Invariant: a warning, never an error, once for each upstream: who knows why it may take its time goes on. Not here: when
//! a read falls back (`migration::stage`, `http::proxy`).

use banyan_migration::route::RouteConfig;
use banyan_migration::stage::Stage;
use banyan_upstream::UpstreamConfig;
use banyan_words::Problem;
use banyan_words::node::join;
use std::time::Duration;

/// Longer than this nobody waits at a screen.
const BEARABLE: Duration = Duration::from_secs(5);

/// The upstreams, and the routes whose reads would wait for them in vain.
#[derive(Default)]
pub(super) struct Patience(Vec<Waited>);

struct Waited {
    upstream: String,
    at: String,
    timeout: Duration,
    paths: Vec<String>,
}

impl Patience {
    /// An upstream, and where it stands.
    pub(super) fn knows(&mut self, name: &str, path: &str, config: &UpstreamConfig) {
        // Where nothing is said of it, the upstream itself is the place.
        let at = if config.timeout.is_some() { join(path, "timeout") } else { path.to_owned() };
        let timeout = config.timeouts().head;
        self.0.push(Waited { upstream: name.to_owned(), at, timeout, paths: Vec::new() });
    }

    /// A route. Its reads fall back wherever it has two sides: a collection's other side is the facade.
    pub(super) fn falls_back(&mut self, route: &RouteConfig, of_entity: bool) {
        let reads = route.methods.is_empty() || route.methods.iter().any(|m| m == "GET" || m == "HEAD");
        let two_sided = of_entity || route.legacy.is_some();
        let Some(modern) = route.modern.as_ref().filter(|_| reads && two_sided && route.stage != Stage::Retired) else {
            return;
        };
        if let Some(waited) = self.0.iter_mut().find(|w| w.upstream == *modern)
            && !waited.paths.contains(&route.path)
        {
            waited.paths.push(route.path.clone());
        }
    }

    /// What to warn of.
    pub(super) fn told(self) -> impl Iterator<Item = Problem> {
        let late = self.0.into_iter().filter(|w| w.timeout > BEARABLE && !w.paths.is_empty());
        late.map(|w| {
            let message = format!(
                "where `{}` does not answer, readers of {} wait {} before legacy answers instead",
                w.upstream,
                w.paths.join(", "),
                shown(w.timeout)
            );
            Problem::warning("late-fallback", w.at, message)
                .hint("give the upstream a `timeout` that its readers can wait for, such as `timeout: 2s`")
        })
    }
}

fn shown(timeout: Duration) -> String {
    match timeout.subsec_millis() {
        0 => format!("{}s", timeout.as_secs()),
        _ => format!("{}ms", timeout.as_millis()),
    }
}
