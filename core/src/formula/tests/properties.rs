//! No text makes the compiler panic, no record the evaluator; a printed formula reads back as itself.

use super::super::ast::{Expr, Kind, Op, Span};
use super::super::parse::parse;
use super::*;
use proptest::prelude::*;

fn leaf() -> impl Strategy<Value = Kind> {
    prop_oneof![
        "[a-z\"\\]é ]{0,6}".prop_map(Kind::Text),
        (0..=i64::MAX).prop_map(Kind::Integer),
        (0..10_i128.pow(30), 0..30_u8).prop_map(|(c, s)| Kind::Decimal(banyan_words::Decimal::new(c, s).unwrap())),
        any::<bool>().prop_map(Kind::Boolean),
        Just(Kind::Null),
        Just(Kind::Missing),
        "[A-Z_][A-Z0-9_$#]{0,4}(\\.[a-z]{1,3})?|[a-z \\]\\[.\"-]{1,5}|else|Null".prop_map(Kind::Column),
        "[a-z-]{1,5}".prop_map(Kind::Keep),
        "[a-z-]{1,5}".prop_map(Kind::Reject),
    ]
}

const OPS: [Op; 11] = [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Concat, Op::Add, Op::Sub, Op::Mul, Op::Div];

fn tree() -> impl Strategy<Value = Expr> {
    let at = |height: u16, kind: Kind| Expr { span: Span::default(), height, kind };
    leaf().prop_map(move |k| at(1, k)).prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            inner.clone().prop_map(move |x| at(x.height + 1, Kind::Neg(Box::new(x)))),
            (proptest::sample::select(&OPS), inner.clone(), inner.clone()).prop_map(move |(op, a, b)| {
                at(a.height.max(b.height) + 1, Kind::Binary(op, Box::new(a), Box::new(b)))
            }),
            (inner.clone(), inner.clone())
                .prop_map(move |(a, b)| at(a.height.max(b.height) + 1, Kind::Else(Box::new(a), Box::new(b)))),
            ("[A-Z]{1,4}", proptest::collection::vec(inner, 0..4)).prop_filter_map("reserved", move |(name, args)| {
                let height = args.iter().map(|a| a.height).max().unwrap_or(0) + 1;
                (!super::super::ast::RESERVED.contains(&name.as_str()))
                    .then(|| at(height, Kind::Call(name, Span::default(), args)))
            }),
        ]
    })
}

/// Pieces of formulas, so that random texts get past the parser now and then.
fn pieces() -> impl Strategy<Value = String> {
    let names: Vec<String> = functions().flat_map(|(_, t)| t.iter().map(|f| format!("{}(", f.name))).collect();
    let words: Vec<String> = [
        "NAME1",
        "QTY",
        "PRICE",
        "STAMP",
        "TAGS",
        "SHIPTO",
        "DOC",
        "NOTHING",
        "GONE",
        "OPENDT",
        "(",
        ")",
        ")",
        ")",
        ",",
        ",",
        "&",
        "=",
        "<>",
        "+",
        "-",
        "*",
        "/",
        " ELSE ",
        "NULL",
        "MISSING",
        "TRUE",
        "1",
        "0",
        "2.5",
        "\"a\"",
        "\"category\"",
        "\"yyyy\"",
        "KEEP \"x\"",
        "REJECT \"x\"",
        "\"/Store/Phone\"",
        "\"day\"",
        "\"",
    ]
    .map(str::to_owned)
    .to_vec();
    let piece = prop_oneof![proptest::sample::select(names), proptest::sample::select(words)];
    proptest::collection::vec(piece, 0..14).prop_map(|p| p.concat())
}

