use super::super::testing::{Outcome, all, format, read};
use proptest::prelude::*;
use serde_json::json;

fn xml(extra: serde_json::Value, bytes: &[u8]) -> Outcome {
    let mut config = json!({ "kind": "xml", "record": "/catalogue/item",
        "fields": { "sku": "@sku", "price": "prices/price[@cur='GBP']", "tags": "tag[]" } });
    for (key, value) in extra.as_object().unwrap() {
        config[key] = value.clone();
    }
    all(&format(config), bytes)
}

#[test]
fn records_are_found_and_their_fields_too() {
    let out = xml(
        json!({}),
        br#"<?xml version="1.0"?>
<!DOCTYPE catalogue SYSTEM "catalogue.dtd">
<catalogue><!-- <item sku="no"/> --><head><item sku="elsewhere"/></head>
  <item sku="a&amp;1"><prices><price cur="EUR">1</price><price cur='GBP'>2<![CDATA[.<5>]]>0</price></prices><tag>x</tag><tag/></item>
  <item><prices/>text &#xe4; ignored</item><item sku=""/>
</catalogue>"#,
    );
    assert_eq!(out.texts(), ["a&1|2.<5>0|[\"x\", \"\"]", "–|–|[]", "|–|[]"], "missing is not empty");
    assert_eq!(out.rows[0].place.line, 4);
    assert_eq!(out.rows[2].place.line, 5);
}

#[test]
fn namespaces_match_by_their_uri() {
    let text = br#"<c:catalogue xmlns:c="urn:c" xmlns="urn:d"><item sku="1"><p:name xmlns:p="urn:n">N</p:name><name>D</name></item>
        <c:item sku="2"><x:name xmlns:x="urn:n">M</x:name></c:item></c:catalogue>"#;
    let fields = json!({ "sku": "@sku", "name": "n:name" });
    let spaces = json!({ "n": "urn:n", "c": "urn:c" });
    let out = xml(json!({ "fields": fields, "namespaces": spaces }), text);
    assert_eq!(out.texts(), ["1|N", "2|M"], "an unprefixed step matches any namespace");
    let out = xml(json!({ "fields": fields, "namespaces": spaces, "record": "/c:catalogue/c:item" }), text);
    assert_eq!(out.texts(), ["2|M"]);
}

#[test]
fn nothing_is_expanded_or_fetched() {
    let bomb = br#"<!DOCTYPE catalogue [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><catalogue><item sku="&b;"/></catalogue>"#;
    assert_eq!(xml(json!({}), bomb).code(), Some("xml-doctype"));
    let external =
        br#"<!DOCTYPE catalogue [<!ENTITY x SYSTEM "file:///etc/passwd">]><catalogue><item sku="1"/></catalogue>"#;
    assert_eq!(xml(json!({}), external).code(), Some("xml-doctype"));
    let parameter = br#"<!DOCTYPE catalogue [ %p; ]><catalogue/>"#;
    assert_eq!(xml(json!({}), parameter).code(), Some("xml-doctype"));
    let unknown =
        br#"<catalogue><item sku="&nbsp;"/><item sku="1"><tag>&nbsp;</tag></item><item sku="2"/></catalogue>"#;
    let out = xml(json!({}), unknown);
    assert_eq!(out.rows[0].bad.as_ref().unwrap().0, "xml-entity");
    assert_eq!(out.rows[1].bad.as_ref().unwrap().0, "xml-entity");
    assert_eq!(out.texts()[2], "2|–|[]");
}

#[test]
fn what_is_not_well_formed_is_refused_and_records_before_stay() {
    let out = xml(json!({}), b"<catalogue><item sku='1'/>\n<item sku='2'><tag></item></catalogue>");
    assert_eq!((out.code(), out.texts()), (Some("xml-malformed"), vec!["1|–|[]".to_owned()]));
    assert!(out.refused.unwrap().1.contains("line 2, byte 46: </item> ends <tag>"));
    for bad in [
        "<catalogue><item sku='1'/>",
        "<catalogue/>x",
        "<catalogue/><catalogue/>",
        "x<catalogue/>",
        "<catalogue><item",
        "<catalogue><item/></b></catalogue>",
        "<catalogue><!-- x",
        "<catalogue><1/></catalogue>",
        "</catalogue>",
        "",
        "<catalogue a='<'/>",
    ] {
        let code = xml(json!({}), bad.as_bytes()).code();
        assert_eq!(code, Some("xml-malformed"), "{bad}");
    }
    let deep = format!("<catalogue>{}", "<a>".repeat(300));
    assert_eq!(xml(json!({}), deep.as_bytes()).code(), Some("xml-malformed"));
}

