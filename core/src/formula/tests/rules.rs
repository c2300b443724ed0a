//! The rules of the page's first half.

use super::*;

fn run(text: &str) -> String {
    Sample::new().run(text, None)
}

fn into(text: &str, ty: &Type) -> String {
    Sample::new().run(text, Some(Target::of(ty)))
}

const MONEY: Type = Type::Decimal { precision: 12, scale: 2 };

fn category() -> Type {
    Type::Enum(["retail", "trade", "export"].map(str::to_owned).to_vec())
}

#[test]
fn the_five_forms_of_else() {
    for (formula, want) in [
        ("DATE(EMAIL) ELSE DATE(\"2020-01-01\")", "2020-01-01"),
        ("DATE(EMAIL) ELSE NULL", "NULL"),
        ("DATE(EMAIL) ELSE MISSING", "MISSING"),
        ("DATE(EMAIL) ELSE KEEP \"bad-date\"", "KEEP \"bad-date\""),
        ("DATE(EMAIL) ELSE REJECT \"bad-date\"", "REJECT \"bad-date\""),
        // The first that speaks decides, inside arguments too.
        ("DATE(EMAIL) ELSE DATE(CRLIM) ELSE NULL", "NULL"),
        ("1 + (DECIMAL(EMAIL) ELSE 1)", "2"),
        ("COALESCE(DECIMAL(EMAIL) ELSE NULL, 5)", "5"),
        ("UPPER(TEXT(DATE(EMAIL)) ELSE KEEP \"c\")", "KEEP \"c\""),
        // A decision is final.
        ("IF(QTY = 7, REJECT \"seven\", DECIMAL(CRLIM)) ELSE 0", "REJECT \"seven\""),
        ("DECIMAL(EMAIL)", "REJECT \"bad-type\""),
    ] {
        assert_eq!(run(formula), want, "{formula}");
    }
}

#[test]
fn null_empty_and_missing_differ() {
    for (formula, want) in [
        ("TRIM(NOTHING)", "NULL"),
        ("TRIM(GONE)", "MISSING"),
        ("TRIM(EMAIL)", "\"\""),
        ("REPLACE(NOTHING, 1, 1, GONE)", "MISSING"),
        ("QTY + NULL", "NULL"),
        ("NULL + MISSING", "MISSING"),
        ("NOTHING & GONE & EMAIL", "\"\""),
        ("NOTHING = NOTHING", "FALSE"),
        ("NOTHING <> \"x\"", "FALSE"),
        ("GONE < \"x\"", "FALSE"),
        ("EMAIL = \"\"", "TRUE"),
        ("DATE(NOTHING)", "NULL"),
        ("DATE(GONE) ELSE NULL", "MISSING"),
        ("DATE(EMAIL) ELSE MISSING", "MISSING"),
        ("REF(\"part\", \"old\", NOTHING)", "NULL"),
        ("ROUND(QTY / NULL, 2)", "NULL"),
    ] {
        assert_eq!(run(formula), want, "{formula}");
    }
}

#[test]
fn null_texts_and_null_dates_are_the_sources() {
    let mut sample = Sample::new();
    sample.null_texts = vec!["UK".to_owned(), String::new()];
    sample.null_dates = vec!["0000000".to_owned(), "9999-12-31".to_owned()];
    for (formula, want) in [
        ("ISNULL(REGION)", "TRUE"),
        ("ISNULL(EMAIL)", "TRUE"),
        ("DATE(EMAIL)", "NULL"),
        ("DATE(0, \"CYYMMDD\")", "NULL"),
        ("DATE(\"31.12.9999\", \"dd.MM.yyyy\")", "NULL"),
        ("DATETIME(\"9999-12-31 00:00\")", "NULL"),
        ("\"UK\"", "\"UK\""),
    ] {
        assert_eq!(sample.run(formula, None), want, "{formula}");
    }
}

