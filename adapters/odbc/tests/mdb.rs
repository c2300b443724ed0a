//! Access files through mdbtools. The sample lies outside the repository: where it is not, there is nothing to read.

use crate::common::*;
use banyan_adapter::Call;
use banyan_sql::{Access, Dialect, TableName};
use banyan_words::Value;
use std::path::Path;

#[test]
fn northwind() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/legacy/northwind/nwind.mdb");
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../../shared/legacy/northwind/nwind.mdb");
    let Some(file) = [file, beside].into_iter().find(|f| f.is_file()) else {
        println!("there is no ../shared/legacy/northwind/nwind.mdb; nothing was read");
        return;
    };
    let call = Call::default();
    let mut link = open(&format!("Driver={{MDBTools}};DBQ={}", file.canonicalize().unwrap().display()));
    assert_eq!(link.dialect(), Dialect::Bare);
    assert_eq!(link.access(&call).unwrap(), Access::ReadOnly);
    let tables = link.tables(&call).unwrap();
    let names: Vec<&str> = tables.iter().map(|t| t.name.name.as_str()).collect();
    for name in ["Customers", "Orders", "Order Details", "Products"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let name = TableName { schema: None, name: "Orders".into() };
    let orders = link.table(&name, &call).unwrap().unwrap();
    assert_eq!((orders.columns[0].name.as_str(), orders.columns[0].server_type.as_str()), ("OrderID", "LONGINT"));
    let all = select(link.as_mut(), "SELECT OrderID, CustomerID, OrderDate, Freight, ShipName FROM Orders").unwrap();
    assert_eq!((all.rows.len(), all.bad.len()), (830, 0), "{:?}", all.bad.first());
    let first = all.rows.iter().position(|r| r[0] == Value::Integer(10248)).unwrap();
    let texts: Vec<String> = (0..5).map(|c| all.texts(c)[first].clone()).collect();
    assert_eq!(
        texts,
        ["10248", "VINET", "1994-08-04T00:00:00", "32.3800", "Vins et alcools Chevalier"],
        "{:?}",
        all.types()
    );
    assert!(
        link.references(&name, &call).is_ok() && link.usable(),
        "it has no such function, and survives the question"
    );
    let lines = select(link.as_mut(), "SELECT * FROM \"Order Details\"").unwrap();
    assert_eq!((lines.rows.len(), lines.bad.len()), (2155, 0), "{:?}", lines.types());
    let customers = select(link.as_mut(), "SELECT * FROM Customers").unwrap();
    assert_eq!(customers.rows.len(), 91);
    assert!(customers.texts(1).iter().any(|n| n == "Ana Trujillo Emparedados y helados"), "{:?}", customers.rows[0]);
}
