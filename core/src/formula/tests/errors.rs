//! What is refused or warned of, and where it points.

use super::*;

fn faults(text: &str) -> Vec<(&'static str, String)> {
    Sample::new().faults(text, None)
}

fn check(cases: &[(&str, &[(&str, &str)])], target: Option<Target<'_>>) {
    let sample = Sample::new();
    for (text, want) in cases {
        let got = sample.faults(text, target);
        let got: Vec<(&str, &str)> = got.iter().map(|(c, t)| (*c, t.as_str())).collect();
        assert_eq!(got, *want, "{text}");
    }
}

#[test]
fn syntax_is_told_where_it_breaks() {
    check(
        &[
            ("", &[("syntax", "")]),
            ("TRIM(NAME1", &[("syntax", "")]),
            ("TRIM(NAME1))", &[("syntax", ")")]),
            ("NAME1 NAME1", &[("syntax", "NAME1")]),
            ("1 +", &[("syntax", "")]),
            ("\"open", &[("syntax", "\"open")]),
            ("'x'", &[("syntax", "'")]),
            ("IF(QTY > 1; 2)", &[("syntax", ";")]),
            ("1 < QTY < 3", &[("cannot-compare", "1 < QTY < 3"), ("syntax", "<")]),
            ("12AB", &[("syntax", "12AB")]),
            ("QTY ELSE", &[("else-never-speaks", " ELSE"), ("syntax", "")]),
            ("DATE(EMAIL) ELSE REJECT", &[("syntax", "REJECT")]),
            ("DATE(EMAIL) ELSE REJECT \"Bad code\"", &[("bad-code", "\"Bad code\"")]),
            ("#", &[("syntax", "#")]),
        ],
        None,
    );
}

#[test]
fn several_faults_are_told_at_once() {
    check(
        &[
            (
                "TRIM(NAM1) & UPER(NAME1) & (EMAIL + 1)",
                &[("unknown-column", "NAM1"), ("unknown-function", "UPER"), ("wrong-type", "EMAIL")],
            ),
            ("CONCAT(1 +, NAM1, ]x)", &[("syntax", ","), ("unknown-column", "NAM1"), ("syntax", "]")]),
        ],
        None,
    );
}

#[test]
fn types_are_told_apart() {
    check(
        &[
            ("EMAIL * 2", &[("wrong-type", "EMAIL")]),
            ("UPPER(PRICE)", &[("wrong-type", "PRICE")]),
            ("UPPER(QTY)", &[]),
            ("QTY = \"7\"", &[("cannot-compare", "QTY = \"7\"")]),
            ("STAMP < \"2020\"", &[("cannot-compare", "STAMP < \"2020\"")]),
            ("TRUE < FALSE", &[("cannot-compare", "TRUE < FALSE")]),
            ("EMAIL = NULL", &[("compares-absent", "NULL")]),
            ("IF(EMAIL, 1, 2)", &[("wrong-type", "EMAIL")]),
            ("IF(QTY > 1, 1, \"x\")", &[("branches-differ", "\"x\"")]),
            ("LEFT(NAME1, \"2\")", &[("wrong-type", "\"2\"")]),
            ("LEFT()", &[("wrong-arguments", "LEFT()")]),
            ("YEAR(EMAIL)", &[("wrong-type", "EMAIL")]),
            ("REJECT \"x\" & EMAIL", &[("misplaced-verdict", "REJECT \"x\"")]),
            ("MEMBER(OBJECT(\"city\", 1), \"ctiy\")", &[("unknown-member", "\"ctiy\"")]),
            ("SUM(EMAIL)", &[("wrong-type", "EMAIL")]),
        ],
        None,
    );
}

#[test]
fn what_can_fail_must_say_so() {
    check(
        &[
            ("DATE(OPENDT, \"CYYMMDD\")", &[("implicit-reject", "DATE(OPENDT, \"CYYMMDD\")")]),
            ("DATE(OPENDT, \"CYYMMDD\") ELSE NULL", &[]),
            ("DATE(STAMP)", &[]),
            ("DECIMAL(QTY)", &[]),
            // One ELSE answers all of them, so there is one warning.
            ("DECIMAL(EMAIL) + DECIMAL(CRLIM)", &[("implicit-reject", "DECIMAL(EMAIL)")]),
            ("QTY / PRICE", &[("division-needs-else", "QTY / PRICE")]),
            ("QTY / 3", &[("division-needs-else", "QTY / 3")]),
            ("QTY / 12.5", &[]),
            ("QTY / 0", &[("division-by-zero", "0")]),
            ("ROUND(QTY / PRICE, 2)", &[("implicit-reject", "ROUND(QTY / PRICE, 2)")]),
            ("ROUND(QTY / 3, 2)", &[]),
            ("QTY / PRICE ELSE NULL", &[]),
            ("LOOKUP(\"category\", CTYPE, REGION)", &[("lookup-needs-else", "LOOKUP(\"category\", CTYPE, REGION)")]),
            ("IFS(QTY > 1, 2)", &[("ifs-needs-else", "IFS(QTY > 1, 2)")]),
            ("IFS(QTY > 1, 2, TRUE, 3)", &[]),
            ("TRIM(NAME1) ELSE NULL", &[("else-never-speaks", " ELSE ")]),
            ("FIND(\"x\", NAME1)", &[("implicit-reject", "FIND(\"x\", NAME1)")]),
        ],
        None,
    );
}