fn value() -> impl Strategy<Value = Value<'static>> {
    let scalar = prop_oneof![
        Just(Value::Missing),
        Just(Value::Null),
        "[ -~é]{0,8}".prop_map(|t| Value::Text(t.into())),
        "[0-9]{1,9}".prop_map(|t| Value::Text(t.into())),
        any::<i64>().prop_map(Value::Integer),
        (-30..30_i64).prop_map(Value::Integer),
        (-(10_i128.pow(38) - 1)..10_i128.pow(38), 0..=38_u8)
            .prop_map(|(c, s)| Value::Decimal(banyan_words::Decimal::new(c, s).unwrap())),
        (any::<f64>(), any::<bool>()).prop_map(|(f, n)| Value::Float(f, n)),
        any::<bool>().prop_map(Value::Boolean),
        (-9999..=9999_i16, 1..=12_i8, 1..=28_i8)
            .prop_map(|(y, m, d)| Value::Date(jiff::civil::Date::new(y, m, d).unwrap())),
        (0..24_i8, 0..60_i8).prop_map(|(h, m)| Value::Time(jiff::civil::Time::new(h, m, 0, 0).unwrap())),
        Just(Value::DateTime(jiff::civil::DateTime::MAX)),
        Just(Value::DateTime(jiff::civil::DateTime::MIN)),
        Just(Value::Instant(jiff::Timestamp::MAX)),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(|b| Value::Bytes(b.into())),
        Just(Value::Ref(banyan_words::Id([7; 16]))),
    ];
    prop_oneof![
        4 => scalar.clone(),
        1 => proptest::collection::vec(scalar.clone(), 0..3).prop_map(Value::List),
        1 => proptest::collection::vec(("[a-c]", scalar), 0..3)
            .prop_map(|m| Value::Object(m.into_iter().map(|(k, v)| (k.into(), v)).collect())),
    ]
}

/// A row of the sample's columns with these values, whatever their declared types.
fn row_of(sample: &Sample, values: Vec<Value<'static>>) -> Batch {
    let mut b = BatchBuilder::new(sample.batch.unit.clone());
    let shape = b.shape(sample.batch.row(0).shape().clone());
    b.begin(shape);
    values.into_iter().for_each(|v| b.value(v));
    b.end(Place::default());
    b.finish()
}

fn evaluate(sample: &Sample, batch: &Batch, text: &str, target: Option<Target<'_>>) {
    for columns in [Some(sample.columns.as_slice()), None] {
        let scope = Scope { columns, ..sample.scope() };
        if let Ok((f, _)) = compile(text, &scope, target) {
            let bound = f.bind(batch.row(0).shape());
            let (_, explained) = bound.explain(&batch.row(0), &sample.tables);
            let outcome = bound.eval(&batch.row(0), &sample.tables);
            // NaN is not equal to itself, so outcomes are compared as they are shown.
            assert_eq!(outcome.to_string(), explained.to_string());
            if let (Outcome::Value(v), Some(t)) = (&outcome, target) {
                assert!(v.fits(t.ty), "{text} gives {v:?}, which is no {}", t.ty);
            }
        }
    }
}

fn targets() -> Vec<Type> {
    vec![
        Type::Text,
        Type::Integer,
        Type::Decimal { precision: 12, scale: 2 },
        Type::Float,
        Type::Boolean,
        Type::Date,
        Type::Enum(vec!["a".into(), "trade".into()]),
        Type::List(Box::new(Type::Text)),
        Type::Object(vec![("a".into(), Type::Integer)]),
    ]
}

