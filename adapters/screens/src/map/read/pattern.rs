//! Patterns: `*` for anything, or regular expressions.

use super::super::Pattern;
use regex::RegexBuilder;

/// Longest pattern, in characters.
const LONGEST: usize = 1000;

/// `Please enter a valid*`: a whole line, blanks at its ends left out.
pub(super) fn like(text: &str) -> Result<Pattern, String> {
    let body: Vec<String> = text.trim().split('*').map(regex::escape).collect();
    compile(text, &format!(r"(?m)^[ \t]*{}[ \t\r]*$", body.join(".*")))
}

/// A page's address. One that begins with `/` is of any host, and leaves out what follows `?` unless it has one itself.
pub(super) fn url(text: &str) -> Result<Pattern, String> {
    let body = text.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
    let head = if text.starts_with('/') { r"[a-z]+://[^/?#]*" } else { "" };
    let tail = if text.contains('?') || !text.starts_with('/') { "" } else { r"(\?.*)?(#.*)?" };
    compile(text, &format!("^{head}{body}{tail}$"))
}

/// A regular expression.
pub(super) fn regex(text: &str) -> Result<Pattern, String> {
    compile(text, text)
}

fn compile(text: &str, expression: &str) -> Result<Pattern, String> {
    if text.chars().count() > LONGEST {
        return Err(format!("this pattern has more than {LONGEST} characters"));
    }
    let regex = RegexBuilder::new(expression).size_limit(1 << 20).dfa_size_limit(1 << 20).build();
    match regex {
        Ok(regex) => Ok(Pattern { text: text.to_owned(), regex }),
        Err(regex::Error::CompiledTooBig(_)) => Err("this regular expression is too large".into()),
        Err(error) => {
            let told = error.to_string();
            let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err(format!("this is no regular expression: {last}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_patterns_match() {
        let p = like("Please enter a valid*").unwrap();
        assert!(p.regex.is_match("  Please enter a valid item.   "));
        assert!(p.regex.is_match("other line\nPlease enter a valid item\nmore"), "a line of many");
        assert!(!p.regex.is_match("! Please enter a valid item"));
        assert!(like("a.b").unwrap().regex.is_match("a.b") && !like("a.b").unwrap().regex.is_match("axb"));
        let p = url("/admin/stock/*/").unwrap();
        assert!(p.regex.is_match("https://h:8000/admin/stock/7/?q=1"));
        assert!(!p.regex.is_match("https://h:8000/evil/admin/stock/7/"));
        assert!(!url("https://h/a").unwrap().regex.is_match("https://h/ab"));
        assert!(regex("(").is_err() && regex("(a{1000}){1000}").is_err());
    }
}
