//! Files that cannot be read: each a clear, visible state, none a crash, and none in the way of a good file.

use crate::common::{Gateway, Site};
use crate::redrop::ITEMS;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// As `gzip` does it.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap().stdout
}

const YAML: &str = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      items:
        files: "*.csv*"
        format: { kind: csv, encoding: utf-8 }
        key: [NO]
        content: changes
        ready: { quiet: 50ms }
"#;

fn site() -> Site {
    let rest = ITEMS.split_once("entities:").unwrap().1;
    Site::new(&format!("{YAML}entities:{rest}"))
}

/// Waits until the newest unit of that name was refused, with that code; the gateway is degraded and alive.
fn refused(g: &Gateway, name: &str, code: &str) {
    assert_eq!(g.settled("shop.items", name), "refused");
    let unit = g.dataset("shop.items")["last_unit"].clone();
    assert_eq!(unit["code"], code, "{unit}");
    assert!(!unit["message"].as_str().unwrap().is_empty());
    assert_eq!(g.dataset("shop.items")["state"], "refused");
    let ready = g.admin("/readyz");
    assert_eq!(ready["status"], "degraded");
    assert!(ready["reasons"].to_string().contains(name), "{ready}");
}

#[test]
fn a_file_that_cannot_be_read_is_refused_and_a_good_one_ends_that() {
    let site = site();
    let g = site.start();
    let mut good = 0;
    let mut and_a_good_one = |g: &Gateway| {
        good += 1;
        let name = format!("good{good}.csv");
        site.drop_file(&format!("drop/{name}"), format!("NO,NAME,PRICE\n{good},Thing {good},1.00\n"));
        assert_eq!(g.settled("shop.items", &name), "done");
        assert_eq!(g.count("/v1/items"), good);
        assert_eq!(g.dataset("shop.items")["state"], "idle");
    };
    and_a_good_one(&g);

    site.drop_file("drop/empty.csv", "");
    refused(&g, "empty.csv", "empty-file");
    and_a_good_one(&g);

    // The same file at another length: half of it is not there.
    let whole = gzip(&(0..20_000).fold(b"NO,NAME,PRICE\n".to_vec(), |mut all, i| {
        all.extend(format!("{},Cut {},1.00\n", 100_000 + i, i * 7919 % 10_007).bytes());
        all
    }));
    site.drop_file("drop/cut.csv.gz", &whole[..whole.len() / 2]);
    refused(&g, "cut.csv.gz", "truncated-archive");
    let served = g.count("/v1/items");
    site.drop_file("drop/cut.csv.gz", gzip(b"NO,NAME,PRICE\n100000,Whole,1.00\n"));
    g.until("the whole file came", |g| g.dataset("shop.items")["last_unit"]["state"] == "done");
    assert!(g.count("/v1/items") >= served);

    site.drop_file("drop/wide.csv", b"\xff\xfeN\0O\0,\0N\0A\0M\0E\0,\0P\0R\0I\0C\0E\0\n\x001\0,\0C\0,\x001\0\n\0");
    refused(&g, "wide.csv", "wrong-encoding");
    g.stop();
}

#[test]
fn what_is_no_file_is_told_and_left_alone() {
    let site = site();
    let g = site.start();
    std::fs::create_dir_all(site.path("drop/folder.csv")).unwrap();
    refused(&g, "folder.csv", "not-a-file");
    assert!(site.path("drop/folder.csv").is_dir());
    std::os::unix::fs::symlink("/etc/hostname", site.path("drop/link.csv")).unwrap();
    refused(&g, "link.csv", "link-outside-folder");
    g.stop();
}

