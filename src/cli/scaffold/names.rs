//! Names of ours for names of theirs.
//!
//! Invariant: what comes out is a name the configuration takes, whatever goes in, and no two are the same.

use banyan_adapter::Found;

/// Longest proposal; room is left for what makes it unique.
const LONGEST: usize = 48;
/// Letters of the languages around us, as they are written without their marks.
const LETTERS: [(&str, &str); 14] = [
    ("äæ", "ae"),
    ("öœø", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("áàâãåą", "a"),
    ("éèêëęě", "e"),
    ("íìîï", "i"),
    ("óòôõő", "o"),
    ("úùûůű", "u"),
    ("çćč", "c"),
    ("ñńň", "n"),
    ("śšş", "s"),
    ("źżž", "z"),
    ("ýÿ", "y"),
];

/// `ORDER NO`, `orderNo`, `Order-No` and `ORDERNO$` as `order_no`, `order_no`, `order_no` and `orderno`; `what` if nothing
/// remains.
pub(in crate::cli) fn snake(name: &str, what: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let next_small = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        let humps = before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit() || (b.is_uppercase() && next_small));
        if c.is_uppercase() && humps && !out.ends_with('_') {
            out.push('_');
        }
        for small in c.to_lowercase() {
            match LETTERS.iter().find(|(marked, _)| marked.contains(small)) {
                Some((_, plain)) => out.push_str(plain),
                None if small.is_ascii_alphanumeric() => out.push(small),
                None if !out.is_empty() && !out.ends_with('_') => out.push('_'),
                None => {}
            }
        }
    }
    out.truncate(LONGEST);
    let out = out.trim_matches('_');
    match out.as_bytes().first() {
        None => what.to_owned(),
        Some(b) if b.is_ascii_digit() => format!("{what}_{out}"),
        Some(_) => out.to_owned(),
    }
}

/// `customers` as `customer`; as it is, where that would be a guess too many.
pub(in crate::cli) fn singular(name: &str) -> String {
    let keep = ["ss", "us", "is", "as", "ics", "news", "series"].iter().any(|end| name.ends_with(end));
    if keep || name.len() < 4 {
        return name.to_owned();
    }
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if ["ches", "shes", "sses", "xes", "zes"].iter().any(|end| name.ends_with(end)) {
        return name.strip_suffix("es").unwrap_or(name).to_owned();
    }
    name.strip_suffix('s').unwrap_or(name).to_owned()
}

/// `customer` as `customers`.
pub(in crate::cli) fn plural(name: &str) -> String {
    let vowel = |c: char| "aeiou".contains(c);
    if let Some(stem) = name.strip_suffix('y').filter(|s| !s.ends_with(vowel)) {
        return format!("{stem}ies");
    }
    match ["s", "x", "z", "ch", "sh"].iter().any(|end| name.ends_with(end)) {
        true => format!("{name}es"),
        false => format!("{name}s"),
    }
}

/// The first of these that is free; else the first with a number. It is taken then.
pub(in crate::cli) fn free(proposals: &[String], taken: &mut Vec<String>) -> String {
    let first = proposals.first().cloned().unwrap_or_else(|| "name".to_owned());
    let numbered = (2..).map(|n| format!("{first}_{n}"));
    let mut all = proposals.iter().cloned().chain(numbered);
    let name = all.find(|p| !taken.contains(p)).unwrap_or(first);
    taken.push(name.clone());
    name
}

/// A name for the dataset that reads what was found.
pub(in crate::cli) fn dataset(found: &Found, taken: &mut Vec<String>) -> String {
    let name = found.table.as_ref().map_or(found.name.as_str(), |t| t.name.as_str());
    free(&[snake(name, "table"), snake(&found.name, "table")], taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_theirs() {
        for (theirs, ours) in [
            ("CUSTMAS", "custmas"),
            ("ORDER NO", "order_no"),
            ("OrderNo", "order_no"),
            ("HTTPServer2Go", "http_server2_go"),
            ("Straße (Größe)", "strasse_groesse"),
            ("2nd addr.", "column_2nd_addr"),
            ("%", "column"),
            ("_x__y_", "x_y"),
            ("注文", "column"),
        ] {
            assert_eq!(snake(theirs, "column"), ours, "{theirs}");
        }
    }

    #[test]
    fn one_and_many() {
        for (many, one) in [
            ("customers", "customer"),
            ("categories", "category"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("order_lines", "order_line"),
        ] {
            assert_eq!((singular(many).as_str(), plural(one).as_str()), (one, many));
        }
        assert_eq!((singular("status").as_str(), singular("gas").as_str()), ("status", "gas"));
        assert_eq!(plural("day"), "days");
    }

    #[test]
    fn what_is_taken_is_not_given_again() {
        let mut taken = vec!["a".to_owned()];
        let ask = ["a".to_owned(), "erp_a".to_owned()];
        assert_eq!([free(&ask, &mut taken), free(&ask, &mut taken)], ["erp_a", "a_2"]);
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_of_ours(theirs in any::<String>()) {
            let name = snake(&theirs, "column");
            prop_assert!(name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            let ours = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            prop_assert!(ours, "{name}");
        }
    }
}
