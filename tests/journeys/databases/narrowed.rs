//! Lists of what is only read live: the old system is searched by the filters it offers, page by page.

use super::*;
use std::time::Instant;

/// Customers that passes bring, and offers of theirs that are only read live, under keys whose order is not ours.
const OFFERS: &str = "CREATE TABLE CUSTMAS (CUSTNO INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40));
    INSERT INTO CUSTMAS VALUES (1, 'Adams'), (2, 'Baker'), (3, 'Clark');
    CREATE TABLE OFFERS (OFFNO VARCHAR(12) NOT NULL COLLATE NOCASE PRIMARY KEY, CUSTNO INTEGER, STATUS VARCHAR(4),
        QTY INTEGER, NOTE VARCHAR(40));
    CREATE INDEX BYSTATUS ON OFFERS (STATUS);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO OFFERS SELECT CASE i % 2 WHEN 0 THEN 'a' ELSE 'B' END || i, 1 + i % 3,
        CASE i % 3 WHEN 0 THEN 'O' WHEN 1 THEN 'W' ELSE NULL END, i, 'Note ' || i FROM n;";

const DATASETS: &str = "      customers: { table: CUSTMAS, key: [CUSTNO], sync: { mode: keyset, every: 6h } }
      offers: { table: OFFERS, key: [OFFNO], read: live, find_by: [STATUS, QTY, CUSTNO] }\n";

const OFFER: &str = "
entities:
  customer: { fields: { name: { type: text } } }
  offer:
    fields:
      status: { type: enum, values: [O, W], filter: [eq, in] }
      quantity: { type: integer, filter: [eq, gte, lt] }
      customer: { type: ref, to: customer, filter: [eq, in] }
      note: { type: text }
mappings:
  - { from: erp.customers, to: customer, fields: { name: NAME } }
  - from: erp.offers
    to: offer
    fields: { status: 'STATUS ELSE REJECT \"bad-status\"', quantity: QTY, customer: 'REF(\"customer\", \"erp\", CUSTNO)', note: NOTE }
";

/// Everything that pages of a list show, each followed to its end; `between` works on meanwhile.
fn pages(g: &Gateway, address: &str, mut between: impl FnMut(usize)) -> Vec<Vec<Value>> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = g.ask(&format!("{address}{next}"), &[]);
        assert_eq!((page.status, page.header("banyan-served-by")), (200, "live"), "{}", page.text());
        let body = page.json();
        all.push(body["items"].as_array().unwrap().clone());
        between(all.len());
        let Some(cursor) = body["next"].as_str() else { return all };
        assert!(page.header("link").contains(cursor));
        next = format!("&cursor={cursor}");
    }
}

fn quantities(items: &[Value]) -> Vec<i64> {
    items.iter().map(|i| i["quantity"].as_str().unwrap_or_else(|| panic!("{i}")).parse().unwrap()).collect()
}

