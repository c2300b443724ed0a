//! Real exports of real systems become entities. Counts and values were worked out by hand from the files.
//!
//! The files are no part of this repository; where they are absent, the tests that need them say so and pass. What the
//! samples happen not to contain (negative overpunch, cross references that come first) is made up here and always runs.

use crate::common::{Gateway, ROOT, Site};
use banyan_words::codec;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The folder of that sample.
fn sample(name: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("BANYAN_LEGACY").map_or_else(|| Path::new(ROOT).join("../shared/legacy"), PathBuf::from);
    let found = folder.join(name);
    if !found.is_dir() {
        println!("skipped: ../shared/legacy absent");
        return None;
    }
    Some(found.canonicalize().unwrap())
}

/// A site that reads `folder` as `tests/legacy/{name}.yaml` says.
fn site(name: &str, folder: &Path) -> Site {
    let yaml = std::fs::read_to_string(format!("{ROOT}/tests/legacy/{name}.yaml")).unwrap();
    Site::new(&yaml.replace("FOLDER", &format!("{:?}", folder.to_string_lossy())))
}

fn one(g: &Gateway, collection: &str, space: &str, key: &str) -> Value {
    g.get(&format!("/v1/{collection}:lookup?space={space}&key={key}"))
}

/// Sums of a dataset's only mapping.
fn sums(g: &Gateway, dataset: &str) -> Value {
    let ledger = g.dataset(dataset)["ledger"].clone();
    assert_eq!(ledger["adds_up"], true, "{ledger}");
    ledger["mappings"][0].clone()
}

#[test]
fn an_order_systems_bulk_copy_files() {
    let Some(folder) = sample("adventure-works") else { return };
    let site = site("adventure-works", &folder);
    let g = site.start();
    for (dataset, file) in [
        ("aw.customer", "Customer.csv"),
        ("aw.store", "Store.csv"),
        ("aw.email", "EmailAddress.csv"),
        ("aw.phone", "PersonPhone.csv"),
        ("aw.territory", "SalesTerritory.csv"),
    ] {
        assert_eq!(g.settled(dataset, file), "done", "{}", g.dataset(dataset));
        assert_eq!(g.dataset(dataset)["dead_letters_open"], 0, "{dataset}");
    }

    // Counts.
    let customers: Vec<Value> = g.lines("/v1/customers").iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let with = |field: &str| customers.iter().filter(|c| !c[field].is_null()).count();
    assert_eq!((customers.len(), g.count("/v1/stores")), (19_820, 701));
    assert_eq!((with("email"), with("phone"), with("store"), with("territory")), (19_119, 19_119, 1_336, 19_820));
    assert_eq!(g.count("/v1/customers?territory=Southwest"), 4_696);
    assert_eq!(g.count("/v1/customers?territory=United%20Kingdom"), 1_991);
    // 853 addresses belong to employees and vendors' contacts: persons, but no customers.
    assert_eq!(sums(&g, "aw.email")["held"], 853);
    assert_eq!(sums(&g, "aw.email")["in"], 19_972);
    let sales: i64 =
        g.lines("/v1/stores").iter().map(|l| cents(&serde_json::from_str::<Value>(l).unwrap()["annual_sales"])).sum();
    assert_eq!(sales, 111_090_000_000, "1,110,900,000.00 in all");

    // Ten values, by hand.
    let customer = |key: &str| one(&g, "customers", "aw", key);
    let jon = customer("11000");
    assert_eq!(jon["account"], "AW00011000");
    assert_eq!(jon["email"], "jon24@adventure-works.com", "of person 13531, not of person 11000");
    assert_eq!(jon["phone"], "1 (11) 500 555-0162");
    assert_eq!(jon["territory"], "Australia");
    assert_eq!(jon["store"], Value::Null);
    assert_eq!(one(&g, "customers", "aw.person", "13531"), jon, "found by the person's number too");
    let catherine = customer("29485");
    assert_eq!(
        (&catherine["email"], &catherine["phone"]),
        (&json!("catherine0@adventure-works.com"), &json!("747-555-0171"))
    );
    let shop = one(&g, "stores", "aw", "294");
    assert_eq!(catherine["store"], shop["id"]);
    assert_eq!((&shop["name"], &shop["annual_sales"]), (&json!("Professional Sales and Service"), &json!("800000.00")));
    assert_eq!(one(&g, "stores", "aw", "362")["bank"], "Primary Bank & Reserve", "XML in a field, with an entity");
    assert_eq!(one(&g, "stores", "aw", "362")["annual_sales"], "3000000.00");
    let last = customer("30118");
    assert_eq!((&last["email"], &last["territory"]), (&json!("caroline0@adventure-works.com"), &json!("Central")));
    assert_eq!(last["modified"], "2025-09-11T11:15:07.263Z");
    let first = customer("1");
    assert_eq!((&first["email"], &first["phone"]), (&Value::Null, &Value::Null), "a store without a person");
    let bike = one(&g, "stores", "aw", "934");
    assert_eq!(
        (&bike["id"], &bike["name"], &bike["annual_sales"]),
        (&first["store"], &json!("A Bike Store"), &json!("300000.00"))
    );

    // The other way round: the customers of a store.
    let of_store = g.items(&format!("/v1/stores/{}/customers?sort=account", bike["id"].as_str().unwrap()));
    assert!(of_store.iter().any(|c| c["id"] == first["id"]), "{of_store:?}");
    g.stop();
}

