//! `banyan screens accept`: a screen drifted; a person has looked.
//!
//! Invariant: what is accepted is the halt that was shown. A map's file is changed only with `--write`, and its old text is
//! kept beside it.

use super::super::admin_client::AdminClient;
use super::super::connect::by_hand;
use super::super::{Done, Failure, Global, out};
use super::source;
use crate::config::MissingSecret;
use banyan_adapter::Connected;
use banyan_screens::source::Source;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Look at the screen that stopped a map, keep the proposed new version, and let the source go on.
///
/// The difference is shown. Where a new version of the map can be proposed, it is written beside the old one, and the
/// configuration may be changed to name it. A source whose login was refused is let go on as well.
#[derive(Debug, clap::Args)]
pub(super) struct Accept {
    /// The source.
    source: String,
    /// Only show what waits; nothing is written, and the source stays as it is.
    #[arg(long, conflicts_with = "write")]
    show: bool,
    /// Write the difference as a drawing (SVG) to that file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Put the proposed version in the place of the map's file; the old one is kept beside it.
    #[arg(long)]
    write: bool,
}

/// How a proposal marks what it cannot mend.
const TO_DO: &str = "# TO DO";

/// What waits, as the gateway or the source itself tells it.
struct Waits {
    id: String,
    code: String,
    message: String,
    since: String,
    pictures: Vec<(String, String)>,
    proposal: Option<String>,
}

impl Accept {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, alone, offline) = source(global, &self.source)?;
        let (file, version) = (offline.spec.file.clone(), version(&offline.spec.map.name));
        let (_, built) = global.built(MissingSecret::Warning)?;
        let gateway = AdminClient::find(built.settings.admin, &built.settings.store)?;
        let hands = by_hand(&self.source, &alone.store, &alone.budget)?;
        let own = Source::new(offline.spec, hands.context);
        let waits = match &gateway {
            Some(gateway) => asked(gateway, &self.source)?,
            None => own.inside().halted.map(|h| Waits {
                id: h.id,
                code: h.code,
                message: h.message,
                since: h.since.to_string(),
                pictures: h.pictures,
                proposal: h.proposal,
            }),
        };
        let Some(waits) = waits else {
            return Err(Failure::Because(format!("nothing of `{}` waits to be accepted", self.source)));
        };
        if let Some(to) = &self.svg {
            draw(to, &own)?;
        }
        if !global.json {
            out::answer(&text(&waits));
        }
        if self.show {
            if global.json {
                out::json(&told(&waits, None, None));
            }
            return Ok(());
        }
        let open = waits.proposal.as_deref().map_or(0, |p| p.matches(TO_DO).count());
        if self.write && open > 0 {
            return Err(Failure::Because(format!(
                "the proposed version leaves {} to a person (`{TO_DO}`), so it is not put in place. Without --write it is \
                 written beside the map: mend it there",
                if open == 1 { "one place".to_owned() } else { format!("{open} places") }
            )));
        }
        let kept = file.as_deref().map(|f| self.keep(f, version, waits.proposal.as_deref())).transpose()?.flatten();
        let done = match &gateway {
            Some(gateway) => {
                let path = format!("/admin/v1/sources/{}/accept", self.source);
                let done = gateway.act(&path, &json!({ "halt": waits.id }))?;
                if self.write && kept.is_some() {
                    gateway.act("/admin/v1/reload", &json!({}))?;
                }
                done.get("done").and_then(Value::as_str).unwrap_or("accepted").to_owned()
            }
            None => own
                .accept(Some(&waits.id))
                .map_err(|fault| Failure::Because(fault.to_string()))?
                .unwrap_or_else(|| "nothing waits any more".to_owned()),
        };
        match global.json {
            true => out::json(&told(&waits, kept.as_deref(), Some(&done))),
            false => out::answer(&format!(
                "{}{done}\n",
                kept.as_deref().map_or(String::new(), |k| self.advice(file.as_deref(), k))
            )),
        }
        Ok(())
    }

    /// Writes the proposal; where to. `None` if there is none, or it is what the file says already.
    fn keep(&self, file: &Path, version: u32, proposal: Option<&str>) -> Result<Option<PathBuf>, Failure> {
        let Some(proposal) = proposal else { return Ok(None) };
        let failed = |path: &Path, e: std::io::Error| Failure::Because(format!("{}: {e}", path.display()));
        let now = std::fs::read_to_string(file).map_err(|e| failed(file, e))?;
        if now == proposal {
            return Ok(None);
        }
        let beside = free(file, if self.write { version } else { version.saturating_add(1) });
        let (old, new) = if self.write { (Some(&beside), file) } else { (None, beside.as_path()) };
        if let Some(old) = old {
            std::fs::write(old, &now).map_err(|e| failed(old, e))?;
        }
        let half = new.with_extension("new");
        std::fs::write(&half, proposal).and_then(|()| std::fs::rename(&half, new)).map_err(|e| failed(new, e))?;
        Ok(Some(beside))
    }

    fn advice(&self, file: Option<&Path>, kept: &Path) -> String {
        let (file, beside) = (file.map(|f| f.display().to_string()).unwrap_or_default(), kept.display());
        match self.write {
            true => format!("{file} holds the new version; the old one is kept in {beside}\n"),
            false => format!(
                "the proposed version is {beside}; look through it, then write `map: {}` in place of `map: {}` for `{}`, and reload\n",
                name(kept),
                name(Path::new(&file)),
                self.source
            ),
        }
    }
}

