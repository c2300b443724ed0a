//! `banyan evidence sweep`: everything a route can show is compared by the gateway that serves, and followed here.
//!
//! Invariant: whoever stops following stops nothing; the sweep is the gateway's.

use super::admin_client::AdminClient;
use super::migration::gateway;
use super::out::{self, plain};
use super::{Done, Failure, Global};
use crate::config::MissingSecret;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often the gateway is asked how far it is.
const LOOKS: Duration = Duration::from_millis(200);
/// How often that is told where nobody watches a terminal.
const TELLS: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(super) struct Sweep {
    /// The route's name, or its path.
    route: String,
    /// Requests in a second.
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// Stop the one that runs.
    #[arg(long)]
    stop: bool,
    /// Begin it, and do not wait for its end.
    #[arg(long, conflicts_with = "stop")]
    no_wait: bool,
}

impl Sweep {
    pub(super) fn run(self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        let gateway = gateway(&built)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Failure::Because(e.to_string()))?;
        runtime.block_on(self.begin(global, &gateway))
    }

    async fn begin(&self, global: &Global, gateway: &AdminClient) -> Done {
        let mut leaves = Box::pin(tokio::signal::ctrl_c());
        if !self.stop && !self.no_wait {
            // Listens from its first look on: before anybody could think that it waits.
            tokio::select! {
                biased;
                _ = &mut leaves => {}
                () = std::future::ready(()) => {}
            }
        }
        let ask = json!({ "route": self.route, "rate": self.rate, "stop": self.stop });
        let done = gateway.act("/admin/v1/evidence:sweep", &ask)?;
        let begun = match done["planned"].as_u64() {
            Some(planned) => format!("{}: {planned} requests are asked of both sides\n", plain(&self.route)),
            None => format!("{}: stopped\n", plain(&self.route)),
        };
        if !global.json {
            out::answer(&begun);
        }
        if self.stop || self.no_wait {
            if global.json {
                out::json(&done);
            }
            return Ok(());
        }
        let ended = self.follow(gateway, leaves).await?;
        let whole = ended["ended"] == "whole";
        if global.json {
            out::json(&ended);
        } else {
            out::answer(&format!("{}: {}\n", plain(&self.route), told(&ended)));
        }
        if whole { Ok(()) } else { Err(Failure::Told) }
    }

    /// Until it has ended.
    async fn follow(
        &self,
        gateway: &AdminClient,
        mut leaves: impl Future<Output = std::io::Result<()>> + Unpin,
    ) -> Result<Value, Failure> {
        let route: String = url_of(&self.route);
        let terminal = std::io::stderr().is_terminal();
        let mut last = Instant::now();
        loop {
            let now = gateway.get(&format!("/admin/v1/evidence/sweeps?route={route}"))?;
            if now["runs"] != true {
                if terminal {
                    out::aside("\r\x1b[K");
                }
                return Ok(now);
            }
            let far = format!("{} of {} asked", now["asked"], now["planned"]);
            if terminal {
                out::aside(&format!("\r\x1b[K{far}"));
            } else if last.elapsed() >= TELLS {
                last = Instant::now();
                out::aside(&format!("{far}\n"));
            }
            tokio::select! {
                _ = &mut leaves => {
                    return Err(Failure::Because(format!(
                        "{far}: the sweep goes on in the gateway; `banyan migration` tells how it stands, `banyan evidence sweep \
                         {} --stop` stops it",
                        plain(&self.route)
                    )));
                }
                () = tokio::time::sleep(LOOKS) => {}
            }
        }
    }
}

fn url_of(route: &str) -> String {
    let one = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    route.bytes().map(one).collect()
}

fn told(ended: &Value) -> String {
    let how = match ended["ended"].as_str() {
        Some("whole") => "all was asked",
        Some("stopped") => "it was stopped; run it again, and it goes on where it was",
        Some("began-again") => {
            "the rules, a mapping, an adapter or modern's build changed meanwhile, so it proves nothing; run it again"
        }
        Some("failed") => "it failed, and the gateway's log says why; run it again, and it goes on where it was",
        _ => "it ended with the gateway; run it again, and it goes on where it was",
    };
    match ended["census"].as_str() {
        Some(census) => format!("{how}: {census}"),
        None => how.to_owned(),
    }
}
