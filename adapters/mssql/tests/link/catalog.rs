//! Tables, columns, keys, indexes.

use super::*;
use banyan_sql::{IndexInfo, TableName};
use banyan_words::Type;

fn name(name: &str) -> TableName {
    TableName { schema: Some("dbo".into()), name: name.into() }
}

#[test]
fn tables_and_views_with_their_rows() {
    let server = Server::start(&format!("{ORDERS} CREATE VIEW open_orders AS SELECT id FROM orders;")).unwrap();
    let tables = open(&server).tables(&within(20)).unwrap();
    let told: Vec<(String, bool, Option<u64>)> = tables.into_iter().map(|t| (t.name.name, t.view, t.rows)).collect();
    assert_eq!(told, [("open_orders".into(), true, None), ("orders".into(), false, Some(3))]);
}

#[test]
fn a_table_with_all_that_is_known_of_it() {
    let server = Server::start(ORDERS).unwrap();
    let table = open(&server).table(&name("orders"), &within(20)).unwrap().unwrap();
    let columns: Vec<(&str, &str, &Type, bool)> =
        table.columns.iter().map(|c| (c.name.as_str(), c.server_type.as_str(), &c.ty, c.nullable)).collect();
    assert_eq!(
        columns,
        [
            ("id", "int", &Type::Integer, false),
            ("customer", "varchar(12)", &Type::Text, false),
            ("amount", "decimal(18,2)", &Type::Decimal { precision: 18, scale: 2 }, true),
            ("ordered", "datetime2(7)", &Type::DateTime, true),
            ("note", "nvarchar(max)", &Type::Text, true),
        ]
    );
    assert_eq!(table.columns[1].collation.as_deref(), Some("SQL_Latin1_General_CP1_CI_AS"));
    assert_eq!(table.key, ["id"]);
    let by_customer =
        IndexInfo { name: "by_customer".into(), columns: vec!["customer".into(), "ordered".into()], unique: false };
    assert!(table.indexes.contains(&by_customer), "{:?}", table.indexes);
    assert!(open(&server).table(&name("nothing"), &within(20)).unwrap().is_none());
}

#[test]
fn odd_names_and_keys() {
    let server = Server::start(
        "CREATE TABLE \"order]s of 'us'\" (\"a b\" int NOT NULL, v rowversion, c int);
         CREATE UNIQUE INDEX with_null ON \"order]s of 'us'\" (c);
         CREATE UNIQUE INDEX real_key ON \"order]s of 'us'\" (\"a b\");
         INSERT INTO \"order]s of 'us'\" VALUES (1, x'00000000000007D1', NULL);
         CREATE TABLE keyless (x int);",
    )
    .unwrap();
    let mut link = open(&server);
    let table = link.table(&name("order]s of 'us'"), &within(20)).unwrap().unwrap();
    assert_eq!(table.key, ["a b"], "a unique index with a null in it is no key");
    assert!(table.columns[1].rowversion && !table.columns[0].rowversion);
    let sql = "SELECT [a b], [v] FROM [dbo].[order]]s of 'us']";
    assert_eq!(texts(&read(link.as_mut(), &statement(sql)).unwrap().1, 0), ["1"]);
    assert!(link.table(&name("keyless"), &within(20)).unwrap().unwrap().key.is_empty());
}

#[test]
fn foreign_keys() {
    let server = Server::start(
        "CREATE TABLE site (co int NOT NULL, nr int NOT NULL, PRIMARY KEY (co, nr)); \
         CREATE TABLE person (id int NOT NULL PRIMARY KEY, boss int REFERENCES person(id)); \
         CREATE TABLE visit (id int NOT NULL PRIMARY KEY, co int, place int, host int REFERENCES person(id), \
            FOREIGN KEY (co, place) REFERENCES site(co, nr));",
    )
    .unwrap();
    let mut link = open(&server);
    let mut told = |table: &str| -> Vec<(String, TableName, String)> {
        let found = link.references(&name(table), &within(20)).unwrap().unwrap();
        found.into_iter().map(|r| (r.columns.join(","), r.table.unwrap(), r.theirs.join(","))).collect()
    };
    assert_eq!(
        told("visit"),
        [("host".into(), name("person"), "id".into()), ("co,place".into(), name("site"), "co,nr".into())]
    );
    assert_eq!(told("person"), [("boss".into(), name("person"), "id".into())]);
    assert_eq!(told("site"), []);
}
