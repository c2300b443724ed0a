//! Lists, objects, and XML within a cell.

use super::super::check::{Arg, Call, Checked, Checker, Weight};
use super::super::eval::{Cx, R, eval};
use super::super::outcome::Code;
use super::super::plan::{Node, Step, Tool};
use super::super::xml::Path;
use super::logic::blank;
use super::{Body, Fault, Function, PASSES, RANGE, count, take};
use banyan_words::problem::nearest;
use banyan_words::{Type, Value};

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "LIST",
        signature: "LIST(value, …)",
        result: "list",
        about: "Several values of one type.",
        absent: "null is kept, missing left out",
        fails: &[],
        examples: &[("LIST(\"a\", NOTHING, GONE, \"b\")", "[\"a\", NULL, \"b\"]")],
        arity: (0, usize::MAX),
        body: Body::Special(list),
    },
    Function {
        name: "FILTERBLANK",
        signature: "FILTERBLANK(list)",
        result: "list",
        about: "The list without null, empty and blank items.",
        absent: PASSES,
        fails: &[],
        examples: &[("FILTERBLANK(LIST(\"a\", \" \", NULL))", "[\"a\"]")],
        arity: (1, 1),
        body: Body::Special(filter_blank),
    },
    Function {
        name: "ITEM",
        signature: "ITEM(list, n)",
        result: "as the list's items",
        about: "The nth item, counted from 1; NULL where there are fewer.",
        absent: PASSES,
        fails: &[RANGE],
        examples: &[("ITEM(TAGS, 2)", "\"red\""), ("ITEM(TAGS, 3)", "NULL")],
        arity: (2, 2),
        body: Body::Special(item),
    },
    Function {
        name: "COUNT",
        signature: "COUNT(list)",
        result: "integer",
        about: "The number of items.",
        absent: PASSES,
        fails: &[],
        examples: &[("COUNT(TAGS)", "2")],
        arity: (1, 1),
        body: Body::Strict { params: &[Arg::List], gives: super::Gives::Integer, run: count_items },
    },
    Function {
        name: "OBJECT",
        signature: "OBJECT(\"name\", value, …)",
        result: "object",
        about: "Named values, in this order.",
        absent: "null is kept, missing members are left out",
        fails: &[],
        examples: &[("OBJECT(\"qty\", QTY, \"price\", PRICE, \"note\", GONE)", "{qty: 7, price: 12.50}")],
        arity: (2, usize::MAX),
        body: Body::Special(object),
    },
    Function {
        name: "MEMBER",
        signature: "MEMBER(object, \"name\")",
        result: "as the member",
        about: "The member of that name; MISSING where the object has none.",
        absent: PASSES,
        fails: &[],
        examples: &[("MEMBER(OBJECT(\"a\", 1), \"a\")", "1"), ("MEMBER(SHIPTO, \"zip\")", "MISSING")],
        arity: (2, 2),
        body: Body::Special(member),
    },
    Function {
        name: "XMLTEXT",
        signature: "XMLTEXT(text, \"/Path/Child[2]/@attribute\")",
        result: "text",
        about: "The text of the first (or nth) element at the path, or of its attribute; MISSING where there is none, NULL for `xsi:nil`. Prefixes count only if the path has them. Nothing but the predefined entities and character references is expanded; a document type declaration is refused. Reading stops at the element found.",
        absent: PASSES,
        fails: &[Fault::new(Code::BadType, Weight::Warn, "the text is not readable XML")],
        examples: &[
            ("XMLTEXT(DOC, \"/Store/Phone[2]\")", "\"555-2\""),
            ("XMLTEXT(DOC, \"/Store/@id\")", "\"7\""),
            ("DECIMAL(XMLTEXT(DOC, \"/Store/Sales\"))", "1500.00"),
            ("XMLTEXT(DOC, \"/Store/Fax\")", "MISSING"),
            ("XMLTEXT(NAME1, \"/Store\") ELSE NULL", "NULL"),
        ],
        arity: (2, 2),
        body: Body::Special(xml_text),
    },
];

fn list(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let items = c.args(call.args, Arg::Any);
    let (ty, _) = c.unify(items.iter().zip(call.args).map(|(i, e)| (i, e.span)));
    let run: super::super::plan::Gather = |nodes, cx| {
        let mut out = Vec::with_capacity(nodes.len());
        for n in nodes {
            match eval(n, cx)? {
                Value::Missing => {}
                v => out.push(v),
            }
        }
        Ok(Value::List(out))
    };
    let step = Step::Gather(run, items.into_iter().map(|i| i.node).collect());
    let ty = Type::List(Box::new(ty.unwrap_or(Type::Any)));
    Checked { node: Node { span: call.span, step }, ty: Some(ty), words: None }
}

