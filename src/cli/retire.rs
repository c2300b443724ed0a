//! `banyan retire`: a route leaves its old side for good, unless that would break somebody.

use super::routes::{gateway_of, told, user};
use super::{Done, Failure, Global};
use crate::config::MissingSecret;
use serde_json::json;

/// Retire a route: modern alone answers. Refused while someone called of late who would be broken; they are named.
#[derive(Debug, clap::Args)]
pub(super) struct Retire {
    /// Its name as `routes list` shows it, or its path.
    route: String,
    /// Why; the journal keeps it.
    #[arg(long)]
    reason: String,
    /// Calls of the last so many days count, 1 to 90.
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// The route is to be taken away altogether: whoever called at all holds it back.
    #[arg(long)]
    gone: bool,
    /// Although somebody will be broken, or evidence is missing; journaled as such.
    #[arg(long)]
    force: bool,
    /// Who decides; by default the user of this terminal.
    #[arg(long)]
    author: Option<String>,
}

impl Retire {
    pub(super) fn run(self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        let gateway = gateway_of(&built)?.ok_or_else(|| {
            let admin = built.settings.admin;
            Failure::Because(format!(
                "no gateway answers at {admin} (gateway.admin); routes are retired while one serves"
            ))
        })?;
        let ask = json!({ "route": self.route, "stage": "retired", "reason": self.reason, "force": self.force,
            "author": self.author.unwrap_or_else(user), "days": self.days, "gone": self.gone });
        told(global, &gateway.act("/admin/v1/routes:move", &ask)?);
        Ok(())
    }
}
