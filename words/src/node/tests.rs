use super::*;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize, PartialEq)]
struct Format {
    kind: Kind2,
    header: Option<bool>,
    delimiter: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind2 {
    Csv,
    Fixed { width: u32 },
}

#[derive(Debug, Deserialize, PartialEq)]
struct Dataset {
    files: String,
    from: String,
    key: Vec<String>,
    format: Format,
    quiet: Option<Dur>,
    guard: Option<Percent>,
    #[serde(default)]
    limit: u8,
    #[serde(default)]
    given: Named<Node>,
}

fn sound() -> serde_json::Value {
    json!({ "files": "*.csv", "from": "x", "key": ["A"], "format": { "kind": "csv", "header": true },
            "quiet": "2s", "guard": "30%", "limit": 3, "given": { "A": "001", "B": 2 } })
}

fn codes(problems: &[crate::Problem]) -> Vec<String> {
    problems.iter().map(|p| format!("{} {}", p.path, p.code)).collect()
}

#[test]
fn reads_what_is_sound() {
    let d: Dataset = read(&Node::from(sound()), "sources.crm").unwrap();
    assert_eq!(d.format.kind, Kind2::Csv);
    assert_eq!(d.quiet.unwrap().to_string(), "2s");
    assert_eq!(d.given.get("A").unwrap().as_text(), Some("001"));
    assert!(d.guard.unwrap().exceeded_by(31, 100) && !d.guard.unwrap().exceeded_by(30, 100));
}

#[test]
fn text_stays_as_written() {
    let node = Node::map([("A", Node::scalar("0123", true)), ("B", Node::scalar("no", true))]);
    let map: std::collections::BTreeMap<String, String> = read(&node, "").unwrap();
    assert_eq!((map["A"].as_str(), map["B"].as_str()), ("0123", "no"));
    let any: serde_json::Value = read(&Node::from(json!({ "a": [1, true, null, "1"] })), "").unwrap();
    assert_eq!(any, json!({ "a": [1, true, null, "1"] }));
}

#[test]
fn tells_every_problem_once_and_keeps_what_is_sound() {
    let mut broken = sound();
    let map = broken.as_object_mut().unwrap();
    map.remove("files");
    map.remove("from");
    map.insert("key".into(), json!("A"));
    map.insert("qiet".into(), json!("2s"));
    map.insert("nonsense".into(), json!(1));
    map.insert("limit".into(), json!(300));
    map.insert("format".into(), json!({ "kind": "cvs", "header": "yes", "delimiter": ["a"] }));
    map.insert("guard".into(), json!("30"));
    let list = Node::list(vec![Node::from(broken), Node::from(sound())]);
    let reading = read_partly::<Vec<Dataset>>(&list, "d");
    let mut told = codes(&reading.problems);
    told.sort();
    assert_eq!(
        told,
        [
            "d[0] missing-key",
            "d[0] missing-key",
            "d[0].format.delimiter wrong-type",
            "d[0].format.header wrong-type",
            "d[0].format.kind unknown-word",
            "d[0].guard invalid-value",
            "d[0].key wrong-type",
            "d[0].limit invalid-value",
            "d[0].nonsense unknown-key",
            "d[0].qiet unknown-key",
        ]
    );
    assert_eq!(reading.value.unwrap().len(), 1, "the sound one is read");
    assert!(reading.left_out.contains(&"d[0]".to_owned()));
    let hint = |path: &str| {
        let p = reading.problems.iter().find(|p| p.path == path).unwrap();
        p.hint.clone().unwrap()
    };
    assert!(hint("d[0].qiet").starts_with("did you mean `quiet`?"), "{}", hint("d[0].qiet"));
    assert!(hint("d[0].format.kind").starts_with("did you mean `csv`?"));
    assert_eq!(hint("d[0].key"), "write `[A]`");
    assert_eq!(hint("d[0].format.header"), "write `true`");
}

#[test]
fn enums_with_content() {
    let one: Kind2 = read(&Node::from(json!({ "fixed": { "width": 3 } })), "k").unwrap();
    assert_eq!(one, Kind2::Fixed { width: 3 });
    let told = read::<Kind2>(&Node::from(json!({ "fixed": { "wide": 3 } })), "k").unwrap_err();
    assert_eq!(codes(&told), ["k.fixed missing-key", "k.fixed.wide unknown-key"]);
    assert_eq!(codes(&read::<Kind2>(&Node::from(json!("fixed")), "k").unwrap_err()), ["k wrong-type"]);
    assert_eq!(codes(&read::<Kind2>(&Node::from(json!(["x"])), "k").unwrap_err()), ["k wrong-type"]);
}

#[test]
fn tags_choose_what_the_rest_means() {
    let node = Node::from(json!({ "kind": "csv", "header": true }));
    let (word, rest) = tagged(&node, "f", "kind", &["csv", "fixed"]).unwrap();
    assert_eq!((word, rest.entries().len()), ("csv", 1));
    let told = tagged(&Node::from(json!({ "kind": "csw" })), "f", "kind", &["csv", "fixed"]).unwrap_err();
    assert_eq!(told[0].path, "f.kind");
    assert!(told[0].hint.as_ref().unwrap().starts_with("did you mean `csv`?"));
    assert_eq!(tagged(&Node::from(json!({})), "f", "kind", &["csv"]).unwrap_err()[0].code, "missing-key");
}

#[test]
fn secrets_are_never_shown() {
    let kind = Kind::Scalar { text: "hunter2".into(), plain: true, secret: true };
    let node = Node::map([("limit", Node { spot: crate::Spot::default(), kind })]);
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Number {
        limit: u8,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Span {
        limit: Dur,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Word {
        limit: Kind2,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct List {
        limit: Vec<String>,
    }
    let told = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}",
        read::<Number>(&node, ""),
        read::<Span>(&node, ""),
        read::<Word>(&node, ""),
        read::<List>(&node, ""),
        tagged(&node, "", "limit", &["a"]),
        node
    );
    assert!(!told.contains("hunter2"), "{told}");
    #[derive(Debug, Deserialize)]
    struct Login {
        limit: Secret,
    }
    let login: Login = read(&node, "").unwrap();
    assert_eq!(login.limit.expose(), "hunter2");
    assert!(!format!("{login:?}").contains("hunter2"));
}

#[test]
fn finds_places_by_path() {
    let at = |line, column| crate::Spot { file: "a.yaml".into(), line, column };
    let leaf = |line, column, text: &str, plain| Node {
        spot: at(line, column),
        kind: Kind::Scalar { text: text.into(), plain, secret: false },
    };
    let map = |line, entries: Vec<(&str, Node)>| Node {
        spot: at(line, 3),
        kind: Kind::Map(
            entries.into_iter().map(|(k, n)| (Key { text: k.into(), spot: at(n.spot.line, 1) }, n)).collect(),
        ),
    };
    let also = map(2, vec![("aw", leaf(2, 9, "x", true)), ("aw.person", leaf(3, 9, "TRIM(é)", false))]);
    let root =
        map(1, vec![("mappings", Node { spot: at(2, 3), kind: Kind::List(vec![map(2, vec![("also", also)])]) })]);
    assert_eq!(root.spot_of("mappings[0].also.aw.person"), Some(at(3, 9)));
    assert_eq!(root.spot_within("mappings[0].also.aw.person", Some(7)), Some(at(3, 16)), "past the quote and an é");
    assert_eq!(root.spot_of("mappings[0].also"), Some(at(2, 1)), "a map is shown by its key");
    assert_eq!(root.spot_of("mappings[0].also.nowhere"), Some(at(2, 1)), "else by what is above");
    assert_eq!(root.find("mappings[0].also.aw").unwrap().as_text(), Some("x"));
    assert!(root.find("mappings[7]").is_none());
    let (common, rest) = root.get("mappings").unwrap().items()[0].get("also").unwrap().split(&["aw"]);
    assert_eq!((common.entries().len(), rest.entries()[0].0.text.as_str()), (1, "aw.person"));
}

#[test]
fn units_read_and_print() {
    for text in ["100ms", "2s", "15m", "6h", "30d", "1h30m", "0s"] {
        assert_eq!(text.parse::<Dur>().unwrap().to_string(), text);
    }
    for text in ["", "5", "m", "-2s", "2 s", "2S", "1.5s", "30m1h", "1s1s", "99999999999999999d", "2s\u{e9}"] {
        assert!(text.parse::<Dur>().is_err(), "{text}");
    }
    for text in ["0%", "30%", "99.5%", "100%"] {
        assert_eq!(text.parse::<Percent>().unwrap().to_string(), text);
    }
    for text in ["", "%", "30", "101%", "100.1%", "-1%", "1.%", ".5%", "1e1%"] {
        assert!(text.parse::<Percent>().is_err(), "{text}");
    }
    assert_eq!("99.5%".parse::<Percent>().unwrap().fraction().to_string(), "0.995");
    assert_eq!("1MiB".parse::<Size>().unwrap(), Size(1 << 20));
    assert_eq!(Size(1500).to_string(), "1500B");
    assert_eq!(Size(2_000_000_000).to_string(), "2GB");
    for text in ["", "5", "MiB", "1mib", "99999999999TiB"] {
        assert!(text.parse::<Size>().is_err(), "{text}");
    }
}