#[test]
fn arithmetic_is_exact() {
    for (formula, want) in [
        ("1 + 2 * 3 - -4", "11"),
        ("(1 + 2) * 3", "9"),
        ("0.1 + 0.2", "0.3"),
        ("QTY * PRICE", "87.50"),
        ("7 / 4", "1.75"),
        ("1 / 3 ELSE 0", "0"),
        ("ROUND(1 / 3, 2)", "0.33"),
        ("ROUND(QTY / 0.07, 0)", "100"),
        ("9223372036854775807 + 1", "REJECT \"overflow\""),
        ("9223372036854775808 + 1", "9223372036854775809"),
        ("99999999999999999999999999999999999999 + 99999999999999999999999999999999999999", "REJECT \"overflow\""),
        ("-9223372036854775808 - 1", "-9223372036854775809"),
        ("ABS(-9223372036854775807 - 1)", "REJECT \"overflow\""),
        ("ROUNDUP(0.001, -3)", "1000"),
        ("ROUND(5, 38)", "5"),
        ("ROUND(1250000 / 7, -3)", "179000"),
    ] {
        assert_eq!(run(formula), want, "{formula}");
    }
}

#[test]
fn a_value_is_brought_into_its_field() {
    for (formula, want) in [
        ("QTY", "7.00"),
        ("DECIMAL(CRLIM) / 100", "12500.00"),
        ("DECIMAL(\"1.005\")", "REJECT \"bad-type\""),
        ("DECIMAL(\"1.005\") ELSE REJECT \"too-fine\"", "REJECT \"too-fine\""),
        ("ROUND(DECIMAL(\"1.005\"), 2)", "1.01"),
        ("DECIMAL(\"12345678901.00\")", "REJECT \"bad-type\""),
        ("IF(QTY = 7, DECIMAL(\"0.001\") ELSE NULL, 1)", "NULL"),
    ] {
        assert_eq!(into(formula, &MONEY), want, "{formula}");
    }
    for (formula, want) in [
        ("\"trade\"", "\"trade\""),
        ("LOWER(\"TRADE\")", "\"trade\""),
        ("LOWER(NAME1) ELSE NULL", "NULL"),
        ("LOWER(NAME1)", "REJECT \"bad-enum\""),
        ("LOOKUP(\"category\", CTYPE, REGION) ELSE REJECT \"x\"", "\"trade\""),
    ] {
        assert_eq!(into(formula, &category()), want, "{formula}");
    }
    let short = |text: &str| {
        let target = Target { max: Some(5), ..Target::of(&Type::Text) };
        Sample::new().run(text, Some(target))
    };
    assert_eq!(short("TRIM(NAME1)"), "REJECT \"too-long\"");
    assert_eq!(short("LEFT(NAME1, 5)"), "\"HARBO\"");
    assert_eq!(short("\"Grüße\" & EMAIL"), "\"Grüße\"");
    let email = TextFormat { name: "e-mail address", check: |t| t.contains('@') };
    let target = Target { format: Some(email), ..Target::of(&Type::Text) };
    assert_eq!(Sample::new().run("LOWER(TRIM(EMAIL)) ELSE KEEP \"bad-email\"", Some(target)), "KEEP \"bad-email\"");
    let list = Type::List(Box::new(Type::Decimal { precision: 10, scale: 3 }));
    assert_eq!(into("LIST(QTY, PRICE)", &list), "[7.000, 12.500]");
    let object = Type::Object(vec![("city".into(), Type::Text)]);
    assert_eq!(into("SHIPTO", &object), "{city: \"Hull\"}");
}

#[test]
fn columns_of_unknown_type_are_checked_for_each_record() {
    let sample = Sample::new();
    let scope = Scope { columns: None, ..sample.scope() };
    let row = sample.batch.row(0);
    for (formula, ty, want) in [
        ("NAME1", Type::Text, "\"HARBOUR  SUPPLIES   \""),
        ("QTY", Type::Text, "REJECT \"bad-type\""),
        ("QTY", Type::Integer, "7"),
        ("QTY", MONEY, "7.00"),
        ("PRICE", Type::Integer, "REJECT \"bad-type\""),
        ("PRICE", Type::Float, "12.5"),
        ("CRLIM", MONEY, "REJECT \"bad-type\""),
        ("CRLIM", Type::Date, "REJECT \"bad-type\""),
        ("CRLIM + 1", MONEY, "REJECT \"bad-type\""),
        ("UPPER(QTY)", Type::Text, "\"7\""),
        ("QTY = \"7\"", Type::Boolean, "TRUE"),
        ("QTY = 7", Type::Boolean, "TRUE"),
        ("CRLIM = 7", Type::Boolean, "REJECT \"bad-type\""),
        ("UPPER(TAGS) ELSE NULL", Type::Text, "NULL"),
        ("NOSUCH", Type::Text, "MISSING"),
    ] {
        let (f, _) = compile(formula, &scope, Some(Target::of(&ty))).unwrap();
        let bound = f.bind(row.shape());
        assert_eq!(bound.eval(&row, &sample.tables).to_string(), want, "{formula}");
    }
}

