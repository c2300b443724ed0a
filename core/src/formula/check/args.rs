//! Arguments: what kind of value a function takes there.

use super::super::ast::{Expr, Kind};
use super::super::fit::converter;
use super::super::outcome::Code;
use super::{Call, Checked, Checker, Weight};
use banyan_words::Type;

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    /// Text; whole numbers are taken as their digits.
    Text,
    Whole,
    Number,
    Boolean,
    /// A date or datetime.
    Day,
    List,
    Object,
    /// Anything.
    Any,
}

impl Arg {
    fn word(self) -> &'static str {
        match self {
            Arg::Text => "text",
            Arg::Whole => "whole number",
            Arg::Number => "number",
            Arg::Boolean => "condition",
            Arg::Day => "date",
            Arg::List => "list",
            Arg::Object => "object",
            Arg::Any => "value",
        }
    }

    fn takes(self, ty: &Type) -> bool {
        match self {
            Arg::Text => matches!(ty, Type::Text | Type::Enum(_) | Type::Integer),
            Arg::Whole => matches!(ty, Type::Integer),
            Arg::Number => matches!(ty, Type::Integer | Type::Decimal { .. }),
            Arg::Boolean => matches!(ty, Type::Boolean),
            Arg::Day => matches!(ty, Type::Date | Type::DateTime),
            Arg::List => matches!(ty, Type::List(_)),
            Arg::Object => matches!(ty, Type::Object(_)),
            Arg::Any => true,
        }
    }

    /// The function that makes one.
    fn from(self, ty: &Type) -> &'static str {
        match self {
            Arg::Text => "TEXT",
            Arg::Whole => "INTEGER",
            Arg::Number => "DECIMAL",
            Arg::Boolean if matches!(ty, Type::Text) => "a comparison or BOOLEAN",
            Arg::Boolean => "a comparison",
            Arg::Day => "DATE",
            Arg::List => "LIST",
            Arg::Object => "OBJECT",
            Arg::Any => converter(ty),
        }
    }
}

impl Checker<'_> {
    /// An argument of that kind.
    pub(crate) fn arg(&mut self, e: &Expr, kind: Arg) -> Checked {
        let c = self.expr(e, None);
        match &c.ty {
            None => {}
            Some(Type::Any) if kind == Arg::Any => {}
            Some(Type::Any) => {
                // Of an unknown column nearly every value has a text; other kinds are a matter of luck.
                let quiet = matches!(kind, Arg::Text | Arg::List | Arg::Object);
                let weight = if quiet { Weight::Silent } else { Weight::Warn };
                let why = format!("whether it is a {} is not known", kind.word());
                self.can_fail(e.span, Code::BadType, weight, &why);
            }
            Some(ty) if kind.takes(ty) => {}
            Some(ty) => {
                let said = format!("{} is {}, where a {} is needed", e.span.of(self.text), ty.word(), kind.word());
                let hint = format!("say {}({})", kind.from(ty), e.span.of(self.text));
                self.error("wrong-type", e.span, said, Some(hint));
                return self.nothing(e.span);
            }
        }
        c
    }

    /// All arguments, each of that kind.
    pub(crate) fn args(&mut self, args: &[Expr], kind: Arg) -> Vec<Checked> {
        args.iter().map(|a| self.arg(a, kind)).collect()
    }

    /// A text or a list of texts.
    pub(crate) fn texts(&mut self, e: &Expr) -> Checked {
        let told = self.faults.len();
        let c = self.expr(e, None);
        match &c.ty {
            Some(Type::List(of)) if **of == Type::Any || Arg::Text.takes(of) => {
                self.can_fail(e.span, Code::BadType, Weight::Silent, "");
                c
            }
            Some(Type::Any) => {
                self.can_fail(e.span, Code::BadType, Weight::Silent, "");
                c
            }
            Some(ty) if !Arg::Text.takes(ty) && self.faults.len() == told => {
                let said = format!("{} is {}, where a text or list of texts is needed", e.span.of(self.text), ty);
                self.error("wrong-type", e.span, said, Some(format!("say TEXT({})", e.span.of(self.text))));
                self.nothing(e.span)
            }
            _ => c,
        }
    }

    /// Notes every way in which a function can fail.
    pub(crate) fn fails(&mut self, call: &Call<'_>) {
        for f in call.function.fails {
            self.can_fail(call.span, f.code, f.weight, f.when);
        }
    }

    /// The text literal that must stand as argument `i`.
    pub(crate) fn literal<'e>(&mut self, call: &Call<'e>, i: usize, what: &str) -> Option<&'e str> {
        match &call.args.get(i)?.kind {
            Kind::Text(t) => Some(t),
            Kind::Bad => None,
            _ => {
                let (span, name) = (call.args.get(i)?.span, call.function.name);
                let said = format!("the {what} of {name} must be a text in quotes, known before any record is read");
                self.error("not-literal", span, said, Some(call.function.signature.to_owned()));
                None
            }
        }
    }

    /// The whole number, within a range, that must stand as argument `i`.
    pub(crate) fn count(&mut self, call: &Call<'_>, i: usize, what: &str, most: i64) -> Option<i64> {
        let e = call.args.get(i)?;
        match whole(e) {
            Some(n) if (0..=most).contains(&n) => Some(n),
            _ => {
                let said = format!("the {what} of {} must be a number from 0 to {most}", call.function.name);
                self.error("not-literal", e.span, said, Some(call.function.signature.to_owned()));
                None
            }
        }
    }
}

/// The whole number that an expression is.
pub(crate) fn whole(e: &Expr) -> Option<i64> {
    match &e.kind {
        Kind::Integer(i) => Some(*i),
        Kind::Neg(x) => whole(x)?.checked_neg(),
        _ => None,
    }
}
