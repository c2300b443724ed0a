//! The first of the layers that keep a database from being written to: what is sent is one query, and nothing but a query.
//!
//! Invariant: a text that passes is exactly one statement, which is a query; it takes no locks it was not given, changes
//! nothing, calls no function that does, and reads the same to the server as to the parser: comments, escapes and quoting
//! that servers disagree about are refused. Never panics, whatever the text.
//! Not here: the other layers (the session, the login, the audit).

mod deny;
mod tree;

use crate::Dialect;
use sqlparser::ast::Statement;
use sqlparser::dialect as sql;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

/// A text that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    text: String,
    wraps: bool,
    vouched: bool,
}

impl Checked {
    /// The text, without a semicolon at its end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it may stand in parentheses after FROM on any server: no WITH, no ORDER BY at its top level.
    pub fn wraps(&self) -> bool {
        self.wraps
    }

    /// It did not pass; its owner vouches for it (`unchecked:`).
    pub fn is_vouched(&self) -> bool {
        self.vouched
    }

    /// A text that the parser does not know and that its owner vouches for; see `unchecked:`.
    pub(crate) fn vouched(text: &str) -> Checked {
        Checked { text: trimmed(text).to_owned(), wraps: false, vouched: true }
    }
}

/// Why a text is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong with it.
    pub message: String,
    /// Where, in bytes from its beginning.
    pub at: usize,
    /// What to do.
    pub hint: String,
}

impl Refused {
    fn new(at: usize, message: impl Into<String>, hint: impl Into<String>) -> Refused {
        Refused { message: message.into(), at, hint: hint.into() }
    }
}

/// Longer texts are not read.
const LONGEST: usize = 256 * 1024;

const VOUCH: &str = "if it is a query all the same and you vouch for it, say `unchecked: \"why\"` on the dataset";

/// Checks a text.
pub fn check(text: &str, dialect: Dialect) -> Result<Checked, Refused> {
    if text.len() > LONGEST {
        return Err(Refused::new(LONGEST, "the text has more than 256 KiB", "make it a view"));
    }
    plain(text)?;
    let parser = parser_dialect(dialect);
    let tokens = Tokenizer::new(&*parser, text).tokenize_with_location();
    let tokens = tokens.map_err(|e| {
        let at = offset(text, e.location.line, e.location.column);
        Refused::new(at, format!("it cannot be read as SQL: {}", e.message), VOUCH)
    })?;
    lexical(text, &tokens, dialect)?;
    let statements = Parser::new(&*parser).with_tokens_with_locations(tokens).parse_statements();
    let statements = statements.map_err(|e| unread(text, &e.to_string()))?;
    let one = match statements.as_slice() {
        [one] => one,
        [] => return Err(Refused::new(0, "there is no statement", "write one SELECT")),
        _ => return Err(Refused::new(0, "there are several statements", "write one SELECT; each dataset has its own")),
    };
    let Statement::Query(query) = one else {
        return Err(Refused::new(0, "it is not a query", "only SELECT is sent to a source"));
    };
    tree::check(one, dialect)?;
    let ends = query.order_by.is_some() || query.with.is_some() || query.for_clause.is_some();
    Ok(Checked { text: trimmed(text).to_owned(), wraps: !ends, vouched: false })
}

/// Checks a text whose server is not known before it is asked: one dialect must know it as a query.
pub fn check_any(text: &str) -> Result<Checked, Refused> {
    let first = check(text, Dialect::Generic);
    if first.is_ok() {
        return first;
    }
    let others = [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite, Dialect::Tsql];
    others.into_iter().find_map(|d| check(text, d).ok()).map_or(first, Ok)
}

fn trimmed(text: &str) -> &str {
    text.trim().trim_end_matches(';').trim_end()
}

fn parser_dialect(dialect: Dialect) -> Box<dyn sql::Dialect> {
    match dialect {
        Dialect::Tsql => Box::new(sql::MsSqlDialect {}),
        Dialect::Postgres => Box::new(sql::PostgreSqlDialect {}),
        Dialect::Mysql => Box::new(sql::MySqlDialect {}),
        Dialect::Sqlite => Box::new(sql::SQLiteDialect {}),
        Dialect::Bare | Dialect::Generic => Box::new(sql::GenericDialect {}),
    }
}

