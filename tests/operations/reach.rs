//! What is said of a caller before anything is done: `routes explain`, `routes plan`.

use super::shop_with;
use crate::common::{Site, printed};
use std::process::Command;

const ROUTES: &str = r#"
upstreams: { new: { url: "http://127.0.0.1:1" }, old: { url: "http://127.0.0.1:1" } }
consumers:
  shop: { keys: ["KEY"], header: { X-App: shop } }
  bank: { certificate: "CN=bank" }
  field: { claim: { client_id: payroll } }
routes:
  - { path: /v1/items, modern: new, stage: canary, canary: { weight: 50%, pin: { shop: legacy } }, deprecated: 2027-01-01, sunset: 2027-06-30 }
  - { path: /a/**, legacy: old, modern: new, stage: modern, canary: { pin: { shop: legacy } } }
  - { path: /s/**, legacy: old, modern: new, stage: canary, canary: { weight: 0%, by: cookie sid } }
brownouts:
  - { consumer: shop, path: /v1/items, field: category, at: ["00:00-24:00"], until: 2099-12-31 }
  - { consumer: shop, path: /v1/items, field: name, at: ["00:00-24:00"], until: 2020-12-31 }
"#;

/// The digest of `k-shop`.
fn digest() -> String {
    let mut child = Command::new(crate::common::PROGRAM)
        .args(["keys", "hash"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"k-shop").unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

fn site() -> Site {
    let site = shop_with(&ROUTES.replace("KEY", &digest()));
    site.edit("banyan.yaml", |yaml| {
        yaml.replace("gateway: { ", "gateway: { trusted_proxy: true, certificate_header: X-Client-Subject, ")
    });
    site
}

#[test]
fn a_request_is_explained_for_its_caller() {
    let site = site();
    let explain = |path: &str, headers: &[&str]| {
        let mut args = vec!["routes", "explain", "GET", path];
        headers.iter().for_each(|h| args.extend(["--header", h]));
        printed(&site.banyan(&args))
    };
    // {"client_id":"payroll"}
    let token = "Authorization: Bearer e30.eyJjbGllbnRfaWQiOiJwYXlyb2xsIn0.x";
    for (headers, counted) in [
        (vec!["X-Api-Key: k-shop"], "counted as `shop`, by its key in `X-Api-Key`\n"),
        (vec!["authorization: bearer k-shop"], "counted as `shop`, by its key in `Authorization`\n"),
        (vec!["X-App: shop"], "counted as `shop`, by a header, which anyone can send\n"),
        (vec!["X-Client-Subject: CN=bank"], "counted as `bank`, by its certificate, which the proxy tells of\n"),
        (vec![token], "counted as `field`, by the claims of its token, which the proxy must have verified\n"),
        (vec![token, "X-App: shop"], "counted as `shop`, by a header"),
        (vec!["X-App: other"], "counted as `anonymous`: it shows nothing by which a consumer is known\n"),
        (vec!["X-Consumer: shop"], "counted as `anonymous`: it shows nothing"),
        (vec!["X-Api-Key: k-shop", "X-Api-Key: k-shop"], "counted as `anonymous`: it says `x-api-key` twice"),
        (vec![], "counted as `anonymous`: it shows nothing"),
    ] {
        let told = explain("/v1/items", &headers);
        assert!(told.contains(counted), "{headers:?}\n{told}");
        assert!(!told.contains("k-shop") && !told.contains("e30."), "a key or a token is shown: {told}");
    }
    let shop = ["X-App: shop"];
    let told = explain("/v1/items", &shop);
    assert!(
        told.contains("answered by legacy (the facade) for `shop`, whom the route pins to it; the route"),
        "{told}"
    );
    assert!(told.contains("lacks category now: a brown-out is in force\n"), "{told}");
    assert!(told.contains("says deprecation: @1798761600\nsays sunset: Wed, 30 Jun 2027 00:00:00 GMT\n"), "{told}");
    assert!(!explain("/v1/items?fields=name", &shop).contains("lacks"));
    assert!(!explain("/v1/items", &["X-App: other"]).contains("lacks"));
    let told = explain("/v1/items", &["X-Consumer: shop", "Banyan-Side: modern"]);
    assert!(told.contains("answered by modern (`new`) for `/v1/items`, as its `Banyan-Side` asks"), "{told}");
    assert!(explain("/v1/items", &["X-App: shop", "Banyan-Side: modern"]).contains("answered by legacy"));
    let told = explain("/v1/items?cursor=some-other-systems", &shop);
    assert!(told.contains("answered by modern (`new`), which made the cursor or ETag that it shows"), "{told}");
    let told = explain("/a/x", &shop);
    assert!(
        told.contains("answered by modern (`new`)") && told.contains("that it is pinned counts in a canary only"),
        "{told}"
    );
    let told = explain("/s/x", &["Cookie: a=b; sid=7"]);
    assert!(told.contains("legacy (`old`) for `7`; the route stands at canary at 0%"), "{told}");
    // By name alone, as before; and a name that is nobody's is what the route tells callers apart by.
    let by_name = |name: &str| printed(&site.banyan(&["routes", "explain", "GET", "/v1/items", "--consumer", name]));
    let told = by_name("shop");
    assert!(told.contains("counted as `shop`, as you say\nlacks category now") && told.contains("pins"), "{told}");
    let told = by_name("stranger");
    assert!(told.contains(" for `stranger`") && told.contains("no consumer `stranger` is declared"), "{told}");
    assert!(explain("/v1/items", &["nonsense"]).contains("is no header"));
    let json = site.banyan_json(&["routes", "explain", "GET", "/v1/items", "--consumer", "shop"]);
    assert_eq!(json["lacks"], serde_json::json!(["category"]));
    assert_eq!(json["headers"][0], "deprecation: @1798761600");
}

/// What is said is what is done.
#[test]
fn a_gateway_does_what_is_explained() {
    let site = site();
    site.drop_file("drop/items.csv", "NO,NAME,CODE\n1,Cup,C\n");
    let g = site.start();
    for (name, value) in [("x-app", "shop"), ("x-consumer", "a"), ("x-consumer", "b"), ("x-consumer", "c")] {
        let told =
            site.banyan_json(&["routes", "explain", "GET", "/v1/items", "--header", &format!("{name}: {value}")]);
        let answer = g.ask("/v1/items", &[(name, value)]);
        let legacy = told["answers"].as_str().unwrap().starts_with("legacy");
        // Nobody listens where modern should be, and legacy steps in.
        assert_eq!(answer.headers.contains_key("banyan-fallback"), !legacy, "{value}: {told}");
        assert_eq!(answer.headers.contains_key("banyan-brownout"), !told["lacks"].as_array().unwrap().is_empty());
    }
}

#[test]
fn a_plan_says_who_is_known_no_longer() {
    let site = site();
    let plan = |changes: &[(&str, &str)]| {
        let mut now = std::fs::read_to_string(site.config()).unwrap();
        for (from, to) in changes {
            assert!(now.contains(from), "{from}");
            now = now.replace(from, to);
        }
        site.drop_file("new.yaml", now);
        printed(&site.banyan(&["routes", "plan", site.path("new.yaml").to_str().unwrap()]))
    };
    assert!(plan(&[]).contains("nothing about routes or consumers would change"));
    let told = plan(&[("  bank: { certificate: \"CN=bank\" }\n", "")]);
    assert!(told.contains("- consumer `bank`\n"), "{told}");
    let lost = "who is known by the certificate `CN=bank` in `x-client-subject` alone loses its name: it is anonymous";
    assert!(told.contains(lost) && told.contains("on /v1/items it was answered by"), "{told}");
    let told = plan(&[("  bank:", "  house:")]);
    assert!(told.contains("~ consumer `bank`\n    it becomes `house`, known by all that it is known by"), "{told}");
    assert!(!told.contains("+ consumer") && !told.contains("loses its name"), "{told}");
    let told = plan(&[(", header: { X-App: shop }", ""), ("CN=bank\" }", "CN=bank\", header: { X-App: shop } }")]);
    assert!(told.contains("known by the header `x-app: shop` counts as `bank`, no longer as `shop`"), "{told}");
    assert!(told.contains("~ consumer `bank`\n    it is known by the header `x-app: shop` too"), "{told}");
    let told =
        plan(&[(&format!("\"{}\"", digest()), "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"")]);
    let begins = &digest()[..8];
    assert!(told.contains(&format!("the key whose digest begins with {begins} alone loses its name")), "{told}");
    assert!(told.contains("it is known by the key whose digest begins with ba7816bf too"), "{told}");
    let told = plan(&[("  bank:", "  newcomer: { header: { X-App: new } }\n  bank:")]);
    assert!(
        told.contains("+ consumer `newcomer`\n    it is known by the header `x-app: new`\n    on /v1/items its"),
        "{told}"
    );
    assert!(!told.contains("order is another"), "{told}");
    let told = plan(&[("pin: { shop: legacy } }, deprecated", "pin: { shop: modern } }, deprecated")]);
    assert!(told.contains("consumer `shop`\n    on /v1/items it moves to modern"), "{told}");
    let told = plan(&[
        ("  bank: { certificate: \"CN=bank\" }\n", ""),
        ("routes:\n", "  bank: { certificate: \"CN=bank\" }\nroutes:\n"),
    ]);
    assert!(told.contains("! consumers\n    their order is another"), "{told}");
}

#[test]
fn a_plan_with_a_route_for_a_consumer_who_vanishes_is_refused_and_without_it_says_who_gets_its_requests() {
    let site = site();
    let bank = "  bank: { certificate: \"CN=bank\" }\n";
    let only = "  - { path: /b/**, legacy: old, only: { consumers: [bank] } }\n";
    let routes = |yaml: String| yaml.replace("brownouts:\n", &format!("{only}brownouts:\n"));
    site.edit("banyan.yaml", routes);
    let plan = |gone: &[&str]| {
        let mut new = std::fs::read_to_string(site.config()).unwrap();
        for gone in gone {
            assert!(new.contains(gone), "{gone}");
            new = new.replace(gone, "");
        }
        site.drop_file("new.yaml", new);
        site.tries(&["routes", "plan", site.path("new.yaml").to_str().unwrap()])
    };
    assert!(plan(&[]).1.contains("nothing about routes or consumers would change"));
    let (done, told) = plan(&[bank]);
    assert!(!done && told.contains("error[unknown-consumer]: there is no consumer `bank`"), "{told}");
    assert!(told.contains("at routes[3].only.consumers") && !told.contains("- consumer"), "{told}");
    let (done, told) = plan(&[bank, only]);
    assert!(done && told.contains("- consumer `bank`\n    who is known by the certificate"), "{told}");
    let next = "- /b/** consumer=bank\n    its requests go to the next route that has their path, or are answered 404";
    assert!(told.contains(next), "{told}");
}
