//! Whether a value may stand in its field, and what must still be checked for each record.

use super::super::fit::converter;
use super::super::outcome::Code;
use super::super::plan::{Fit, Node, Step, Tool};
use super::super::scope::Target;
use super::{Checked, Checker, Weight};
use banyan_words::Type;
use banyan_words::problem::nearest;

/// What is left to check for each record.
enum Verdict {
    /// Nothing.
    Fits,
    /// This may be wrong.
    Check(Code, Weight, String),
    /// Nothing can be wrong, but the value is brought into the field's form.
    Convert,
    /// It never fits.
    Never(String),
}

impl Checker<'_> {
    /// Brings a value into its field.
    pub(super) fn fit(&mut self, c: Checked, target: &Target<'_>) -> Checked {
        let Some(ty) = c.ty.clone() else { return c };
        let span = c.node.span;
        let known = match &c.words {
            Some(words) => self.words_fit(&c, words, target),
            None => false,
        };
        // What a record brings is looked at again: its source may have changed its types since they were written down.
        let mut check = !sure(&c.node.step, known);
        if known {
            return self.fitted(c, target, check);
        }
        match verdict(&ty, target.ty, span.of(self.text)) {
            Verdict::Fits => {}
            Verdict::Convert => check = true,
            Verdict::Check(code, weight, why) => {
                check = true;
                self.can_fail(span, code, weight, &why);
            }
            Verdict::Never(hint) => {
                let said = format!("{} is {}, the field {}", span.of(self.text), ty.word(), target.ty.word());
                self.error("wrong-type", span, said, Some(hint));
            }
        }
        if matches!(target.ty, Type::Text) {
            if let Some(max) = target.max {
                check = true;
                self.can_fail(span, Code::TooLong, Weight::Silent, &format!("longer than {max} characters"));
            }
            if let Some(format) = target.format {
                check = true;
                self.can_fail(span, Code::BadFormat, Weight::Silent, format.name);
            }
        }
        self.fitted(c, target, check)
    }

    fn fitted(&self, c: Checked, target: &Target<'_>, check: bool) -> Checked {
        if !check {
            return Checked { ty: Some(target.ty.clone()), ..c };
        }
        let span = c.node.span;
        let fit = Fit { ty: target.ty.clone(), max: target.max, format: target.format };
        let step = Step::With(Box::new(c.node), Box::new(Tool::Fit(fit)));
        Checked { node: Node { span, step }, ty: Some(target.ty.clone()), words: c.words }
    }

    /// Where all texts are known: true if each fits. A literal that does not is an error.
    fn words_fit(&mut self, c: &Checked, words: &[String], target: &Target<'_>) -> bool {
        let literal = matches!(c.node.step, Step::Text(_));
        let wrong: Vec<(&String, &str)> = words
            .iter()
            .filter_map(|w| match target.ty {
                Type::Enum(values) if !values.contains(w) => Some((w, "bad-enum")),
                Type::Text if target.max.is_some_and(|m| w.chars().count() > m as usize) => Some((w, "too-long")),
                Type::Text if target.format.is_some_and(|f| !(f.check)(w)) => Some((w, "bad-format")),
                Type::Enum(_) | Type::Text => None,
                _ => Some((w, "")),
            })
            .collect();
        let Some((word, code)) = wrong.first() else { return true };
        if !literal {
            return false;
        }
        let span = c.node.span;
        match (*code, target.ty) {
            ("bad-enum", Type::Enum(values)) => {
                let hint = match nearest(word, values.iter().map(String::as_str)) {
                    Some(n) => format!("did you mean \"{n}\"?"),
                    None => format!("its values are {}", values.join(", ")),
                };
                self.error("bad-enum", span, format!("\"{word}\" is none of the field's values"), Some(hint));
                true
            }
            ("too-long", _) => {
                let said = format!("\"{word}\" has more than {} characters", target.max.unwrap_or(0));
                self.error("too-long", span, said, None);
                true
            }
            ("bad-format", _) => {
                let name = target.format.map_or("", |f| f.name);
                self.error("bad-format", span, format!("\"{word}\" is no {name}"), None);
                true
            }
            _ => false,
        }
    }
}

