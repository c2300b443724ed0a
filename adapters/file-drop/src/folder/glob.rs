//! File patterns: `*` and `?` within a name, `**/` for any number of sub-folders, `[a-z]` for one of a set.
//!
//! Case counts. Files that are hidden or look unfinished never match, unless the pattern spells that out.

use std::fmt;

/// A pattern for paths relative to a folder, with `/` between names.
#[derive(Clone)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone)]
enum Part {
    /// `**`
    Any,
    Name(Vec<Token>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Char(char),
    One,
    Many,
    Set { not: bool, ranges: Vec<(char, char)> },
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Ends of names of files that are still being copied.
const UNFINISHED: [&str; 6] = [".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp"];

impl Glob {
    /// Reads a pattern; else what is wrong with it.
    pub fn parse(text: &str) -> Result<Glob, String> {
        if text.is_empty() || text.starts_with('/') || text.contains('\\') || text.as_bytes().get(1) == Some(&b':') {
            return Err(format!("`{text}` must be relative to the folder, with `/` between names"));
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => return Err(format!("`{text}` has an empty name in it")),
                ".." => return Err(format!("`{text}` leads out of the folder; another folder is another source")),
                "**" => parts.push(Part::Any),
                _ if part.contains("**") => {
                    return Err(format!("`{text}`: `**` stands alone between slashes, such as `**/x_*.csv`"));
                }
                name => parts.push(Part::Name(tokens(name).ok_or_else(|| format!("`{text}`: a `]` is missing"))?)),
            }
        }
        if matches!(parts.last(), Some(Part::Any)) {
            return Err(format!("`{text}` must end with the pattern of a file's name, such as `**/*.csv`"));
        }
        Ok(Glob { text: text.to_owned(), parts })
    }

    /// True if it matches that path.
    pub fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        matches_parts(&self.parts, &names)
    }

    /// True if files below that sub-folder may match, so that it must be looked into.
    pub fn enters(&self, folder: &str) -> bool {
        let names: Vec<&str> = folder.split('/').collect();
        enters(&self.parts, &names)
    }

    /// True if it reaches into sub-folders.
    pub fn is_deep(&self) -> bool {
        self.parts.len() > 1
    }

    /// True if a file of that name is hidden or unfinished and the pattern does not spell that out.
    pub fn shuns(&self, name: &str) -> bool {
        let Some(Part::Name(tokens)) = self.parts.last() else { return false };
        let begins = |c: char| tokens.first() == Some(&Token::Char(c));
        let ends = |suffix: &str| {
            let want: Vec<Token> = suffix.chars().map(Token::Char).collect();
            tokens.ends_with(&want)
        };
        let lower = name.to_ascii_lowercase();
        (name.starts_with('.') && !begins('.'))
            || (name.starts_with('~') && !begins('~'))
            || (name.ends_with('~') && !ends("~"))
            || UNFINISHED.iter().any(|s| lower.ends_with(s) && !ends(s))
    }
}

fn tokens(name: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Token::Many,
            '?' => Token::One,
            '[' => {
                let not = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
                let mut ranges = Vec::new();
                loop {
                    let from = chars.next()?;
                    if from == ']' && !ranges.is_empty() {
                        break;
                    }
                    let mut to = from;
                    let mut ahead = chars.clone();
                    if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
                        chars.next();
                        to = chars.next()?;
                    }
                    ranges.push((from, to));
                }
                Token::Set { not, ranges }
            }
            c => Token::Char(c),
        });
    }
    Some(out)
}

fn matches_parts(parts: &[Part], names: &[&str]) -> bool {
    match parts.split_first() {
        None => names.is_empty(),
        Some((Part::Any, rest)) => (0..names.len()).any(|n| {
            // A hidden folder is entered only by name.
            names[..n].iter().all(|f| !f.starts_with('.')) && matches_parts(rest, &names[n..])
        }),
        Some((Part::Name(tokens), rest)) => match names.split_first() {
            Some((name, others)) => matches_name(tokens, name) && matches_parts(rest, others),
            None => false,
        },
    }
}

fn enters(parts: &[Part], folders: &[&str]) -> bool {
    match (parts.split_first(), folders.split_first()) {
        (Some(_), None) => true,
        (Some((Part::Any, _)), Some((folder, _))) if folder.starts_with('.') => false,
        (Some((Part::Any, rest)), Some((_, others))) => enters(parts, others) || enters(rest, folders),
        (Some((Part::Name(tokens), rest)), Some((folder, others))) => {
            !rest.is_empty()
                && matches_name(tokens, folder)
                && (!folder.starts_with('.') || tokens.first() == Some(&Token::Char('.')))
                && enters(rest, others)
        }
        (None, _) => false,
    }
}

/// Matches without backtracking further than the last star.
fn matches_name(tokens: &[Token], name: &str) -> bool {
    let chars: Vec<char> = name.chars().collect();
    let (mut t, mut c, mut star) = (0, 0, None);
    while c < chars.len() {
        match tokens.get(t) {
            Some(Token::Many) => {
                star = Some((t, c));
                t += 1;
            }
            Some(token) if token_matches(token, chars[c]) => {
                t += 1;
                c += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (t, c) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    tokens[t..].iter().all(|t| *t == Token::Many)
}

fn token_matches(token: &Token, c: char) -> bool {
    match token {
        Token::Char(t) => *t == c,
        Token::One | Token::Many => true,
        Token::Set { not, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not,
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    fn matches(glob: &str, path: &str) -> bool {
        Glob::parse(glob).unwrap().matches(path)
    }

    #[test]
    fn patterns_match() {
        assert!(matches("contacts_*.csv", "contacts_20260101.csv"));
        assert!(!matches("contacts_*.csv", "old/contacts_1.csv"));
        assert!(!matches("contacts_*.csv", "Contacts_1.csv"));
        assert!(matches("**/x_*.csv", "x_1.csv") && matches("**/x_*.csv", "a/b/x_1.csv"));
        assert!(matches("in/**/*.csv", "in/a.csv") && !matches("in/**/*.csv", "out/a.csv"));
        assert!(matches("a?c*[0-9].txt", "abc__7.txt") && !matches("a?c*[!0-9].txt", "abc__7.txt"));
        assert!(matches("*a*b*", "xxayybzz") && !matches("*a*b*", "xxbyyazz"));
    }

    #[test]
    fn sub_folders_are_entered_only_where_files_may_match() {
        let enters = |g: &str, f: &str| Glob::parse(g).unwrap().enters(f);
        assert!(!enters("*.csv", "a"));
        assert!(enters("a/*.csv", "a") && !enters("a/*.csv", "b") && !enters("a/*.csv", "a/b"));
        assert!(enters("**/*.csv", "a/b/c") && !enters("**/*.csv", ".snapshot"));
    }

    #[test]
    fn unfinished_files_are_shunned_unless_spelt_out() {
        let shuns = |g: &str, n: &str| Glob::parse(g).unwrap().shuns(n);
        for name in [".a.csv", "a.csv.tmp", "a.csv.part", "a.csv.FILEPART", "~$a.csv", "a.csv~"] {
            assert!(shuns("*", name), "{name}");
        }
        assert!(!shuns("*.tmp", "a.tmp") && !shuns(".*", ".a") && !shuns("*.csv", "a.csv"));
    }

    #[test]
    fn patterns_that_lead_elsewhere_are_refused() {
        for bad in ["", "/etc/*", "../x", "a/../b", "a//b", "**", "a**b", "C:\\x", "a[b"] {
            assert!(Glob::parse(bad).is_err(), "{bad}");
        }
    }
}
