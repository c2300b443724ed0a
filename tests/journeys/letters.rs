//! Dead letters: the bytes as they came, what must not be kept, and what a person has decided once.

use crate::common::{Gateway, Site};
use crate::redrop::ITEMS;
use serde_json::{Value, json};

/// All dead letters, in order of their line.
fn letters(g: &Gateway) -> Vec<Value> {
    let mut all = g.admin("/admin/v1/dead-letters?state=all")["items"].as_array().unwrap().clone();
    all.sort_by_key(|l| l["line"].as_u64());
    all
}

/// A site whose dataset reads files with that `format:` and those further keys.
fn site(format: &str, more: &str) -> Site {
    let yaml = ITEMS.replace("format: { kind: csv }", &format!("format: {format}\n        {more}"));
    Site::new(&yaml.replace("\"*.csv\"", "\"*\""))
}

#[test]
fn a_refused_record_keeps_its_bytes_in_every_format() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let xml = "<a>\n<i n=\"3\"><n>Pot &amp; lid</n><p>many</p></i>\n</a>";
    let cases: [(&str, &str, Vec<u8>, Vec<u8>); 5] = [
        (
            "{ kind: csv, encoding: windows-1252 }",
            "items.csv",
            b"NO,NAME,PRICE\r\n3,\"Caf\xe9, \"\"big\"\"\",many\r\n".to_vec(),
            b"3,\"Caf\xe9, \"\"big\"\"\",many".to_vec(),
        ),
        ("{ kind: csv, encoding: utf-16le }", "items.csv", utf16("NO,NAME,PRICE\n3,Café,many\n"), utf16("3,Café,many")),
        (
            "{ kind: fixed, columns: [ { name: NO, at: 1, length: 2 }, { name: NAME, at: 3, length: 4 }, { name: PRICE, at: 7, length: 4 } ] }",
            "items.txt",
            b" 3Pot many\n".to_vec(),
            b" 3Pot many".to_vec(),
        ),
        (
            "{ kind: json, record: /items, columns: [NO, NAME, PRICE] }",
            "items.json",
            b"{\"items\": [ {\"NO\":3, \"NAME\":\"Pot\",\"PRICE\" : \"many\"} ]}".to_vec(),
            b"{\"NO\":3, \"NAME\":\"Pot\",\"PRICE\" : \"many\"}".to_vec(),
        ),
        (
            "{ kind: xml, record: /a/i, fields: { NO: \"@n\", NAME: n, PRICE: p } }",
            "items.xml",
            xml.into(),
            xml[4..xml.len() - 5].into(),
        ),
    ];
    for (format, name, content, record) in cases {
        let site = site(format, "");
        site.drop_file(&format!("drop/{name}"), content);
        let g = site.start();
        assert_eq!(g.settled("shop.items", name), "done", "{format}");
        let all = letters(&g);
        let [letter] = all.as_slice() else { panic!("{format}: {all:?}") };
        assert_eq!((&letter["code"], &letter["no_bytes"]), (&json!("bad-price"), &Value::Null), "{format}");
        assert_eq!(letter["text"], String::from_utf8_lossy(&record).as_ref(), "{format}");
        assert_eq!(letter["raw"], banyan_words::value::base64(&record), "{format}");
        assert_eq!(letter["record"]["PRICE"], "many", "{format}: its columns stand beside them");
        let number = letter["number"].to_string();
        g.stop();
        let shown = String::from_utf8(site.banyan(&["dead-letters", "show", &number]).stdout).unwrap();
        let wanted = match std::str::from_utf8(&record).ok().filter(|t| !t.contains('\0')) {
            Some(text) => format!("{} bytes as they came\n  {text}\n", record.len()),
            None => format!("{} bytes as they came\n  000000  ", record.len()),
        };
        assert!(shown.contains(&wanted), "{format}: {shown}");
    }
}