#[test]
fn bad_records_do_not_stop_good_ones_and_wait_as_dead_letters() {
    let site = site();
    let rows = "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug\n3,Pot,many\n4,\"open,1.00\n5,Jug,3.00\n";
    site.drop_file("drop/mixed.csv", rows);
    let g = site.start();
    assert_eq!(g.settled("shop.items", "mixed.csv"), "done");
    assert_eq!(g.count("/v1/items"), 2, "1 and 5 are served");
    let letters = g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().clone();
    let mut codes: Vec<&str> = letters.iter().map(|l| l["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["bad-price", "csv-field-count", "csv-quote"]);
    let bad = letters.iter().find(|l| l["code"] == "bad-price").unwrap();
    let whole = g.admin(&format!("/admin/v1/dead-letters/{}", bad["number"]));
    assert_eq!(whole["record"], serde_json::json!({ "NO": "3", "NAME": "Pot", "PRICE": "many" }), "{whole}");
    assert_eq!((&whole["line"], &whole["field"]), (&serde_json::json!(4), &serde_json::json!("price")));
    let quote = letters.iter().find(|l| l["code"] == "csv-quote").unwrap();
    assert_eq!(quote["text"], "4,\"open,1.00", "what could not be read is kept as it was");
    let ledger = g.dataset("shop.items")["ledger"].clone();
    assert_eq!(ledger["adds_up"], true, "{ledger}");
    g.stop();
}

#[cfg(unix)]
#[test]
fn what_is_required_is_never_null_however_it_is_not_given() {
    let format = "format: { kind: jsonl, columns: [NO, NAME, PRICE] }";
    let yaml = ITEMS.replace("format: { kind: csv }", format).replace("content: snapshot", "content: changes");
    let yaml = yaml.replace("        shrink_guard: 60%\n", "").replace("\"*.csv\"", "\"*.jsonl\"");
    let keeps = "IF(NAME = \"?\", KEEP \"no-name\", NAME)";
    let site = Site::new(&yaml.replace("TRIM(NAME)", keeps).replace("DECIMAL(PRICE)", "PRICE"));
    let lines =
        [r#"{"NO":"1","NAME":"Cup"}"#, r#"{"NO":"2"}"#, r#"{"NO":"3","NAME":null}"#, r#"{"NO":"4","NAME":"?"}"#];
    site.drop_file("drop/a.jsonl", lines.join("\n"));
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.jsonl"), "done");
    let served = |g: &Gateway| g.items("/v1/items").iter().map(|i| i["name"].clone()).collect::<Vec<_>>();
    assert_eq!(served(&g), ["Cup"], "missing, null, and nothing to keep");
    let letters = g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().clone();
    assert_eq!(letters.len(), 3);
    assert!(letters.iter().all(|l| l["code"] == "required" && l["field"] == "name"), "{letters:?}");
    // Where there is a last good value, it stays.
    site.drop_file("drop/b.jsonl", r#"{"NO":"1","NAME":"?","PRICE":2}"#);
    assert_eq!(g.settled("shop.items", "b.jsonl"), "done");
    let one = g.items("/v1/items")[0].clone();
    assert_eq!((&one["name"], &one["price"]), (&serde_json::json!("Cup"), &serde_json::json!("2.00")));
    g.stop();
}

#[test]
fn an_unreadable_file_is_read_by_itself_once_it_may_be() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = site();
    site.drop_file("drop/locked.csv", "NO,NAME,PRICE\n1,Cup,1.50\n");
    let mode = |m| std::fs::set_permissions(site.path("drop/locked.csv"), std::fs::Permissions::from_mode(m)).unwrap();
    mode(0o000);
    // Who may read everything lets somebody serve who may not.
    let g = if std::fs::read(site.path("drop/locked.csv")).is_ok() {
        let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
        let may = format!("chown -R 65534:65534 . && {nobody} {} --version", crate::common::PROGRAM);
        let tried = Command::new("sh").arg("-c").arg(may).current_dir(site.folder()).stdout(Stdio::null()).status();
        if !tried.is_ok_and(|s| s.success()) {
            println!("skipped: this user may read everything, and nobody else may run the program");
            return;
        }
        site.spawn_after(&format!("set -- {nobody} \"$@\"")).ready()
    } else {
        site.start()
    };
    refused(&g, "locked.csv", "unreadable-file");
    mode(0o644);
    g.until("it is read after all", |g| g.count("/v1/items") == 1);
    g.stop();
}
