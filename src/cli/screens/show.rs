//! `banyan screens show`: what a trace saw, or what a screen looked like when it was last seen.

use super::super::{Done, Failure, Global, out};
use super::source;
use crate::runtime::sources::folders_of;
use banyan_screens::engine::{Seen, recognise};
use banyan_screens::map::{Map, Screen};
use banyan_screens::picture::Picture;
use banyan_screens::{show, trace};
use banyan_words::problem::nearest;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Show the pictures of a trace, or a screen as kept traces saw it last.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The source.
    source: String,
    /// A trace's file, or the name of a screen.
    #[arg(value_name = "TRACE | SCREEN")]
    what: String,
    /// Draw the last picture into that file, as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Show {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, alone, offline) = source(global, &self.source)?;
        let map = offline.spec.map.clone();
        let file = Path::new(&self.what);
        let seen = match map.screen(&self.what) {
            Some(no) if !file.is_file() => {
                let traces = folders_of(&alone.store).join(&self.source).join("traces");
                let last = last_seen(&map, no, &traces);
                let none = || format!("no kept trace shows `{}`; run a flow that comes by it", self.what);
                vec![(Vec::new(), last.ok_or_else(|| Failure::Because(none()))?)]
            }
            None if !file.exists() => return Err(Failure::Usage(neither(&map, &self.what))),
            _ => glimpses(file)?,
        };
        if let Some(to) = &self.svg
            && let Some((_, picture)) = seen.last()
        {
            let drawn = show::svg(picture, screen(&map, picture), &[]);
            let failed = |e| Failure::Because(format!("{} cannot be written: {e}", to.display()));
            std::fs::write(to, drawn).map_err(failed)?;
        }
        if global.json {
            let told = seen.iter().map(|(sent, picture)| {
                let name = screen(&map, picture).map(|s| s.name.clone());
                json!({ "sent": sent, "screen": name, "text": show::text(picture, None) })
            });
            out::json(&json!({ "pictures": told.collect::<Vec<_>>() }));
            return Ok(());
        }
        for (sent, picture) in &seen {
            if !sent.is_empty() {
                out::answer(&format!("sent: {}\n\n", out::plain(&sent.join(" "))));
            }
            let text = show::text(picture, screen(&map, picture));
            text.lines().for_each(|line| out::answer(&format!("{}\n", out::plain(line))));
            out::answer("\n");
        }
        Ok(())
    }
}

fn neither(map: &Map, what: &str) -> String {
    let known: Vec<&str> = map.screens.iter().map(|s| s.name.as_str()).collect();
    let meant = nearest(what, known.iter().copied()).map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
    format!("`{what}` is no file, and {} has no screen of that name; {meant}there are: {}", map.name, known.join(", "))
}

type Seens = Vec<(Vec<String>, Picture)>;

fn glimpses(file: &Path) -> Result<Seens, Failure> {
    let failed = |e| Failure::Because(format!("{} cannot be read: {e}", file.display()));
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let all = trace::pictures(&text).map_err(|fault| Failure::Because(fault.to_string()))?;
    Ok(all.into_iter().map(|g| (g.sent, g.picture)).collect())
}

fn screen<'m>(map: &'m Map, picture: &Picture) -> Option<&'m Screen> {
    match recognise(map, picture) {
        Seen::One(no) => map.screens.get(no),
        _ => None,
    }
}

/// The newest picture of a screen among the traces that are kept.
fn last_seen(map: &Map, no: usize, traces: &Path) -> Option<Picture> {
    let files = ["runs", "faults"].iter().flat_map(|kind| std::fs::read_dir(traces.join(kind)).into_iter().flatten());
    let mut files: Vec<PathBuf> = files.flatten().map(|e| e.path()).collect();
    files.sort_by_key(|p| std::cmp::Reverse(p.file_name().map(ToOwned::to_owned)));
    files.iter().find_map(|file| {
        let all = trace::pictures(&std::fs::read_to_string(file).ok()?).ok()?;
        all.into_iter().rev().map(|g| g.picture).find(|p| recognise(map, p) == Seen::One(no))
    })
}
