//! Types: turns a tree into a plan, or says everything that is wrong with it.
//!
//! Invariant: a plan fails only with codes the checker has noted, as long as the record's cells are of the types its
//! columns declare. Every step that can fail stands under an `ELSE`, or its implicit rejection has been told of.

mod args;
mod assign;
mod operators;

use super::ast::{Expr, Kind, Op, Span};
use super::diagnostic::Diagnostic;
use super::functions::{self, Body, Function};
use super::outcome::Code;
use super::plan::{Node, Step};
use super::scope::{Scope, Target};
pub(crate) use args::{Arg, whole};
use banyan_words::problem::nearest;
use banyan_words::{Severity, Type, Value};
pub(crate) use operators::scale;

/// A checked expression.
pub(crate) struct Checked {
    pub(crate) node: Node,
    /// `None` where there never is a value: `NULL`, `REJECT`, or a fault already told.
    pub(crate) ty: Option<Type>,
    /// All texts it can be, where they are known.
    pub(crate) words: Option<Vec<String>>,
}

/// What is done about a failure that no `ELSE` covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The record is rejected; nobody need be told.
    Silent,
    /// The record is rejected; a warning says so.
    Warn,
    /// The author must say what then; the diagnostic's code.
    Demand(&'static str),
}

/// A call to a known function.
pub(crate) struct Call<'e> {
    pub(crate) function: &'static Function,
    pub(crate) span: Span,
    pub(crate) args: &'e [Expr],
}

/// What to do about a step that can fail.
const SAY: &str =
    "say what then: … ELSE NULL, ELSE MISSING, ELSE \"value\", ELSE KEEP \"code\" or ELSE REJECT \"code\"";

/// The checker's state.
pub(crate) struct Checker<'s> {
    pub(crate) scope: &'s Scope<'s>,
    pub(crate) text: &'s str,
    pub(crate) faults: Vec<Diagnostic>,
    pub(crate) columns: Vec<String>,
    pub(crate) lookups: Vec<String>,
    pub(crate) refs: Vec<(String, String)>,
    /// Codes that the author declared.
    pub(crate) codes: Vec<String>,
    /// Codes of failures no `ELSE` covers.
    pub(crate) implicit: Vec<Code>,
    pub(crate) fetches: bool,
    /// Failures that the author is warned of, all in one warning: one `ELSE` answers them all.
    unsaid: Vec<(Span, Code, String)>,
    /// Within the left side of an `ELSE`.
    covered: bool,
    /// Steps that can fail, so far, and that nothing within the current expression catches.
    failing: usize,
}

impl<'s> Checker<'s> {
    pub(crate) fn new(text: &'s str, scope: &'s Scope<'s>) -> Checker<'s> {
        Checker {
            scope,
            text,
            faults: Vec::new(),
            columns: Vec::new(),
            lookups: Vec::new(),
            refs: Vec::new(),
            codes: Vec::new(),
            implicit: Vec::new(),
            fetches: false,
            unsaid: Vec::new(),
            covered: false,
            failing: 0,
        }
    }

    /// Notes an error.
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: String, hint: Option<String>) {
        self.tell(Severity::Error, code, span, message, hint);
    }

    pub(crate) fn warn(&mut self, code: &'static str, span: Span, message: String, hint: Option<String>) {
        self.tell(Severity::Warning, code, span, message, hint);
    }

    fn tell(&mut self, severity: Severity, code: &'static str, span: Span, message: String, hint: Option<String>) {
        let (offset, len) = (span.start as usize, (span.end - span.start) as usize);
        self.faults.push(Diagnostic { code, severity, offset, len, message, hint });
    }

    /// Notes that a step can fail.
    pub(crate) fn can_fail(&mut self, span: Span, code: Code, weight: Weight, why: &str) {
        self.failing += 1;
        if self.covered {
            return;
        }
        if !self.implicit.contains(&code) {
            self.implicit.push(code);
        }
        match weight {
            Weight::Silent => {}
            Weight::Warn => self.unsaid.push((span, code, why.to_owned())),
            Weight::Demand(what) => {
                let said = format!("{} can fail: {why}", span.of(self.text));
                self.error(what, span, said, Some(SAY.to_owned()));
            }
        }
    }

    /// Warns of the failures that no `ELSE` covers.
    pub(crate) fn finish(&mut self) {
        let unsaid = std::mem::take(&mut self.unsaid);
        let Some((first, ..)) = unsaid.first() else { return };
        let mut codes: Vec<String> = Vec::new();
        let mut parts: Vec<String> = Vec::new();
        for (span, code, why) in &unsaid {
            let code = format!("\"{}\"", code.as_str());
            if !codes.contains(&code) {
                codes.push(code);
            }
            parts.push(format!("{} can fail ({why})", span.of(self.text)));
        }
        let said = format!("{}; such records are rejected with {}", parts.join(", "), codes.join(" or "));
        self.warn("implicit-reject", *first, said, Some(SAY.to_owned()));
    }

