//! Every type at its extremes, there and back.

use super::*;
use banyan_words::{Fate, Type};

/// A table with one column, and what its cells must become.
fn round_trip(declared: &str, cells: &[&str]) -> (Vec<Column>, Batch) {
    let rows: String = cells.iter().map(|c| format!("INSERT INTO t VALUES ({c});")).collect();
    let server = Server::start(&format!("CREATE TABLE t (x {declared}); {rows}")).unwrap();
    let mut link = open(&server);
    read(link.as_mut(), &statement("SELECT [x] FROM [dbo].[t]")).unwrap()
}

fn shown(declared: &str, cells: &[&str], ty: Type, want: &[&str]) {
    let (columns, batch) = round_trip(declared, cells);
    assert_eq!(columns[0].ty, ty, "{declared}");
    assert_eq!(texts(&batch, 0), want, "{declared}");
    for row in batch.rows() {
        assert_eq!(*row.fate(), Fate::Record, "{declared}");
        assert!(row.value(0).fits(&ty), "{declared}: {:?}", row.value(0));
    }
}

#[test]
fn whole_numbers() {
    shown("bit", &["0", "1", "NULL"], Type::Boolean, &["false", "true", "-"]);
    shown("tinyint", &["0", "255", "NULL"], Type::Integer, &["0", "255", "-"]);
    shown("smallint", &["-32768", "32767"], Type::Integer, &["-32768", "32767"]);
    shown("int", &["-2147483648", "2147483647"], Type::Integer, &["-2147483648", "2147483647"]);
    shown(
        "bigint",
        &["-9223372036854775808", "9223372036854775807"],
        Type::Integer,
        &["-9223372036854775808", "9223372036854775807"],
    );
}

#[test]
fn exact_numbers_keep_every_digit() {
    let nines = "99999999999999999999999999999999999999";
    let cells = [format!("'{nines}'"), format!("'-{nines}'"), "'0'".into(), "NULL".into()];
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let want = [nines.to_owned(), format!("-{nines}"), "0".into(), "-".into()];
    let want: Vec<&str> = want.iter().map(String::as_str).collect();
    shown("TEXT decimal(38,0)", &cells, Type::Decimal { precision: 38, scale: 0 }, &want);

    let tiny = "0.00000000000000000000000000000000000001";
    let full = "-0.99999999999999999999999999999999999999";
    let cells = [format!("'{tiny}'"), format!("'{full}'")];
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    shown("TEXT numeric(38,38)", &cells, Type::Decimal { precision: 38, scale: 38 }, &[tiny, full]);
    shown("TEXT decimal(9,2)", &["'-1234567.89'"], Type::Decimal { precision: 9, scale: 2 }, &["-1234567.89"]);
    shown("TEXT decimal(28,4)", &["'1.5'"], Type::Decimal { precision: 28, scale: 4 }, &["1.5000"]);
}

#[test]
fn money_is_exact_or_a_dead_letter_and_always_exact_when_cast() {
    let money = Type::Decimal { precision: 19, scale: 4 };
    shown(
        "TEXT money",
        &["'-0.0001'", "'225179981368.5247'", "NULL"],
        money.clone(),
        &["-0.0001", "225179981368.5247", "-"],
    );
    let small = Type::Decimal { precision: 10, scale: 4 };
    shown("TEXT smallmoney", &["'-214748.3648'", "'214748.3647'"], small, &["-214748.3648", "214748.3647"]);

    let server = Server::start(
        "CREATE TABLE t (n int, x TEXT money);
         INSERT INTO t VALUES (1, '1'), (2, '922337203685477.5807'), (3, '-922337203685477.5808');",
    )
    .unwrap();
    let mut link = open(&server);
    let (_, batch) = read(link.as_mut(), &statement("SELECT n, x FROM t")).unwrap();
    let codes: Vec<String> = batch
        .rows()
        .map(|r| match r.fate() {
            Fate::Record => "fine".into(),
            Fate::Bad(bad) => format!("{} {}", bad.code, bad.message.contains("`x`")),
        })
        .collect();
    assert_eq!(codes, ["fine", "mssql-money true", "mssql-money true"]);
    assert_eq!(batch.row(1).value(0), Value::Integer(2), "the other cells are kept");
    let cast = statement("SELECT CAST([x] AS decimal(19,4)) AS [x] FROM t");
    let (columns, batch) = read(link.as_mut(), &cast).unwrap();
    assert_eq!(columns[0].ty, money);
    assert_eq!(texts(&batch, 0), ["1.0000", "922337203685477.5807", "-922337203685477.5808"]);
}