#[test]
fn an_access_file_whose_driver_joins_nothing() {
    let Some(folder) = sample("northwind") else { return };
    let yaml = std::fs::read_to_string(format!("{ROOT}/tests/legacy/northwind.yaml")).unwrap();
    let site = Site::new(&yaml.replace("FILE", &folder.join("nwind.mdb").to_string_lossy()));
    let g = site.start();
    for dataset in ["nw.customers", "nw.products", "nw.orders", "nw.lines"] {
        g.until(&format!("a pass over {dataset}"), |g| g.dataset(dataset)["last_unit"]["state"] == "done");
        assert_eq!(g.dataset(dataset)["dead_letters_open"], 0, "{dataset}");
    }
    let counts = ["customers", "products", "orders", "lines"].map(|c| g.count(&format!("/v1/{c}")));
    assert_eq!(counts, [91, 77, 830, 2155]);

    // An order with its customer, its lines and their products, which no statement of the driver could have joined.
    let order = one(&g, "orders", "nw", "10248");
    assert_eq!((&order["ordered"], &order["freight"]), (&json!("1994-08-04"), &json!("32.3800")));
    let customer = g.get(&format!("/v1/customers/{}", order["customer"].as_str().unwrap()));
    assert_eq!((&customer["name"], &customer["country"]), (&json!("Vins et alcools Chevalier"), &json!("France")));
    let lines = g.items(&format!("/v1/orders/{}/lines", order["id"].as_str().unwrap()));
    let product = |l: &Value| {
        let found = g.get(&format!("/v1/products/{}", l["product"].as_str().unwrap()));
        found["name"].as_str().unwrap().to_owned()
    };
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let mut lines: Vec<(String, String, String)> =
        lines.iter().map(|l| (product(l), l["quantity"].to_string().replace('"', ""), text(&l["price"]))).collect();
    lines.sort_unstable();
    let want = [
        ("Mozzarella di Giovanni", 5, "34.8000"),
        ("Queso Cabrales", 12, "14.0000"),
        ("Singaporean Hokkien Fried Mee", 10, "9.8000"),
    ];
    assert_eq!(lines, want.map(|(name, quantity, price)| (name.to_owned(), quantity.to_string(), price.to_owned())));
    // Every line has its order and its product; every order its customer.
    let whole = |path: &str, parts: &[&str]| {
        g.lines(path).iter().all(|l| {
            let found: Value = serde_json::from_str(l).unwrap();
            parts.iter().all(|p| found[p]["id"].is_string())
        })
    };
    assert!(whole("/v1/lines?embed=order,product", &["order", "product"]));
    assert!(whole("/v1/orders?embed=customer", &["customer"]));
    g.stop();
}