#[test]
fn text_that_is_not_changed_is_borrowed() {
    let sample = Sample::new();
    let row = sample.batch.row(0);
    for formula in [
        "TRIM(NAME1)",
        "LEFT(NAME1, 3)",
        "SPLIT(NAME1, \" \", 1)",
        "COALESCE(NOTHING, UPPER(NAME1))",
        "REGEXEXTRACT(NAME1, \"[A-Z]+\")",
    ] {
        let (f, _) = compile(formula, &sample.scope(), None).unwrap();
        let bound = f.bind(row.shape());
        let got = bound.eval(&row, &sample.tables);
        assert!(matches!(got, Outcome::Value(Value::Text(std::borrow::Cow::Borrowed(_)))), "{formula}: {got:?}");
    }
}

#[test]
fn an_id_is_turned_back_into_the_key_it_was_made_from() {
    let sample = Sample::new();
    let (f, _) = compile("REF(\"part\", \"old\", TRIM(NAME1), QTY)", &sample.scope(), None).unwrap();
    let bound = f.bind(sample.batch.row(0).shape());
    let row = sample.batch.row(0);
    let Outcome::Value(Value::Ref(id)) = bound.eval(&row, &sample.tables) else { panic!() };
    let keys = bound.ref_keys(&row, &sample.tables);
    let [(made, key)] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!((*made, key.len()), (id, 2));
    assert_eq!(banyan_words::Id::derive("part", "old", key), id);
}

#[test]
fn a_formula_knows_what_it_touches() {
    let sample = Sample::new();
    let text =
        "IF(QTY > 1, LOOKUP(\"category\", CTYPE, REGION) ELSE REJECT \"unknown\", TEXT(REF(\"part\", \"old\", NAME1)))";
    let (f, _) = compile(text, &sample.scope(), None).unwrap();
    assert_eq!(f.columns(), ["QTY", "CTYPE", "REGION", "NAME1"]);
    assert_eq!(f.lookups(), ["category"]);
    assert_eq!(f.refs(), [("part".to_owned(), "old".to_owned())]);
    assert_eq!(f.codes(), ["unknown", "bad-key"]);
    assert_eq!(f.result(), &Type::Text);
    let (g, _) = compile(&text.replace(", ", " ,").replace("IF(", "if ("), &sample.scope(), None).unwrap();
    assert_eq!(f.hash(), g.hash());
}

#[test]
fn hashes_are_frozen() {
    // Stored observations hold them: a change here would re-derive every store in the field.
    let sample = Sample::new();
    let (f, _) =
        compile("PROPER( trim(NAME1) ) & [a b] ELSE KEEP \"x\"", &Scope { columns: None, ..sample.scope() }, None)
            .unwrap();
    assert_eq!(canonical(f.text()).unwrap(), "PROPER(TRIM(NAME1)) & [a b] ELSE KEEP \"x\"");
    assert_eq!(f.hash(), 16052546141313230186);
}

#[test]
fn a_value_is_explained_step_by_step() {
    let sample = Sample::new();
    let text = "LOOKUP(\"category\", TRIM(CTYPE), REGION) ELSE REJECT \"unknown\"";
    let (f, _) = compile(text, &sample.scope(), None).unwrap();
    let bound = f.bind(sample.batch.row(0).shape());
    let (steps, outcome) = bound.explain(&sample.batch.row(0), &sample.tables);
    assert_eq!(outcome.to_string(), "\"trade\"");
    let told: Vec<(&str, &str)> = steps.iter().map(|s| (s.text.as_str(), s.value.as_str())).collect();
    assert_eq!(
        told,
        [
            ("CTYPE", "\"T\""),
            ("TRIM(CTYPE)", "\"T\""),
            ("REGION", "\"UK\""),
            ("LOOKUP(\"category\", TRIM(CTYPE), REGION)", "\"trade\""),
            (text, "\"trade\""),
        ]
    );
    assert_eq!(steps[3].note.as_deref(), Some("row 2 of lookups/category.csv"));
}

