//! Operators: `- + * / &` and comparisons.

use super::super::ast::{Expr, Kind, Op, Span};
use super::super::numbers;
use super::super::outcome::Code;
use super::super::plan::{Comparison, Node, Step};
use super::{Arg, Checked, Checker, Weight};
use banyan_words::{Decimal, Type, Value};

impl Checker<'_> {
    pub(super) fn negated(&mut self, e: &Expr, x: &Expr) -> Checked {
        match &x.kind {
            Kind::Integer(i) => {
                let step = Step::Const(Value::Integer(i.saturating_neg()));
                Checked { node: Node { span: e.span, step }, ty: Some(Type::Integer), words: None }
            }
            Kind::Decimal(d) => {
                let negative = Decimal::new(-d.coefficient(), d.scale()).unwrap_or(Decimal::ZERO);
                let ty = Type::Decimal { precision: 38, scale: d.scale() };
                let step = Step::Const(Value::Decimal(negative));
                Checked { node: Node { span: e.span, step }, ty: Some(ty), words: None }
            }
            _ => {
                let c = self.operand(x, Op::Sub);
                self.can_fail(e.span, Code::Overflow, Weight::Silent, "");
                Checked { node: Node { span: e.span, step: Step::Neg(Box::new(c.node)) }, ty: c.ty, words: None }
            }
        }
    }

    /// An operand of arithmetic.
    fn operand(&mut self, e: &Expr, op: Op) -> Checked {
        let c = self.expr(e, None);
        let part = e.span.of(self.text).to_owned();
        let hint = match &c.ty {
            None | Some(Type::Integer | Type::Decimal { .. }) => return c,
            Some(Type::Any) => {
                self.can_fail(e.span, Code::BadType, Weight::Warn, "whether it is a number is not known");
                return c;
            }
            Some(Type::Text | Type::Enum(_)) if op == Op::Add => {
                format!("DECIMAL({part}) makes a number of it; texts are joined with &")
            }
            Some(Type::Text | Type::Enum(_)) => format!("say DECIMAL({part}) or INTEGER({part})"),
            Some(Type::Float) => format!("say DECIMAL({part}): arithmetic is exact"),
            Some(Type::Date | Type::DateTime) => "DATEADD(date, n, \"day\") counts days".to_owned(),
            Some(_) => "arithmetic is for numbers".to_owned(),
        };
        let word = c.ty.as_ref().map_or("", Type::word);
        self.error("wrong-type", e.span, format!("{part} is {word}, where a number is needed"), Some(hint));
        self.nothing(e.span)
    }

    pub(super) fn arithmetic(&mut self, span: Span, op: Op, a: &Expr, b: &Expr) -> Checked {
        let (x, y) = (self.operand(a, op), self.operand(b, op));
        if op == Op::Div {
            self.division(span, b, &y.node);
        } else {
            self.can_fail(span, Code::Overflow, Weight::Silent, "");
        }
        let ty = result(op, x.ty.as_ref(), y.ty.as_ref(), &y.node);
        Checked { node: Node { span, step: Step::Arithmetic(op, Box::new((x.node, y.node))) }, ty, words: None }
    }

    /// Says how a quotient can fail.
    fn division(&mut self, span: Span, divisor: &Expr, node: &Node) {
        match constant(node) {
            Some(d) if d.coefficient() == 0 => self.by_zero(divisor.span),
            Some(d) if numbers::ends(d) => self.can_fail(span, Code::Overflow, Weight::Silent, ""),
            Some(_) => {
                let why = "a quotient may have endless digits; ROUND(a / b, n) rounds it";
                self.can_fail(span, Code::Inexact, Weight::Demand("division-needs-else"), why);
            }
            None => {
                let why = "the divisor may be zero, and a quotient may have endless digits; ROUND(a / b, n) rounds it";
                self.can_fail(span, Code::Inexact, Weight::Demand("division-needs-else"), why);
                self.can_fail(span, Code::ByZero, Weight::Silent, "");
            }
        }
    }

    fn by_zero(&mut self, span: Span) {
        self.error("division-by-zero", span, "this divides by zero".to_owned(), None);
    }

    /// The quotient within `ROUND(a / b, n)`, which fails for zero only.
    pub(crate) fn quotient(&mut self, span: Span, a: &Expr, b: &Expr) -> (Checked, Checked) {
        let (x, y) = (self.operand(a, Op::Div), self.operand(b, Op::Div));
        match constant(&y.node) {
            Some(d) if d.coefficient() == 0 => self.by_zero(b.span),
            Some(_) => {}
            None => self.can_fail(span, Code::ByZero, Weight::Warn, "the divisor may be zero"),
        }
        self.can_fail(span, Code::Overflow, Weight::Silent, "");
        (x, y)
    }

    pub(super) fn concat(&mut self, e: &Expr) -> Checked {
        let mut parts = Vec::new();
        self.parts(e, &mut parts);
        Checked { node: Node { span: e.span, step: Step::Concat(parts.into()) }, ty: Some(Type::Text), words: None }
    }

    /// `a & b & c` is one step.
    fn parts(&mut self, e: &Expr, out: &mut Vec<Node>) {
        if let Kind::Binary(Op::Concat, a, b) = &e.kind {
            self.parts(a, out);
            self.parts(b, out);
        } else {
            out.push(self.arg(e, Arg::Text).node);
        }
    }

    pub(super) fn comparison(&mut self, span: Span, op: Op, a: &Expr, b: &Expr) -> Checked {
        for (e, other) in [(a, b), (b, a)] {
            let test = match e.kind {
                Kind::Null => "ISNULL",
                Kind::Missing => "ISMISSING",
                _ => continue,
            };
            let part = other.span.of(self.text);
            let hint = if op == Op::Ne { format!("say NOT({test}({part}))") } else { format!("say {test}({part})") };
            let said = format!("a comparison with {} is never true", e.print());
            self.error("compares-absent", e.span, said, Some(hint));
        }
        let (x, y) = (self.expr(a, None), self.expr(b, None));
        let how = self.comparable(span, op, &x, &y);
        Checked {
            node: Node { span, step: Step::Compare(how, Box::new((x.node, y.node))) },
            ty: Some(Type::Boolean),
            words: None,
        }
    }

    /// Whether and how two values can be compared.
    pub(crate) fn comparable(&mut self, span: Span, op: Op, x: &Checked, y: &Checked) -> Comparison {
        let plain = Comparison { op, as_text: false };
        let (Some(a), Some(b)) = (&x.ty, &y.ty) else { return plain };
        match (class(a), class(b)) {
            ("any", "any") => self.can_fail(span, Code::BadType, Weight::Silent, ""),
            ("any", "text") | ("text", "any") => {
                self.can_fail(span, Code::BadType, Weight::Silent, "");
                return Comparison { op, as_text: true };
            }
            ("any", other) | (other, "any") => {
                let why = format!("whether both are {other} is not known");
                self.can_fail(span, Code::BadType, Weight::Warn, &why);
            }
            (p, q) if p != q => {
                let said = format!("{} cannot be compared with {}", a.word(), b.word());
                self.error("cannot-compare", span, said, Some(hint(p, q)));
            }
            ("list" | "object", _) => {
                self.error("cannot-compare", span, format!("{} values cannot be compared", a.word()), None);
            }
            ("boolean" | "ref" | "bytes", _) if !matches!(op, Op::Eq | Op::Ne) => {
                self.error("cannot-compare", span, format!("{} values have no order", a.word()), None);
            }
            _ => {}
        }
        plain
    }
}