/// Draws what waits; the source's own folder knows it, also while a gateway runs.
fn draw(to: &Path, own: &Source) -> Result<(), Failure> {
    let drawing = own.inside().halted.and_then(|h| h.drawing);
    let drawing =
        drawing.ok_or_else(|| Failure::Because("what waits is no screen: there is nothing to draw".into()))?;
    std::fs::write(to, drawing).map_err(|e| Failure::Because(format!("{} cannot be written: {e}", to.display())))
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The version in a map's name: 3 of `stock/v3`, else 1.
fn version(name: &str) -> u32 {
    name.rsplit_once("/v").and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
}

/// `stock.v2.yaml` beside `stock.yaml`, for version 2, or the next number that is free.
fn free(file: &Path, version: u32) -> PathBuf {
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = match stem.rsplit_once(".v") {
        Some((stem, n)) if n.parse::<u32>().is_ok() => stem.to_owned(),
        _ => stem,
    };
    let extension = file.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    let named = |n: u32| file.with_file_name(format!("{stem}.v{n}{extension}"));
    (version..).map(named).find(|p| !p.exists()).unwrap_or_else(|| named(version))
}

/// What the gateway says of the source.
fn asked(gateway: &AdminClient, source: &str) -> Result<Option<Waits>, Failure> {
    let all = gateway.get("/admin/v1/sources")?;
    let items = all.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |v: &Value, name: &str| v.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let one = items.iter().find(|i| text(i, "name") == source);
    let Some(halted) = one.and_then(|i| i.get("halted")).filter(|h| h.is_object()) else { return Ok(None) };
    let pictures = halted.get("pictures").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Some(Waits {
        id: text(halted, "id"),
        code: text(halted, "code"),
        message: text(halted, "message"),
        since: text(halted, "since"),
        pictures: pictures.iter().map(|p| (text(p, "caption"), text(p, "text"))).collect(),
        proposal: halted.get("proposal").and_then(Value::as_str).map(str::to_owned),
    }))
}

fn text(waits: &Waits) -> String {
    let mut text = format!("[{}] since {}: {}\n", waits.code, waits.since, out::plain(&waits.message));
    for (caption, picture) in &waits.pictures {
        text.push_str(&format!("\n{}\n", out::plain(caption)));
        picture.lines().for_each(|line| text.push_str(&format!("  {}\n", out::plain(line))));
    }
    text.push('\n');
    text
}

fn told(waits: &Waits, kept: Option<&Path>, done: Option<&str>) -> Value {
    let pictures = waits.pictures.iter().map(|(caption, text)| json!({ "caption": caption, "text": text }));
    json!({
        "halt": waits.id,
        "code": waits.code,
        "message": waits.message,
        "since": waits.since,
        "pictures": pictures.collect::<Vec<_>>(),
        "proposal": waits.proposal,
        "kept": kept,
        "done": done,
    })
}