#[test]
fn a_rejection_says_what_was_wrong_with_which_value() {
    let sample = Sample::new();
    for (text, part) in [
        (
            "DATE(CRLIM, \"yyyyMMdd\") ELSE REJECT \"bad-date\"",
            "\"1250000\" is no date of the form yyyyMMdd in DATE(CRLIM, \"yyyyMMdd\")",
        ),
        ("LOOKUP(\"category\", \"X\", REGION) ELSE REJECT \"u\"", "lookup \"category\" has no row for X, UK"),
        ("IF(QTY = 7, REJECT \"seven\", 1)", "the formula says REJECT \"seven\""),
    ] {
        let (f, _) = compile(text, &sample.scope(), None).unwrap();
        let bound = f.bind(sample.batch.row(0).shape());
        let Outcome::Reject { message, .. } = bound.eval(&sample.batch.row(0), &sample.tables) else {
            panic!("{text}")
        };
        assert!(message.contains(part), "{message}");
    }
}

struct Fetched(Vec<(usize, String, &'static str)>);

impl Lookups for Fetched {
    fn get<'t>(&'t self, table: usize, keys: &[std::borrow::Cow<'_, str>]) -> LookupAnswer<'t> {
        let found = self.0.iter().find(|(t, k, _)| *t == table && *k == keys.join("/"));
        found.map_or(LookupAnswer::NotLoaded, |(_, _, v)| match *v {
            "" => LookupAnswer::Absent,
            v => LookupAnswer::Found(Value::text(v)),
        })
    }
}

#[test]
fn rows_of_datasets_are_asked_for_before_they_are_needed() {
    let mut sample = Sample::new();
    sample.lookups.insert("territory".into(), LookupType::of_dataset(7, 1, Type::Text));
    sample.lookups.insert("group".into(), LookupType::of_dataset(8, 1, Type::Text));
    let text = "(LOOKUP(\"group\", LOOKUP(\"territory\", REGION)) & LOOKUP(\"territory\", CTYPE) & LOOKUP(\"territory\", NOTHING)) ELSE NULL";
    let (f, _) = compile(text, &sample.scope(), None).unwrap();
    assert!(f.fetches());
    let bound = f.bind(sample.batch.row(0).shape());
    let mut facts = Fetched(Vec::new());
    for want in [vec!["7 UK", "7 T"], vec!["8 north"], vec![]] {
        let mut asked = Vec::new();
        bound.lookup_keys(&sample.batch.row(0), &facts, &mut |t, k| asked.push(format!("{t} {}", k.join("/"))));
        assert_eq!(asked, want);
        if !want.is_empty() {
            let early = bound.eval(&sample.batch.row(0), &facts);
            assert!(matches!(early, Outcome::Reject { code: NOT_LOADED, .. }), "no ELSE may catch it: {early:?}");
        }
        match want.len() {
            2 => facts.0.extend([(7, "UK".to_owned(), "north"), (7, "T".to_owned(), "t")]),
            1 => facts.0.push((8, "north".to_owned(), "n-")),
            _ => {}
        }
    }
    assert_eq!(bound.eval(&sample.batch.row(0), &facts).to_string(), "\"n-t\"");
}

#[test]
fn lookups_that_cover_their_enums_need_no_else() {
    let mut sample = Sample::new();
    for c in &mut sample.columns {
        if c.name == "CTYPE" {
            c.ty = Type::Enum(vec!["T".into(), "R".into()]);
        }
    }
    assert_eq!(sample.faults("LOOKUP(\"category\", CTYPE, REGION)", None)[0].0, "lookup-needs-else");
    assert_eq!(sample.faults("LOOKUP(\"category\", CTYPE, \"FR\")", Some(Target::of(&category()))), []);
    assert_eq!(sample.faults("SWITCH(CTYPE, \"T\", 1, \"R\", 2)", None), []);
    assert_eq!(sample.faults("SWITCH(CTYPE, \"T\", 1)", None)[0].0, "switch-needs-else");
}