#[test]
fn floats_show_the_shortest_decimal_at_their_width() {
    shown(
        "real",
        &["0.1", "-3.5", "3.4028235e38", "NULL"],
        Type::Float,
        &["0.1", "-3.5", "340282350000000000000000000000000000000", "-"],
    );
    shown("float", &["0.1", "1e-7", "NULL"], Type::Float, &["0.1", "0.0000001", "-"]);
}

#[test]
fn dates_and_times() {
    shown(
        "date",
        &["'0001-01-01'", "'9999-12-31'", "'2000-02-29'", "NULL"],
        Type::Date,
        &["0001-01-01", "9999-12-31", "2000-02-29", "-"],
    );
    shown("time(7)", &["'00:00:00'", "'23:59:59.9999999'"], Type::Time, &["00:00:00", "23:59:59.9999999"]);
    shown("time(0)", &["'23:59:59'"], Type::Time, &["23:59:59"]);
    shown("time(3)", &["'12:34:56.789'"], Type::Time, &["12:34:56.789"]);
    shown(
        "datetime2(7)",
        &["'0001-01-01 00:00:00'", "'9999-12-31 23:59:59.9999999'", "NULL"],
        Type::DateTime,
        &["0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999", "-"],
    );
    shown(
        "datetime",
        &[
            "'1753-01-01 00:00:00'",
            "'9999-12-31 23:59:59.997'",
            "'2024-03-31 02:30:00.003'",
            "'2024-03-31 02:30:00.007'",
        ],
        Type::DateTime,
        &["1753-01-01T00:00:00", "9999-12-31T23:59:59.997", "2024-03-31T02:30:00.003", "2024-03-31T02:30:00.007"],
    );
    shown(
        "smalldatetime",
        &["'1900-01-01 00:00:00'", "'2079-06-06 23:59:00'"],
        Type::DateTime,
        &["1900-01-01T00:00:00", "2079-06-06T23:59:00"],
    );
    shown(
        "datetimeoffset(7)",
        &["'2024-01-01 00:30:00.1234567+02:00'", "'0001-01-01 00:00:00-14:00'", "NULL"],
        Type::Instant,
        &["2023-12-31T22:30:00.1234567Z", "0001-01-01T14:00:00Z", "-"],
    );
}

#[test]
fn an_instant_we_cannot_keep_is_a_dead_letter() {
    let (_, batch) =
        round_trip("datetimeoffset(7)", &["'9999-12-31 23:59:59.9999999+00:00'", "'2024-01-01 00:00:00+00:00'"]);
    assert!(matches!(batch.row(0).fate(), Fate::Bad(bad) if bad.code == "mssql-out-of-range"));
    assert_eq!(*batch.row(1).fate(), Fate::Record);
}

#[test]
fn texts_of_every_kind() {
    let long = "ä".repeat(9000);
    let cell = format!("'{long}'");
    for declared in ["char(5)", "varchar(20)", "nchar(5)", "nvarchar(20)", "text", "ntext", "xml"] {
        shown(declared, &["'Größe'", "''", "NULL"], Type::Text, &["Größe", "", "-"]);
    }
    for declared in ["varchar_max", "nvarchar_max", "text", "ntext", "xml"] {
        shown(declared, &[&cell, "''", "NULL"], Type::Text, &[&long, "", "-"]);
    }
    shown("varchar(9)", &["'1 €'"], Type::Text, &["1 €"]);
    shown("nvarchar(9)", &["'🌳 本'"], Type::Text, &["🌳 本"]);
    let guid = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
    shown("uniqueidentifier", &[&format!("'{}'", guid.to_lowercase()), "NULL"], Type::Text, &[guid, "-"]);
}

#[test]
fn bytes_of_every_kind() {
    for declared in ["binary(3)", "varbinary(10)", "varbinary_max", "image"] {
        shown(declared, &["x'00FF10'", "NULL"], Type::Bytes, &["AP8Q", "-"]);
    }
    shown("rowversion", &["x'00000000000007D1'"], Type::Bytes, &["AAAAAAAAB9E="]);
}

#[test]
fn a_variant_has_its_own_type_in_every_row() {
    let (columns, batch) = round_trip("sql_variant", &["42", "'text'", "1.5", "NULL"]);
    assert_eq!(columns[0].ty, Type::Any);
    let got: Vec<Value<'_>> = batch.rows().map(|r| r.value(0)).collect();
    assert_eq!(got, [Value::Integer(42), Value::text("text"), Value::Float(1.5, false), Value::Null]);
}

