//! Problems, shown to people and to machines.

use super::{Files, Loaded};
use banyan_words::{Problem, Severity};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;

/// Longest piece of a line that is shown, in characters.
const WIDEST: usize = 120;

/// With or without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Escape sequences of terminals.
    On,
    /// Plain text.
    Off,
}

impl Colour {
    /// On if `stream` is a terminal and the user has not said NO_COLOR.
    pub fn of(stream: &impl IsTerminal) -> Colour {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        if stream.is_terminal() && !unwanted { Colour::On } else { Colour::Off }
    }

    fn paint(self, codes: &str, text: &str) -> String {
        match self {
            Colour::On => format!("\u{1b}[{codes}m{text}\u{1b}[0m"),
            Colour::Off => text.to_owned(),
        }
    }
}

impl Loaded {
    /// Every problem with its place, a snippet and what to do; then how many there are.
    pub fn render(&self, colour: Colour) -> String {
        self.secrets.hide(&render(&self.problems, &self.files, colour))
    }

    /// The same for machines.
    pub fn to_json(&self) -> Value {
        to_json(&self.problems)
    }
}

/// Every problem with its place, a snippet and what to do; then how many there are.
pub fn render(problems: &[Problem], files: &Files, colour: Colour) -> String {
    let mut out = String::new();
    for problem in problems {
        one(&mut out, problem, files, colour);
        out.push('\n');
    }
    out.push_str(&summary(problems));
    out.push('\n');
    out
}

/// `{"problems": […], "errors": n, "warnings": n}`.
pub fn to_json(problems: &[Problem]) -> Value {
    let (errors, warnings) = count(problems);
    json!({ "problems": problems, "errors": errors, "warnings": warnings })
}

fn count(problems: &[Problem]) -> (usize, usize) {
    let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
    (errors, problems.len() - errors)
}

/// `2 errors, 1 warning`, or `no problems`.
pub fn summary(problems: &[Problem]) -> String {
    let (errors, warnings) = count(problems);
    let some = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        n => Some(format!("{n} {what}s")),
    };
    let parts: Vec<String> = [some(errors, "error"), some(warnings, "warning")].into_iter().flatten().collect();
    if parts.is_empty() { "no problems".into() } else { parts.join(", ") }
}

fn one(out: &mut String, problem: &Problem, files: &Files, colour: Colour) {
    let (word, tint) = match problem.severity {
        Severity::Error => ("error", "1;31"),
        Severity::Warning => ("warning", "1;33"),
    };
    let head = colour.paint(tint, &format!("{word}[{}]", problem.code));
    let _ = writeln!(out, "{head}: {}", colour.paint("1", &problem.message));
    let mut gutter = 1;
    if let Some(spot) = &problem.spot {
        let line = files.line(&spot.file, spot.line);
        let number = spot.line.to_string();
        gutter = if line.is_some() { number.len() } else { 1 };
        let pad = " ".repeat(gutter);
        let place =
            if spot.line > 0 { format!("{}:{}:{}", spot.file, spot.line, spot.column) } else { spot.file.clone() };
        let _ = writeln!(out, "{pad}{} {place}", colour.paint("34", "-->"));
        if let Some(line) = line {
            let bar = colour.paint("34", "|");
            let (shown, before, marked) = snippet(line, spot.column);
            let _ = writeln!(out, "{pad} {bar}");
            let _ = writeln!(out, "{} {bar} {shown}", colour.paint("34", &number));
            let marks = colour.paint(tint, &"^".repeat(marked));
            let _ = writeln!(out, "{pad} {bar} {}{marks}", " ".repeat(before));
        }
    }
    let pad = " ".repeat(gutter);
    let sign = colour.paint("34", "=");
    if !problem.path.is_empty() {
        let _ = writeln!(out, "{pad} {sign} at {}", problem.path);
    }
    if let Some(hint) = &problem.hint {
        let _ = writeln!(out, "{pad} {sign} {} {hint}", colour.paint("1;36", "hint:"));
    }
}

/// The piece of a line around a column, how many characters stand before the mark, and how many are marked.
fn snippet(line: &str, column: u32) -> (String, usize, usize) {
    let chars: Vec<char> = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let at = usize::try_from(column).unwrap_or(1).saturating_sub(1).min(chars.len());
    let from = if at > WIDEST * 3 / 4 { at - WIDEST / 2 } else { 0 };
    let to = chars.len().min(from + WIDEST);
    let lead = if from > 0 { "…" } else { "" };
    let tail = if to < chars.len() { "…" } else { "" };
    let piece: String = chars.get(from..to).unwrap_or_default().iter().collect();
    let marked = token(chars.get(at..to).unwrap_or_default());
    (format!("{lead}{}{tail}", piece.trim_end()), lead.chars().count() + at - from, marked)
}

/// How long the token is that begins here: a quoted text, or up to what ends a word.
fn token(rest: &[char]) -> usize {
    let end = match rest.first() {
        Some(quote @ ('"' | '\'')) => rest.iter().skip(1).position(|c| c == quote).map(|i| i + 2),
        Some(_) => rest.iter().position(|c| matches!(c, ' ' | ',' | ':' | ']' | '}' | '(' | ')' | '#')),
        None => None,
    };
    end.unwrap_or(rest.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_words::Spot;

    #[test]
    fn marks_the_token() {
        let mut files = Files::default();
        files.add("a.yaml".into(), "x: 1\n  qiet: 2s\n".into());
        let mut problem = Problem::error("unknown-key", "a.qiet", "there is no key `qiet` here").hint("say quiet");
        problem.spot = Some(Spot { file: "a.yaml".into(), line: 2, column: 3 });
        let expected = "error[unknown-key]: there is no key `qiet` here
 --> a.yaml:2:3
  |
2 |   qiet: 2s
  |   ^^^^
  = at a.qiet
  = hint: say quiet

1 error
";
        assert_eq!(render(&[problem.clone()], &files, Colour::Off), expected);
        let coloured = render(&[problem], &files, Colour::On);
        assert!(coloured.starts_with("\u{1b}[1;31merror[unknown-key]\u{1b}[0m"));
    }

    #[test]
    fn long_lines_show_what_matters() {
        let line = format!("{}HERE{}", "x ".repeat(200), " y".repeat(200));
        let (shown, before, marked) = snippet(&line, 401);
        assert_eq!(shown.chars().skip(before).take(marked).collect::<String>(), "HERE");
        assert!(shown.chars().count() <= WIDEST + 2);
        assert_eq!(snippet("", 9).2, 1);
    }
}
