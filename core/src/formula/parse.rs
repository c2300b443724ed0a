//! Tokens to a tree, by operator precedence.
//!
//! Invariant: any text gives a tree and, unless it is a formula, at least one diagnostic. After a fault the parser goes
//! on at the next comma or parenthesis, so that one run tells of several faults.

use super::ast::{Expr, Kind, Op, Span};
use super::diagnostic::Diagnostic;
use super::lex::{Token, tokens};
use banyan_words::{Decimal, Severity};

/// Longest formula, in bytes.
const LONGEST: usize = 32 * 1024;
/// Deepest nesting, counted over operators too, since every later walk recurses.
const DEEPEST: u16 = 80;

/// Reads a formula.
pub(crate) fn parse(text: &str) -> (Expr, Vec<Diagnostic>) {
    if text.len() > LONGEST {
        let d = Diagnostic {
            code: "formula-too-long",
            severity: Severity::Error,
            offset: LONGEST,
            len: 0,
            message: format!("the formula has {} bytes, more than {LONGEST}", text.len()),
            hint: Some("put the values into a lookup".to_owned()),
        };
        return (Expr::leaf(Span::default(), Kind::Bad), vec![d]);
    }
    let mut p = Parser { tokens: tokens(text), at: 0, faults: Vec::new(), depth: 0, too_deep: false };
    let e = p.otherwise();
    while *p.peek() != Token::End {
        p.unexpected("an operator or the end of the formula");
        p.skip_to_stop();
        if matches!(p.peek(), Token::Mark(")" | ",")) {
            p.next();
        }
        if *p.peek() != Token::End {
            p.otherwise();
        }
    }
    // Whatever stopped the parser first is what the author wants to hear about first.
    p.faults.sort_by_key(|d| d.offset);
    p.faults.dedup_by_key(|d| (d.offset, d.code));
    (e, p.faults)
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    faults: Vec<Diagnostic>,
    depth: u16,
    too_deep: bool,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |t| &t.0)
    }

    fn span(&self) -> Span {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(Span::default(), |t| t.1)
    }

    fn next(&mut self) -> (Token, Span) {
        let t = self.tokens.get(self.at).or(self.tokens.last()).cloned().unwrap_or((Token::End, Span::default()));
        self.at = (self.at + 1).min(self.tokens.len().saturating_sub(1));
        t
    }

    fn takes(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Token::Mark(m) if *m == mark);
        if found {
            self.next();
        }
        found
    }

    fn fault(&mut self, code: &'static str, span: Span, message: String, hint: Option<&str>) {
        self.faults.push(Diagnostic {
            code,
            severity: Severity::Error,
            offset: span.start as usize,
            len: (span.end - span.start) as usize,
            message,
            hint: hint.map(str::to_owned),
        });
    }

    fn unexpected(&mut self, wanted: &str) {
        let (token, span) = (self.peek().clone(), self.span());
        let (message, hint) = match token {
            Token::Bad(message, hint) => (message, hint),
            Token::End => (format!("the formula ends where {wanted} should stand"), None),
            Token::Word(w) => (format!("'{w}' stands where {wanted} should"), None),
            Token::Bracket(w) => (format!("[{w}] stands where {wanted} should"), None),
            Token::Text(_) => (format!("a text stands where {wanted} should"), Some("texts are joined with &")),
            Token::Number(n) => (format!("{n} stands where {wanted} should"), None),
            Token::Mark(m @ "=") => {
                (format!("'{m}' stands where {wanted} should"), Some("equal is written with one ="))
            }
            Token::Mark(m) => (format!("'{m}' stands where {wanted} should"), None),
        };
        self.fault("syntax", span, message, hint);
    }

    /// Goes on to the comma or closing parenthesis that ends the faulty argument.
    fn skip_to_stop(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                Token::End => return,
                Token::Mark("(") => open += 1,
                Token::Mark(")") if open == 0 => return,
                Token::Mark(")") => open -= 1,
                Token::Mark(",") if open == 0 => return,
                _ => {}
            }
            self.next();
        }
    }

    fn node(&mut self, span: Span, height: u16, kind: Kind) -> Expr {
        if height >= DEEPEST {
            self.deep(span);
            return Expr::leaf(span, Kind::Bad);
        }
        Expr { span, height: height + 1, kind }
    }

    fn deep(&mut self, span: Span) {
        if !self.too_deep {
            self.too_deep = true;
            let hint = Some("CONCAT and IFS take many arguments; long lists of values belong into a lookup");
            self.fault("too-deep", span, format!("the formula nests deeper than {DEEPEST} levels"), hint);
        }
    }

    /// `x ELSE y`, which binds loosest.
    fn otherwise(&mut self) -> Expr {
        self.depth += 1;
        if self.depth > DEEPEST {
            let span = self.span();
            self.deep(span);
            self.skip_to_stop();
            self.depth -= 1;
            return Expr::leaf(span, Kind::Bad);
        }
        let x = self.operators(1);
        let e = if matches!(self.peek(), Token::Word(w) if w.eq_ignore_ascii_case("ELSE")) {
            self.next();
            let y = self.otherwise();
            self.node(x.span.to(y.span), x.height.max(y.height), Kind::Else(Box::new(x), Box::new(y)))
        } else {
            x
        };
        self.depth -= 1;
        e
    }

    /// Operators that bind at least as tightly as `least`.
    fn operators(&mut self, least: u8) -> Expr {
        let mut left = self.operand();
        while let Some(op) = self.operator().filter(|op| op.power() >= least) {
            let sign = self.next().1;
            let right = self.operators(op.power() + 1);
            let height = left.height.max(right.height);
            left = self.node(left.span.to(right.span), height, Kind::Binary(op, Box::new(left), Box::new(right)));
            if op.compares() && self.operator().is_some_and(Op::compares) {
                let hint = Some("say AND(a < b, b < c), or put one comparison into parentheses");
                self.fault("syntax", sign, "comparisons do not chain".to_owned(), hint);
            }
        }
        left
    }

    fn operator(&self) -> Option<Op> {
        let Token::Mark(m) = self.peek() else { return None };
        Some(match *m {
            "=" => Op::Eq,
            "<>" => Op::Ne,
            "<" => Op::Lt,
            "<=" => Op::Le,
            ">" => Op::Gt,
            ">=" => Op::Ge,
            "&" => Op::Concat,
            "+" => Op::Add,
            "-" => Op::Sub,
            "*" => Op::Mul,
            "/" => Op::Div,
            _ => return None,
        })
    }

    fn operand(&mut self) -> Expr {
        let mut signs = Vec::new();
        while matches!(self.peek(), Token::Mark("-" | "+")) {
            let (token, span) = self.next();
            if token == Token::Mark("-") {
                signs.push(span);
            }
        }
        let mut e = self.primary();
        for sign in signs.into_iter().rev() {
            e = self.node(sign.to(e.span), e.height, Kind::Neg(Box::new(e)));
        }
        e
    }

    fn primary(&mut self) -> Expr {
        let span = self.span();
        match self.peek().clone() {
            Token::Text(t) => self.take(Kind::Text(t)),
            Token::Bracket(name) => self.take(Kind::Column(name)),
            Token::Number(digits) => {
                let kind = match (digits.parse::<i64>(), digits.parse::<Decimal>()) {
                    (Ok(i), _) => Kind::Integer(i),
                    (_, Ok(d)) => Kind::Decimal(d),
                    _ => {
                        self.fault("syntax", span, "a number has at most 38 digits".to_owned(), None);
                        Kind::Bad
                    }
                };
                self.take(kind)
            }
            Token::Mark("(") => {
                self.next();
                let e = self.otherwise();
                self.close("')'");
                e
            }
            Token::Word(w) => self.word(w, span),
            _ => {
                self.unexpected("a value");
                self.skip_to_stop();
                Expr::leaf(span, Kind::Bad)
            }
        }
    }

    fn take(&mut self, kind: Kind) -> Expr {
        Expr::leaf(self.next().1, kind)
    }

    fn close(&mut self, wanted: &str) {
        if self.takes(")") {
            return;
        }
        self.unexpected(wanted);
        self.skip_to_stop();
        self.takes(")");
    }

    fn word(&mut self, w: String, span: Span) -> Expr {
        let upper = w.to_ascii_uppercase();
        match upper.as_str() {
            "NULL" => return self.take(Kind::Null),
            "MISSING" => return self.take(Kind::Missing),
            "TRUE" => return self.take(Kind::Boolean(true)),
            "FALSE" => return self.take(Kind::Boolean(false)),
            "KEEP" | "REJECT" => return self.verdict(upper == "KEEP", span),
            "ELSE" => {
                self.unexpected("a value");
                return Expr::leaf(span, Kind::Bad);
            }
            _ => {}
        }
        self.next();
        if !self.takes("(") {
            return Expr::leaf(span, Kind::Column(w));
        }
        let mut args = Vec::new();
        if !self.takes(")") {
            loop {
                args.push(self.otherwise());
                if matches!(self.peek(), Token::Mark("," | ")")) {
                    if self.takes(",") {
                        continue;
                    }
                    self.next();
                    break;
                }
                self.unexpected("',' or ')'");
                // Stands for what was skipped, so that nobody counts the arguments.
                args.push(Expr::leaf(self.span(), Kind::Bad));
                self.skip_to_stop();
                if !self.takes(",") {
                    self.takes(")");
                    break;
                }
            }
        }
        let end = self.tokens.get(self.at.saturating_sub(1)).map_or(span, |t| t.1);
        let height = args.iter().map(|a| a.height).max().unwrap_or(0);
        self.node(span.to(end), height, Kind::Call(upper, span, args))
    }

    /// `KEEP "code"` or `REJECT "code"`.
    fn verdict(&mut self, keep: bool, span: Span) -> Expr {
        self.next();
        if let Token::Text(code) = self.peek().clone() {
            let at = self.next().1;
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if code.is_empty() || code.len() > 64 || !code.bytes().all(plain) {
                let hint = Some("codes are of small letters, digits and hyphens: \"unknown-category\"");
                self.fault("bad-code", at, format!("\"{code}\" is no code"), hint);
            }
            return Expr::leaf(span.to(at), if keep { Kind::Keep(code) } else { Kind::Reject(code) });
        }
        let word = if keep { "KEEP" } else { "REJECT" };
        let message = format!("{word} needs a code in quotes");
        let hint = format!("{word} \"why-not\"; a column of that name stands in brackets: [{word}]");
        self.fault("syntax", span, message, Some(&hint));
        Expr::leaf(span, Kind::Bad)
    }
}
