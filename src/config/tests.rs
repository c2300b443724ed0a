use super::render::Colour;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;

const PASSWORD: &str = "correct-horse-battery";

/// The files below a directory, as a world of their own.
fn world(dir: &str) -> Memory {
    fn gather(root: &Path, dir: &Path, world: &mut Memory) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(root, &path, world);
            } else {
                world.files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/config").join(dir);
    let mut world = Memory::default();
    gather(&root, &root, &mut world);
    world.variables.insert("ERP_PASSWORD".into(), PASSWORD.into());
    world
}

fn text(yaml: &str) -> Memory {
    let mut world = Memory::default();
    world.files.insert("banyan.yaml".into(), yaml.as_bytes().to_vec());
    world
}

fn loaded(world: &Memory) -> Loaded {
    load_from(world, Path::new("banyan.yaml"), MissingSecret::Error)
}

fn told(loaded: &Loaded) -> Vec<String> {
    let one = |p: &Problem| {
        let spot = p.spot.clone().unwrap_or_default();
        format!("{}:{}:{} {} {}", spot.file, spot.line, spot.column, p.path, p.code)
    };
    loaded.problems.iter().map(one).collect()
}

/// Compares with the blessed file; `BLESS=1` writes it.
fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/config").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs; look at it, and if it is meant: BLESS=1\n{actual}");
}

#[test]
fn every_fault_is_told_at_once() {
    let loaded = loaded(&world("broken"));
    let rendered = loaded.render(Colour::Off);
    golden("broken.txt", &rendered);
    let kinds: BTreeSet<(&str, &str)> = loaded.problems.iter().map(|p| (p.code.as_str(), p.message.as_str())).collect();
    assert!(kinds.len() >= 25, "{} different problems", kinds.len());
    for problem in &loaded.problems {
        let spot = problem.spot.as_ref().unwrap_or_else(|| panic!("no place: {problem}"));
        assert!(spot.file.ends_with(".yaml"), "{problem}");
        let plain = ["wrong-type", "invalid-value"].contains(&problem.code.as_str());
        assert!(plain || problem.hint.is_some(), "no hint: {problem}");
    }
    assert!(!loaded.whole);
}

#[test]
fn secrets_are_never_shown() {
    let world = world("broken");
    let mut loaded = loaded(&world);
    loaded.add(vec![
        Problem::error("x", "sources.secretive.datasets.d.files", format!("bad pattern {PASSWORD}")).hint(PASSWORD),
    ]);
    let everything =
        format!("{loaded:?}{loaded:#?}{}{}{}", loaded.render(Colour::On), loaded.render(Colour::Off), loaded.to_json());
    assert!(!everything.contains(PASSWORD));
    assert_eq!(
        loaded.draft.sources.iter().find(|s| s.name == "erp").unwrap().config.find("login.password").unwrap().as_text(),
        Some(PASSWORD),
        "but it is there"
    );
}

#[test]
fn secrets_are_filled_in() {
    let mut w = text(
        "banyan: 1\nstore: '${env:A}/${file:s/t}'\ngateway: { title: '$${env:A} ${1} $', description: \"${A}\" }\n",
    );
    w.variables.insert("A".into(), "left".into());
    w.files.insert("s/t".into(), b"right\r\n".to_vec());
    let l = loaded(&w);
    assert_eq!(l.draft.store.as_deref(), Some("left/right"));
    assert_eq!(l.draft.gateway.title.as_deref(), Some("${env:A} ${1} $"));
    assert_eq!(told(&l), ["banyan.yaml:3:52 gateway.description unknown-secret"]);
}

#[test]
fn an_unset_secret_is_an_error_or_a_warning_and_has_no_consequences() {
    let w =
        text("banyan: 1\nsources: { a: { adapter: x, budget: { timeout: \"${env:NONE}\" }, datasets: { d: {} } } }\n");
    for (missing, errors) in [(MissingSecret::Error, true), (MissingSecret::Warning, false)] {
        let l = load_from(&w, Path::new("banyan.yaml"), missing);
        assert_eq!(told(&l), ["banyan.yaml:2:48 sources.a.budget.timeout unset-secret"]);
        assert_eq!(l.has_errors(), errors);
    }
}