fn refused(g: &Gateway, address: &str) -> (u16, String) {
    let answer = g.ask(address, &[]);
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn what_is_only_read_live_is_listed_by_what_its_source_can_be_asked_for() {
    let old = Old::new(OFFERS, DATASETS, OFFER);
    let g = old.site.start();
    loaded(&g, "erp.customers");
    let before = sent(&old.site).len();

    // A list of all, a sort, a filter that is none: nobody is asked.
    let all = g.ask("/v1/offers", &[]);
    assert_eq!((all.status, all.json()["code"].clone()), (400, json!("filter-needed")), "{}", all.text());
    assert!(all.text().contains("quantity[gte]") && all.text().contains("customer[in]"), "{}", all.text());
    assert_eq!(refused(&g, "/v1/offers?limit=3").1, "filter-needed");
    assert_eq!(refused(&g, "/v1/offers?status=O&sort=note"), (400, "unknown-field".into()));
    assert_eq!(refused(&g, "/v1/offers?note=x"), (400, "unknown-parameter".into()));
    assert_eq!(refused(&g, "/v1/offers?status=nix"), (400, "bad-value".into()));
    assert_eq!(refused(&g, "/v1/offers?status=O&cursor=abc"), (400, "bad-cursor".into()));
    assert_eq!(sent(&old.site).len(), before);

    // Pages in the order of the source, while others write before and behind.
    let mut added = 0;
    let found = pages(&g, "/v1/offers?status=O&limit=15", |n| {
        added = n;
        old.run(&format!(
            "INSERT INTO OFFERS VALUES ('A0{n}', 1, 'O', {}, 'before'); INSERT INTO OFFERS VALUES ('zz{n}', 1, 'O', {}, 'behind')",
            2000 + n,
            3000 + n
        ));
    });
    let mut shown = quantities(&found.concat());
    shown.sort_unstable();
    let mut wanted: Vec<i64> = (1..=300).filter(|i| i % 3 == 0).collect();
    wanted.extend((1..added as i64).map(|n| 3000 + n));
    assert_eq!(shown, wanted);
    assert!(found.len() > 7);
    old.run("DELETE FROM OFFERS WHERE QTY >= 2000");

    // One search a page, with parameters; the audit has its words and not its values.
    let lists: Vec<Value> = sent(&old.site).into_iter().filter(|s| s["purpose"] == "live").collect();
    let of_pages: Vec<&str> =
        lists.iter().map(|s| s["what"].as_str().unwrap()).filter(|w| w.starts_with("SELECT \"OFFNO\"")).collect();
    assert_eq!(of_pages.len(), found.len(), "{lists:?}");
    assert!(
        of_pages[1].ends_with("WHERE (\"STATUS\" IN (?)) AND (\"OFFNO\" > ?) ORDER BY \"OFFNO\" LIMIT 16"),
        "{}",
        of_pages[1]
    );

    // Ranges, several values, several filters, and references.
    let one = |query: &str| quantities(&pages(&g, &format!("/v1/offers?{query}"), |_| ()).concat());
    let sorted = |query: &str| {
        let mut found = one(query);
        found.sort_unstable();
        found
    };
    assert_eq!(sorted("quantity=7"), [7]);
    assert_eq!(sorted("quantity[gte]=297&quantity[lt]=300"), [297, 298, 299]);
    assert_eq!(sorted("status[in]=O,W&quantity[lt]=6"), [1, 3, 4]);
    assert_eq!(sorted("quantity[gte]=9223372036854775807"), [0; 0]);
    let id = |no: &str| keyed(&g, "customers", no).1["id"].as_str().unwrap().to_owned();
    let (first, second) = (id("1"), id("2"));
    let of_first = sorted(&format!("customer={first}&limit=40"));
    assert_eq!(of_first, (1..=300).filter(|i| i % 3 == 0).collect::<Vec<i64>>());
    assert_eq!(sorted(&format!("customer[in]={first},{second}&quantity[lt]=5")), [1, 3, 4]);
    let offer = g.get("/v1/offers?quantity=3")["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(refused(&g, &format!("/v1/offers?customer={offer}")), (400, "key-not-known".into()));

    // What was listed becomes stored like any live read; by id it is the same.
    g.until("it is stored", |g| g.ask(&format!("/v1/offers/{offer}/lineage"), &[]).status == 200);
    let listed = g.get("/v1/offers?quantity=3")["items"][0].clone();
    assert_eq!(g.get(&format!("/v1/offers/{offer}")), listed);
    let embedded = g.get("/v1/offers?quantity=3&fields=quantity&embed=customer")["items"][0].clone();
    assert_eq!((embedded["customer"]["name"].clone(), embedded["note"].clone()), (json!("Adams"), Value::Null));

    // A stored copy is no answer: what the source says now is; what left it, or no longer meets the filter, is not there.
    old.run("UPDATE OFFERS SET NOTE = 'Changed' WHERE QTY = 3; UPDATE OFFERS SET STATUS = 'W' WHERE QTY = 6; DELETE FROM OFFERS WHERE QTY = 9");
    let now = g.get("/v1/offers?status=O&quantity[lt]=13")["items"].clone();
    assert_eq!(quantities(now.as_array().unwrap()).len(), 2, "{now}");
    assert!(now.as_array().unwrap().iter().any(|i| i["note"] == "Changed"), "{now}");

    // NDJSON and CSV are pages as well; a count is not told.
    let lines = g.ask("/v1/offers?status=W&limit=5", &[("accept", "application/x-ndjson"), ("prefer", "count=exact")]);
    assert_eq!(lines.text().lines().count(), 5);
    assert!(lines.header("link").contains("cursor=") && lines.header("preference-applied").is_empty());
    let sheet = g.ask("/v1/offers?status=W&limit=5", &[("accept", "text/csv")]);
    assert_eq!(sheet.text().lines().count(), 6);
    assert!(g.ask("/v1/offers?status=W", &[("prefer", "count=exact")]).json()["count"].is_null());

    let document = g.get("/openapi.json");
    let list = &document["paths"]["/v1/offers"]["get"];
    let names: Vec<&str> = list["parameters"].as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
    assert!(names.contains(&"quantity[gte]") && !names.contains(&"sort"), "{names:?}");
    assert!(list["description"].as_str().unwrap().contains("filter-needed") && list["responses"]["400"].is_object());
    g.until("all is stored", |g| g.dataset("erp.offers")["ledger"]["adds_up"] == true);
    g.stop();
    in_order(&old.site);
}

#[test]
fn a_cursor_belongs_to_its_filters() {
    let old = Old::new(OFFERS, DATASETS, OFFER);
    let g = old.site.start();
    let page = g.get("/v1/offers?status=O&limit=5");
    let cursor = page["next"].as_str().unwrap();
    assert_eq!(refused(&g, &format!("/v1/offers?status=W&limit=5&cursor={cursor}")), (400, "cursor-mismatch".into()));
    let more = g.get(&format!("/v1/offers?status=O&limit=7&cursor={cursor}"));
    assert_eq!(more["items"].as_array().unwrap().len(), 7);
    assert!(!more["items"].as_array().unwrap().iter().any(|i| page["items"].as_array().unwrap().contains(i)));
    g.stop();
}

#[test]
fn parameters_are_cast_and_a_server_that_is_away_is_told() {
    let server = Server::start(
        "CREATE TABLE OFFERS (OFFNO varchar(12) NOT NULL PRIMARY KEY, STATUS varchar(4), QTY int);
         INSERT INTO OFFERS VALUES ('a1', 'O', 1), ('B2', 'W', 2), ('c3', 'O', 3);",
    )
    .unwrap();
    let datasets =
        "      offers: { table: OFFERS, key: [OFFNO], read: live, stale_if_error: 1h, find_by: [STATUS, QTY] }\n";
    let rest = "
entities:
  offer: { fields: { status: { type: text, filter: [eq] }, quantity: { type: integer, filter: [eq, gt] } } }
mappings:
  - { from: erp.offers, to: offer, fields: { status: STATUS, quantity: QTY } }
";
    let site = Site::new(&format!("{}{datasets}{rest}", mssql(&server, "    budget: { timeout: 2s }\n")));
    let g = site.start();
    let page = g.get("/v1/offers?status=O&limit=1");
    assert_eq!(quantities(page["items"].as_array().unwrap()), [1]);
    let next = g.get(&format!("/v1/offers?status=O&limit=1&cursor={}", page["next"].as_str().unwrap()));
    assert_eq!((quantities(next["items"].as_array().unwrap()), next["next"].clone()), (vec![3], Value::Null));
    assert_eq!(quantities(g.get("/v1/offers?quantity[gt]=1")["items"].as_array().unwrap()), [2, 3]);
    assert_eq!(g.get("/v1/offers?quantity=99999999999")["items"], json!([]), "no int can be that");
    let texts: Vec<String> = sent(&site).iter().map(|s| s["what"].as_str().unwrap().to_owned()).collect();
    let has = |part: &str| texts.iter().any(|t| t.starts_with("SELECT TOP (") && t.contains(part));
    assert!(
        has("AS varchar(4))) AND ([OFFNO] > CAST(@P2") || has("AS varchar(4)))) AND ([OFFNO] > CAST(@P2"),
        "{texts:?}"
    );
    assert!(has("[QTY] >= CAST(@P1 AS int)"), "{texts:?}");
    assert!(!texts.iter().any(|t| t.contains("99999999999")));

    // A stored copy of some instances is no list.
    server.set(|o| o.mood = banyan_testkit_tds::Mood::ErrorBefore(8651, 17, "Could not perform the operation".into()));
    let down = g.ask("/v1/offers?status=O", &[]);
    assert_eq!((down.status, down.json()["code"].clone()), (503, json!("source-unavailable")), "{}", down.text());
    assert!(!down.text().contains("SELECT") && !down.text().contains("8651"), "{}", down.text());
    let begun = Instant::now();
    server.set(|o| o.mood = banyan_testkit_tds::Mood::StallBefore);
    assert_eq!(refused(&g, "/v1/offers?status=O"), (503, "source-unavailable".into()));
    assert!(begun.elapsed().as_secs() < 10);
    server.set(|o| o.mood = banyan_testkit_tds::Mood::Well);
    g.until("it is asked again", |g| g.ask("/v1/offers?status=O", &[]).status == 200);
    g.stop();
    in_order(&site);
}

#[test]
fn equal_lists_at_one_time_are_one() {
    let slow =
        "CREATE TABLE T (NO INTEGER NOT NULL PRIMARY KEY, STATUS VARCHAR(4)); INSERT INTO T VALUES (1, 'O'), (2, 'W');
        CREATE VIEW SLOW AS SELECT NO, STATUS, (WITH RECURSIVE n(i) AS (SELECT NO UNION ALL \
         SELECT i + 1 FROM n WHERE i < 900000 + NO) SELECT MAX(i) FROM n) AS QTY FROM T";
    let rest = "
entities:
  offer: { fields: { status: { type: text, filter: [eq] }, quantity: { type: text } } }
mappings:
  - { from: erp.offers, to: offer, fields: { status: STATUS, quantity: 'TEXT(QTY)' } }
";
    let old = Old::new(slow, "      offers: { table: SLOW, key: [NO], read: live, find_by: [STATUS] }\n", rest);
    let g = old.site.start();
    assert_eq!(g.get("/v1/offers?status=W")["items"].as_array().unwrap().len(), 1);
    shares_reads(&old.site, &g, "/v1/offers?status=O");
    g.stop();
}

#[test]
fn check_says_which_filters_would_read_everything() {
    let old = Old::new(OFFERS, DATASETS, OFFER);
    let check = || old.site.tries(&["check"]);
    assert!(check().0, "{}", check().1);
    // Kept schemas know the indexes: what is named without one is warned of, what has one need not be named.
    let out = old.site.banyan(&["discover", "erp", "--write"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (sound, said) = check();
    assert!(
        sound && said.contains("not-indexed") && said.contains("find_by[1]") && said.contains("find_by[2]"),
        "{said}"
    );
    assert!(!said.contains("find_by[0]"), "{said}");
    old.site.edit("banyan.yaml", |text| text.replace("find_by: [STATUS, QTY, CUSTNO]", "find_by: [QTY]"));
    let (sound, said) = check();
    assert!(!sound && said.contains("no index of erp.offers begins with CUSTNO"), "{said}");
    old.site.edit("banyan.yaml", |text| text.replace("customer, filter: [eq, in] }", "customer }"));
    let (sound, said) = check();
    assert!(sound, "STATUS has an index, which is enough: {said}");
}

#[test]
fn references_are_searched_under_every_key_and_what_had_ended_comes_back() {
    // Offers name customers by the number of a system before the old one.
    let sql = "CREATE TABLE CUSTMAS (CUSTNO INTEGER NOT NULL PRIMARY KEY, OLDNO VARCHAR(8), NAME VARCHAR(40));
        INSERT INTO CUSTMAS VALUES (1, 'X9', 'Adams'), (2, 'Y8', 'Baker'), (3, NULL, 'Clark');
        CREATE TABLE OFFERS (OFFNO INTEGER NOT NULL PRIMARY KEY, OLDCUST VARCHAR(8));
        CREATE INDEX BYCUST ON OFFERS (OLDCUST);
        INSERT INTO OFFERS VALUES (1, 'X9'), (2, 'Y8'), (3, 'X9'), (4, NULL), (5, 'none');";
    let datasets = "      customers: { table: CUSTMAS, key: [CUSTNO], sync: { mode: keyset, every: 6h } }
      offers: { table: OFFERS, key: [OFFNO], read: live, find_by: [OLDCUST] }\n";
    let rest = "
entities:
  customer: { authority: erp, fields: { name: { type: text } } }
  offer: { fields: { customer: { type: ref, to: customer, filter: [eq] }, no: { type: integer } } }
mappings:
  - { from: erp.customers, to: customer, also: { erp.before: [OLDNO] }, fields: { name: NAME } }
  - { from: erp.offers, to: offer, fields: { customer: 'REF(\"customer\", \"erp.before\", OLDCUST)', no: OFFNO } }
";
    let old = Old::new(sql, datasets, rest);
    old.site.edit("banyan.yaml", |text| text.replace("adapter: odbc", "adapter: odbc\n    spaces: [erp.before]"));
    let g = old.site.start();
    loaded(&g, "erp.customers");
    let id = |no: &str| keyed(&g, "customers", no).1["id"].as_str().unwrap().to_owned();
    let numbers = |address: &str| {
        let body = g.get(address);
        let items = body["items"].as_array().unwrap().clone();
        items.iter().map(|i| i["no"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = id("1");
    let list = format!("/v1/offers?customer={first}");
    assert_eq!(numbers(&list), ["1", "3"]);
    assert_eq!(g.get(&list)["items"][0]["customer"], first.as_str(), "by its id, not by its other one");
    assert_eq!(numbers(&format!("/v1/offers?customer={}", id("3"))), [""; 0], "it has no number there");
    // By its other id as well, which only the offers derive.
    let other = banyan_words::Id::derive("customer", "erp.before", &["X9"]).to_string();
    assert_ne!(other, first);
    assert_eq!(numbers(&format!("/v1/offers?customer={other}")), ["1", "3"]);

    // An offer ends, and comes back.
    let offer = g.get(&list)["items"][1]["id"].as_str().unwrap().to_owned();
    let status = |g: &Gateway| g.ask(&format!("/v1/offers/{offer}"), &[]).status;
    g.until("it is stored", |g| g.ask(&format!("/v1/offers/{offer}/lineage"), &[]).status == 200);
    old.run("DELETE FROM OFFERS WHERE OFFNO = 3");
    assert_eq!((numbers(&list), status(&g)), (vec!["1".to_owned()], 410));
    g.until("its end is stored", |g| g.ask(&format!("/v1/offers/{offer}/lineage"), &[]).status == 410);
    old.run("INSERT INTO OFFERS VALUES (3, 'X9')");
    assert_eq!((numbers(&list), status(&g)), (vec!["1".to_owned(), "3".to_owned()], 200));
    g.stop();
    in_order(&old.site);
}

#[test]
fn what_a_record_no_longer_says_is_not_listed_from_the_store() {
    let datasets = "      offers: { table: OFFERS, key: [OFFNO], read: live, find_by: [QTY] }\n";
    let rest = "
entities:
  offer: { fields: { quantity: { type: integer, filter: [lt] }, note: { type: text, max: 10 } } }
mappings:
  - { from: erp.offers, to: offer, when: 'NOTE <> \"hidden\"', deleted: 'NOTE = \"gone\"', fields: { quantity: QTY, note: NOTE } }
";
    let old = Old::new(OFFERS, datasets, rest);
    let g = old.site.start();
    let list = "/v1/offers?quantity[lt]=5";
    let shown = |g: &Gateway| {
        let mut all = quantities(g.get(list)["items"].as_array().unwrap());
        all.sort_unstable();
        all
    };
    assert_eq!(shown(&g), [1, 2, 3, 4]);
    g.until("they are stored", |g| g.dataset("erp.offers")["ledger"]["adds_up"] == true);
    let last = g.get("/v1/offers?quantity[lt]=2")["items"][0]["id"].as_str().unwrap().to_owned();
    g.until("they are stored", |g| g.ask(&format!("/v1/offers/{last}/lineage"), &[]).status == 200);
    old.run(
        "UPDATE OFFERS SET NOTE = 'hidden' WHERE QTY = 1; UPDATE OFFERS SET NOTE = 'gone' WHERE QTY = 2; \
         UPDATE OFFERS SET NOTE = 'much too long a note' WHERE QTY = 3",
    );
    assert_eq!(shown(&g), [3, 4], "one is hidden, one is gone, one is refused and stays as it was");
    let items = g.get(list)["items"].clone();
    assert!(items.as_array().unwrap().iter().any(|i| i["quantity"] == "3" && i["note"] == "Note 3"), "{items}");
    g.until("the refused one is a dead letter", |g| g.dataset("erp.offers")["dead_letters_open"].as_u64().unwrap() > 0);
    assert_eq!(shown(&g), [3, 4]);
    g.stop();
    in_order(&old.site);
}