#[test]
fn what_a_variant_holds_arrives_exactly() {
    let cells = [
        ("'decimal(38,10)|-1234567890123456789012345678.0123456789'", "-1234567890123456789012345678.0123456789"),
        ("'date|2024-02-29'", "2024-02-29"),
        ("'time(7)|23:59:59.1234567'", "23:59:59.1234567"),
        ("'datetime|2024-02-29 10:00:00.003'", "2024-02-29T10:00:00.003"),
        ("'datetime2(7)|9999-12-31 23:59:59.1234567'", "9999-12-31T23:59:59.1234567"),
        ("'datetimeoffset(7)|2024-01-01 00:30:00.1234567+02:00'", "2023-12-31T22:30:00.1234567Z"),
        ("'uniqueidentifier|6f9619ff-8b86-d011-b42d-00c04fc964ff'", "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
        ("x'00FF10'", "AP8Q"),
        ("0.1", "0.1"),
        ("9223372036854775807", "9223372036854775807"),
        ("'Größe'", "Größe"),
    ];
    let values: Vec<String> = cells.iter().enumerate().map(|(i, (cell, _))| format!("({i}, {cell})")).collect();
    let setup = format!("CREATE TABLE t (n int, x sql_variant); INSERT INTO t VALUES {};", values.join(","));
    let server = Server::start(&setup).unwrap();
    let mut link = open(&server);
    let table = link
        .table(&banyan_sql::TableName { schema: Some("dbo".into()), name: "t".into() }, &within(20))
        .unwrap()
        .unwrap();
    let column = &table.columns[1];
    assert_eq!(column.ty, Type::Any);
    let by = column.read_as.as_deref().unwrap().replace('$', "[x]");
    for what in ["x", &by] {
        let (columns, batch) = read(link.as_mut(), &statement(&format!("SELECT {what} FROM t"))).unwrap();
        assert_eq!(columns[0].ty, Type::Any);
        assert_eq!(texts(&batch, 0), cells.map(|(_, wanted)| wanted), "{what}");
    }
}

#[test]
fn money_in_a_variant_is_a_decimal_by_the_servers_hand() {
    let by = banyan_mssql::read_as("sql_variant", None).unwrap();
    assert!(by.contains("IN (N'money', N'smallmoney') THEN CAST(CAST($ AS decimal(19,4)) AS sql_variant)"), "{by}");
}

#[test]
fn ten_megabytes_in_a_cell() {
    let server = Server::start(
        "CREATE TABLE t (n int, x varbinary_max, y nvarchar_max);
         INSERT INTO t VALUES (1, zeroblob(10000000), replace(hex(zeroblob(2500000)), '0', 'ab'));",
    )
    .unwrap();
    let (_, batch) = read(open(&server).as_mut(), &statement("SELECT n, x, y FROM t")).unwrap();
    assert!(matches!(batch.row(0).value(1), Value::Bytes(b) if b.len() == 10_000_000));
    assert_eq!(batch.row(0).text(2).unwrap().len(), 10_000_000);
}

#[test]
fn a_thousand_columns() {
    let columns: Vec<String> = (0..1000).map(|i| format!("c{i} int")).collect();
    let values: Vec<String> = (0..1000).map(|i| if i % 3 == 0 { "NULL".into() } else { i.to_string() }).collect();
    let server =
        Server::start(&format!("CREATE TABLE t ({}); INSERT INTO t VALUES ({});", columns.join(","), values.join(",")))
            .unwrap();
    let (columns, batch) = read(open(&server).as_mut(), &statement("SELECT * FROM t")).unwrap();
    assert_eq!(columns.len(), 1000);
    for i in 0..1000 {
        let want = if i % 3 == 0 { Value::Null } else { Value::Integer(i) };
        assert_eq!(batch.row(0).value(i as usize), want);
    }
}

#[test]
fn code_pages_we_do_not_know_are_refused_by_name_with_the_way_out() {
    for (declared, collation) in [("varchar_cp437(20)", "CP437"), ("varchar_utf8(20)", "UTF8")] {
        let server =
            Server::start(&format!("CREATE TABLE t (n int, x {declared}); INSERT INTO t VALUES (1, 'ä');")).unwrap();
        let mut link = open(&server);
        let fault = read(link.as_mut(), &statement("SELECT n, x FROM t")).unwrap_err();
        assert_eq!(fault.code, "mssql-text");
        assert!(fault.message.contains(collation) && fault.message.contains("CAST([x] AS nvarchar(20))"), "{fault}");
        assert!(link.usable(), "nothing was sent");
        let cast = statement("SELECT n, CAST([x] AS nvarchar(20)) AS x FROM t");
        assert_eq!(texts(&read(link.as_mut(), &cast).unwrap().1, 1), ["ä"]);
    }
}

#[test]
fn a_collation_nobody_knows_is_a_fault_and_no_panic() {
    let setup = "CREATE TABLE t (n int, x varchar_unknown(20)); INSERT INTO t VALUES (1, 'ä'), (2, 'b');";
    let server = Server::start(setup).unwrap();
    for describes in [true, false] {
        server.set(|o| o.describes = describes);
        let mut link = open(&server);
        let fault = read(link.as_mut(), &statement("SELECT n, x FROM t")).unwrap_err();
        assert_eq!(fault.code, "mssql-text", "{fault}");
        assert!(fault.message.contains("CAST"), "{fault}");
        assert!(!link.usable(), "what follows cannot be decoded any more");
    }
}

#[test]
fn half_a_surrogate_is_a_fault_that_names_the_way_out() {
    let server = Server::start("CREATE TABLE t (x nvarchar(5)); INSERT INTO t VALUES (x'00D8');").unwrap();
    let fault = read(open(&server).as_mut(), &statement("SELECT x FROM t")).unwrap_err();
    assert_eq!(fault.code, "mssql-text", "{fault}");
    assert!(fault.message.contains("varbinary"), "{fault}");
}

#[test]
fn without_a_description_only_the_scale_of_decimals_is_unknown() {
    let server = Server::start(ORDERS).unwrap();
    server.set(|o| o.describes = false);
    let (columns, batch) = read(open(&server).as_mut(), &statement("SELECT id, amount, ordered FROM orders")).unwrap();
    let types: Vec<Type> = columns.into_iter().map(|c| c.ty).collect();
    assert_eq!(types, [Type::Integer, Type::Any, Type::DateTime]);
    assert_eq!(texts(&batch, 1), ["12.50", "-0.05", "-"]);
}

#[test]
fn parameters_arrive_exactly() {
    let server = Server::start(ORDERS).unwrap();
    let mut link = open(&server);
    let values: Vec<(Value<'static>, &str)> = vec![
        (Value::Text("Grüße 🌳".into()), "Grüße 🌳"),
        (Value::Text("x".repeat(9000).into()), ""),
        (Value::Integer(i64::MIN), "-9223372036854775808"),
        (Value::Decimal("-1234567890123456789012345678.90".parse().unwrap()), "-1234567890123456789012345678.90"),
        (
            Value::Decimal("0.99999999999999999999999999999999999999".parse().unwrap()),
            "0.99999999999999999999999999999999999999",
        ),
        (Value::Boolean(true), "1"),
        (Value::Float(0.1, false), "0.1"),
        (Value::Date("9999-12-31".parse().unwrap()), "9999-12-31"),
        (Value::Time("23:59:59.9999999".parse().unwrap()), "23:59:59.9999999"),
        (Value::DateTime("2024-02-29T23:59:59.1234567".parse().unwrap()), "2024-02-29 23:59:59.1234567"),
        (Value::Instant("2024-02-29T23:59:59.1234567Z".parse().unwrap()), "2024-02-29 23:59:59.1234567 +00:00"),
        (Value::Bytes(vec![0, 255, 16].into()), "AP8Q"),
        (Value::Null, "-"),
    ];
    for (value, want) in values {
        let asked = format!("{value:?}");
        let (_, batch) = read(link.as_mut(), &with("SELECT @P1 AS x", vec![value.clone()])).unwrap();
        let want = if want.is_empty() { "x".repeat(9000) } else { want.to_owned() };
        assert_eq!(texts(&batch, 0), [want], "{asked}");
    }
    let keyed = with(
        "SELECT TOP (1) [id] FROM [dbo].[orders] WHERE [customer] = CAST(@P1 AS varchar(12)) AND [id] > CAST(@P2 AS int) ORDER BY [id]",
        vec![Value::text("ACME"), Value::Integer(1)],
    );
    assert_eq!(texts(&read(link.as_mut(), &keyed).unwrap().1, 0), ["2"]);
    let list = with("SELECT @P1 AS x", vec![Value::List(vec![])]);
    assert_eq!(read(link.as_mut(), &list).unwrap_err().code, "mssql-parameter");
}