fn cents(decimal: &Value) -> i64 {
    decimal.as_str().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn a_mainframes_accounts_and_cards() {
    let Some(folder) = sample("carddemo") else { return };
    let site = site("carddemo", &folder);
    let g = site.start();
    for (dataset, file) in
        [("card.account", "acctdata.txt"), ("card.card", "carddata.txt"), ("card.xref", "cardxref.txt")]
    {
        assert_eq!(g.settled(dataset, file), "done", "{}", g.dataset(dataset));
    }
    assert_eq!((g.count("/v1/accounts"), g.count("/v1/cards")), (50, 50));
    let accounts = g.items("/v1/accounts?limit=100");
    let sum = |field: &str| accounts.iter().map(|a| cents(&a[field])).sum::<i64>();
    assert_eq!((sum("balance"), sum("credit_limit")), (1_226_900, 23_371_100));

    let account = one(&g, "accounts", "card", "00000000001");
    assert_eq!(
        [&account["balance"], &account["credit_limit"], &account["cash_limit"], &account["cycle_credit"]],
        ["194.00", "2020.00", "1020.00", "0.00"]
    );
    assert_eq!((&account["opened"], &account["expires"]), (&json!("2014-11-20"), &json!("2025-05-20")));
    assert_eq!(one(&g, "accounts", "card", "00000000039")["balance"], "843.00");
    assert_eq!(one(&g, "accounts", "card", "00000000050")["balance"], "492.00");
    let card = one(&g, "cards", "card", "0500024453765740");
    assert_eq!(
        (&card["name"], &card["expires"], &card["customer"]),
        (&json!("Aniya Von"), &json!("2023-03-09"), &json!("000000050"))
    );
    assert_eq!(card["account"], one(&g, "accounts", "card", "00000000050")["id"]);

    // Every card has its cross reference, and both say the same account.
    let cards = g.items("/v1/cards?limit=100&embed=account");
    assert!(cards.iter().all(|c| c["customer"].is_string() && c["account"]["number"].is_string()), "{cards:?}");
    g.stop();
}

#[test]
fn what_a_mainframes_file_holds_and_nobody_may_keep_is_not_in_the_store() {
    let Some(folder) = sample("carddemo") else { return };
    // As the store writes a value of that column: three characters alone stand by chance in any hash now and then.
    let mut kept = Vec::new();
    codec::put_text(b"QZX", &mut kept);
    for (discards, found) in [(true, false), (false, true)] {
        let own = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(&folder).unwrap().flatten().filter(|e| e.path().is_file()) {
            let mut content = std::fs::read(entry.path()).unwrap();
            if entry.file_name() == "carddata.txt" {
                content
                    .split_mut(|b| *b == b'\n')
                    .filter(|l| l.len() > 30)
                    .for_each(|l| l[27..30].copy_from_slice(b"QZX"));
            }
            std::fs::write(own.path().join(entry.file_name()), content).unwrap();
        }
        let site = site("carddemo", own.path());
        if !discards {
            site.edit("banyan.yaml", |text| text.replace("discard: [CVV]", ""));
        }
        let g = site.start();
        assert_eq!(g.settled("card.card", "carddata.txt"), "done");
        g.stop();
        let files = ["banyan.db", "banyan.db-wal"].map(|n| std::fs::read(site.path(n)).unwrap_or_default());
        let holds = files.iter().any(|f| f.windows(kept.len()).any(|w| w == kept));
        assert_eq!(holds, found, "discarded: {discards}");
    }
}

#[test]
fn negative_overpunch_and_cross_references_that_come_first() {
    let site = Site::new("");
    let yaml = std::fs::read_to_string(format!("{ROOT}/tests/legacy/carddemo.yaml")).unwrap();
    site.edit("banyan.yaml", |text| format!("{text}{}", yaml.replace("FOLDER", "drop")));
    // The cross reference of a card that is not there yet, of an account that is not there yet.
    site.drop_file("drop/cardxref.txt", format!("{:016}{:09}{:011}\n", 4711, 8, 9));
    let g = site.start();
    assert_eq!(g.settled("card.xref", "cardxref.txt"), "done");
    assert_eq!(g.count("/v1/cards"), 0);
    assert_eq!(sums(&g, "card.xref")["held"], 1);

    let card = format!("{:016}{:011}747{:<50}2030-01-31Y{:59}\n", 4711, 9, "JANE DOE", "");
    site.drop_file("drop/carddata.txt", card);
    assert_eq!(g.settled("card.card", "carddata.txt"), "done");
    let card = one(&g, "cards", "card", "0000000000004711");
    assert_eq!(
        (&card["name"], &card["customer"]),
        (&json!("Jane Doe"), &json!("000000008")),
        "what was held came along"
    );
    let account = format!("/v1/accounts/{}", card["account"].as_str().unwrap());
    let absent = g.ask(&account, &[]);
    assert_eq!((absent.status, absent.json()["code"].as_str().unwrap()), (404, "not-arrived"));
    assert_eq!(g.items("/v1/cards?embed=account")[0]["account"], Value::Null);

    // Each last digit with either sign, plain digits, and what is no number at all.
    let amounts = [
        ("00000000000}", "0.00"),
        ("00000000001J", "-0.11"),
        ("00000000001K", "-0.12"),
        ("00000000001L", "-0.13"),
        ("00000000001M", "-0.14"),
        ("00000000001N", "-0.15"),
        ("00000000001O", "-0.16"),
        ("00000000001P", "-0.17"),
        ("00000000001Q", "-0.18"),
        ("00000000001R", "-0.19"),
        ("00000001940{", "194.00"),
        ("00000001940}", "-194.00"),
        ("99999999999R", "-9999999999.99"),
        ("99999999999I", "9999999999.99"),
        ("000000000015", "0.15"),
    ];
    let bad = [("00000000001S", "bad-sign"), ("0000000-0010", "bad-sign"), ("            ", "required")];
    let line = |n: usize, amount: &str| {
        format!("{n:011}Y{amount}{0}{0}2014-11-202025-05-202025-05-20{0}{0}{1:<20}{1:178}\n", "00000000000{", "")
    };
    let good = amounts.iter().enumerate().map(|(i, (amount, _))| line(i + 1, amount));
    let wrong = bad.iter().enumerate().map(|(i, (amount, _))| line(i + 100, amount));
    let file: String = good.chain(wrong).collect();
    assert!(file.lines().all(|l| l.len() == 300));
    site.drop_file("drop/acctdata.txt", file);
    assert_eq!(g.settled("card.account", "acctdata.txt"), "done");
    for (i, (amount, value)) in amounts.iter().enumerate() {
        assert_eq!(one(&g, "accounts", "card", &format!("{:011}", i + 1))["balance"], *value, "{amount}");
    }
    assert_eq!(g.count("/v1/accounts?balance[lt]=0"), 11);
    for (i, (amount, code)) in bad.iter().enumerate() {
        // A rejection, never a silent null.
        let letters = g.admin(&format!("/admin/v1/dead-letters?code={code}"))["items"].as_array().unwrap().clone();
        let found = letters.iter().any(|l| l["record"]["ACCT_ID"] == format!("{:011}", i + 100));
        assert!(found, "{amount:?} should be refused as {code}: {letters:?}");
    }
    assert_eq!(g.get(&account)["number"], "00000000009", "the account has arrived under the id that was promised");
    g.stop();
}

#[test]
fn an_access_file_that_was_put_in_the_place_of_another_is_noticed() {
    let Some(folder) = sample("northwind") else { return };
    let yaml = std::fs::read_to_string(format!("{ROOT}/tests/legacy/northwind.yaml")).unwrap();
    let site = Site::new(&yaml.replace("FILE", "copy.mdb").replace("every: 1h", "every: 500ms"));
    let old = std::fs::read(folder.join("nwind.mdb")).unwrap();
    std::fs::write(site.path("copy.mdb"), &old).unwrap();
    let g = site.start();
    g.until("it is read", |g| g.count("/v1/customers") == 91);
    // As a nightly copy comes: another file, of the same length, with a name spelt anew.
    let (was, is) = (b"Alfreds Futterkiste", b"Alfreds FUTTERKISTE");
    let mut new = old;
    let places: Vec<usize> = (0..new.len() - was.len()).filter(|at| new[*at..].starts_with(was)).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| new[*at..at + is.len()].copy_from_slice(is));
    std::fs::write(site.path("new.mdb"), &new).unwrap();
    std::fs::rename(site.path("new.mdb"), site.path("copy.mdb")).unwrap();
    g.until("it is noticed", |g| one(g, "customers", "nw", "ALFKI")["name"] == "Alfreds FUTTERKISTE");
    assert_eq!(g.count("/v1/customers"), 91);
    g.stop();
}
