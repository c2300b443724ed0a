//! What columns hold arrives as it is: digits, moments, and keys as people write them.

use super::*;

const ENTITY: &str = "
entities:
  row:
    fields:
      exact:  { type: decimal, scale: 10 }
      big:    { type: integer }
      at:     { type: datetime }
      note:   { type: text }
mappings:
  - { from: erp.rows, to: row, fields: { exact: EXACT, big: BIG, at: AT, note: NOTE } }
";

#[test]
fn digits_and_moments_are_kept() {
    let server = Server::start(
        "CREATE TABLE ROWS (AREA char(4) NOT NULL COLLATE RTRIM, NO int NOT NULL, EXACT TEXT decimal(38,10), BIG bigint, AT datetime2(3),
             NOTE nvarchar_max, PRIMARY KEY (AREA, NO));
         INSERT INTO ROWS VALUES ('N   ', 1, '1234567890123456789012345678.0123456789', 9223372036854775807,
             '2026-07-01 12:00:00.250', 'Grüße 🌳');
         INSERT INTO ROWS VALUES ('S/W ', 2, '-0.0000000001', -9223372036854775808, '2026-01-01 12:00:00', NULL);",
    )
    .unwrap();
    let datasets = "      rows: { table: dbo.ROWS, key: [AREA, NO], read: live, sync: { mode: keyset, every: 1h } }\n";
    let site = Site::new(&format!("{}{datasets}{ENTITY}", mssql(&server, "    zone: Europe/London\n")));
    let g = site.start();
    loaded(&g, "erp.rows");
    // CHAR is right-trimmed in keys; parts of a composite key come in their declared order.
    let north = g.ask("/v1/rows:lookup?space=erp&key=N&key=1", &[]);
    assert_eq!(north.status, 200, "{}", north.text());
    let north = north.json();
    assert_eq!(
        (&north["exact"], &north["big"]),
        (&json!("1234567890123456789012345678.0123456789"), &json!("9223372036854775807"))
    );
    assert_eq!((&north["at"], &north["note"]), (&json!("2026-07-01T12:00:00.25+01:00"), &json!("Grüße 🌳")));
    let west = g.get("/v1/rows:lookup?space=erp&key=S/W&key=2");
    assert_eq!((&west["exact"], &west["big"]), (&json!("-0.0000000001"), &json!("-9223372036854775808")));
    assert_eq!((&west["at"], &west["note"]), (&json!("2026-01-01T12:00:00Z"), &json!(null)));
    // Live, the trimmed key finds the padded column.
    change(&server, "UPDATE ROWS SET NOTE = 'fresh' WHERE NO = 1");
    let fresh = g.ask("/v1/rows:lookup?space=erp&key=N&key=1", &[("cache-control", "max-age=0")]);
    assert_eq!((fresh.status, fresh.header("banyan-served-by")), (200, "live"), "{}", fresh.text());
    assert_eq!(fresh.json()["id"], north["id"]);
    g.stop();
    in_order(&site);
}

#[test]
fn a_record_without_its_whole_key_is_a_dead_letter() {
    let table = "CREATE TABLE ROWS (AREA CHAR(4), NO INTEGER, EXACT DECIMAL(20,10), BIG BIGINT, AT TIMESTAMP, NOTE VARCHAR(20));
        INSERT INTO ROWS VALUES ('N', 1, '1.5', 9223372036854775807, '2026-07-01 12:00:00', 'north'),
            (NULL, 2, NULL, NULL, NULL, 'nowhere'), ('S', NULL, NULL, NULL, NULL, 'unnumbered'), ('S', 3, NULL, 4, NULL, 'south'),
            ('W', 5, NULL, NULL, 'yesterday', 'when?');";
    let datasets = "
      rows: { table: ROWS, key: [AREA, NO], page_rows: 1, sync: { mode: keyset, every: 300ms } }\n";
    let old = Old::new(table, datasets, ENTITY);
    let g = old.site.start();
    loaded(&g, "erp.rows");
    assert_eq!(g.get("/v1/rows:lookup?space=erp&key=N&key=1")["big"], "9223372036854775807");
    assert_eq!(g.get("/v1/rows:lookup?space=erp&key=S&key=3")["note"], "south");
    let letters = g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().clone();
    let mut codes: Vec<&str> = letters.iter().map(|l| l["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["bad-key", "bad-key", "odbc-bad-value"], "{letters:?}");
    // What could be read of it tells which one it is.
    let bad = letters.iter().find(|l| l["code"] == "odbc-bad-value").unwrap();
    assert_eq!(
        (&bad["record"]["AREA"], &bad["record"]["NO"], &bad["record"]["NOTE"]),
        (&json!("W"), &json!("5"), &json!("when?"))
    );
    assert_eq!((&bad["record"]["AT"], &bad["record"]["BIG"]), (&json!("(could not be read)"), &Value::Null));
    assert_eq!((&bad["replayable"], bad["times"].as_u64() >= Some(1)), (&json!(false), true));
    let number = bad["number"].as_u64().unwrap();
    let answer = g.act(&format!("/admin/v1/dead-letters/{number}/replay"), &json!({}));
    assert!(answer.text().contains("correct it in the source"), "{}", answer.text());
    // As long as it is not known whose they are, nobody is deleted; nor do they come as new letters with each pass.
    old.run("DELETE FROM ROWS WHERE NO = 3");
    g.until("the deletion waits", |g| g.dataset("erp.rows")["state"] == "suspended");
    assert_eq!(keyed(&g, "rows", "S&key=3").0, 200);
    old.run("DELETE FROM ROWS WHERE AREA IS NULL OR NO IS NULL OR AREA = 'W'");
    g.until("now it is known", |g| keyed(g, "rows", "S&key=3").0 == 410);
    assert_eq!(g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().len(), 3);
    g.stop();
    in_order(&old.site);
}

#[test]
fn a_decimal_with_more_digits_than_its_table_declares_is_not_rounded() {
    let table = "CREATE TABLE ITEMS (NO INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40), PRICE DECIMAL(9,2));
        INSERT INTO ITEMS VALUES (1, 'One', 12.5), (2, 'Two', '2.345'), (3, 'Three', NULL);";
    let datasets = "      items: { table: ITEMS, key: [NO], sync: { mode: full, every: 300ms } }\n";
    let old = Old::new(table, datasets, ITEM);
    let shown = old.site.banyan(&["discover", "erp", "--write"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("decimal(9,2)"), "{shown}");
    let check = old.site.banyan(&["check"]);
    assert!(String::from_utf8_lossy(&check.stdout).contains("no problems"), "a price fits its field: {check:?}");
    let g = old.site.start();
    loaded(&g, "erp.items");
    assert_eq!(keyed(&g, "items", "1").1["price"], "12.50");
    let (status, two) = keyed(&g, "items", "2");
    let letters = g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().clone();
    assert_eq!((status, letters.len()), (404, 1), "{two} {letters:?}");
    assert!(letters[0]["message"].as_str().unwrap().contains("2.345 has more digits"), "{letters:?}");
    g.stop();
    in_order(&old.site);
}