fn class(ty: &Type) -> &'static str {
    match ty {
        Type::Text | Type::Enum(_) => "text",
        Type::Integer | Type::Decimal { .. } => "number",
        other => other.word(),
    }
}

fn hint(a: &str, b: &str) -> String {
    match (a, b) {
        ("number", "text") | ("text", "number") => {
            "INTEGER(…) or DECIMAL(…) makes a number of the text; or put the number into quotes".to_owned()
        }
        ("date", "text") | ("text", "date") => "say DATE(\"2026-01-31\")".to_owned(),
        ("float", "number") | ("number", "float") => "say DECIMAL(…) of the float".to_owned(),
        ("datetime", "date") | ("date", "datetime") => "say DATE(…) of the datetime".to_owned(),
        _ => "both sides must be of one kind".to_owned(),
    }
}

fn constant(node: &Node) -> Option<Decimal> {
    match &node.step {
        Step::Const(v) => numbers::decimal(v),
        _ => None,
    }
}

/// The type of a sum, difference, product or quotient; scales are upper bounds, 38 meaning that none is known.
fn result(op: Op, a: Option<&Type>, b: Option<&Type>, divisor: &Node) -> Option<Type> {
    let (a, b) = (a?, b?);
    if matches!(a, Type::Any) || matches!(b, Type::Any) {
        return Some(Type::Any);
    }
    let (x, y) = (scale(a), scale(b));
    let scale = match op {
        Op::Div => match constant(divisor).filter(|d| numbers::ends(*d)) {
            Some(d) => {
                let inverse = Decimal::from(1).checked_div(d).map_or(38, |i| i.normalised().scale());
                x.saturating_add(inverse)
            }
            None => 38,
        },
        _ if matches!((a, b), (Type::Integer, Type::Integer)) => return Some(Type::Integer),
        Op::Mul => x.saturating_add(y),
        _ => x.max(y),
    };
    Some(Type::Decimal { precision: 38, scale: scale.min(38) })
}

/// Digits after the point, at most.
pub(crate) fn scale(ty: &Type) -> u8 {
    match ty {
        Type::Integer => 0,
        Type::Decimal { scale, .. } => *scale,
        _ => 38,
    }
}
