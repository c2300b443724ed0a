//! One tree over several files.
//!
//! `include: [entities/*.yaml]` names files relative to the one it stands in. Maps of the top level merge, lists
//! append, and what two files both say is a problem that names both places. A file is read once, so cycles end.

use super::files::Files;
use super::world::{MOST_BYTES, World};
use banyan_words::node::{Key, Kind, Node, join, yaml};
use banyan_words::{Problem, Spot};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// More files than this are a mistake.
const MOST_FILES: usize = 1000;

/// All files as one.
pub(super) struct Gathered {
    pub(super) root: Node,
    pub(super) files: Files,
    pub(super) problems: Vec<Problem>,
    /// The main file is readable YAML.
    pub(super) main_read: bool,
    /// Every file is.
    pub(super) whole: bool,
}

/// Reads the file at `path` and all it includes, and after them the files in `more`.
pub(super) fn gather(world: &dyn World, path: &Path, more: &[PathBuf]) -> Gathered {
    let mut gatherer =
        Gatherer { world, files: Files::default(), problems: Vec::new(), seen: BTreeSet::new(), whole: true };
    let main = gatherer.file(path, None);
    let main_read = main.is_some();
    let mut root = Node { spot: Spot { file: name_of(path), ..Spot::default() }, ..Node::scalar("", true) };
    let mut waiting: Vec<(PathBuf, Node)> = Vec::new();
    if let Some(node) = main {
        waiting.push((path.to_owned(), node.clone()));
        root = node;
    }
    // The main file's own tree is `root` already; each included one is merged into it, in order, depth first.
    let mut first = true;
    while let Some((path, node)) = waiting.pop() {
        let mut found = gatherer.included(&path, &node);
        found.reverse();
        waiting.extend(found);
        if !std::mem::take(&mut first) {
            gatherer.merge(&mut root, node);
        }
    }
    for path in more {
        if let Some(node) = gatherer.file(path, None) {
            gatherer.merge(&mut root, node);
        }
    }
    if let Kind::Map(entries) = &mut root.kind {
        entries.retain(|(k, _)| k.text != "include");
    }
    let Gatherer { files, problems, whole, .. } = gatherer;
    Gathered { root, files, problems, main_read, whole }
}

/// The tree of one file, asked for at `asked`; `None` if it cannot be read, which is told.
pub(super) fn read(
    world: &dyn World,
    path: &Path,
    asked: Option<&Spot>,
    files: &mut Files,
    problems: &mut Vec<Problem>,
) -> Option<Node> {
    let name = name_of(path);
    let nowhere = Spot { file: name.clone(), ..Spot::default() };
    let mut tell = |code: &str, spot: &Spot, message: String, hint: &str| {
        let spot = (spot.line > 0).then(|| spot.clone());
        problems.push(Problem { spot, ..Problem::error(code, "", message).hint(hint) });
    };
    let bytes = match world.read(path) {
        Ok(bytes) if bytes.len() as u64 <= MOST_BYTES => bytes,
        read => {
            let why = match read {
                Err(error) => error.to_string(),
                Ok(_) => format!("it has more than {} MiB", MOST_BYTES >> 20),
            };
            let message = format!("cannot read the file {name}: {why}");
            tell("unreadable-file", asked.unwrap_or(&nowhere), message, "check the name and the permissions");
            return None;
        }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let sound = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = sound.iter().filter(|b| **b == b'\n').count() + 1;
            let spot = Spot { line: u32::try_from(line).unwrap_or(0), column: 1, ..nowhere };
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            files.add(name, text);
            tell("not-utf8", &spot, "the file is not UTF-8".into(), "save it in the encoding UTF-8");
            return None;
        }
    };
    // A byte order mark would count as a column.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let (node, found) = yaml::parse(&name, &text);
    problems.extend(found);
    files.add(name, text);
    node
}

/// The name a person reads: without `x/..`.
fn name_of(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain.to_string_lossy().into_owned()
}

struct Gatherer<'w> {
    world: &'w dyn World,
    files: Files,
    problems: Vec<Problem>,
    seen: BTreeSet<PathBuf>,
    whole: bool,
}