#[test]
fn files_merge_and_cycles_end() {
    let mut w = text("banyan: 1\ninclude: [a/*.yaml]\nmappings: [{ from: x.y, to: one, fields: { } }]\n");
    let mut file = |name: &str, text: &str| w.files.insert(name.into(), text.as_bytes().to_vec());
    file("a/1.yaml", "include: [../b.yaml, ../banyan.yaml]\nentities: { one: { fields: { f: { type: text } } } }\n");
    file("a/2.yaml", "banyan: 1\nmappings: [{ from: x.y, to: two, fields: {} }]\n");
    file("b.yaml", "\u{feff}entities:\n  three: { fields: { f: { type: text } } }\n  one: {}\n");
    let l = loaded(&w);
    assert_eq!(told(&l), ["b.yaml:3:3 entities.one duplicate-key"]);
    assert!(l.problems[0].message.contains("first in a/1.yaml:2:13"), "{}", l.problems[0]);
    assert_eq!(l.draft.entities.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["one", "three"]);
    assert_eq!(l.draft.mappings.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(l.files.names().collect::<Vec<_>>(), ["banyan.yaml", "a/1.yaml", "a/2.yaml", "b.yaml"]);
    assert_eq!(l.node.spot_of("entities.three.fields.f.type").unwrap().line, 2);
}

#[test]
fn later_problems_point_into_formulas() {
    let mut l = loaded(&text(
        "banyan: 1\nmappings:\n  - from: a.b\n    to: c\n    fields:\n      x: \"TRIM(\\\"é\\\", BAD)\"\n      y: |\n        IF(A,\n          BAD)\n",
    ));
    l.add(vec![
        Problem::error("unknown-column", "mappings[0].fields.x", "no column BAD").at(11),
        Problem::error("unknown-column", "mappings[0].fields.y", "no column BAD").at(8),
    ]);
    assert_eq!(
        told(&l),
        [
            "banyan.yaml:6:23 mappings[0].fields.x unknown-column",
            "banyan.yaml:9:11 mappings[0].fields.y unknown-column"
        ]
    );
    assert!(l.render(Colour::Off).contains("^^^\n"), "{}", l.render(Colour::Off));
}

#[test]
fn an_adapter_s_unknown_key_may_be_a_common_one() {
    let mut l = loaded(&text("banyan: 1\nsources: { a: { adapter: x, datasets: { d: { frsh: 1m } } } }\n"));
    l.add(vec![
        Problem::error("unknown-key", "sources.a.datasets.d.frsh", "there is no key `frsh` here")
            .hint("valid are: files"),
    ]);
    let hint = l.problems[0].hint.as_deref().unwrap();
    assert!(hint.starts_with("did you mean `fresh`? valid are: files; every dataset may have: key, "), "{hint}");
}

#[test]
fn anchors_are_copied_within_a_budget() {
    let l = loaded(&text(
        "banyan: 1\nlookups:\n  a: &a { file: a.csv, keys: &k [A], value: V }\n  b: { file: b.csv, keys: *k, value: V }\n  c: *a\n",
    ));
    assert_eq!(told(&l), Vec::<String>::new());
    assert_eq!((l.draft.lookups[1].keys.len(), l.draft.lookups[2].file.as_deref()), (1, Some("a.csv")));
    let mut bomb = String::from("banyan: 1\nx0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for i in 1..12 {
        bomb.push_str(&format!("x{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(",")));
    }
    assert!(told(&loaded(&text(&bomb))).iter().any(|t| t.ends_with("yaml-alias")));
    let mut deep = String::from("x0: &a0 [x]\n");
    for i in 1..5000 {
        deep.push_str(&format!("x{i}: &a{i} [*a{}]\n", i - 1));
    }
    assert!(told(&loaded(&text(&deep))).iter().any(|t| t.ends_with("yaml-alias")));
    assert!(told(&loaded(&text("a: &a [*a]\n"))).iter().any(|t| t.contains("yaml-")));
    assert!(told(&loaded(&text(&"[".repeat(100_000)))).iter().any(|t| t.contains("yaml-")));
    assert!(told(&loaded(&text(&"- ".repeat(100_000)))).iter().any(|t| t.contains("yaml-")));
}

#[test]
fn nothing_null_and_text_are_told_apart() {
    let l = loaded(&text("a:\nb: ~\nc: \"~\"\nd: !!str 1\ne: ''\nf: {x: , y: 1}\ng: !!str\n"));
    let kind = |path: &str| match &l.node.find(path).unwrap().kind {
        banyan_words::node::Kind::Scalar { text, plain, .. } => (text.clone(), *plain),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind("a"), (String::new(), true));
    assert_eq!(kind("b"), ("~".into(), true));
    assert_eq!(kind("c"), ("~".into(), false));
    assert_eq!(kind("d"), ("1".into(), false));
    assert_eq!(kind("e"), (String::new(), false));
    assert_eq!(kind("f.x"), (String::new(), true));
    assert_eq!(kind("g"), (String::new(), false));
}

#[test]
fn a_flood_of_problems_is_cut_off() {
    let l = loaded(&text(&"a: 1\n".repeat(100_000)));
    assert_eq!(l.problems.len(), MOST_PROBLEMS + 1);
    assert!(l.problems.iter().any(|p| p.code == "too-many-problems"));
}

#[test]
fn a_file_may_add_datasets_to_a_source_of_another() {
    let mut world = text("banyan: 1\ninclude: [a.yaml, b.yaml]\nsources: { erp: { adapter: x } }\n");
    world.files.insert("a.yaml".into(), b"sources: { erp: { datasets: { a: {} } } }\n".to_vec());
    world.files.insert("b.yaml".into(), b"sources: { erp: { datasets: { b: {} } } }\n".to_vec());
    let names = |l: &Loaded| l.draft.sources[0].datasets.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
    let l = loaded(&world);
    assert_eq!((told(&l), names(&l)), (vec![], vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(l.draft.sources[0].keys.adapter, "x");

    world.files.insert("b.yaml".into(), b"sources: { erp: { datasets: { a: {} } } }\n".to_vec());
    assert_eq!(told(&loaded(&world)), ["b.yaml:1:31 sources.erp.datasets.a duplicate-key"]);
    world.files.insert("b.yaml".into(), b"sources: { erp: { adapter: y, datasets: { b: {} } } }\n".to_vec());
    assert_eq!(told(&loaded(&world)), ["b.yaml:1:12 sources.erp duplicate-key"]);
    // In whatever order they are read.
    let mut world = text("banyan: 1\ninclude: [b.yaml]\nsources: { erp: { datasets: { a: {} } } }\n");
    world.files.insert("b.yaml".into(), b"sources: { erp: { adapter: y, datasets: { b: {} } } }\n".to_vec());
    let l = loaded(&world);
    assert_eq!((told(&l), names(&l)), (vec![], vec!["b".to_owned(), "a".to_owned()]));
}

#[test]
fn an_absent_file_is_told() {
    let l = loaded(&Memory::default());
    assert_eq!(told(&l), [":0:0  unreadable-file"]);
    assert!(!l.whole && l.has_errors());
    assert!(l.problems[0].message.contains("banyan.yaml"));
}

/// Texts that are nearly configurations.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "banyan: 1\n",
        "sources:\n",
        "  a:\n",
        "    adapter: x\n",
        "datasets: ",
        "{ ",
        "} ",
        "[ ",
        "] ",
        ", ",
        ": ",
        "- ",
        "\n",
        "  ",
        "    ",
        "&a ",
        "*a ",
        "<<: ",
        "!t ",
        "|\n",
        ">\n",
        "\"",
        "'",
        "${env:A}",
        "${file:b}",
        "${",
        "}",
        "key: none\n",
        "include: [*.yaml]\n",
        "entities: ",
        "fields: ",
        "type: list\n",
        "of: text\n",
        "mappings:\n  - ",
        "examples: ",
        "given: ",
        "\t",
        "é",
        "\u{feff}",
        "---\n",
        "#",
        "? ",
        "null",
        "~",
        "0123",
        "%YAML 1.2\n",
        "\\",
        "\u{0}",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_the_loader(yaml in prop_oneof![nearly(), ".{0,200}", "[ -~\n]{0,200}"]) {
        let mut world = text(&yaml);
        world.files.insert("b.yaml".into(), yaml.as_bytes().to_vec());
        world.variables.insert("A".into(), "value".into());
        let mut loaded = loaded(&world);
        loaded.add(vec![Problem::error("x", "mappings[0].fields.a", "x").at(3), Problem::error("x", "sources.a", "x").at(1)]);
        let rendered = loaded.render(Colour::On);
        prop_assert!(!rendered.is_empty());
        for problem in &loaded.problems {
            if let Some(spot) = &problem.spot {
                prop_assert!(loaded.files.text(&spot.file).is_some(), "{problem} in {}", spot.file);
            }
        }
    }

    #[test]
    fn no_bytes_break_the_loader(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut world = Memory::default();
        world.files.insert("banyan.yaml".into(), bytes);
        loaded(&world).render(Colour::Off);
    }
}

/// A kind of adapter, as far as a schema needs one.
struct Postbox;

impl banyan_adapter::Kind for Postbox {
    fn name(&self) -> &'static str {
        "postbox"
    }
    fn source_schema(&self) -> schemars::Schema {
        #[derive(schemars::JsonSchema)]
        #[allow(dead_code)]
        struct Own {
            folder: String,
            lock: Option<Lock>,
        }
        #[derive(schemars::JsonSchema)]
        #[allow(dead_code)]
        struct Lock {
            turns: u8,
        }
        schemars::schema_for!(Own)
    }
    fn dataset_schema(&self) -> schemars::Schema {
        #[derive(schemars::JsonSchema)]
        #[schemars(tag = "kind")]
        #[allow(dead_code)]
        enum Own {
            Letter { stamp: banyan_words::node::Dur },
            Parcel,
        }
        schemars::schema_for!(Own)
    }
    fn refusals(&self) -> &'static [banyan_adapter::RefusalDef] {
        &[]
    }
    fn prepare(&self, _: &banyan_adapter::RawSource) -> Result<Box<dyn banyan_adapter::Prepared>, Vec<Problem>> {
        Err(Vec::new())
    }
}

#[test]
fn the_schema_holds_every_kind_and_refers_to_nothing_that_is_not_there() {
    let schema = schema(&[&Postbox]);
    let defs = schema["$defs"].as_object().unwrap();
    let source = &defs["postbox-source"];
    for key in ["adapter", "datasets", "folder", "lock", "zone", "budget"] {
        assert!(source["properties"].get(key).is_some(), "{key}");
    }
    assert_eq!(source["required"], serde_json::json!(["adapter", "folder", "datasets"]));
    assert_eq!(source["additionalProperties"], false);
    assert_eq!(defs["postbox-dataset"]["unevaluatedProperties"], false);
    let sections: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(sections, banyan_model::draft::TOP_KEYS.iter().collect::<Vec<_>>());
    fn refs(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    match value.as_str() {
                        Some(to) if key == "$ref" => found.push(to.to_owned()),
                        _ => refs(value, found),
                    }
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|i| refs(i, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    refs(&schema, &mut found);
    assert!(found.iter().any(|r| r == "#/$defs/postbox-source-Lock"));
    for to in found {
        assert!(defs.contains_key(to.strip_prefix("#/$defs/").unwrap()), "{to}");
    }
}

/// A kind whose key `map` names a document; it wants a text `name` in it.
struct Mapped;

impl banyan_adapter::Kind for Mapped {
    fn name(&self) -> &'static str {
        "mapped"
    }
    fn source_schema(&self) -> schemars::Schema {
        true.into()
    }
    fn dataset_schema(&self) -> schemars::Schema {
        true.into()
    }
    fn documents(&self) -> &'static [&'static str] {
        &["map"]
    }
    fn refusals(&self) -> &'static [banyan_adapter::RefusalDef] {
        &[]
    }
    fn prepare(&self, raw: &banyan_adapter::RawSource) -> Result<Box<dyn banyan_adapter::Prepared>, Vec<Problem>> {
        let shown = raw.config.get("map").and_then(|m| m.find("inner.secret")).and_then(Node::as_text);
        let message = format!("the map says {}", shown.unwrap_or("nothing"));
        Err(vec![Problem::error("bad-value", join(&raw.path, "map.inner.name"), message).hint("mend it")])
    }
}

const MAPPED: &str =
    "banyan: 1\nsources:\n  a:\n    adapter: mapped\n    map: maps/a.yaml\n    datasets: { d: { key: [a] } }\n";

fn mapped(file: Option<&str>) -> Loaded {
    let mut w = text(MAPPED);
    w.variables.insert("PW".into(), PASSWORD.into());
    if let Some(file) = file {
        w.files.insert("maps/a.yaml".into(), file.as_bytes().to_vec());
    }
    let mut l = loaded(&w);
    assert!(build(&mut l, &[&Mapped], &w).is_none());
    l
}

#[test]
fn what_a_document_of_a_source_says_has_its_place_there() {
    let l = mapped(Some("# a map\ninner:\n  secret: \"${env:PW}\"\n  name: wrong\n  other: ${env:NONE}\n"));
    assert_eq!(
        told(&l),
        [
            "maps/a.yaml:4:9 sources.a.map.inner.name bad-value",
            "maps/a.yaml:5:10 sources.a.map.inner.other unset-secret"
        ]
    );
    assert!(l.problems[0].message.contains("***"), "{}", l.problems[0]);
    let shown = l.render(Colour::Off);
    assert!(shown.contains("name: wrong") && !shown.contains(PASSWORD), "{shown}");
    assert_eq!(l.files.names().collect::<Vec<_>>(), ["banyan.yaml", "maps/a.yaml"]);
}

#[test]
fn a_document_that_cannot_be_read_is_told_where_it_is_named_and_nothing_follows() {
    assert_eq!(told(&mapped(None)), ["banyan.yaml:5:10 sources.a.map unreadable-file"]);
    assert_eq!(told(&mapped(Some("a: [1\n"))), ["maps/a.yaml:1:4 sources.a.map yaml-syntax"]);
    assert_eq!(told(&mapped(Some("- 1\n"))), ["banyan.yaml:5:10 sources.a.map wrong-type"]);
}