#[test]
fn a_record_of_no_known_type_keeps_its_bytes_too() {
    let yaml = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      items:
        files: "*.csv"
        format: { kind: csv }
        key: [NO]
        content: changes
        ready: { quiet: 50ms }
        records:
          cup: { when: 'NAME = "Cup"' }
          mug: { when: 'NAME = "Mug"' }
entities:
  item: { fields: { name: { type: text, required: true }, price: { type: decimal, scale: 2 } } }
mappings:
  - { from: shop.cup, to: item, fields: { name: NAME, price: 'DECIMAL(PRICE) ELSE REJECT "bad-price"' } }
"#;
    let site = Site::new(yaml);
    site.drop_file("drop/a.csv", "NO,NAME,PRICE\n1,Cup,\" 1\"\n2,\"Pot\",2\n3,\"Cup\",many\n");
    let g = site.start();
    g.until("it is read", |g| letters(g).len() == 2);
    let all = letters(&g);
    assert_eq!((&all[0]["code"], &all[0]["text"]), (&json!("unknown-record-type"), &json!("2,\"Pot\",2")));
    assert_eq!((&all[1]["code"], &all[1]["text"]), (&json!("bad-price"), &json!("3,\"Cup\",many")));
    g.stop();
}

#[test]
fn bytes_that_hold_a_discarded_column_are_kept_nowhere() {
    let columns = "[ { name: NO, at: 1, length: 2 }, { name: PIN, at: 3, length: 7, type: integer }, { name: NAME, at: 10, length: 4 }, { name: PRICE, at: 14, length: 4 } ]";
    let site = site(&format!("{{ kind: fixed, columns: {columns} }}"), "discard: [PIN]");
    // One is refused by the mapping, one by its number, one is too short.
    site.drop_file("drop/items.txt", " 14711471Pot many\n 28x93q17Pan 1.00\n 36655665\n 44711471Jug 2.00\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.txt"), "done");
    let all = letters(&g);
    assert_eq!(all.len(), 3, "{all:?}");
    for letter in &all {
        assert_eq!((&letter["raw"], &letter["raw_bytes"]), (&json!(""), &json!(0)), "{letter}");
        assert!(letter["no_bytes"].as_str().unwrap().contains("discards columns"), "{letter}");
    }
    assert_eq!(all[0]["text"], "NO= 1\nPIN=\nNAME=Pot\nPRICE=many");
    let (number, log) = (all[0]["number"].to_string(), g.log());
    g.stop();
    let shown = String::from_utf8(site.banyan(&["dead-letters", "show", &number]).stdout).unwrap();
    assert!(shown.contains("no bytes: the dataset discards columns"), "{shown}");
    for name in ["banyan.db", "banyan.db-wal"] {
        let store = std::fs::read(site.path(name)).unwrap_or_default();
        for secret in ["4711471", "8x93q17", "6655665"] {
            assert!(!store.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret} is in {name}");
            assert!(!log.contains(secret), "{secret} is in the log");
        }
    }
}

