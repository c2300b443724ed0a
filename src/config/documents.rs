//! Files that a source's keys name and that are part of the configuration all the same: screen maps.
//!
//! Purpose: where a kind says that a key names such a document ([`Kind::documents`]), the file's tree takes the place of
//! its name, secrets filled in, every part with its place in that file.
//! Invariant: a file that cannot be read is told where it is named, and nothing is built then.
//! Not here: what the document means (the kind's `prepare`).

use super::{Loaded, World, include};
use banyan_adapter::Kind;
use banyan_words::Problem;
use banyan_words::node::{Kind as NodeKind, Node, join};

/// Puts every document in its place. Those that are there already stay.
pub(super) fn put_in(loaded: &mut Loaded, kinds: &[&dyn Kind], world: &dyn World) {
    let mut problems = Vec::new();
    for i in 0..loaded.draft.sources.len() {
        let Some(source) = loaded.draft.sources.get(i) else { continue };
        let Some(kind) = kinds.iter().find(|k| k.name() == source.keys.adapter) else { continue };
        let (path, name) = (source.path.clone(), source.name.clone());
        for key in kind.documents() {
            let named = loaded.draft.sources.get(i).and_then(|s| named(&s.config, key)).cloned();
            let Some(scalar) = named else { continue };
            let at = join(&path, key);
            match read(loaded, world, &scalar, &at, &mut problems) {
                Some(node) => {
                    if let Some(source) = loaded.draft.sources.get_mut(i) {
                        replace(&mut source.body.config, &[key], &node);
                    }
                    replace(&mut loaded.node, &["sources", &name, key], &node);
                }
                None => loaded.whole = false,
            }
        }
    }
    loaded.add(problems);
}

/// The scalar under `key`, if it names a file.
fn named<'n>(config: &'n Node, key: &str) -> Option<&'n Node> {
    config.get(key).filter(|n| n.as_text().is_some_and(|t| !t.is_empty()) && !n.is_null() && !n.is_secret())
}

fn read(loaded: &mut Loaded, world: &dyn World, scalar: &Node, at: &str, problems: &mut Vec<Problem>) -> Option<Node> {
    let path = loaded.base.join(scalar.as_text()?);
    let mut found = Vec::new();
    let node = include::read(world, &path, Some(&scalar.spot), &mut loaded.files, &mut found);
    problems
        .extend(found.into_iter().map(|p| if p.path.is_empty() { Problem { path: at.to_owned(), ..p } } else { p }));
    let mut node = node?;
    loaded.secrets.expand(world, &loaded.base, loaded.missing, (&mut node, at), problems);
    if !matches!(node.kind, NodeKind::Map(_)) {
        let message = format!("the file holds no map, but {}", node.describe());
        let mut problem = Problem::error("wrong-type", at, message).hint("see the documentation of its adapter");
        problem.spot = Some(scalar.spot.clone()).filter(|s| s.line > 0);
        problems.push(problem);
        return None;
    }
    Some(node)
}

/// Puts `new` where `path` leads.
fn replace(node: &mut Node, path: &[&str], new: &Node) {
    let Some((key, rest)) = path.split_first() else {
        *node = new.clone();
        return;
    };
    if let NodeKind::Map(entries) = &mut node.kind
        && let Some((_, child)) = entries.iter_mut().find(|(k, _)| k.text == *key)
    {
        replace(child, rest, new);
    }
}