#[test]
fn a_wrong_path_is_refused_an_empty_list_is_not() {
    assert_eq!(xml(json!({}), b"<catalogue></catalogue>").code(), None);
    assert_eq!(xml(json!({}), b"<products><item/></products>").code(), Some("xml-record-not-found"));
    assert_eq!(xml(json!({ "record": "/a/b/c" }), b"<a><x/></a>").code(), Some("xml-record-not-found"));
}

#[test]
fn doubt_about_a_field_makes_a_bad_record() {
    let out = xml(json!({}), b"<catalogue><item><prices><price cur='GBP'>1</price><price cur='GBP'>2</price></prices></item><item sku='1' sku='2'/><item x:y='1'/></catalogue>");
    let codes: Vec<_> = out.rows.iter().map(|r| r.bad.as_ref().unwrap().0.clone()).collect();
    assert_eq!(codes, ["xml-many", "xml-record", "xml-record"]);
    let nil = b"<catalogue xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><item><prices><price cur='GBP' i:nil='true'/></prices></item></catalogue>";
    assert_eq!(xml(json!({}), nil).texts(), ["\u{2013}|\u{2205}|[]"]);
}

#[test]
fn a_record_beyond_the_limit_is_passed_over() {
    let file = format!("<catalogue><item sku='1'><tag>{}</tag></item><item sku='2'/></catalogue>", "x".repeat(5000));
    let out = xml(json!({ "max_record": "100B" }), file.as_bytes());
    let (code, raw) = out.rows[0].bad.as_ref().unwrap();
    assert_eq!((code.as_str(), raw.len()), ("record-too-large", 100));
    assert_eq!(out.texts()[1], "2|–|[]");
    // Outside records, text of any length is passed over.
    let file = format!("<catalogue>{}<item sku='2'/></catalogue>", "x".repeat(5000));
    assert_eq!(xml(json!({ "max_record": "100B" }), file.as_bytes()).texts(), ["2|–|[]"]);
}

#[test]
fn the_file_says_its_encoding() {
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><catalogue><item sku='\xe4'/></catalogue>";
    assert_eq!(xml(json!({}), latin).texts(), ["ä|–|[]"]);
    let utf16: Vec<u8> = "\u{feff}<?xml version='1.0' encoding='UTF-16'?><catalogue><item sku='ä'/></catalogue>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(xml(json!({}), &utf16).texts(), ["ä|–|[]"]);
    let lies = b"<?xml version='1.0' encoding='UTF-8'?><catalogue><item sku='\xe4'/><item sku='2'/></catalogue>";
    let out = xml(json!({}), lies);
    assert_eq!(out.rows[0].bad.as_ref().unwrap(), &("bad-encoding".to_owned(), b"<item sku='\xe4'/>".to_vec()));
    assert_eq!(out.texts()[1], "2|–|[]");
    assert_eq!(
        xml(json!({ "encoding": "windows-1252" }), lies).texts(),
        ["ä|–|[]", "2|–|[]"],
        "the configuration rules"
    );
}

proptest! {
    #[test]
    fn the_same_in_pieces_of_any_size(
        parts in proptest::collection::vec(proptest::sample::select(vec!["<item sku='1'>", "</item>", "<tag>", "</tag>", "<item/>",
            "x", "\n", "ä", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&x;", "<", ">", "'", "<?p ?>", "<a b=\"", "\">"]), 0..16),
        chunk in 1_usize..9, limit in 8_u64..60,
    ) {
        let text = format!("<catalogue>{}</catalogue>", parts.concat());
        let format = format(json!({ "kind": "xml", "record": "/catalogue/item", "fields": { "sku": "@sku", "t": "tag[]" },
            "max_record": format!("{limit}B") }));
        let whole = read(&format, text.as_bytes(), usize::MAX, usize::MAX);
        prop_assert_eq!(read(&format, text.as_bytes(), chunk, 1), whole);
    }

    #[test]
    fn every_item_arrives(values in proptest::collection::vec("[ -~äß]{0,12}", 0..9)) {
        let escaped = |t: &str| t.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let items: String = values.iter().map(|v| format!("<item sku=\"{0}\"><tag>{0}</tag></item>\n", escaped(v))).collect();
        let out = read(&format(json!({ "kind": "xml", "record": "/c/item", "fields": { "a": "@sku", "b": "tag" } })),
            format!("<c>{items}</c>").as_bytes(), 5, 2);
        let expected: Vec<_> = values.iter().map(|v| format!("{v}|{v}")).collect();
        prop_assert_eq!(out.texts(), expected);
    }
}
