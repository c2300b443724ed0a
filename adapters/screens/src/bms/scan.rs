//! Assembler statements out of lines: continuation in column 72, comments, quotes.

/// One macro call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The line it begins on, from 1.
    pub(super) line: usize,
    /// What stands before it; may be empty.
    pub(super) label: String,
    /// `DFHMDF`.
    pub(super) name: String,
    /// `LENGTH=6`: name in capitals, value as written. A positional operand has no name.
    pub(super) operands: Vec<(String, String)>,
}

impl Call {
    /// The value of an operand.
    pub(super) fn operand(&self, name: &str) -> Option<&str> {
        self.operands.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The words of an operand: `(ASKIP,NORM)` or `ASKIP`.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let text = self.operand(name).unwrap_or_default().trim();
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text);
        inner.split(',').map(|w| w.trim().to_ascii_uppercase()).filter(|w| !w.is_empty()).collect()
    }
}

/// Where statements go on (column 72) and where their continuation begins (column 16), counted from 0.
const MARK: usize = 71;
const RESUME: usize = 15;

/// All macro calls of a source.
pub(super) fn calls(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let line: Vec<char> = expand(line);
        if line.first() == Some(&'*') || line.starts_with(&['.', '*']) || line.iter().all(|c| c.is_whitespace()) {
            continue;
        }
        let mut operands = Operands::default();
        let mut goes_on = continues(&line);
        let statement: String = line.iter().take(MARK).collect();
        let (label, name, rest) = head(&statement);
        operands.take(rest, goes_on);
        while goes_on {
            let Some((_, next)) = lines.next() else { break };
            let next = expand(next);
            goes_on = continues(&next);
            let part: String = next.iter().take(MARK).skip(RESUME).collect();
            operands.take(&part, goes_on);
        }
        if !name.is_empty() {
            let operands = operands.split();
            calls.push(Call { line: number + 1, label, name: name.to_ascii_uppercase(), operands });
        }
    }
    calls
}

fn expand(line: &str) -> Vec<char> {
    line.trim_end_matches(['\r', '\u{1a}']).replace('\t', "        ").chars().collect()
}

fn continues(line: &[char]) -> bool {
    line.get(MARK).is_some_and(|c| !c.is_whitespace())
}

/// Label, operation and the rest.
fn head(line: &str) -> (String, String, &str) {
    let label_end = line.find(' ').unwrap_or(line.len());
    let (label, rest) = line.split_at(label_end);
    let rest = rest.trim_start();
    let name_end = rest.find(' ').unwrap_or(rest.len());
    let (name, rest) = rest.split_at(name_end);
    (label.to_owned(), name.to_owned(), rest.trim_start())
}

/// Operands over several lines. They end at the first blank outside quotes; what follows is a remark.
#[derive(Default)]
struct Operands {
    text: String,
    quoted: bool,
    over: bool,
}

impl Operands {
    fn take(&mut self, part: &str, goes_on: bool) {
        if self.over {
            return;
        }
        for c in part.chars() {
            match c {
                '\'' => {
                    self.quoted = !self.quoted;
                    self.text.push(c);
                }
                ' ' if !self.quoted => {
                    // After a comma the rest of the line is a remark, and the operands go on with the next line.
                    self.over = !(goes_on && self.text.ends_with(','));
                    return;
                }
                c => self.text.push(c),
            }
        }
    }

    /// At commas outside quotes and brackets.
    fn split(&self) -> Vec<(String, String)> {
        let (mut all, mut one, mut depth, mut quoted) = (Vec::new(), String::new(), 0_usize, false);
        for c in self.text.chars() {
            match c {
                '\'' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth = depth.saturating_sub(1),
                ',' if !quoted && depth == 0 => {
                    all.push(std::mem::take(&mut one));
                    continue;
                }
                _ => {}
            }
            one.push(c);
        }
        all.push(one);
        let named = |text: String| match text.split_once('=') {
            Some((name, value)) if name.chars().all(|c| c.is_ascii_alphanumeric()) => {
                (name.trim().to_ascii_uppercase(), value.trim().to_owned())
            }
            _ => (String::new(), text),
        };
        all.into_iter().filter(|t| !t.trim().is_empty()).map(named).collect()
    }
}

/// What stands between quotes; doubled quotes and ampersands are single ones.
pub(super) fn literal(value: &str) -> Option<String> {
    let inner = value.trim().strip_prefix('\'')?;
    let inner = inner.strip_suffix('\'').unwrap_or(inner);
    Some(inner.replace("''", "'").replace("&&", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn continued(parts: &[&str]) -> String {
        let last = parts.len().saturating_sub(1);
        let line = |(i, part): (usize, &&str)| {
            let start = if i == 0 { (*part).to_owned() } else { format!("{}{part}", " ".repeat(RESUME)) };
            if i == last { start } else { format!("{start:<71}-") }
        };
        parts.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn statements_go_on_from_column_72_to_column_16() {
        let text = format!(
            "* a comment\n.* another\n\n{}\n         END",
            continued(&[
                "NAME    DFHMDF POS=(1,2),  a remark",
                "ATTRB=(ASKIP,BRT),",
                "INITIAL='It''s, (a) && b' remark"
            ])
        );
        let calls = calls(&text);
        assert_eq!(calls.len(), 2);
        assert_eq!((calls[0].line, calls[0].label.as_str(), calls[0].name.as_str()), (4, "NAME", "DFHMDF"));
        assert_eq!(calls[0].operand("POS"), Some("(1,2)"));
        assert_eq!(calls[0].words("ATTRB"), ["ASKIP", "BRT"]);
        assert_eq!(literal(calls[0].operand("INITIAL").unwrap()).unwrap(), "It's, (a) & b");
    }

    #[test]
    fn a_text_may_run_over_the_end_of_its_line() {
        let first = "         DFHMDF POS=(3,4),INITIAL='";
        let text = format!("{first}{}-\n{}and more'", "x".repeat(71 - first.len()), " ".repeat(RESUME));
        let told = literal(calls(&text)[0].operand("INITIAL").unwrap()).unwrap();
        assert!(told.starts_with("xxx") && told.ends_with("xand more"), "{told}");
    }
}