/// What was refused on the first day is corrected, or gone, on the second.
fn two_days() -> (Site, Gateway) {
    let site = Site::new(&ITEMS.replace("60%", "90%"));
    site.drop_file("drop/day1.csv", "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,bad\n3,Jug,3.00\n4,Lid,\"\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "day1.csv"), "done");
    assert_eq!(letters(&g).len(), 2);
    (site, g)
}

fn prices_may_be_anything(site: &Site, g: &Gateway) {
    site.edit("banyan.yaml", |yaml| yaml.replace("ELSE REJECT \"bad-price\"", "ELSE NULL"));
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("kept records are derived again", |g| g.log().contains("deriving kept records again"));
    // The worker takes the next file only after that.
    site.drop_file("drop/other.csv", "NO,NAME,PRICE\n1,Cup,1.75\n3,Jug,3.00\n");
    assert_eq!(g.settled("shop.items", "other.csv"), "done");
}

#[test]
fn what_a_newer_whole_snapshot_no_longer_has_does_not_come_to_life() {
    let (site, g) = two_days();
    site.drop_file("drop/day2.csv", "NO,NAME,PRICE\n1,Cup,1.50\n3,Jug,3.00\n");
    assert_eq!(g.settled("shop.items", "day2.csv"), "done");
    assert_eq!(g.dataset("shop.items")["dead_letters_open"], 0, "nobody need look at what is there no more");
    assert!(letters(&g).iter().all(|l| l["state"] == "superseded"), "and it is kept");
    prices_may_be_anything(&site, &g);
    assert_eq!(g.items("/v1/items?sort=name").len(), 2, "the mug was not in the newest file");
    assert_eq!(g.ask("/v1/items:lookup?space=shop&key=2", &[]).status, 404);
    assert_eq!(g.dataset("shop.items")["ledger"]["adds_up"], true);
    g.stop();
}

#[test]
fn an_older_record_that_is_good_closes_no_letter_of_a_newer_one() {
    let site = Site::new(&ITEMS.replace("60%", "90%"));
    site.drop_file("drop/day1.csv", "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,2.00\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "day1.csv"), "done");
    site.drop_file("drop/day2.csv", "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,bad\n");
    assert_eq!(g.settled("shop.items", "day2.csv"), "done");
    let told = |g: &Gateway| (g.dataset("shop.items")["dead_letters_open"].clone(), rejected(g, "day2.csv").0);
    assert_eq!(told(&g), (json!(1), 1));
    // A change that has nothing to do with it: both days' records go through the mapping again.
    site.edit("banyan.yaml", |yaml| yaml.replace("name: TRIM(NAME)", "name: UPPER(NAME)"));
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("it is derived again", |g| g.items("/v1/items?sort=name")[1]["name"] == "MUG");
    assert_eq!(told(&g), (json!(1), 1), "it is refused as before, and the ledger says so");
    g.stop();
}

/// What the ledger says of the newest unit of that name: rejected, and how many of these are discarded.
fn rejected(g: &Gateway, name: &str) -> (i64, i64) {
    let ledger = g.admin("/admin/v1/ledger?dataset=shop.items");
    let rows = ledger["items"].as_array().unwrap();
    let row = rows.iter().find(|r| r["unit"]["name"] == name).unwrap_or_else(|| panic!("{ledger}"));
    assert_eq!(row["adds_up"], true, "{row}");
    (row["rejected"].as_i64().unwrap(), row["discarded"].as_i64().unwrap())
}

#[test]
fn what_was_discarded_stays_so_until_the_record_changes() {
    let site = site("{ kind: csv }", "order: name");
    site.drop_file("drop/1.csv", "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,many\n3,Pot\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "1.csv"), "done");
    for letter in letters(&g) {
        let act = format!("/admin/v1/dead-letters/{}/discard", letter["number"]);
        assert_eq!(g.act(&act, &json!({ "reason": "known" })).status, 200);
    }
    assert_eq!(rejected(&g, "1.csv"), (2, 2));

    // The very same records once more, in a newer file with something else that changed.
    site.drop_file("drop/2.csv", "NO,NAME,PRICE\n1,Cup,1.75\n2,Mug,many\n3,Pot\n");
    assert_eq!(g.settled("shop.items", "2.csv"), "done");
    let all = letters(&g);
    let states: Vec<&Value> = all.iter().map(|l| &l["state"]).collect();
    assert_eq!(states, ["discarded", "discarded"], "what a person decided holds");
    assert!(all.iter().all(|l| l["times"] == 2 && l["reason"].as_str().unwrap().contains("known")), "{all:?}");
    assert_eq!(rejected(&g, "2.csv"), (2, 2));
    assert_eq!(rejected(&g, "1.csv"), (2, 2));

    site.drop_file("drop/3.csv", "NO,NAME,PRICE\n1,Cup,1.75\n2,Mug,lots\n3,Pot\n");
    assert_eq!(g.settled("shop.items", "3.csv"), "done");
    assert_eq!(rejected(&g, "3.csv"), (2, 1), "a changed record is a new letter");
    assert_eq!(g.dataset("shop.items")["dead_letters_open"], 1);
    g.stop();
    let out = site.banyan(&["ledger", "--dataset", "shop.items"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success() && text.contains("rejected 2: adds up, discarded 2"), "{text}");
}
