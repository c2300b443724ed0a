use super::*;
use proptest::prelude::*;

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn parse(csv: &str) -> Result<(Table, Vec<Problem>), Vec<Problem>> {
    Table::parse("lookups/category.csv", csv.as_bytes(), &keys(&["CTYPE", "REGION"]), "category")
}

fn get(t: &Table, parts: &[&str]) -> Option<(String, usize)> {
    let parts: Vec<Cow<'_, str>> = parts.iter().map(|p| Cow::Borrowed(*p)).collect();
    t.get(&parts).map(|(v, line)| (v.to_owned(), line))
}

#[test]
fn the_most_specific_row_answers() {
    let (t, warnings) =
        parse("\u{feff}CTYPE,note,REGION,category\nT,,UK,trade\nT,,*,export\n\nR,,*,retail\n*,,*,other\n").unwrap();
    assert!(warnings.is_empty());
    assert_eq!(get(&t, &["T", "UK"]), Some(("trade".into(), 2)));
    assert_eq!(get(&t, &["T", "FR"]), Some(("export".into(), 3)));
    assert_eq!(get(&t, &["R", "UK"]), Some(("retail".into(), 5)));
    assert_eq!(get(&t, &["t", "UK"]), Some(("other".into(), 6)), "case counts");
    assert_eq!(get(&t, &["T"]), None);
    assert!(t.covers_all());
    assert_eq!(t.values(), ["trade", "export", "retail", "other"]);
}

#[test]
fn without_a_row_of_stars_there_are_gaps() {
    let (t, _) = parse("CTYPE,REGION,category\nT,UK,trade\n").unwrap();
    assert!(!t.covers_all());
    assert_eq!(get(&t, &["T", "FR"]), None);
}

fn codes(csv: &str) -> Vec<(String, u32)> {
    let problems = match parse(csv) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    problems.into_iter().map(|p| (p.code, p.spot.unwrap().line)).collect()
}

#[test]
fn faults_are_told_with_their_lines() {
    for (csv, want) in [
        ("CTYPE,REGION,category\nT,UK,a\nT,UK,b\n", vec![("lookup-duplicate", 3)]),
        ("CTYPE,REGION,category\nT,*,a\n*,UK,b\n", vec![("lookup-tie", 3)]),
        ("CTYPE,REGION,category\nT,UK\nT,FR,a\nX\n", vec![("lookup-short-row", 2), ("lookup-short-row", 4)]),
        ("CTYP,REGION,value\n", vec![("lookup-column", 1), ("lookup-column", 1)]),
        ("CTYPE,REGION,REGION,category\n", vec![("lookup-column", 1)]),
        ("CTYPE,REGION,category\nT ,UK,a\n", vec![("lookup-blanks", 2)]),
        ("CTYPE,REGION,category\n\"T,UK,a\n", vec![("lookup-csv", 2)]),
        ("", vec![("lookup-empty", 1)]),
    ] {
        let want: Vec<(String, u32)> = want.into_iter().map(|(c, l)| (c.to_owned(), l)).collect();
        assert_eq!(codes(csv), want, "{csv}");
    }
    let bad = Table::parse("x.csv", b"a,b\nc\xff,d", &keys(&["a"]), "b").unwrap_err();
    assert_eq!((bad[0].code.as_str(), bad[0].spot.as_ref().unwrap().line), ("lookup-encoding", 2));
}

#[test]
fn a_more_specific_row_settles_a_tie() {
    let (t, _) = parse("CTYPE,REGION,category\nT,*,a\n*,UK,b\nT,UK,c\n").unwrap();
    assert_eq!(get(&t, &["T", "UK"]).unwrap().0, "c");
}

proptest! {
    #[test]
    fn agrees_with_a_plain_search(
        rows in proptest::collection::btree_map(("[ab*]", "[xy*]"), "[0-9]", 0..9),
        asked in proptest::collection::vec(("[abc]", "[xyz]"), 8),
    ) {
        let mut csv = "CTYPE,REGION,category\n".to_owned();
        for ((a, b), v) in &rows {
            csv.push_str(&format!("{a},{b},{v}\n"));
        }
        let Ok((table, _)) = parse(&csv) else { return Ok(()) };
        for (a, b) in asked {
            let mut fits: Vec<(usize, &String)> = rows
                .iter()
                .filter(|((p, q), _)| (p == "*" || *p == a) && (q == "*" || *q == b))
                .map(|((p, q), v)| (usize::from(p == "*") + usize::from(q == "*"), v))
                .collect();
            fits.sort();
            let want = fits.first().map(|(_, v)| (*v).clone());
            prop_assert_eq!(get(&table, &[&a, &b]).map(|(v, _)| v), want);
            if let [(n, _), (m, _), ..] = fits.as_slice() {
                prop_assert!(n < m, "a tie went through");
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Table::parse("x.csv", &bytes, &keys(&["a"]), "b");
    }
}