/// What is refused before anything is read.
fn plain(text: &str) -> Result<(), Refused> {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let message = format!("there is a control character (U+{:04X})", u32::from(c));
        return Err(Refused::new(at, message, "remove it"));
    }
    for escape in ["\\'", "\\\""] {
        if let Some(at) = text.find(escape) {
            let message = "a backslash before a quote ends the text on some servers and not on others";
            return Err(Refused::new(at, message, "double the quote instead, or use CHAR(92)"));
        }
    }
    // PostgreSQL reads a name of this kind with escapes in it, as another name.
    let bytes = text.as_bytes();
    if let Some(at) = bytes.windows(3).position(|w| w[0].eq_ignore_ascii_case(&b'u') && &w[1..] == b"&\"") {
        return Err(Refused::new(at, "a name of the form U&\"…\" means another name", "write that name itself"));
    }
    Ok(())
}

/// What is refused of the words, whatever they mean.
fn lexical(text: &str, tokens: &[TokenWithSpan], dialect: Dialect) -> Result<(), Refused> {
    let last = tokens.iter().rposition(|t| !matches!(t.token, Token::Whitespace(_) | Token::SemiColon | Token::EOF));
    for (i, t) in tokens.iter().enumerate() {
        let at = || offset(text, t.span.start.line, t.span.start.column);
        let comment = matches!(
            t.token,
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
        );
        if comment {
            let message = "there is a comment: servers disagree about where it ends, and some run what it holds";
            return Err(Refused::new(at(), message, "write comments in the configuration (`# …`), not in the SQL"));
        }
        match t.token {
            Token::SemiColon if last.is_some_and(|l| i < l) => {
                return Err(Refused::new(at(), "there are several statements", "write one SELECT"));
            }
            Token::LBrace | Token::RBrace => {
                return Err(Refused::new(
                    at(),
                    "braces may call procedures in some drivers",
                    "write it without braces",
                ));
            }
            _ => {}
        }
        word(&t.token, dialect).map_err(|refused| Refused { at: at(), ..refused })?;
    }
    if let Some(at) = text.find("$$").filter(|_| dialect != Dialect::Postgres) {
        return Err(Refused::new(at, "only PostgreSQL quotes with dollars", "write the text in quotes"));
    }
    // A MySQL parser reads what stands in these comments as part of the statement, so they are no comments to it.
    for hides in ["/*!", "/*M!", "/*+"] {
        if let Some(at) = text.find(hides) {
            return Err(Refused::new(at, format!("`{hides}` hides SQL in a comment"), "write it without comments"));
        }
    }
    Ok(())
}

/// What is refused of one word or sign.
fn word(token: &Token, dialect: Dialect) -> Result<(), Refused> {
    let word = match token {
        Token::Word(word) if word.quote_style.is_none() => word.value.as_str(),
        Token::Word(_) => return Ok(()),
        // A parser may take these for a part of an operator (`#--`); to the server the rest of the line is a comment.
        Token::Minus | Token::Mul | Token::Div => return Ok(()),
        other if in_quotes(other) => return Ok(()),
        other => {
            let hides = other.to_string();
            let comment = ["--", "/*", "*/"].iter().any(|c| hides.contains(c));
            let message = "there is what some servers take for a comment, and others do not";
            return if comment { Err(Refused::new(0, message, "put blanks between the signs")) } else { Ok(()) };
        }
    };
    if dialect == Dialect::Tsql && deny::statement(word) {
        let message = format!("`{word}` begins a statement of its own, which may follow a SELECT without a semicolon");
        return Err(Refused::new(0, message, "leave it out; a name that is spelt so goes in brackets"));
    }
    if dialect == Dialect::Tsql && deny::hint(word) {
        let message = format!("the hint {word} holds locks others wait for");
        return Err(Refused::new(0, message, "leave it out; a name that is spelt so goes in brackets"));
    }
    if dialect == Dialect::Mysql && word.eq_ignore_ascii_case("high_priority") {
        return Err(Refused::new(0, "HIGH_PRIORITY makes those who write wait", "leave it out"));
    }
    Ok(())
}

fn in_quotes(token: &Token) -> bool {
    let shown = token.to_string();
    let quotes = ['\'', '"', '`', '$'];
    // With its prefix: N'…', E'…', x'…', U&'…'.
    shown.ends_with(quotes) && shown.find(quotes).is_some_and(|at| at <= 2)
}

fn unread(text: &str, message: &str) -> Refused {
    let number = |after: &str| -> Option<u64> {
        let rest = message.rsplit_once(after)?.1;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    let at = match (number("Line: "), number("Column: ")) {
        (Some(line), Some(column)) => offset(text, line, column),
        _ => 0,
    };
    let told = message.strip_prefix("sql parser error: ").unwrap_or(message);
    Refused::new(at, format!("it cannot be read as a query: {told}"), VOUCH)
}

/// The byte of a line and column, both from 1.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let skip = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    text[start..].char_indices().nth(skip).map_or(text.len(), |(i, _)| start + i)
}

#[cfg(test)]
mod tests;
