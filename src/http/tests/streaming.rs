//! NDJSON and CSV, whole and compressed.

use super::world::{World, header};
use serde_json::{Value, json};
use std::io::Read;

fn many(n: usize) -> World {
    let w = World::empty();
    for i in 0..n {
        w.put("erp.products", &[&i.to_string()], json!({ "name": format!("Product {i}"), "weight": "1" }));
    }
    w
}

#[test]
fn csv_is_rfc_4180_and_alters_nothing() {
    let w = World::filled();
    let r = w
        .ask("GET", "/v1/customers?fields=name,since,tags,credit_limit,email")
        .header("accept", "text/csv")
        .send()
        .unwrap();
    assert_eq!(header(&r, "content-type"), "text/csv; charset=utf-8; header=present");
    let id = |no| w.id("customer", &[no]);
    let want = format!(
        "id,name,email,credit_limit,since,tags\r\n\
         {},Harbour Supplies,,12500.00,2019-04-01,\"[\"\"a\"\",\"\"b,c\"\"]\"\r\n\
         {},\"Harris & \"\"Sons\"\"\",,100.00,,\"[\"\"a\"\",\"\"b,c\"\"]\"\r\n\
         {},\"=SUM(A1), Ltd\",,99.50,2001-12-31,\"[\"\"a\"\",\"\"b,c\"\"]\"\r\n",
        id("001001"),
        id("001002"),
        id("001003")
    );
    assert_eq!(r.text().unwrap(), want);
}

#[test]
fn a_stream_is_the_whole_list_and_a_limit_is_one_page() {
    let w = many(1203);
    for accept in ["application/x-ndjson", "text/csv"] {
        let r = w.ask("GET", "/v1/products").header("accept", accept).send().unwrap();
        assert_eq!(header(&r, "transfer-encoding"), "chunked");
        let text = r.text().unwrap();
        let mut lines: Vec<&str> = text.lines().skip(usize::from(accept == "text/csv")).collect();
        assert_eq!(lines.len(), 1203, "{accept}");
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 1203);
    }
    let r = w.ask("GET", "/v1/products?limit=700").header("accept", "application/x-ndjson").send().unwrap();
    let link = header(&r, "link");
    assert_eq!(r.text().unwrap().lines().count(), 700);
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let r = w.ask("GET", next).header("accept", "application/x-ndjson").send().unwrap();
    assert_eq!(header(&r, "link"), "");
    assert_eq!(r.text().unwrap().lines().count(), 503);
    let head = w.ask("HEAD", "/v1/products").header("accept", "text/csv").send().unwrap();
    assert_eq!((head.status().as_u16(), head.text().unwrap().as_str()), (200, ""));
}

#[test]
fn compressed_where_it_is_accepted_and_pays() {
    let w = many(600);
    let ask = |path: &str, accept: &str| {
        w.ask("GET", path).header("accept-encoding", "gzip").header("accept", accept).send().unwrap()
    };
    let unpacked = |bytes: &[u8]| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        text
    };
    let r = ask("/v1/products?limit=100", "application/json");
    assert_eq!(header(&r, "content-encoding"), "gzip");
    let etag = header(&r, "etag");
    assert!(etag.ends_with("-gzip\""), "other bytes, another ETag: {etag}");
    let list: Value = serde_json::from_str(&unpacked(&r.bytes().unwrap())).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 100);
    let again = w.ask("GET", "/v1/products?limit=100").header("if-none-match", &etag).send().unwrap();
    assert_eq!(again.status(), 304);
    let r = ask("/v1/products", "application/x-ndjson");
    assert_eq!(header(&r, "content-encoding"), "gzip");
    assert_eq!(unpacked(&r.bytes().unwrap()).lines().count(), 600);
    let small = ask("/v1/products?limit=1", "application/json");
    assert_eq!(header(&small, "content-encoding"), "");
}