    /// An expression in a place where `KEEP` and `REJECT` may stand.
    pub(crate) fn branch(&mut self, e: &Expr, want: Option<&Target<'_>>) -> Checked {
        let step = match &e.kind {
            Kind::Keep(code) => {
                self.declare(code);
                Step::Keep(code.as_str().into())
            }
            Kind::Reject(code) => {
                self.declare(code);
                Step::Reject(code.as_str().into())
            }
            _ => return self.expr(e, want),
        };
        Checked { node: Node { span: e.span, step }, ty: None, words: Some(Vec::new()) }
    }

    fn declare(&mut self, code: &str) {
        if !self.codes.iter().any(|c| c == code) {
            self.codes.push(code.to_owned());
        }
    }

    /// An expression whose value goes into `want`, if that is given. Branches are fitted one by one, so that the
    /// `ELSE` of one covers that it does not fit the field.
    pub(crate) fn expr(&mut self, e: &Expr, want: Option<&Target<'_>>) -> Checked {
        let checked = match &e.kind {
            Kind::Else(x, y) => return self.otherwise(e, x, y, want),
            Kind::Call(name, at, args) => match functions::find(name) {
                Some(function) => {
                    let call = Call { function, span: e.span, args };
                    if let (Body::Branching(check), true) = (&function.body, self.arity(&call)) {
                        return check(self, &call, want);
                    }
                    self.call(&call)
                }
                None => self.unknown(name, *at, e.span, args),
            },
            _ => self.plain(e),
        };
        match want {
            Some(t) => self.fit(checked, t),
            None => checked,
        }
    }

