//! Queries against a small wholesaler.

use super::*;
use crate::model::{Catalog, Child, Entity, Field, FilterOp, ForeignChange, KeyFrom, Mapping, Owner, Text};
use banyan_words::{Id, Type};
use proptest::prelude::*;

fn field(name: &str, ty: Type, filter: &[FilterOp], sort: bool) -> Field {
    Field {
        stored: 0,
        name: name.to_owned(),
        ty,
        required: false,
        text: Text::default(),
        description: None,
        example: None,
        personal: false,
        owner: Owner::First(Vec::new()),
        on_foreign_change: ForeignChange::Ignore,
        filter: filter.to_vec(),
        sort,
        refers_to: None,
        part_of: false,
        inverse: None,
    }
}

fn reference(name: &str, to: usize, to_name: &str) -> Field {
    Field { refers_to: Some(to), ..field(name, Type::Ref(to_name.to_owned()), &[FilterOp::Eq], false) }
}

fn entity(name: &str, fields: Vec<Field>, children: Vec<Child>) -> Entity {
    Entity {
        stored: 0,
        shape: 0,
        name: name.to_owned(),
        plural: format!("{name}s"),
        description: None,
        id_name: name.to_owned(),
        authority: vec!["erp".to_owned()],
        fields,
        children,
        listed: true,
        live_list: None,
        match_rules: Vec::new(),
    }
}

fn mapping(entity: usize, space: &str, columns: &[&str]) -> Mapping {
    Mapping {
        stored: 0,
        plan: 0,
        name: format!("{space}-{entity}"),
        dataset: 0,
        entity,
        key: KeyFrom { space: space.to_owned(), columns: columns.iter().map(|c| (*c).to_owned()).collect() },
        also: vec![],
        creates: true,
        direct: true,
        when: None,
        deleted: None,
        changed_at: None,
        pick: None,
        fields: Vec::new(),
        hash: 0,
    }
}

fn wholesaler() -> Catalog {
    use FilterOp::{Eq, Gte, In, Lt, StartsWith};
    let kinds = Type::Enum(vec!["retail".to_owned(), "trade".to_owned()]);
    let customer = entity(
        "customer",
        vec![
            field("name", Type::Text, &[StartsWith], true),
            field("category", kinds, &[Eq, In], false),
            field("credit_limit", Type::Decimal { precision: 12, scale: 2 }, &[Gte, Lt], false),
            field("since", Type::Date, &[], true),
        ],
        vec![Child { name: "orders".to_owned(), entity: 1, field: 0, part_of: false }],
    );
    let order = entity(
        "order",
        vec![reference("customer", 0, "customer")],
        vec![Child { name: "lines".to_owned(), entity: 2, field: 0, part_of: true }],
    );
    let line = entity("line", vec![reference("order", 1, "order"), reference("product", 3, "product")], vec![]);
    let product = entity("product", vec![field("name", Type::Text, &[], false)], vec![]);
    Catalog {
        entities: vec![customer, order, line, product],
        mappings: vec![mapping(0, "erp", &["CUSTNO"]), mapping(2, "erp", &["ORDNO", "LINENO"])],
        ..Catalog::default()
    }
}

fn list(query: &str) -> Result<ListIntent, crate::refusal::Refusal> {
    parse_list(&wholesaler(), 0, &Scope::All, &params(query)?)
}

fn flaws(query: &str) -> Vec<(&'static str, String)> {
    list(query).unwrap_err().flaws.into_iter().map(|f| (f.code, f.detail)).collect()
}

#[test]
fn a_whole_query_is_read() {
    let i = list("category=trade&credit_limit[gte]=100&credit_limit[lt]=200.5&sort=-since,name&fields=name&limit=7")
        .unwrap();
    assert_eq!(i.filters.len(), 2, "two bounds of one field are one range");
    assert!(matches!(&i.filters[1].test, Test::Range { from: Some((_, true)), to: Some((_, false)) }));
    assert_eq!(i.sort, [SortBy { field: 3, descending: true }, SortBy { field: 0, descending: false }]);
    assert_eq!(i.selection.fields, Some(vec![true, false, false, false]));
    assert_eq!(i.limit, Some(7));
}

