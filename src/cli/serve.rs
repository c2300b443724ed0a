//! `banyan serve`: the gateway, until it is asked to stop.

use super::{Done, Failure, Global, out};
use crate::config::MissingSecret;
use crate::gateway;
use crate::ops::logs::{self, Style};
use crate::runtime::clock::Clock;

/// Serve the facade and the admin listener.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// How log lines look: `human` or `json`. Default: for people on a terminal, JSON elsewhere.
    #[arg(long, value_name = "STYLE")]
    log: Option<String>,
}

impl Serve {
    /// Serves.
    pub(super) fn run(self, global: &Global) -> Done {
        let style =
            Style::of(self.log.as_deref()).ok_or_else(|| Failure::Usage("--log takes `human` or `json`".to_owned()))?;
        let (loaded, built) = global.built(MissingSecret::Error)?;
        logs::install(style, Clock::system());
        logs::hide(move |text| loaded.secrets.hide(text));
        let system = actix_web::rt::System::new();
        let json = global.json;
        let served = system.block_on(gateway::serve(&global.config, built, |at| {
            if json {
                out::answer(&format!("{}\n", serde_json::json!({ "facade": at.facade, "admin": at.admin })));
            } else {
                let docs = format!("{0}/docs (the API), {0}/openapi.json", at.facade);
                out::answer(&format!("facade     {}\ndocs       {docs}\ndashboard  {}\n", at.facade, at.admin));
            }
        }));
        served.map_err(|e| Failure::Because(format!("{e:#}")))
    }
}
