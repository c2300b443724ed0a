//! The text functions.

use super::super::check::{Arg, Call, Checked, Checker, Weight};
use super::super::outcome::Code;
use super::super::plan::{Node, Step};
use super::{Body, Fault, Function, Gives, PASSES, RANGE, text_run as run};
use banyan_words::Type;

const T: Arg = Arg::Text;
const W: Arg = Arg::Whole;
const EMPTY: &str = "null and missing count as empty text";

const fn text(params: &'static [Arg], run: super::Run) -> Body {
    Body::Strict { params, gives: Gives::Text, run }
}

const fn test(run: super::Run) -> Body {
    Body::Strict { params: &[T, T], gives: Gives::Boolean, run }
}

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "TRIM",
        signature: "TRIM(text)",
        result: "text",
        about: "Removes blanks (tabs, line ends and no-break spaces too) from both ends. Unlike a spreadsheet's, it leaves blanks within alone.",
        absent: PASSES,
        fails: &[],
        examples: &[("TRIM(NAME1)", "\"HARBOUR  SUPPLIES\""), ("TRIM(\"  \")", "\"\"")],
        arity: (1, 1),
        body: text(&[T], run::trim),
    },
    Function {
        name: "LTRIM",
        signature: "LTRIM(text)",
        result: "text",
        about: "Removes blanks from the beginning.",
        absent: PASSES,
        fails: &[],
        examples: &[("LTRIM(\"  a \")", "\"a \"")],
        arity: (1, 1),
        body: text(&[T], run::ltrim),
    },
    Function {
        name: "RTRIM",
        signature: "RTRIM(text)",
        result: "text",
        about: "Removes blanks from the end.",
        absent: PASSES,
        fails: &[],
        examples: &[("RTRIM(\"  a \")", "\"  a\"")],
        arity: (1, 1),
        body: text(&[T], run::rtrim),
    },
    Function {
        name: "CLEAN",
        signature: "CLEAN(text)",
        result: "text",
        about: "Removes control characters: line ends, tabs, zero bytes.",
        absent: PASSES,
        fails: &[],
        examples: &[("CLEAN(LINES)", "\"onetwo\"")],
        arity: (1, 1),
        body: text(&[T], run::clean),
    },
    Function {
        name: "UPPER",
        signature: "UPPER(text)",
        result: "text",
        about: "Capital letters.",
        absent: PASSES,
        fails: &[],
        examples: &[("UPPER(\"Grüße\")", "\"GRÜSSE\""), ("UPPER(NOTHING)", "NULL"), ("UPPER(GONE)", "MISSING")],
        arity: (1, 1),
        body: text(&[T], run::upper),
    },
    Function {
        name: "LOWER",
        signature: "LOWER(text)",
        result: "text",
        about: "Small letters.",
        absent: PASSES,
        fails: &[],
        examples: &[("LOWER(\"ÅBC\")", "\"åbc\"")],
        arity: (1, 1),
        body: text(&[T], run::lower),
    },
    Function {
        name: "PROPER",
        signature: "PROPER(text)",
        result: "text",
        about: "A capital at the beginning of each word, small letters after it. A word goes on after a digit, and after an apostrophe that only one letter follows.",
        absent: PASSES,
        fails: &[],
        examples: &[
            ("PROPER(TRIM(NAME1))", "\"Harbour  Supplies\""),
            ("PROPER(\"o'brien's 3RD-floor\")", "\"O'Brien's 3rd-Floor\""),
        ],
        arity: (1, 1),
        body: text(&[T], run::proper),
    },
    Function {
        name: "LEFT",
        signature: "LEFT(text [, n])",
        result: "text",
        about: "The first n characters, one if n is not given.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[("LEFT(\"Grüße\", 3)", "\"Grü\""), ("LEFT(\"ab\", 5)", "\"ab\""), ("LEFT(\"ab\")", "\"a\"")],
        arity: (1, 2),
        body: text(&[T, W], run::left),
    },
    Function {
        name: "RIGHT",
        signature: "RIGHT(text [, n])",
        result: "text",
        about: "The last n characters, one if n is not given.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[("RIGHT(\"Grüße\", 2)", "\"ße\"")],
        arity: (1, 2),
        body: text(&[T, W], run::right),
    },
    Function {
        name: "MID",
        signature: "MID(text, start, n)",
        result: "text",
        about: "n characters from position start, which counts from 1.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[("MID(\"AB-1234\", 4, 2)", "\"12\""), ("MID(\"ab\", 9, 1)", "\"\"")],
        arity: (3, 3),
        body: text(&[T, W, W], run::mid),
    },
    Function {
        name: "LEN",
        signature: "LEN(text)",
        result: "integer",
        about: "The number of characters.",
        absent: PASSES,
        fails: &[],
        examples: &[("LEN(\"Grüße\")", "5")],
        arity: (1, 1),
        body: Body::Strict { params: &[T], gives: Gives::Integer, run: run::len },
    },
    Function {
        name: "REPLACE",
        signature: "REPLACE(text, start, n, new)",
        result: "text",
        about: "Puts new in the place of the n characters from position start.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[("REPLACE(\"AB-1234\", 1, 2, \"X\")", "\"X-1234\"")],
        arity: (4, 4),
        body: text(&[T, W, W, T], run::replace),
    },
    Function {
        name: "SUBSTITUTE",
        signature: "SUBSTITUTE(text, old, new [, nth])",
        result: "text",
        about: "Puts new in the place of old, everywhere or only the nth time.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[
            ("SUBSTITUTE(\"a-b-c\", \"-\", \"/\")", "\"a/b/c\""),
            ("SUBSTITUTE(\"a-b-c\", \"-\", \"\", 2)", "\"a-bc\""),
        ],
        arity: (3, 4),
        body: text(&[T, T, T, W], run::substitute),
    },
    Function {
        name: "SPLIT",
        signature: "SPLIT(text, separator, n)",
        result: "text",
        about: "The nth part, counted from 1; NULL where there are fewer.",
        absent: PASSES,
        fails: &[Fault::new(Code::BadType, Weight::Silent, "the separator is empty, or n is out of range")],
        examples: &[("SPLIT(\"a/b/c\", \"/\", 2)", "\"b\""), ("SPLIT(\"a/b/c\", \"/\", 4)", "NULL")],
        arity: (3, 3),
        body: text(&[T, T, W], run::split),
    },
    Function {
        name: "CONCAT",
        signature: "CONCAT(text, …)",
        result: "text",
        about: "Joins texts, as `&` does.",
        absent: EMPTY,
        fails: &[],
        examples: &[("CONCAT(\"a\", NOTHING, QTY)", "\"a7\""), ("\"a\" & GONE & \"b\"", "\"ab\"")],
        arity: (1, usize::MAX),
        body: Body::Special(concat),
    },
    Function {
        name: "TEXTJOIN",
        signature: "TEXTJOIN(separator, skip blank, text or list, …)",
        result: "text",
        about: "Joins texts, and the items of lists, with a separator; with TRUE, blank ones are left out.",
        absent: EMPTY,
        fails: &[],
        examples: &[
            ("TEXTJOIN(\", \", TRUE, \"a\", \" \", NOTHING, TAGS)", "\"a, new, red\""),
            ("TEXTJOIN(\"-\", FALSE, \"a\", GONE, \"b\")", "\"a--b\""),
        ],
        arity: (3, usize::MAX),
        body: Body::Special(join),
    },
    Function {
        name: "FIND",
        signature: "FIND(part, text [, start])",
        result: "integer",
        about: "The position of part in text, letter for letter, from position start on.",
        absent: PASSES,
        fails: &[Fault::new(Code::NoMatch, Weight::Warn, "the text does not hold the part"), RANGE],
        examples: &[("FIND(\"-\", \"AB-12\")", "3"), ("FIND(\"x\", \"AB\") ELSE 0", "0")],
        arity: (2, 3),
        body: Body::Strict { params: &[T, T, W], gives: Gives::Integer, run: run::find },
    },
    Function {
        name: "CONTAINS",
        signature: "CONTAINS(text, part)",
        result: "boolean",
        about: "Whether the text holds the part, letter for letter.",
        absent: PASSES,
        fails: &[],
        examples: &[("CONTAINS(\"Harbour\", \"bo\")", "TRUE"), ("CONTAINS(\"Harbour\", \"BO\")", "FALSE")],
        arity: (2, 2),
        body: test(run::contains),
    },
    Function {
        name: "STARTSWITH",
        signature: "STARTSWITH(text, part)",
        result: "boolean",
        about: "Whether the text begins with the part.",
        absent: PASSES,
        fails: &[],
        examples: &[("STARTSWITH(\"Harbour\", \"Har\")", "TRUE")],
        arity: (2, 2),
        body: test(run::starts_with),
    },
    Function {
        name: "ENDSWITH",
        signature: "ENDSWITH(text, part)",
        result: "boolean",
        about: "Whether the text ends with the part.",
        absent: PASSES,
        fails: &[],
        examples: &[("ENDSWITH(\"Harbour\", \"Har\")", "FALSE")],
        arity: (2, 2),
        body: test(run::ends_with),
    },
    Function {
        name: "PADLEFT",
        signature: "PADLEFT(text, n [, fill])",
        result: "text",
        about: "Fills up to n characters at the beginning, with blanks unless fill is given; longer text stays as it is.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[("PADLEFT(QTY, 5, \"0\")", "\"00007\""), ("PADLEFT(\"abc\", 2)", "\"abc\"")],
        arity: (2, 3),
        body: text(&[T, W, T], run::pad_left),
    },
    Function {
        name: "PADRIGHT",
        signature: "PADRIGHT(text, n [, fill])",
        result: "text",
        about: "Fills up to n characters at the end.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[("PADRIGHT(\"ab\", 4, \".\")", "\"ab..\"")],
        arity: (2, 3),
        body: text(&[T, W, T], run::pad_right),
    },
    Function {
        name: "BLANKNULL",
        signature: "BLANKNULL(value)",
        result: "as its argument",
        about: "NULL for a text that is empty or blank, else the value as it is.",
        absent: PASSES,
        fails: &[],
        examples: &[("BLANKNULL(\" \")", "NULL"), ("BLANKNULL(\" a\")", "\" a\"")],
        arity: (1, 1),
        body: Body::Strict { params: &[Arg::Any], gives: Gives::Same, run: run::blank_null },
    },
];

fn concat(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let parts: Vec<Node> = c.args(call.args, Arg::Text).into_iter().map(|a| a.node).collect();
    Checked { node: Node { span: call.span, step: Step::Concat(parts.into()) }, ty: Some(Type::Text), words: None }
}

fn join(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let mut nodes = Vec::new();
    for (i, e) in call.args.iter().enumerate() {
        let checked = match i {
            0 => c.arg(e, Arg::Text),
            1 => c.arg(e, Arg::Boolean),
            _ => c.texts(e),
        };
        nodes.push(checked.node);
    }
    let step = Step::Gather(run::join, nodes.into());
    Checked { node: Node { span: call.span, step }, ty: Some(Type::Text), words: None }
}