/// Whether a step's value has the type the checker says, whatever the record holds.
fn sure(step: &Step, known: bool) -> bool {
    match step {
        Step::Text(_) | Step::Const(_) | Step::Concat(_) | Step::Compare(..) | Step::And(_) | Step::Or(_) => true,
        Step::Lookup(l) => known && !l.from_dataset,
        _ => false,
    }
}

/// Whether a value of type `from`, written `part`, fits a field of type `to`.
fn verdict(from: &Type, to: &Type, part: &str) -> Verdict {
    let check = |weight, why: &str| Verdict::Check(Code::BadType, weight, why.to_owned());
    match (from, to) {
        (_, Type::Any) => Verdict::Fits,
        (Type::Any, Type::Text) => check(Weight::Silent, "whether it is text is not known"),
        (Type::Any, Type::Enum(_)) => enumerated(),
        (Type::Any, to) => check(Weight::Warn, &format!("whether it is {to} is not known")),
        (Type::Text | Type::Enum(_), Type::Enum(_)) => enumerated(),
        (Type::Text | Type::Enum(_), Type::Text) => Verdict::Fits,
        (Type::Integer, Type::Decimal { precision, scale }) if precision.saturating_sub(*scale) < 19 => {
            check(Weight::Silent, "it may have too many digits")
        }
        (Type::Integer, Type::Decimal { .. }) => Verdict::Convert,
        (Type::Decimal { precision: p, scale: s }, Type::Decimal { precision, scale }) => {
            // Precision 38 says that the digits before the point are not known.
            if s > scale || (*p < 38 && p.saturating_sub(*s) > precision.saturating_sub(*scale)) {
                check(Weight::Warn, &format!("it may have more digits than {to}; ROUND(…, {scale}) rounds"))
            } else {
                check(Weight::Silent, "it may have too many digits")
            }
        }
        (Type::Ref(a), Type::Ref(b)) if a != b => {
            Verdict::Never(format!("it refers to {a}, the field to {b}; say REF(\"{b}\", …)"))
        }
        (Type::List(a), Type::List(b)) => match verdict(a, b, part) {
            // The types may differ in form only: `list of decimal` needs its scale.
            Verdict::Fits => Verdict::Fits,
            other => other,
        },
        (Type::Object(a), Type::Object(b)) => members(a, b, part),
        (a, b) if a == b => Verdict::Fits,
        (_, to) => Verdict::Never(advice(from, to, part)),
    }
}

fn enumerated() -> Verdict {
    Verdict::Check(Code::BadEnum, Weight::Warn, "it may be none of the field's values".to_owned())
}

fn members(from: &[(String, Type)], to: &[(String, Type)], part: &str) -> Verdict {
    let mut worst = if from == to { Verdict::Fits } else { Verdict::Convert };
    for (name, ty) in from {
        let Some((_, wanted)) = to.iter().find(|(n, _)| n == name) else {
            return Verdict::Never(format!("the field has no member \"{name}\""));
        };
        match verdict(ty, wanted, part) {
            Verdict::Fits | Verdict::Convert => {}
            Verdict::Check(code, weight, why) => {
                if !matches!(worst, Verdict::Check(_, Weight::Warn, _)) {
                    worst = Verdict::Check(code, weight, format!("member \"{name}\": {why}"));
                }
            }
            Verdict::Never(hint) => return Verdict::Never(format!("member \"{name}\": {hint}")),
        }
    }
    worst
}

fn advice(from: &Type, to: &Type, part: &str) -> String {
    match (from, to) {
        (Type::Decimal { .. }, Type::Integer) => format!("say INTEGER({part}), or INTEGER(ROUND({part}, 0))"),
        (Type::Text, Type::Date | Type::DateTime | Type::Time) => {
            format!("say {}({part}, \"pattern\")", converter(to))
        }
        (Type::Text, Type::Boolean) => format!("say BOOLEAN({part}, \"Y\", \"N\")"),
        (_, Type::Boolean) => format!("a comparison is boolean: {part} = …"),
        (_, Type::Ref(entity)) => format!("say REF(\"{entity}\", \"key space\", {part})"),
        (_, Type::Enum(_)) => format!("say TEXT({part}) or a lookup"),
        _ => match converter(to) {
            "" => "there is no conversion".to_owned(),
            function => format!("say {function}({part})"),
        },
    }
}