impl Gatherer<'_> {
    fn tell(&mut self, code: &str, path: &str, spot: &Spot, message: String, hint: &str) {
        let mut problem = Problem::error(code, path, message).hint(hint);
        problem.spot = (spot.line > 0).then(|| spot.clone());
        self.problems.push(problem);
    }

    /// The tree of one file, asked for at `asked`; `None` if there is none.
    fn file(&mut self, path: &Path, asked: Option<&Spot>) -> Option<Node> {
        self.seen.insert(self.world.canonical(path));
        let node = read(self.world, path, asked, &mut self.files, &mut self.problems);
        self.whole &= node.is_some();
        node
    }

    /// The files that `node`, read from `path`, includes.
    fn included(&mut self, path: &Path, node: &Node) -> Vec<(PathBuf, Node)> {
        let Some(list) = node.get("include") else { return Vec::new() };
        if !matches!(list.kind, Kind::List(_)) && !list.is_null() {
            let message = format!("expected a list of files, found {}", list.describe());
            self.tell("wrong-type", "include", &list.spot, message, "write `include: [entities/*.yaml]`");
            return Vec::new();
        }
        let dir = path.parent().unwrap_or(Path::new(""));
        let mut found = Vec::new();
        for item in list.items() {
            let Some(pattern) = item.as_text().filter(|t| !t.is_empty()) else {
                let message = format!("expected the name of a file, found {}", item.describe());
                self.tell("wrong-type", "include", &item.spot, message, "write `include: [entities/*.yaml]`");
                continue;
            };
            for path in self.matching(dir, pattern, &item.spot) {
                if self.seen.contains(&self.world.canonical(&path)) {
                    continue;
                }
                if self.seen.len() >= MOST_FILES {
                    let message = format!("more than {MOST_FILES} files are included");
                    self.tell("too-many-files", "include", &item.spot, message, "include fewer, larger files");
                    return found;
                }
                if let Some(node) = self.file(&path, Some(&item.spot)) {
                    found.push((path, node));
                }
            }
        }
        found
    }

    /// The files a pattern names: `*` and `?` within a name; sorted.
    fn matching(&mut self, dir: &Path, pattern: &str, spot: &Spot) -> Vec<PathBuf> {
        let wild = |part: &str| part.contains(['*', '?']);
        if pattern.split('/').any(|part| part == "**") {
            let message = format!("`{pattern}`: ** is not supported");
            self.tell("bad-pattern", "include", spot, message, "name each directory: `a/*.yaml`, `a/b/*.yaml`");
            return Vec::new();
        }
        if !wild(pattern) {
            return vec![dir.join(pattern)];
        }
        let start = if pattern.starts_with('/') { PathBuf::from("/") } else { dir.to_owned() };
        let mut found = vec![start];
        for part in pattern.split('/').filter(|p| !p.is_empty()) {
            let mut next = Vec::new();
            for dir in found {
                if !wild(part) {
                    next.push(dir.join(part));
                    continue;
                }
                let here = if dir.as_os_str().is_empty() { Path::new(".") } else { &dir };
                let mut names = self.world.list(here).unwrap_or_default();
                names.retain(|name| matches(part, name) && (part.starts_with('.') || !name.starts_with('.')));
                names.sort();
                next.extend(names.into_iter().map(|name| dir.join(name)));
            }
            found = next;
        }
        if found.is_empty() {
            let message = format!("no file matches `{pattern}`");
            let mut problem = Problem::warning("empty-include", "include", message);
            problem.spot = Some(spot.clone());
            self.problems.push(problem.hint("the name is relative to the file it stands in"));
        }
        found
    }

    /// Adds one file's top level to `root`.
    fn merge(&mut self, root: &mut Node, file: Node) {
        let Kind::Map(added) = file.kind else {
            if !file.is_null() {
                let message = format!("a configuration is a map, found {}", file.describe());
                self.tell("wrong-type", "", &file.spot, message, "write sections such as `entities:`");
            }
            return;
        };
        let Kind::Map(entries) = &mut root.kind else { return };
        for (key, node) in added {
            if key.text == "include" {
                continue;
            }
            let there = entries.iter_mut().find(|(k, _)| k.text == key.text);
            match there {
                None => entries.push((key, node)),
                Some((_, old)) if old.is_null() => *old = node,
                Some(_) if node.is_null() => {}
                Some((first, old)) => self.merge_section(first, old, &key, node),
            }
        }
    }

    /// One source over two files, of which one only adds datasets.
    fn merge_datasets(&mut self, path: &str, old: &mut Node, mut new: Node) {
        if adds(old) {
            std::mem::swap(old, &mut new);
        }
        let Kind::Map(entries) = &mut old.kind else { return };
        let Kind::Map(added) = new.kind else { return };
        for (key, node) in added {
            match entries.iter_mut().find(|(k, _)| k.text == key.text) {
                None => entries.push((key, node)),
                Some((_, there)) if there.is_null() => *there = node,
                Some((first, there)) => {
                    let first = Key { text: path.to_owned(), ..first.clone() };
                    let key = Key { text: join(path, "datasets"), ..key };
                    self.merge_section(&first, there, &key, node);
                }
            }
        }
    }

    fn merge_section(&mut self, first: &Key, old: &mut Node, key: &Key, node: Node) {
        match (&mut old.kind, node.kind) {
            (Kind::List(old), Kind::List(new)) => old.extend(new),
            (Kind::Map(old), Kind::Map(new)) => {
                for (name, node) in new {
                    match old.iter_mut().find(|(k, _)| k.text == name.text) {
                        None => old.push((name, node)),
                        Some((_, there)) if key.text == "sources" && (adds(there) || adds(&node)) => {
                            self.merge_datasets(&join(&key.text, &name.text), there, node);
                        }
                        Some((k, _)) => {
                            let path = join(&key.text, &name.text);
                            let message = format!("`{path}` is given twice; first in {}", place(&k.spot));
                            self.tell("duplicate-key", &path, &name.spot, message, "remove or rename one of the two");
                        }
                    }
                }
            }
            (Kind::Scalar { text: a, .. }, Kind::Scalar { text: b, .. }) if key.text == "banyan" && *a == b => {}
            _ => {
                let message = format!("`{}` is given twice; first in {}", key.text, place(&first.spot));
                self.tell("duplicate-key", &key.text, &key.spot, message, "keep it in one file only");
            }
        }
    }
}

/// Whether a source says nothing but which datasets it has: it adds to what another file says of the source.
fn adds(source: &Node) -> bool {
    matches!(source.entries(), [(key, datasets)] if key.text == "datasets" && matches!(datasets.kind, Kind::Map(_)))
}

/// `file:line:column`.
fn place(spot: &Spot) -> String {
    format!("{}:{}:{}", spot.file, spot.line, spot.column)
}

/// `*` any characters, `?` one. Linear: on a mismatch only the last `*` takes one more.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        assert!(
            matches("*.yaml", "a.yaml") && matches("a?c*", "abcd") && matches("*", "") && matches("a*b*c", "a1b2b3c")
        );
        assert!(!matches("*.yaml", "a.yml") && !matches("a?", "a") && !matches("", "a"));
    }
}