#[test]
fn names_and_patterns_are_checked_beforehand() {
    check(
        &[
            ("LOOKUP(\"categry\", CTYPE) ELSE NULL", &[("unknown-lookup", "\"categry\"")]),
            ("LOOKUP(\"category\", CTYPE) ELSE NULL", &[("wrong-arguments", "LOOKUP(\"category\", CTYPE)")]),
            ("LOOKUP(NAME1, CTYPE) ELSE NULL", &[("not-literal", "NAME1")]),
            ("REF(\"custmer\", \"erp\", QTY)", &[("unknown-entity", "\"custmer\"")]),
            ("DATE(EMAIL, \"yyMMdd\") ELSE NULL", &[("bad-pattern", "\"yyMMdd\"")]),
            ("DATE(EMAIL, \"yyyy-MM\") ELSE NULL", &[("bad-pattern", "\"yyyy-MM\"")]),
            ("DATE(QTY) ELSE NULL", &[("needs-pattern", "DATE(QTY)")]),
            ("REGEXMATCH(EMAIL, \"(\")", &[("bad-pattern", "\"(\"")]),
            ("REGEXMATCH(EMAIL, \"(a{1000}){1000}\")", &[("bad-pattern", "\"(a{1000}){1000}\"")]),
            ("REGEXEXTRACT(EMAIL, \"a\", 1) ELSE NULL", &[("wrong-arguments", "1")]),
            ("XMLTEXT(DOC, \"Store\") ELSE NULL", &[("bad-path", "\"Store\"")]),
            ("INSTANT(STAMP, \"Europe/Lundon\") ELSE NULL", &[("unknown-zone", "\"Europe/Lundon\"")]),
            ("TEXT(QTY, \"#,##0\")", &[("bad-pattern", "\"#,##0\"")]),
            ("DATEADD(STAMP, 1, \"fortnight\")", &[("wrong-arguments", "\"fortnight\"")]),
            ("ZONED(EMAIL, QTY) ELSE NULL", &[("not-literal", "QTY")]),
        ],
        None,
    );
}

#[test]
fn what_does_not_fit_its_field_is_told() {
    let money = Type::Decimal { precision: 12, scale: 2 };
    check(
        &[
            ("CRLIM", &[("wrong-type", "CRLIM")]),
            ("PRICE", &[]),
            ("QTY", &[]),
            ("PRICE / 100", &[("implicit-reject", "PRICE / 100")]),
            ("ROUND(PRICE / 100, 2)", &[]),
            ("DECIMAL(QTY * 2)", &[]),
            ("PRICE / 100 ELSE NULL", &[]),
            ("NULL", &[]),
            ("IF(QTY > 1, PRICE, EMAIL)", &[("wrong-type", "EMAIL")]),
        ],
        Some(Target::of(&money)),
    );
    let words = Type::Enum(vec!["trade".into(), "export".into()]);
    check(
        &[
            ("\"trad\"", &[("bad-enum", "\"trad\"")]),
            ("IF(QTY > 1, \"trade\", \"export\")", &[]),
            ("EMAIL", &[("implicit-reject", "EMAIL")]),
            ("EMAIL ELSE REJECT \"unknown\"", &[]),
            // The lookup knows "retail", the field does not.
            ("LOOKUP(\"category\", CTYPE, REGION) ELSE NULL", &[]),
            ("QTY", &[("wrong-type", "QTY")]),
        ],
        Some(Target::of(&words)),
    );
    check(
        &[("EMAIL", &[("wrong-type", "EMAIL")]), ("STAMP", &[("wrong-type", "STAMP")])],
        Some(Target::of(&Type::Date)),
    );
    check(
        &[("REF(\"part\", \"old\", QTY)", &[("wrong-type", "REF(\"part\", \"old\", QTY)")])],
        Some(Target::of(&Type::Ref("customer".into()))),
    );
    let short = Target { max: Some(3), ..Target::of(&Type::Text) };
    check(
        &[("\"four\"", &[("too-long", "\"four\"")]), ("\"abc\"", &[]), ("QTY", &[("wrong-type", "QTY")])],
        Some(short),
    );
}

#[test]
fn hints_name_what_was_meant() {
    let sample = Sample::new();
    for (text, part) in [
        ("TRIM(NAM1)", "NAME1"),
        ("TRM(NAME1)", "TRIM"),
        ("VLOOKUP(1)", "LOOKUP"),
        ("IFERROR(1, 2)", "ELSE"),
        ("EMAIL = NULL", "ISNULL(EMAIL)"),
        ("EMAIL * 2", "DECIMAL(EMAIL)"),
        ("REF(\"custmer\", \"erp\", QTY)", "customer"),
    ] {
        let faults = compile(text, &sample.scope(), None).unwrap_err();
        assert!(faults.iter().any(|d| d.hint.as_deref().is_some_and(|h| h.contains(part))), "{text}: {faults:?}");
    }
    let target = Type::Date;
    let faults = compile("EMAIL", &sample.scope(), Some(Target::of(&target))).unwrap_err();
    assert!(faults[0].hint.as_deref().unwrap().contains("DATE(EMAIL"));
}

#[test]
fn deep_and_long_formulas_are_refused() {
    assert_eq!(faults(&"(".repeat(20_000))[0].0, "too-deep");
    assert_eq!(faults(&format!("1{}", " + 1".repeat(5_000)))[0].0, "too-deep");
    assert_eq!(faults(&format!("1{}", " ELSE 1".repeat(4_000))).iter().filter(|f| f.0 == "too-deep").count(), 1);
    assert_eq!(faults(&"-".repeat(30_000))[0].0, "too-deep");
    assert_eq!(faults(&"x".repeat(40_000))[0].0, "formula-too-long");
    let wide = format!("CONCAT({})", vec!["NAME1"; 500].join(", "));
    assert_eq!(faults(&wide), []);
}
