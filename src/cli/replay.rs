//! `banyan replay`: captured requests asked of both sides again, by the gateway that serves.

use super::admin_client::AdminClient;
use super::{Done, Failure, Global, out};
use crate::config::MissingSecret;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Ask captured requests of both sides of their route again, to gather evidence.
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// A route's name or path, or a file of captured requests.
    what: String,
    /// So many a second at most.
    #[arg(long, default_value = "10/s")]
    rate: String,
    /// So many at most.
    #[arg(long)]
    limit: Option<u64>,
    /// Only what this consumer asked; `anonymous` is everyone without a name.
    #[arg(long)]
    consumer: Option<String>,
    /// So many under way at once at most; the rate holds all the same.
    #[arg(long, default_value_t = 1)]
    parallel: usize,
}

impl Replay {
    pub(super) fn run(self, global: &Global) -> Done {
        let rate = self
            .rate
            .strip_suffix("/s")
            .unwrap_or(&self.rate)
            .parse::<f64>()
            .map_err(|_| Failure::Usage(format!("`{}` is no rate: write it as 10/s", self.rate)))?;
        let (_, built) = global.built(MissingSecret::Warning)?;
        let gateway = AdminClient::find(built.settings.admin, &built.settings.store)?.ok_or_else(|| {
            Failure::Because(format!(
                "no gateway answers at {} (gateway.admin); requests are asked again through the one that serves",
                built.settings.admin
            ))
        })?;
        let mut ask =
            json!({ "rate": rate, "limit": self.limit, "consumer": self.consumer, "parallel": self.parallel });
        // A route's path is absolute too; a file is what is there as one.
        let is_route = built.moving.routes.iter().any(|r| r.config.path == self.what || r.config.name() == self.what);
        if is_route {
            ask["route"] = json!(self.what);
        } else if !Path::new(&self.what).is_file() {
            let names: Vec<String> = built.moving.routes.iter().map(|r| format!("`{}`", r.config.name())).collect();
            let all = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
            let what = format!("`{}` is no route, and there is no file of that name. Routes: {all}", self.what);
            return Err(Failure::Because(what));
        } else {
            let file =
                std::fs::canonicalize(&self.what).map_err(|e| Failure::Because(format!("{}: {e}", self.what)))?;
            ask["file"] = json!(file);
        }
        let mut now = gateway.act("/admin/v1/replay", &ask)?;
        while now["ended"] != true {
            std::thread::sleep(Duration::from_millis(200));
            now = gateway.get("/admin/v1/replay")?;
        }
        if global.json {
            out::json(&now);
        } else {
            out::answer(&told(&now));
        }
        match now["why"].is_null() {
            true => self.nothing(&now).map_or(Ok(()), |why| Err(Failure::Because(why))),
            false => Err(Failure::Told),
        }
    }

    /// Why nothing at all was asked, where that is a mistake.
    fn nothing(&self, p: &Value) -> Option<String> {
        let n = |key: &str| p.get(key).and_then(Value::as_u64).unwrap_or_default();
        if n("asked") + n("not_replayable") + n("elsewhere") > 0 {
            return None;
        }
        if let Some(consumer) = &self.consumer {
            return Some(format!(
                "nothing that `{consumer}` asked is among what was captured; `banyan consumers` shows who calls"
            ));
        }
        let garbage = n("damaged") > 0;
        garbage.then(|| {
            format!("no line of {} is a captured request; `banyan replay ROUTE` takes what was captured", self.what)
        })
    }
}

fn told(p: &Value) -> String {
    let n = |key: &str| p.get(key).and_then(Value::as_u64).unwrap_or_default();
    let mut text = format!(
        "{}: {} asked of both sides: {} agree, {} differ, {} did not count (repeats, or a side did not answer)\n",
        p.get("of").and_then(Value::as_str).unwrap_or_default(),
        n("asked"),
        n("matched"),
        n("mismatched"),
        n("not_counted")
    );
    for (key, what) in [
        ("not_replayable", "could not be asked: writes, and those of which a value is masked"),
        ("elsewhere", "belong to no route with two sides now"),
        ("damaged", "lines are none"),
    ] {
        if n(key) > 0 {
            text.push_str(&format!("  {} {what}\n", n(key)));
        }
    }
    for (name, of_it) in p.get("consumers").and_then(Value::as_object).into_iter().flatten() {
        let n = |key: &str| of_it.get(key).and_then(Value::as_u64).unwrap_or_default();
        text.push_str(&format!("  {name}: {} asked, {} agree, {} differ\n", n("asked"), n("matched"), n("mismatched")));
    }
    if let Some(why) = p.get("why").and_then(Value::as_str) {
        text.push_str(&format!("it ended early: {why}\n"));
    }
    text
}
