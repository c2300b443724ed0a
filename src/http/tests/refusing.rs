//! What is refused, and how it is told.

use super::world::{World, header, problem};

#[test]
fn faults_are_told_all_at_once_with_the_valid_names() {
    let w = World::filled();
    let (status, code, body) = w.problem("/v1/customers?categry=trade&credit_limit[gte]=lots&fields=nam&limit=0");
    assert_eq!((status, code.as_str()), (400, "bad-request"));
    let errors: Vec<(&str, &str)> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["parameter"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            ("categry", "unknown-parameter"),
            ("credit_limit[gte]", "bad-value"),
            ("fields", "unknown-field"),
            ("limit", "bad-value")
        ]
    );
    assert!(body["errors"][0]["detail"].as_str().unwrap().contains("did you mean `category`?"));
    let (_, code, body) = w.problem("/v1/customers?category=wholesale");
    assert_eq!(code, "bad-value");
    assert_eq!(body["detail"], "`wholesale` is not one of retail, trade, export");
    assert_eq!(w.problem("/v1/customers?since=2019-04-01").1, "unknown-parameter", "not offered without an index");
    assert_eq!(w.problem("/v1/customers?name=%ff").1, "bad-encoding");
    let id = w.id("customer", &["001001"]);
    assert_eq!(w.problem(&format!("/v1/customers/{id}?sort=name")).1, "unknown-parameter");
}

#[test]
fn paths_and_methods() {
    let w = World::filled();
    let (status, code, body) = w.problem("/v1/custmers");
    assert_eq!((status, code.as_str()), (404, "no-such-path"));
    assert!(body["detail"].as_str().unwrap().contains("did you mean `customers`?"));
    for nowhere in [
        "/",
        "/v1",
        "/v1/",
        "/v1/customers/",
        "/v2/customers",
        "/V1/customers",
        "/v1/customers/changes/x",
        "/openapi.yaml",
    ] {
        assert_eq!(w.get(nowhere).status(), 404, "{nowhere}");
    }
    for method in ["DELETE", "PUT", "PATCH", "POST", "TRACE", "BREW"] {
        let r = w.ask(method, "/v1/customers").send().unwrap();
        assert_eq!(header(&r, "allow"), "GET, HEAD, OPTIONS", "{method}");
        assert_eq!(problem(r).1, "method-not-allowed");
    }
    let r = w.ask("OPTIONS", "/v1/customers:lookup").send().unwrap();
    assert_eq!((r.status().as_u16(), header(&r, "allow").as_str()), (204, "GET, HEAD, OPTIONS, POST"));
    let r = w.ask("HEAD", &format!("/v1/customers/{}", w.id("customer", &["001001"]))).send().unwrap();
    assert_eq!(r.status(), 200);
    assert!(header(&r, "content-length").parse::<u64>().unwrap() > 100);
    assert_eq!(r.text().unwrap(), "");
    assert_eq!(w.get("/v1/customers%3Alookup?space=erp&key=001001").status(), 200, "an encoded colon is a colon");
}

#[test]
fn only_what_is_offered_can_be_accepted() {
    let w = World::filled();
    let id = w.id("customer", &["001001"]);
    let ask = |path: &str, accept: &str| w.ask("GET", path).header("accept", accept).send().unwrap();
    let (status, code, body) = problem(ask("/v1/customers", "image/png"));
    assert_eq!((status, code.as_str()), (406, "not-acceptable"));
    assert_eq!(body["detail"], "this path gives application/json, application/x-ndjson, text/csv");
    assert_eq!(ask(&format!("/v1/customers/{id}"), "text/csv").status(), 406);
    assert_eq!(ask(&format!("/v1/customers/{id}"), "text/html, */*;q=0.1").status(), 200);
}

#[test]
fn bounds_are_kept() {
    let w = World::filled();
    let long = format!("/v1/customers?name[startswith]={}", "x".repeat(17_000));
    let (status, code, _) = w.problem(&long);
    assert_eq!((status, code.as_str()), (414, "address-too-long"));
    // The server ends such a connection; said here too, so that the client does not offer it to the next request.
    let mut many = w.ask("GET", "/v1/customers").header("connection", "close");
    for n in 0..150 {
        many = many.header(format!("x-h{n}"), "1");
    }
    assert!(many.send().unwrap().status().is_client_error());
    assert_eq!(w.get("/v1/customers").status(), 200, "and others go on");
}

#[test]
fn a_trace_id_is_taken_over_or_made() {
    let w = World::filled();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let (.., body) = problem(w.ask("GET", "/v1/x").header("traceparent", parent).send().unwrap());
    assert_eq!(body["trace_id"], trace);
    let (.., a) = w.problem("/v1/x");
    let (.., b) = w.problem("/v1/x");
    assert_ne!(a["trace_id"], b["trace_id"]);
}
