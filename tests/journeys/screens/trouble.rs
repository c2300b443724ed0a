//! A killed pass, a drifted screen, a wrong password.

use super::{green, keyed, logins};
use crate::common::printed;
use serde_json::json;
use std::fs;
use std::time::Duration;

#[test]
fn a_gateway_that_is_killed_in_a_pass_begins_it_again_and_nothing_is_deleted() {
    let site = green("1s", "secret");
    let g = site.start();
    g.until("all are there", |g| g.count("/v1/items") == 9);
    fs::write(site.path("slow"), "1").unwrap();
    site.edit("stock.txt", |text| text.replace("4719 90", "4719 91"));
    g.until("it is between two pages", |_| site.path("turning").exists());
    g.kill();
    fs::write(site.path("slow"), "0").unwrap();
    let g = site.start();
    assert_eq!(g.count("/v1/items"), 9);
    g.until("the change arrives", |g| keyed(g, "4719", &[]).1["qty"] == "91");
    assert_eq!((g.count("/v1/items"), g.dataset("green.stock")["ledger"]["adds_up"].clone()), (9, json!(true)));
    g.stop();
}

#[test]
fn a_screen_that_drifted_stops_its_map_until_a_person_accepts() {
    let site = green("1s", "secret");
    let g = site.start();
    g.until("all are there", |g| g.count("/v1/items") == 9);
    fs::write(site.path("title"), "STOCK SURVEY").unwrap();
    site.edit("stock.txt", |text| text.lines().take(3).map(|l| format!("{l}\n")).collect());
    g.until("it stands still", |g| g.admin("/admin/v1/sources")["items"][0]["halted"].is_object());
    let halted = g.admin("/admin/v1/sources")["items"][0]["halted"].clone();
    assert_eq!(halted["code"], "screens-unknown-screen", "{halted}");
    assert!(halted["pictures"].to_string().contains("STOCK SURVEY"), "{halted}");
    assert_eq!(g.count("/v1/items"), 9, "what is served stays");
    assert!(g.admin("/readyz").to_string().contains("source-halted"));
    let page = g.ask_admin("/sources/green", &[]).text();
    assert!(page.contains("STOCK SURVEY") && page.contains("I have looked"), "{page}");
    let path = halted["drawing"].as_str().unwrap();
    assert!(page.contains(path) && g.ask_admin("/", &[]).text().contains("stands still"), "{page}");
    let drawing = g.ask_admin(path, &[]);
    assert!(drawing.header("content-type").starts_with("image/svg"), "{}", drawing.text());
    assert!(drawing.text().contains("STOCK SURVEY"), "{}", drawing.text());
    let failing = keyed(&g, "4711", &[("cache-control", "max-age=0"), ("prefer", "handling=strict")]);
    assert_ne!(failing.0, 200, "{}", failing.1);

    // After a restart as well.
    g.kill();
    let g = site.start();
    g.until("it still stands", |g| g.admin("/admin/v1/sources")["items"][0]["halted"].is_object());
    let shown = site.banyan(&["screens", "accept", "green", "--show"]);
    assert!(shown.status.success() && printed(&shown).contains("STOCK SURVEY"), "{}", printed(&shown));
    let svg = site.path("drift.svg");
    let drawn = site.banyan(&["screens", "accept", "green", "--show", "--svg", svg.to_str().unwrap()]);
    assert!(
        drawn.status.success() && fs::read_to_string(&svg).unwrap().contains("STOCK SURVEY"),
        "{}",
        printed(&drawn)
    );
    assert!(g.admin("/admin/v1/sources")["items"][0]["halted"].is_object(), "showing accepts nothing");

    fs::write(site.path("title"), "STOCK LIST").unwrap();
    let accepted = site.banyan(&["screens", "accept", "green"]);
    assert!(accepted.status.success(), "{}", printed(&accepted));
    assert!(site.path("green.v2.yaml").exists(), "{}", printed(&accepted));
    g.until("the list is read again, and what is gone from it is held back", |g| {
        let dataset = g.dataset("green.stock");
        g.admin("/admin/v1/sources")["items"][0]["halted"].is_null() && !dataset["suspended"].is_null()
    });
    assert_eq!(g.count("/v1/items"), 9, "the shrink guard holds for screens");
    assert_eq!(site.banyan(&["screens", "accept", "green"]).status.code(), Some(1), "nothing waits");
    g.stop();
}

#[test]
fn asking_whether_a_source_can_be_used_tries_no_refused_login_again() {
    let site = green("1h", "wrong");
    for _ in 0..3 {
        let out = site.banyan(&["check", "--connect"]);
        assert!(out.status.code() == Some(1) && printed(&out).contains("green: NOT OK"), "{}", printed(&out));
        assert!(printed(&out).contains("1 source not usable now"), "{}", printed(&out));
    }
    assert_eq!(logins(&site), 1);
    let audit = fs::read_to_string(site.path("banyan.discover.audit.jsonl")).unwrap();
    assert!(audit.contains("[signon ") && !audit.contains("wrong\""), "what it pressed is written down: {audit}");
}

#[test]
fn a_wrong_password_is_tried_exactly_once_until_the_configuration_is_corrected() {
    let site = green("1s", "wrong");
    let g = site.start();
    g.until("it is refused", |g| g.admin("/admin/v1/sources")["items"][0]["halted"].is_object());
    for _ in 0..3 {
        keyed(&g, "4711", &[("cache-control", "max-age=0")]);
    }
    // That it is not tried again can only be waited for.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(logins(&site), 1);
    assert!(!g.log().contains("wrong\""), "{}", g.log());
    site.edit("banyan.yaml", |text| text.replace("password: wrong", "password: secret"));
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("all are there", |g| g.count("/v1/items") == 9);
    assert!(g.admin("/admin/v1/sources")["items"][0]["halted"].is_null());
    g.stop();
}