fn filter_blank(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let Some(first) = call.args.first() else { return c.nothing(call.span) };
    let list = c.arg(first, Arg::List);
    c.strict(call.span, run_filter, vec![list.node], list.ty)
}

fn run_filter<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    match take(args, 0) {
        Value::List(mut items) => {
            items.retain(|i| !blank(i));
            Ok(Value::List(items))
        }
        other => Err(cx.bad(&other, "list")),
    }
}

fn item(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let [list, n] = call.args else { return c.nothing(call.span) };
    let (list, n) = (c.arg(list, Arg::List), c.arg(n, Arg::Whole));
    c.fails(call);
    let ty = match list.ty {
        Some(Type::List(of)) => Some(*of),
        other => other,
    };
    c.strict(call.span, run_item, vec![list.node, n.node], ty)
}

fn run_item<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let n = count(args, 1, 1, cx)?;
    match take(args, 0) {
        Value::List(items) if n > 0 => Ok(items.into_iter().nth(n - 1).unwrap_or(Value::Null)),
        Value::List(_) => Err(cx.fail(Code::BadType, || "items count from 1".to_owned())),
        other => Err(cx.bad(&other, "list")),
    }
}

fn count_items<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    match take(args, 0) {
        Value::List(items) => Ok(Value::Integer(items.len() as i64)),
        other => Err(cx.bad(&other, "list")),
    }
}

fn object(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    if call.args.len() % 2 == 1 {
        let said = "OBJECT takes names and values in pairs".to_owned();
        c.error("wrong-arguments", call.span, said, Some(call.function.signature.to_owned()));
    }
    let (mut members, mut types): (Vec<(Box<str>, Node)>, Vec<(String, Type)>) = (Vec::new(), Vec::new());
    for i in (0..call.args.len() / 2).map(|i| i * 2) {
        let name = c.literal(call, i, "name");
        let Some(e) = call.args.get(i + 1) else { continue };
        let value = c.expr(e, None);
        let Some(name) = name else { continue };
        if types.iter().any(|(n, _)| n == name) {
            c.error("wrong-arguments", e.span, format!("member \"{name}\" is there twice"), None);
        }
        types.push((name.to_owned(), value.ty.unwrap_or(Type::Any)));
        members.push((name.into(), value.node));
    }
    let step = Step::Object(members.into());
    Checked { node: Node { span: call.span, step }, ty: Some(Type::Object(types)), words: None }
}

fn member(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let Some(first) = call.args.first() else { return c.nothing(call.span) };
    let object = c.arg(first, Arg::Object);
    let Some(name) = c.literal(call, 1, "name") else { return c.nothing(call.span) };
    let ty = match &object.ty {
        Some(Type::Object(types)) => match types.iter().find(|(n, _)| n == name) {
            Some((_, t)) => Some(t.clone()),
            None => {
                let span = call.args.get(1).map_or(call.span, |a| a.span);
                let hint =
                    nearest(name, types.iter().map(|(n, _)| n.as_str())).map(|n| format!("did you mean \"{n}\"?"));
                c.error("unknown-member", span, format!("the object has no member \"{name}\""), hint);
                None
            }
        },
        other => other.clone(),
    };
    let step = Step::With(Box::new(object.node), Box::new(Tool::Member(name.into())));
    Checked { node: Node { span: call.span, step }, ty, words: None }
}

fn xml_text(c: &mut Checker<'_>, call: &Call<'_>) -> Checked {
    let Some(first) = call.args.first() else { return c.nothing(call.span) };
    let text = c.arg(first, Arg::Text);
    let Some(path) = c.literal(call, 1, "path") else { return c.nothing(call.span) };
    c.fails(call);
    match Path::parse(path) {
        Ok(path) => {
            let step = Step::With(Box::new(text.node), Box::new(Tool::Xml(path)));
            Checked { node: Node { span: call.span, step }, ty: Some(Type::Text), words: None }
        }
        Err(said) => {
            let span = call.args.get(1).map_or(call.span, |a| a.span);
            c.error("bad-path", span, said, None);
            c.nothing(call.span)
        }
    }
}
