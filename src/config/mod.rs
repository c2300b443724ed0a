//! Configuration: from files to a draft, with every problem told at once.
//!
//! Purpose: YAML text → tree with exact places (`yaml`) → one tree over all files (`include`) → secrets filled in
//! (`secrets`) → [`Draft`]. And back to people: [`render`] shows problems, [`schema`] is what editors complete by.
//! Invariant: nothing here panics on any text, and no secret is ever in a message.
//! Not here: what the draft means (`banyan_model::compile`), what an adapter's keys mean (its `prepare`).

pub mod baseline;
mod brownouts;
mod build;
mod consumers;
mod documents;
mod files;
mod include;
mod inside;
mod moving;
mod patience;
pub mod quote;
pub mod render;
pub mod schema;
mod secrets;
mod settings;
mod world;

pub use brownouts::BuiltBrownout;
pub use build::{Alone, Built, alone, build};
pub use files::Files;
pub use moving::{BuiltRoute, Moving};
pub use schema::schema;
pub use secrets::Secrets;
pub use settings::{DEFAULT_ADMIN, DEFAULT_LISTEN, DEFAULT_STORE, Settings, check_listen};
pub use world::{Disk, Memory, World};

use banyan_model::draft::{DATASET_KEYS, Draft, SOURCE_KEYS};
use banyan_words::node::{Node, join};
use banyan_words::problem::nearest;
use banyan_words::{Problem, Severity};
use std::path::{Path, PathBuf};

/// More problems than this are not told at once.
const MOST_PROBLEMS: usize = 1000;

/// What a secret that is not set means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingSecret {
    /// An error: it is needed now (`serve`, `check --connect`).
    Error,
    /// A warning: it is needed where the product runs, not here (`check` on another machine).
    Warning,
}

/// A configuration, as far as it could be read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// All files as one tree, secrets filled in.
    pub node: Node,
    /// The texts it was read from.
    pub files: Files,
    /// Its sound parts.
    pub draft: Draft,
    /// Every problem so far, with its place; by file, line and column.
    pub problems: Vec<Problem>,
    /// What must never be shown.
    pub secrets: Secrets,
    /// The directory from which paths start that the configuration names: that of its main file.
    pub base: PathBuf,
    /// Every file was readable YAML. If not, whole sections may be missing, and looking for further problems would
    /// find consequences only.
    pub whole: bool,
    /// What a secret that is not set means here.
    missing: MissingSecret,
}

/// Reads the configuration at `path` from the disk and the environment.
pub fn load(path: &Path, missing: MissingSecret) -> Loaded {
    load_from(&Disk, path, missing)
}

/// As [`load`], from any world.
pub fn load_from(world: &dyn World, path: &Path, missing: MissingSecret) -> Loaded {
    load_with(world, path, &[], missing)
}

/// As [`load_from`], as if the configuration included the files `more` as well.
pub fn load_with(world: &dyn World, path: &Path, more: &[PathBuf], missing: MissingSecret) -> Loaded {
    let base = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut gathered = include::gather(world, path, more);
    let mut secrets = Secrets::default();
    secrets.expand(world, &base, missing, (&mut gathered.root, ""), &mut gathered.problems);
    let draft_read = gathered.main_read.then(|| Draft::read(&gathered.root));
    let (draft, problems) = draft_read.unwrap_or_default();
    let mut loaded = Loaded {
        node: gathered.root,
        files: gathered.files,
        draft,
        problems: Vec::new(),
        secrets,
        base,
        whole: gathered.whole,
        missing,
    };
    loaded.add(gathered.problems);
    loaded.add(problems);
    loaded
}

impl Loaded {
    /// Adds problems found later (compiling, adapters): gives them their places, hides secrets, keeps the order.
    pub fn add(&mut self, problems: Vec<Problem>) {
        for mut problem in problems {
            if self.secrets.is_unset(&problem.path) && problem.code != secrets::UNSET {
                continue; // a consequence of a secret that is not set, which is told
            }
            self.place(&mut problem);
            self.mention_common_keys(&mut problem);
            problem.message = self.secrets.hide(&problem.message);
            problem.hint = problem.hint.map(|hint| self.secrets.hide(&hint));
            if self.problems.len() > MOST_PROBLEMS {
                break;
            }
            if self.problems.len() == MOST_PROBLEMS {
                let message = format!("there are more than {MOST_PROBLEMS} problems; the others are not shown");
                self.problems.push(Problem::error("too-many-problems", "", message).hint("mend these first"));
                break;
            }
            let same = |p: &Problem| {
                p.spot == problem.spot
                    && p.path == problem.path
                    && p.code == problem.code
                    && p.message == problem.message
            };
            if !self.problems.iter().any(same) {
                self.problems.push(problem);
            }
        }
        self.problems.sort_by(|a, b| (&a.spot, &a.path, &a.code).cmp(&(&b.spot, &b.path, &b.code)));
    }

    /// True if something stops the product from starting.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|p| p.severity == Severity::Error)
    }

    /// The problem's spot; inside the scalar where it points there.
    fn place(&self, problem: &mut Problem) {
        if problem.spot.is_some() {
            return;
        }
        let exact = problem.within.and_then(|offset| {
            let node = self.node.find(&problem.path).filter(|n| !n.is_secret())?;
            inside::spot(self.files.text(&node.spot.file)?, &node.spot, node.as_text()?, offset)
        });
        problem.spot = exact.or_else(|| self.node.spot_within(&problem.path, problem.within));
    }

    /// An adapter that finds an unknown key knows its own keys only; the one meant may be common to all.
    fn mention_common_keys(&self, problem: &mut Problem) {
        if problem.code != "unknown-key" {
            return;
        }
        for source in &self.draft.sources {
            let datasets = source.datasets.iter().map(|d| (&d.path, &d.config, &DATASET_KEYS[..], "dataset"));
            let holders = std::iter::once((&source.path, &source.config, &SOURCE_KEYS[..], "source")).chain(datasets);
            for (path, config, common, what) in holders {
                let Some((key, _)) = config.entries().iter().find(|(k, _)| problem.path == join(path, &k.text)) else {
                    continue;
                };
                let own = problem.hint.take().unwrap_or_default();
                let also = format!("every {what} may have: {}", common.join(", "));
                problem.hint = Some(match nearest(&key.text, common.iter().copied()) {
                    Some(meant) if !own.contains("did you mean") => format!("did you mean `{meant}`? {own}; {also}"),
                    _ => format!("{own}; {also}"),
                });
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
