//! Transact-SQL, as far as the tests send it, into what the embedded database understands.
//!
//! Words are replaced one by one: `[name]`, `N'text'`, `@P1`, `dbo.`, `TOP (n)`, `CAST(… AS type)`. Nothing is parsed.

/// A word of a statement.
#[derive(Clone, Debug, PartialEq)]
enum Word {
    /// A name or keyword, without quotes.
    Plain(String),
    /// `[name]` or `"name"`, its contents.
    Quoted(String),
    /// A text, with its quotes.
    Text(String),
    /// `@P1`: 1.
    Param(String),
    /// Anything else, a character.
    Sign(char),
}

/// A statement for the embedded database, and the types its select list names.
#[derive(Debug, PartialEq)]
pub(crate) struct Rewritten {
    pub(crate) sql: String,
    /// For each item of the select list the type it is cast to, if it is.
    pub(crate) casts: Vec<Option<String>>,
}

fn words(sql: &str) -> Vec<Word> {
    let chars: Vec<char> = sql.chars().collect();
    let mut at = 0;
    let mut out = Vec::new();
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '[' | '"' | '\'' => {
                let close = if c == '[' { ']' } else { c };
                let mut held = String::new();
                while let Some(&c) = chars.get(at) {
                    at += 1;
                    if c == close {
                        if chars.get(at) != Some(&close) {
                            break;
                        }
                        at += 1;
                    }
                    held.push(c);
                }
                if c == '\'' {
                    // N'text'
                    if out.last() == Some(&Word::Plain("N".into())) {
                        out.pop();
                    }
                    out.push(Word::Text(format!("'{}'", held.replace('\'', "''"))));
                } else {
                    out.push(Word::Quoted(held));
                }
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '@' | '#') => {
                let mut held = c.to_string();
                while let Some(&c) = chars.get(at).filter(|c| c.is_alphanumeric() || **c == '_') {
                    held.push(c);
                    at += 1;
                }
                out.push(match held.strip_prefix("@P") {
                    Some(n) => Word::Param(n.to_owned()),
                    None => Word::Plain(held),
                });
            }
            c if c.is_whitespace() => {}
            c => out.push(Word::Sign(c)),
        }
    }
    out
}

fn is(word: Option<&Word>, keyword: &str) -> bool {
    matches!(word, Some(Word::Plain(w)) if w.eq_ignore_ascii_case(keyword))
}

/// Rewrites one SELECT.
pub(crate) fn rewrite(sql: &str) -> Rewritten {
    let words = words(sql.trim().trim_end_matches(';'));
    let mut out = String::new();
    let mut limit = None;
    let mut casts = vec![None];
    let mut depth = 0_usize;
    let mut in_list = false;
    // Depths at which a CAST was opened, and where it is written.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        match word {
            Word::Plain(w) if w.eq_ignore_ascii_case("select") && depth == 0 => {
                in_list = true;
                out.push_str("SELECT ");
                if is(words.get(at), "top") {
                    let bracket = usize::from(words.get(at + 1) == Some(&Word::Sign('(')));
                    limit = words.get(at + 1 + bracket).cloned();
                    at += 2 + 2 * bracket;
                }
            }
            Word::Plain(w) if w.eq_ignore_ascii_case("from") && depth == 0 => {
                in_list = false;
                out.push_str("FROM ");
            }
            Word::Plain(w) if w.eq_ignore_ascii_case("as") && open.last().is_some_and(|o| o.0 == depth) => {
                let (name, next) = type_name(&words, at);
                at = next;
                let opened = open.pop().map(|o| o.1);
                if in_list
                    && depth == 1
                    && let Some(last) = casts.last_mut()
                {
                    *last = Some(name.clone());
                }
                match opened {
                    // A variant's values are what they are.
                    Some(from) if name == "sql_variant" => out.replace_range(from..from + 5, "("),
                    _ => out.push_str(&format!("AS {} ", affinity(&name))),
                }
            }
            Word::Plain(w) if w.eq_ignore_ascii_case("cast") && words.get(at) == Some(&Word::Sign('(')) => {
                at += 1;
                depth += 1;
                open.push((depth, out.len()));
                out.push_str("CAST(");
            }
            Word::Plain(w) | Word::Quoted(w)
                if w.eq_ignore_ascii_case("dbo") && words.get(at) == Some(&Word::Sign('.')) =>
            {
                at += 1;
            }
            // What it gives is no name of a type: variants stay what they are.
            Word::Plain(w) if w.eq_ignore_ascii_case("sql_variant_property") => out.push_str("nullif "),
            Word::Plain(w) if w.eq_ignore_ascii_case("datalength") => out.push_str("length "),
            // The embedded database knows none of SQL Server's collations.
            Word::Plain(w) if w.eq_ignore_ascii_case("collate") => at += 1,
            Word::Plain(w) => out.push_str(&format!("{w} ")),
            Word::Quoted(w) => out.push_str(&format!("\"{}\" ", w.replace('"', "\"\""))),
            Word::Text(t) => out.push_str(&format!("{t} ")),
            Word::Param(n) => out.push_str(&format!("?{n} ")),
            Word::Sign(c) => {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    ',' if depth == 0 && in_list => casts.push(None),
                    _ => {}
                }
                out.push(*c);
                // `<=` and `.5` must not be torn apart; `a.b` neither.
                if matches!(c, ',' | ')') {
                    out.push(' ');
                }
            }
        }
    }
    match limit {
        Some(Word::Plain(n)) => out.push_str(&format!("LIMIT {n}")),
        Some(Word::Param(n)) => out.push_str(&format!("LIMIT ?{n}")),
        _ => {}
    }
    Rewritten { sql: out.replace(" .", "."), casts }
}

fn type_name(words: &[Word], from: usize) -> (String, usize) {
    let mut name = String::new();
    let mut at = from;
    let mut depth = 0;
    while let Some(word) = words.get(at) {
        match word {
            Word::Sign(')') if depth == 0 => break,
            Word::Sign('(') => {
                depth += 1;
                name.push('(');
            }
            Word::Sign(')') => {
                depth -= 1;
                name.push(')');
            }
            Word::Sign(c) => name.push(*c),
            Word::Plain(w) | Word::Quoted(w) => name.push_str(w),
            Word::Text(_) | Word::Param(_) => {}
        }
        at += 1;
    }
    (name.replace("(max)", "_max").replace("(MAX)", "_max"), at)
}

/// What the embedded database must make of it so that nothing is rounded.
fn affinity(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    if name.contains("int") || name == "bit" {
        "INTEGER"
    } else if name.starts_with("float") || name == "real" {
        "REAL"
    } else if name.contains("binary") || name == "image" {
        "BLOB"
    } else {
        "TEXT"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_table() {
        let got = rewrite(
            "SELECT TOP (100) [id], CAST([amount] AS decimal(19,4)) AS [amount], N'it''s' AS t FROM [dbo].[order]]s] \
             WHERE [id] > CAST(@P1 AS int) AND x <= 1.5 ORDER BY [id]",
        );
        assert_eq!(
            got.sql,
            "SELECT \"id\" , CAST(\"amount\" AS TEXT ) AS \"amount\" , 'it''s' AS t FROM \"order]s\" WHERE \"id\" >\
             CAST(?1 AS INTEGER ) AND x <=1 .5 ORDER BY \"id\" LIMIT 100"
                .replace(" .", ".")
        );
        assert_eq!(got.casts, vec![None, Some("decimal(19,4)".into()), None]);
    }
}