/// A value of that type, or none.
fn typed(ty: &Type) -> BoxedStrategy<Value<'static>> {
    let some = match ty {
        Type::Integer => prop_oneof![any::<i64>(), -3..3_i64].prop_map(Value::Integer).boxed(),
        Type::Decimal { .. } => (-(10_i128.pow(10) - 1)..10_i128.pow(10), 0..=2_u8)
            .prop_map(|(c, s)| Value::Decimal(banyan_words::Decimal::new(c, s).unwrap()))
            .boxed(),
        Type::DateTime => (1900..2100_i16, 1..=12_i8, 1..=28_i8, 0..24_i8)
            .prop_map(|(y, m, d, h)| Value::DateTime(jiff::civil::DateTime::new(y, m, d, h, 30, 0, 0).unwrap()))
            .boxed(),
        Type::List(of) => proptest::collection::vec(typed(of), 0..3).prop_map(Value::List).boxed(),
        Type::Any => value().boxed(),
        _ => prop_oneof!["[ -~é]{0,8}", "[0-9.]{1,9}", "T|R|UK|1190401|\\{|12J"]
            .prop_map(|t| Value::Text(t.into()))
            .boxed(),
    };
    prop_oneof![6 => some, 1 => Just(Value::Null), 1 => Just(Value::Missing)].boxed()
}

fn typed_row() -> impl Strategy<Value = Vec<Value<'static>>> {
    let columns: Vec<_> = cells().into_iter().map(|(_, ty, _)| typed(&ty)).collect();
    columns
}

proptest! {
    #[test]
    fn records_of_the_declared_types_fail_only_with_declared_codes(
        text in pieces(),
        values in typed_row(),
        target in proptest::option::of(proptest::sample::select(targets())),
    ) {
        let sample = Sample::new();
        let batch = row_of(&sample, values);
        let examples = functions().flat_map(|(_, t)| t.iter().flat_map(|f| f.examples.iter().map(|e| e.0)));
        for text in examples.chain([text.as_str()]) {
            if let Ok((f, _)) = compile(text, &sample.scope(), target.as_ref().map(Target::of)) {
                let bound = f.bind(batch.row(0).shape());
                let (Outcome::Keep(code) | Outcome::Reject { code, .. }) = bound.eval(&batch.row(0), &sample.tables) else {
                    continue;
                };
                prop_assert!(f.codes().iter().any(|c| c == code), "{} fails with {}, not of {:?}", text, code, f.codes());
            }
        }
    }

    #[test]
    fn no_text_makes_the_compiler_panic(text in "\\PC{0,60}") {
        let sample = Sample::new();
        let (tree, faults) = parse(&text);
        if faults.is_empty() {
            let printed = tree.print();
            prop_assert_eq!(parse(&printed), (tree, Vec::new()));
        }
        for d in compile(&text, &sample.scope(), None).map_or_else(|e| e, |(_, w)| w) {
            prop_assert!(text.get(d.offset..d.offset + d.len).is_some(), "{:?}", d);
        }
    }

    #[test]
    fn a_printed_formula_reads_back_as_itself(tree in tree()) {
        let printed = tree.print();
        let (again, faults) = parse(&printed);
        prop_assert!(faults.is_empty(), "{} {:?}", printed, faults);
        prop_assert_eq!(again.print(), printed);
        prop_assert_eq!(again, tree);
    }

    #[test]
    fn no_record_makes_a_formula_panic(
        text in pieces(),
        values in proptest::collection::vec(value(), 15),
        target in proptest::option::of(proptest::sample::select(targets())),
    ) {
        let sample = Sample::new();
        let batch = row_of(&sample, values);
        evaluate(&sample, &batch, &text, target.as_ref().map(Target::of));
    }

    #[test]
    fn no_record_makes_an_example_panic(values in proptest::collection::vec(value(), 15)) {
        let sample = Sample::new();
        let batch = row_of(&sample, values);
        for (_, table) in functions() {
            for (text, _) in table.iter().flat_map(|f| f.examples) {
                evaluate(&sample, &batch, text, None);
            }
        }
    }

    #[test]
    fn every_column_may_go_into_every_field(
        values in proptest::collection::vec(value(), 15),
        target in proptest::sample::select(targets()),
    ) {
        let sample = Sample::new();
        let batch = row_of(&sample, values);
        for c in &sample.columns {
            evaluate(&sample, &batch, &c.name, Some(Target::of(&target)));
        }
    }
}
