//! `try`: raw → canonical.

use super::{Run, banyan, root};
use std::path::Path;

fn starter() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(banyan(folder.path(), &["init"]).code, Some(0));
    folder
}

fn tried(folder: &Path, more: &[&str]) -> Run {
    let file = ["try", "drop/crm/contacts_20260101.csv", "--mapping", "crm.contacts -> customer"];
    banyan(folder, &[&file[..], more].concat())
}

#[test]
fn each_record_is_shown_and_each_rejection_explained() {
    let folder = starter();
    let run = tried(folder.path(), &[]);
    assert_eq!(run.code, Some(1), "one record is rejected: {}", run.err);
    for wanted in [
        "< ContactID \"1001\", Name \"HARBOUR SUPPLIES \"",
        "> name      \"Harbour Supplies\"",
        "> email     KEEP \"bad-email\"",
        "REJECTED \"unknown-category\" by category",
        "LOOKUP(\"category\", Type) = fails",
        "4 records of drop/crm/contacts_20260101.csv through `crm.contacts -> customer`: 1 rejected\n",
    ] {
        assert!(run.out.contains(wanted), "no {wanted} in\n{}", run.out);
    }
    assert!(!run.out.contains("DATE(Since"), "steps of what is well are for --explain");
    assert!(tried(folder.path(), &["--explain"]).out.contains("DATE(Since, \"dd/MM/yyyy\") = 2019-04-01"));
}

#[test]
fn machines_are_told_the_same() {
    let folder = starter();
    let records = tried(folder.path(), &["--json"]).json();
    assert_eq!(records.as_array().unwrap().len(), 4);
    assert_eq!(records[0]["outcome"], "accepted");
    assert_eq!(records[0]["fields"]["since"], "2019-04-01");
    assert_eq!(records[2]["fields"]["email"]["keep"], "bad-email");
    assert_eq!(records[3]["code"], "unknown-category");
    let run = tried(folder.path(), &["--json", "--limit", "2"]);
    assert_eq!((run.code, run.json().as_array().unwrap().len()), (Some(0), 2));
}

#[test]
fn a_mapping_is_found_by_its_dataset_and_a_wrong_name_is_told() {
    let demo = root("examples/wholesaler");
    let run = banyan(&demo, &["try", "drop/warehouse/STOCK.TXT", "--mapping", "warehouse.stock", "-n", "1"]);
    assert!(run.out.contains("through `warehouse.stock -> product`"), "{}{}", run.out, run.err);
    let run = banyan(&demo, &["try", "drop/warehouse/STOCK.TXT", "--mapping", "warehouse.stok -> product"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("did you mean `warehouse.stock -> product`?"), "{}", run.err);
}

#[test]
fn rows_of_a_dataset_can_be_lent_to_a_lookup() {
    let demo = root("examples/wholesaler");
    let file = ["try", "drop/crm/customers_20260301.csv", "-m", "crm.customers", "-n", "1", "--json"];
    let without = banyan(&demo, &file).json();
    assert_eq!(without[0]["outcome"], "not-known");
    let with = banyan(&demo, &[&file[..], &["--rows", "country=drop/crm/countries.csv"]].concat()).json();
    assert_eq!((&with[0]["outcome"], &with[0]["fields"]["country"]), (&"accepted".into(), &"United Kingdom".into()));
    assert!(with[0]["raw"].get("Notes").is_none(), "discarded columns are not shown");
}

#[test]
fn record_types_are_told_apart() {
    let demo = root("examples/wholesaler");
    let lines = banyan(&demo, &["try", "drop/sales/orders_20260302.dat", "-m", "sales.line", "--json"]).json();
    assert_eq!(lines[0]["fields"]["position"], "1");
    assert_eq!(lines[1]["fields"]["position"], "2");
    assert_eq!(lines[0]["fields"]["order"], lines[1]["fields"]["order"]);
}
