//! The project's files, and what of a Rust file is code.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The project's folder.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A Rust file.
pub struct Rust {
    /// Its path from the project's folder, with `/`.
    pub path: String,
    /// As written.
    pub text: String,
    /// Comments and the content of string literals are blanks; line ends stay.
    pub code: String,
    /// As `code`, without what stands below `#[cfg(test)]`, which may use more.
    pub shipped: String,
    /// The string literals, with their lines.
    pub strings: Vec<(usize, String)>,
}

/// Where its Rust files are.
const FOLDERS: &[&str] =
    &["words", "core", "migration", "upstream", "store", "adapters", "src", "tests", "examples", "benches", "fuzz"];

/// Every Rust file of the project.
pub static RUST: LazyLock<Vec<Rust>> = LazyLock::new(|| {
    let files = files(FOLDERS, "rs");
    files.iter().map(|p| Rust::read(p)).collect()
});

/// Files below those folders with that ending; none of what a build makes.
pub fn files(folders: &[&str], ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|f| Path::new(ROOT).join(f)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let made = ["target", "node_modules", "var", ".git", ".venv", "corpus", "artifacts"];
            if path.is_dir() && !made.iter().any(|m| name == *m) {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A path from the project's folder.
pub fn short(path: &Path) -> String {
    path.strip_prefix(ROOT).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

impl Rust {
    fn read(path: &Path) -> Rust {
        let text = std::fs::read_to_string(path).unwrap();
        let (code, strings) = strip(&text);
        let path = short(path);
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        let shipped = if is_test { String::new() } else { without_tests(&code) };
        Rust { path, text, code, shipped, strings }
    }

    /// The line, from 1, of a byte.
    pub fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// Cuts each `#[cfg(test)]` item out, up to its closing brace or semicolon.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let (mut depth, mut end) = (0_usize, item.len());
        for (i, c) in item.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(c, '}' | ';') {
                end = i + 1;
                break;
            }
        }
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Blanks out comments and literals; what they held, for strings.
fn strip(text: &str) -> (String, Vec<(usize, String)>) {
    let (mut out, mut strings) = (String::with_capacity(text.len()), Vec::new());
    let mut line = 1;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |n| n + 2)
        } else if let Some(len) = string(rest, out.chars().next_back()) {
            strings.push((line, rest[..len].to_owned()));
            len
        } else if c == '\'' {
            character(rest)
        } else {
            out.push(c);
            line += usize::from(c == '\n');
            at += c.len_utf8();
            continue;
        };
        let piece = &text[at..at + len];
        out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        line += piece.matches('\n').count();
        at += len;
    }
    (out, strings)
}

/// The length of a string literal at the front, with its prefix.
fn string(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !rest.starts_with('"') {
        return None;
    }
    let prefix = rest.trim_start_matches(['b', 'c']);
    let prefix_len = rest.len() - prefix.len();
    if prefix_len > 1 {
        return None;
    }
    if let Some(raw) = prefix.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&close)?;
        return Some(prefix_len + 1 + hashes + 1 + end + close.len());
    }
    let body = prefix.strip_prefix('"')?;
    let mut escaped = false;
    for (i, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(prefix_len + 1 + i + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// The length of a character literal at the front, or of the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(1, |n| n + 4),
        Some(_) => match chars.next() {
            Some((i, '\'')) => i + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let text = "let a = \"use x;\"; // use y\nlet b = r#\"use \"z\"\"#; let c = '\"'; fn f<'a>(x: &'a u8) {} b\"q\"";
    let (code, strings) = strip(text);
    assert!(!code.contains("use") && code.contains("(x: & a u8)"), "{code}");
    assert_eq!(strings.iter().map(|s| s.1.as_str()).collect::<Vec<_>>(), ["\"use x;\"", "r#\"use \"z\"\"#", "b\"q\""]);
    assert_eq!(without_tests("a #[cfg(test)] mod t { fn f() { } } b"), "a  b");
    assert_eq!(without_tests("a #[cfg(test)]\nmod t; b"), "a  b");
}