#[test]
fn an_unknown_parameter_lists_the_valid_ones_and_what_was_meant() {
    let all = flaws("categry=trade&nonsense=1&fields=nam&sort=category");
    let codes: Vec<&str> = all.iter().map(|f| f.0).collect();
    assert_eq!(codes, ["unknown-parameter", "unknown-parameter", "unknown-field", "unknown-field"]);
    assert!(all[0].1.contains("did you mean `category`?"), "{}", all[0].1);
    assert!(all[0].1.contains("name[startswith], category, category[in], credit_limit[lt], credit_limit[gte], limit"));
    assert!(all[2].1.contains("did you mean `name`?") && all[2].1.contains("Valid: id, name, category"));
    assert!(all[3].1.contains("Valid: name, since"), "{}", all[3].1);
}

#[test]
fn only_declared_operators_are_offered() {
    for undeclared in
        ["since=2020-01-01", "category[ne]=trade", "category[eq]=trade", "name=x", "category[in", "credit_limit=1"]
    {
        assert_eq!(flaws(undeclared)[0].0, "unknown-parameter", "{undeclared}");
    }
}

#[test]
fn values_are_typed() {
    let bad = flaws("category=wholesale&credit_limit[gte]=abc&limit=0");
    assert!(bad[0].1.contains("one of retail, trade"));
    assert!(bad[1].1.contains("a decimal number"));
    assert!(bad[2].1.contains("from 1 to 1000"));
    for limit in ["1001", "-1", "+5", "5.0", "", "99999999999999999999"] {
        assert_eq!(flaws(&format!("limit={limit}"))[0].0, "bad-value", "{limit}");
    }
    assert_eq!(flaws("category=trade&category=retail")[0].0, "duplicate-parameter");
}

#[test]
fn embeds_nest_three_deep_and_no_deeper() {
    let i = list("embed=orders.lines.product,orders.customer").unwrap();
    let [orders] = i.selection.embeds.as_slice() else { panic!("{:?}", i.selection) };
    assert_eq!(orders.link, Link::Many { entity: 1, field: 0 });
    let names: Vec<&str> = orders.inner.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["lines", "customer"]);
    assert_eq!(orders.inner[0].inner[0].link, Link::One { field: 1, entity: 3 });
    assert_eq!(flaws("embed=orders.lines.order.customer")[0].0, "bad-value");
    assert!(flaws("embed=ordres")[0].1.contains("did you mean `orders`?"));
    assert_eq!(list("embed=orders&limit=500").unwrap().page_size(), 100, "each brings up to 100 more");
    assert_eq!(list("limit=500").unwrap().page_size(), 500);
    let paths = embed_paths(&wholesaler(), 0, 100).unwrap();
    assert_eq!(&paths[..3], ["orders", "orders.customer", "orders.lines"]);
    assert!(paths.iter().all(|p| list(&format!("embed={p}")).is_ok()));
    assert_eq!(embed_paths(&wholesaler(), 0, 2), None);
}

#[test]
fn a_cursor_is_bound_to_filters_and_sort_but_not_to_fields_and_limit() {
    let i = list("category=trade&credit_limit[gte]=1&sort=since").unwrap();
    let token = cursor_token(&Position { keys: vec![vec![1, 2]], n: 9 }, i.binding);
    let same =
        list(&format!("credit_limit[gte]=1.00&category=trade&sort=since&limit=3&fields=name&cursor={token}")).unwrap();
    assert_eq!(same.after, Some(Position { keys: vec![vec![1, 2]], n: 9 }));
    for other in
        ["category=retail&credit_limit[gte]=1&sort=since", "category=trade&credit_limit[gte]=1&sort=-since", ""]
    {
        assert_eq!(flaws(&format!("{other}&cursor={token}"))[0].0, "cursor-mismatch", "{other}");
    }
    assert_eq!(flaws("cursor=abc")[0].0, "bad-cursor");
    let parent = Scope::Children { parent: Id([1; 16]), field: 0 };
    let query = format!("cursor={token}");
    assert!(parse_list(&wholesaler(), 1, &parent, &params(&query).unwrap()).is_err());
}

