//! Links between our pages lead somewhere.

use crate::source::{ROOT, files, short};
use std::path::{Path, PathBuf};

fn pages() -> Vec<PathBuf> {
    let mut pages = files(&["docs", "examples", "openapi", "benches"], "md");
    pages.push(Path::new(ROOT).join("README.md"));
    pages
}

/// `[text](target)` outside code, with its line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut code = false;
    for (n, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        let mut rest = line;
        while let Some(at) = rest.find("](").filter(|_| !code) {
            rest = &rest[at + 2..];
            if let Some(end) = rest.find(')') {
                found.push((n + 1, rest[..end].to_owned()));
            }
        }
    }
    found
}

/// As web hosts make anchors of headings.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|l| l.strip_prefix('#')).map(|l| l.trim_start_matches('#').trim());
    headings
        .map(|h| {
            let kept = h.to_lowercase().replace(' ', "-");
            kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
        })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for (line, target) in links(&text) {
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            if file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let goal = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let there = goal.exists();
            let names = anchor.is_empty()
                || std::fs::read_to_string(&goal).is_ok_and(|t| anchors(&t).iter().any(|a| a == anchor));
            if !there || !names {
                broken.push(format!("{}:{line}: {target}", short(&page)));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_index() {
    let index = std::fs::read_to_string(format!("{ROOT}/docs/README.md")).unwrap();
    for page in files(&["docs"], "md") {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let listed = name == "README.md" || page.parent() != Some(&Path::new(ROOT).join("docs"));
        assert!(listed || index.contains(&format!("({name})")), "docs/README.md does not list {name}");
    }
}

#[test]
fn broken_links_are_seen() {
    assert_eq!(links("a [b](c.md) [d](e#f)\n```\n[x](y)\n```"), [(1, "c.md".to_owned()), (1, "e#f".to_owned())]);
    assert_eq!(anchors("# The house\n## What, then?"), ["the-house", "what-then"]);
}