    fn plain(&mut self, e: &Expr) -> Checked {
        let constant = |v: Value<'static>, ty: Option<Type>| Checked {
            node: Node { span: e.span, step: Step::Const(v) },
            words: if ty.is_none() { Some(Vec::new()) } else { None },
            ty,
        };
        match &e.kind {
            Kind::Text(t) => Checked {
                node: Node { span: e.span, step: Step::Text(t.as_str().into()) },
                ty: Some(Type::Text),
                words: Some(vec![t.clone()]),
            },
            Kind::Integer(i) => constant(Value::Integer(*i), Some(Type::Integer)),
            Kind::Decimal(d) => constant(Value::Decimal(*d), Some(Type::Decimal { precision: 38, scale: d.scale() })),
            Kind::Boolean(b) => constant(Value::Boolean(*b), Some(Type::Boolean)),
            Kind::Null => constant(Value::Null, None),
            Kind::Missing => constant(Value::Missing, None),
            Kind::Column(name) => self.column(name, e.span),
            Kind::Neg(x) => self.negated(e, x),
            Kind::Binary(Op::Concat, ..) => self.concat(e),
            Kind::Binary(op, a, b) if op.compares() => self.comparison(e.span, *op, a, b),
            Kind::Binary(op, a, b) => self.arithmetic(e.span, *op, a, b),
            Kind::Keep(_) | Kind::Reject(_) => {
                let hint = "they stand after ELSE, or as a branch of IF, IFS, SWITCH or COALESCE".to_owned();
                self.error("misplaced-verdict", e.span, format!("{} is no value", e.print()), Some(hint));
                self.nothing(e.span)
            }
            Kind::Bad | Kind::Else(..) | Kind::Call(..) => self.nothing(e.span),
        }
    }

    /// Stands for a part whose fault has been told.
    pub(crate) fn nothing(&self, span: Span) -> Checked {
        Checked { node: Node { span, step: Step::Const(Value::Missing) }, ty: None, words: None }
    }

    fn otherwise(&mut self, e: &Expr, x: &Expr, y: &Expr, want: Option<&Target<'_>>) -> Checked {
        let (outer, before, told) = (self.covered, self.failing, self.faults.len());
        self.covered = true;
        let left = self.expr(x, want);
        let speaks = self.failing > before || self.faults.len() > told;
        (self.covered, self.failing) = (outer, before);
        if !speaks {
            let span = Span { start: x.span.end, end: y.span.start };
            let said = format!("{} cannot fail, so its ELSE never speaks", x.span.of(self.text));
            let hint = "ELSE is for failures; COALESCE(a, b) is for null and missing, IF(ISBLANK(a), b, a) for blanks";
            self.warn("else-never-speaks", span, said, Some(hint.to_owned()));
        }
        let right = self.branch(y, want);
        let (ty, words) = self.unify([(&left, x.span), (&right, y.span)]);
        Checked { node: Node { span: e.span, step: Step::Else(Box::new((left.node, right.node))) }, ty, words }
    }

    /// The one type of several branches.
    pub(crate) fn unify<'c>(
        &mut self,
        branches: impl IntoIterator<Item = (&'c Checked, Span)>,
    ) -> (Option<Type>, Option<Vec<String>>) {
        let (mut ty, mut words): (Option<Type>, Option<Vec<String>>) = (None, Some(Vec::new()));
        for (b, span) in branches {
            words = match (words, &b.words) {
                (Some(mut all), Some(more)) => {
                    all.extend(more.iter().filter(|w| !all.contains(w)).cloned().collect::<Vec<_>>());
                    Some(all)
                }
                _ => None,
            };
            ty = match (ty, b.ty.clone()) {
                (None, t) | (t, None) => t,
                (Some(a), Some(b)) => match joined(&a, &b) {
                    Some(t) => Some(t),
                    None => {
                        let said = format!("this branch is {}, the one before {}", b.word(), a.word());
                        let hint = "all branches have one type; TEXT(…), DECIMAL(…) and so on convert".to_owned();
                        self.error("branches-differ", span, said, Some(hint));
                        Some(a)
                    }
                },
            };
        }
        (ty, words)
    }

    fn column(&mut self, name: &str, span: Span) -> Checked {
        let ty = match self.scope.columns {
            None => Type::Any,
            Some(columns) => match columns.iter().find(|c| c.name == name) {
                Some(c) => c.ty.clone(),
                None => {
                    let near = nearest(name, columns.iter().map(|c| c.name.as_str()));
                    let hint = near.map(|n| format!("did you mean {n}? Texts stand in double quotes"));
                    self.error("unknown-column", span, format!("there is no column {name}"), hint);
                    return self.nothing(span);
                }
            },
        };
        let slot = self.columns.iter().position(|c| c == name).unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        });
        let (ty, words) = match ty {
            Type::Enum(values) => (Type::Text, Some(values)),
            other => (other, None),
        };
        Checked { node: Node { span, step: Step::Column(slot as u32) }, ty: Some(ty), words }
    }

    fn unknown(&mut self, name: &str, at: Span, span: Span, args: &[Expr]) -> Checked {
        let hint = match functions::elsewhere(name) {
            Some(h) => Some(h.to_owned()),
            None => nearest(name, functions::all().map(|f| f.name)).map(|n| format!("did you mean {n}?")),
        };
        self.error("unknown-function", at, format!("there is no function {name}"), hint);
        for a in args {
            self.expr(a, None);
        }
        self.nothing(span)
    }

    /// Checks the number of arguments; if it is wrong, says so.
    fn arity(&mut self, call: &Call<'_>) -> bool {
        let (least, most) = call.function.arity;
        let n = call.args.len();
        let fine = n >= least && n <= most;
        if !fine && !call.args.iter().any(|a| matches!(a.kind, Kind::Bad)) {
            let wanted = match (least, most) {
                (a, b) if a == b => format!("{a}"),
                (a, usize::MAX) => format!("{a} or more"),
                (a, b) => format!("{a} to {b}"),
            };
            let said = format!("{} takes {wanted} arguments, not {n}", call.function.name);
            self.error("wrong-arguments", call.span, said, Some(call.function.signature.to_owned()));
        }
        fine
    }

    fn call(&mut self, call: &Call<'_>) -> Checked {
        let (least, most) = call.function.arity;
        if !(least..=most).contains(&call.args.len()) {
            if !matches!(call.function.body, Body::Branching(_)) {
                self.arity(call);
            }
            for a in call.args {
                self.branch(a, None);
            }
            return self.nothing(call.span);
        }
        match &call.function.body {
            Body::Strict { params, gives, run } => {
                let mut args = Vec::with_capacity(call.args.len());
                let mut first = None;
                for (e, kind) in call.args.iter().zip(params.iter()) {
                    let c = self.arg(e, *kind);
                    first = first.or(Some(c.ty));
                    args.push(c.node);
                }
                for f in call.function.fails {
                    self.can_fail(call.span, f.code, f.weight, f.when);
                }
                let ty = gives.of(first.flatten());
                self.strict(call.span, *run, args, ty)
            }
            Body::Special(check) => check(self, call),
            // Handled where the target is known; a wrong number of arguments has been told.
            Body::Branching(check) => check(self, call, None),
        }
    }

    /// A call whose arguments have been checked.
    pub(crate) fn strict(&self, span: Span, run: super::plan::Run, args: Vec<Node>, ty: Option<Type>) -> Checked {
        Checked { node: Node { span, step: Step::Call(run, args.into()) }, ty, words: None }
    }
}

/// The type that holds both.
pub(crate) fn joined(a: &Type, b: &Type) -> Option<Type> {
    let decimal = |scale| Some(Type::Decimal { precision: 38, scale });
    match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (Type::Any, _) | (_, Type::Any) => Some(Type::Any),
        (Type::Decimal { scale: x, .. }, Type::Decimal { scale: y, .. }) => decimal(*x.max(y)),
        (Type::Integer, Type::Decimal { scale, .. }) | (Type::Decimal { scale, .. }, Type::Integer) => decimal(*scale),
        (Type::Text | Type::Enum(_), Type::Text | Type::Enum(_)) => Some(Type::Text),
        (Type::List(x), Type::List(y)) => joined(x, y).map(|t| Type::List(Box::new(t))),
        (Type::Object(_), Type::Object(_)) => Some(Type::Any),
        _ => None,
    }
}