#[test]
fn a_key_leads_to_an_id() {
    let c = wholesaler();
    let look = |e, q: &str| parse_lookup(&c, e, &params(q).unwrap());
    let id = Id::derive("customer", "erp", &["001001"]);
    assert_eq!(look(0, "space=erp&key=001001").unwrap().id, id);
    assert_eq!(look(0, "source=erp&key=001001&fields=name").unwrap().id, id);
    assert_eq!(look(2, "space=erp&key=7&key=1").unwrap().id, Id::derive("line", "erp", &["7", "1"]));
    let code = |e, q: &str| look(e, q).unwrap_err().flaws[0].code;
    assert_eq!(code(0, "space=erpp&key=1"), "unknown-space");
    assert_eq!(code(0, "key=1"), "missing-parameter");
    assert_eq!(code(0, "space=erp"), "missing-parameter");
    assert_eq!(code(0, "space=erp&source=erp&key=1"), "duplicate-parameter");
    assert_eq!(code(2, "space=erp&key=7"), "bad-key");
    assert_eq!(code(0, "space=erp&key="), "bad-key");
    assert_eq!(code(0, "space=erp&key=1&limit=1"), "unknown-parameter");

    let post = |body: &str| parse_lookup_body(&c, 0, &[], body.as_bytes());
    assert_eq!(post(r#"{"space":"erp","key":["001001"]}"#).unwrap().id, id);
    assert_eq!(post(r#"{"space":"erp","key":"001001"}"#).unwrap().id, id);
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"space":"erp"}"#,
        r#"{"space":1,"key":"1"}"#,
        r#"{"space":"erp","key":1}"#,
        r#"{"space":"erp","key":"1","x":1}"#,
        r#"{"space":"erp","key":[]}"#,
    ] {
        assert!(post(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_change_feed_begins_anywhere() {
    let c = wholesaler();
    let read = |q: &str| parse_changes(&c.entities[0], &params(q).unwrap());
    assert_eq!(read("").unwrap(), ChangesIntent { since: Some((0, 0)), limit: 100 });
    assert_eq!(read("since=now").unwrap().since, None);
    let token = change_token("customer", 5, 2);
    assert_eq!(read(&format!("since={token}&limit=3")).unwrap(), ChangesIntent { since: Some((5, 2)), limit: 3 });
    assert_eq!(read("since=yesterday").unwrap_err().flaws[0].code, "bad-cursor");
    assert_eq!(read("sort=name").unwrap_err().flaws[0].code, "unknown-parameter");
}

proptest! {
    #[test]
    fn no_query_panics(query in "[a-z_\\[\\]=&,.%+\"0-9-]{0,80}") {
        let _ = list(&query);
    }

    #[test]
    fn no_value_panics(name in prop::sample::select(vec!["category", "category[in]", "credit_limit[gte]", "name[startswith]",
                       "limit", "sort", "fields", "embed", "cursor"]), value in ".{0,40}") {
        let c = wholesaler();
        let p = [Param { name: name.into(), value: value.into() }];
        let _ = parse_list(&c, 0, &Scope::All, &p);
        let _ = parse_lookup(&c, 0, &p);
        let _ = parse_changes(&c.entities[0], &p);
    }

    #[test]
    fn no_body_panics(body in ".{0,60}") {
        let _ = parse_lookup_body(&wholesaler(), 0, &[], body.as_bytes());
    }
}
