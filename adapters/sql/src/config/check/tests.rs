use super::*;
use serde_json::json;

fn try_all(key: &[&str], config: serde_json::Value) -> Result<Datasets, Vec<String>> {
    let one = RawDataset {
        name: "d".into(),
        path: "d".into(),
        config: config.into(),
        snapshot: false,
        key: key.iter().map(|k| (*k).to_owned()).collect(),
    };
    let raw = RawSource {
        name: "s".into(),
        path: "s".into(),
        base: ".".into(),
        config: Node::map::<String>([]),
        datasets: vec![one],
    };
    datasets(&raw, Some(Dialect::Tsql)).map_err(|p| p.iter().map(|p| format!("{} {}", p.path, p.code)).collect())
}

#[test]
fn what_is_written_is_read() {
    let read = try_all(
        &["CUSTNO"],
        json!({ "table": "dbo.CUSTMAS", "read": "live",
            "sync": { "mode": "rowversion", "column": "RV", "every": "30s", "deletes": { "by": "key-diff", "every": "6h" } } }),
    );
    let spec = read.unwrap().all[0].clone();
    assert_eq!(spec.from, ReadFrom::Table(TableName { schema: Some("dbo".into()), name: "CUSTMAS".into() }));
    let sync = spec.sync.as_ref().unwrap();
    assert_eq!((sync.mode, sync.every), (Some(Mode::Rowversion), Some(Duration::from_secs(30))));
    assert_eq!(sync.deletes, Some(Duration::from_secs(6 * 3600)));
    assert!(spec.live);
    let plain = try_all(&[], json!({ "table": "T" })).unwrap();
    assert!(plain.feeds("d") && !plain.looks_up("d"), "without `sync` and `read` it is `sync: auto`");
    let live = try_all(&["A"], json!({ "table": "T", "read": "live" })).unwrap();
    assert!(!live.feeds("d") && live.looks_up("d"));
    assert!(try_all(&["A"], json!({ "table": "T", "read": "live", "sync": "auto" })).unwrap().feeds("d"));
}

#[test]
fn every_problem_is_told_at_its_place() {
    for (key, config, told) in [
        (vec![], json!({}), vec!["d missing-key"]),
        (vec![], json!({ "table": "T", "query": "SELECT 1" }), vec!["d.query conflict"]),
        (vec![], json!({ "table": "a.b.c" }), vec!["d.table bad-value"]),
        (vec![], json!({ "query": "DELETE FROM t" }), vec!["d.query unsafe-sql"]),
        (vec![], json!({ "table": "T", "sync": { "mode": "watermark" } }), vec!["d.sync missing-key"]),
        (
            vec![],
            json!({ "table": "T", "sync": { "mode": "keyset" }, "read": "live" }),
            vec!["d.read missing-key", "d.sync.mode missing-key"],
        ),
        (
            vec!["A"],
            json!({ "table": "T", "sync": { "mode": "full", "deletes": { "by": "key-diff" } } }),
            vec!["d.sync.deletes conflict"],
        ),
        (
            vec!["A"],
            json!({ "table": "T", "sync": { "mode": "full", "column": "B", "lag": "1m" } }),
            vec!["d.sync.column conflict", "d.sync.lag conflict"],
        ),
        (vec!["A"], json!({ "table": "T", "sync": "always" }), vec!["d.sync wrong-type"]),
        (vec!["A"], json!({ "table": "T", "sync": { "together": ["x"] } }), vec!["d.sync.together bad-value"]),
        (
            vec!["A"],
            json!({ "table": "T", "sync": { "together": ["d", "x"], "mode": "watermark", "column": "c" } }),
            vec!["d.sync.mode conflict", "d.sync.together unknown-dataset"],
        ),
        (
            vec!["A"],
            json!({ "query": "SELECT a FROM t ORDER BY a", "sync": { "mode": "keyset" } }),
            vec!["d.sync.mode conflict"],
        ),
        (
            vec!["A"],
            json!({ "table": "T", "page_rows": 0, "unchecked": "x" }),
            vec!["d.unchecked conflict", "d.page_rows bad-value"],
        ),
        (
            vec!["A"],
            json!({ "table": "T", "tabel": 1, "sync": { "mod": "full" } }),
            vec!["d.tabel unknown-key", "d.sync.mod unknown-key"],
        ),
    ] {
        assert_eq!(try_all(&key, config.clone()).unwrap_err(), told, "{config}");
    }
}

#[test]
fn a_query_the_guard_cannot_read_needs_a_reason_and_is_told_of() {
    let config = json!({ "query": "SELECT a FROM t MATCH_IT (x", "unchecked": "vendor syntax" });
    let read = try_all(&[], config).unwrap();
    assert_eq!(read.warnings[0].code, "unchecked-sql");
    assert!(read.warnings[0].message.contains("vendor syntax"));
    let config = json!({ "query": "SELECT a FROM t MATCH_IT (x", "unchecked": " " });
    assert_eq!(try_all(&[], config).unwrap_err(), ["d.unchecked bad-value"]);
}

#[test]
fn names_of_tables() {
    let name = |text: &str| table_name(text).map(|t| (t.schema.unwrap_or_default(), t.name));
    let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    assert_eq!(name("CUSTMAS"), pair("", "CUSTMAS"));
    assert_eq!(name("dbo.[ORDER NO]"), pair("dbo", "ORDER NO"));
    assert_eq!(name("\"a.b\".`c.d`"), pair("a.b", "c.d"));
    assert_eq!(name("Order Details"), pair("", "Order Details"));
    for bad in ["", ".", "a.", ".a", "[a", "[]", "[a]b", "a..b"] {
        assert_eq!(name(bad), None, "{bad}");
    }
}
