//! Regular expressions, compiled once under a size limit, and likeness.

use super::super::check::{Arg, Call, Checked, Checker, Weight};
use super::super::eval::{Cx, R};
use super::super::outcome::Code;
use super::super::plan::{Node, Step, Tool};
use super::{Body, Fault, Function, Gives, PASSES, similarity, text};
use banyan_words::{Type, Value};
use regex::{Regex, RegexBuilder};

/// Bytes that one compiled pattern may take.
const LARGEST: usize = 1 << 20;

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "REGEXMATCH",
        signature: "REGEXMATCH(text, \"pattern\")",
        result: "boolean",
        about: "Whether the pattern is found anywhere in the text; `^` and `$` hold it to the ends. Patterns are those of the Rust regex crate: no look-around, no back references, linear time.",
        absent: PASSES,
        fails: &[],
        examples: &[("REGEXMATCH(\"AB-12\", \"^[A-Z]+-\\d+$\")", "TRUE")],
        arity: (2, 2),
        body: Body::Special(matches_),
    },
    Function {
        name: "REGEXEXTRACT",
        signature: "REGEXEXTRACT(text, \"pattern\" [, group])",
        result: "text",
        about: "What the pattern finds first: the group of that number, else the first group, else all of it.",
        absent: PASSES,
        fails: &[Fault::new(Code::NoMatch, Weight::Warn, "the pattern finds nothing")],
        examples: &[
            ("REGEXEXTRACT(\"Order AB-12\", \"([A-Z]+)-(\\d+)\", 2)", "\"12\""),
            ("REGEXEXTRACT(\"x\", \"\\d+\") ELSE NULL", "NULL"),
        ],
        arity: (2, 3),
        body: Body::Special(extract),
    },
    Function {
        name: "REGEXREPLACE",
        signature: "REGEXREPLACE(text, \"pattern\", \"new\")",
        result: "text",
        about: "Puts new in the place of everything the pattern finds. `$1` or `${1}` in new is the first group, `$$` a dollar sign.",
        absent: PASSES,
        fails: &[],
        examples: &[
            ("REGEXREPLACE(\"+44 (0)20-79\", \"[^0-9+]\", \"\")", "\"+4402079\""),
            ("REGEXREPLACE(\"Doe, Jane\", \"(\\w+), (\\w+)\", \"$2 $1\")", "\"Jane Doe\""),
        ],
        arity: (3, 3),
        body: Body::Special(replace),
    },
    Function {
        name: "SIMILARITY",
        signature: "SIMILARITY(text, text)",
        result: "decimal",
        about: "How alike two texts are, from 0 to 1 with four digits (Jaro–Winkler). Case counts; of long texts the first 500 characters count.",
        absent: PASSES,
        fails: &[],
        examples: &[("SIMILARITY(\"MARTHA\", \"MARHTA\")", "0.9611")],
        arity: (2, 2),
        body: Body::Strict { params: &[Arg::Text, Arg::Text], gives: Gives::Decimal(4), run: similarity_of },
    },
];

/// The compiled pattern of a call and its checked text.
fn compiled(c: &mut Checker<'_>, call: &Call<'_>) -> Option<(Node, Regex)> {
    let text = c.arg(call.args.first()?, Arg::Text);
    let pattern = c.literal(call, 1, "pattern")?;
    let built = RegexBuilder::new(pattern).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
    match built {
        Ok(regex) => Some((text.node, regex)),
        Err(e) => {
            let said = match &e {
                regex::Error::CompiledTooBig(_) => "the pattern takes too much memory".to_owned(),
                // The last line says what is wrong; those before draw the pattern.
                other => other.to_string().lines().last().unwrap_or("the pattern is wrong").trim().to_owned(),
            };
            let span = call.args.get(1).map_or(call.span, |a| a.span);
            c.error("bad-pattern", span, said, None);
            None
        }
    }
}

fn with(call: &Call<'_>, text: Node, tool: Tool, ty: Type) -> Checked {
    let step = Step::With(Box::new(text), Box::new(tool));
    Checked { node: Node { span: call.span, step }, ty: Some(ty), words: None }
}

fn matches_(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    match compiled(c, call) {
        Some((text, regex)) => with(call, text, Tool::RegexMatch(regex), Type::Boolean),
        None => c.nothing(call.span),
    }
}

fn extract(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let Some((text, regex)) = compiled(c, call) else { return c.nothing(call.span) };
    let groups = regex.captures_len().saturating_sub(1);
    let group = match call.args.get(2) {
        None => groups.min(1),
        Some(e) => match c.count(call, 2, "group", 99).and_then(|n| usize::try_from(n).ok()) {
            Some(n) if n <= groups => n,
            Some(n) => {
                c.error(
                    "wrong-arguments",
                    e.span,
                    format!("the pattern has {groups} groups, none of number {n}"),
                    None,
                );
                0
            }
            None => 0,
        },
    };
    c.fails(call);
    with(call, text, Tool::RegexExtract(regex, group), Type::Text)
}

fn replace(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let new = c.literal(call, 2, "replacement");
    match (compiled(c, call), new) {
        (Some((text, regex)), Some(new)) => with(call, text, Tool::RegexReplace(regex, new.into()), Type::Text),
        _ => c.nothing(call.span),
    }
}

fn similarity_of<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (a, b) = (text(args, 0, cx)?, text(args, 1, cx)?);
    Ok(Value::Decimal(similarity::jaro_winkler(&a, &b)))
}
