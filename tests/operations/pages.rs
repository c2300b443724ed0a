//! The dashboard: everything is on it, and nothing that a legacy system says becomes mark-up.

use crate::common::Site;
use crate::{SHOP, open_shop};
use serde_json::json;

const EVIL: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>";

#[test]
fn what_records_and_files_say_stays_text() {
    let site = Site::new(SHOP);
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    // In a good value, a refused one, an unreadable line, and the name of the file.
    let text = format!("NO,NAME,CODE\n1,{EVIL},C\n2,{EVIL},{EVIL}\n3,{EVIL},C,{EVIL}\n");
    let file = "<script>alert(3)<-\"'&.csv".replace('/', "");
    site.drop_file(&format!("drop/{file}"), text);
    let g = site.start();
    assert_eq!(g.settled("shop.items", &file), "done");
    let id = g.items("/v1/items")[0]["id"].as_str().unwrap().to_owned();
    let letters: Vec<u64> = g.admin("/admin/v1/dead-letters")["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["number"].as_u64().unwrap())
        .collect();
    assert_eq!(letters.len(), 2);
    let mut paths = vec!["/".to_owned(), "/dead-letters".to_owned(), "/datasets/shop.items".to_owned()];
    paths.push(format!("/why/item/{id}"));
    paths.push("/why?entity=%3Cscript%3Ealert(1)%3C/script%3E".to_owned());
    paths.push("/dead-letters?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E".to_owned());
    paths.push("/dead-letters?dataset=%3Cscript%3Ealert(1)".to_owned());
    paths.extend(letters.iter().map(|n| format!("/dead-letters/{n}")));
    for path in &paths {
        let answer = g.ask_admin(path, &[]);
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        let page = answer.text().to_lowercase();
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{path}:\n{page}");
    }
    let shown = g.ask_admin(&format!("/why/item/{id}"), &[]).text();
    assert!(shown.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "it is shown all the same");
}

#[test]
fn the_first_page_shows_what_matters() {
    let (_site, g) = open_shop();
    let page = g.ask_admin("/", &[]).text();
    let wanted = [
        "shop.items",
        "idle",
        "a.csv",
        "3 open",
        "adds up",
        "<b>5</b> in",
        "<b>2</b> applied",
        "<b>3</b> rejected",
        "items",
        "All is well",
        "<a href=\"/sources/shop\">shop</a>",
    ];
    for text in wanted {
        assert!(page.contains(text), "`{text}` is not on it:\n{page}");
    }
    // Everything it loads comes from here.
    for part in page.split("src=\"").skip(1).chain(page.split("<link").skip(1)) {
        assert!(!part.split('>').next().unwrap().contains("//"), "{part}");
    }
    for asset in ["/assets/admin.css", "/assets/admin.js", "/assets/icon.svg"] {
        assert_eq!(g.ask_admin(asset, &[]).status, 200, "{asset}");
    }
    let docs = g.ask_admin("/docs/", &[]);
    assert_eq!(docs.status, 200);
    assert!(docs.text().contains("swagger"));
}

#[test]
fn a_letter_has_its_buttons_and_a_drift_its_difference() {
    let (site, g) = open_shop();
    let number = g.admin("/admin/v1/dead-letters?code=unknown-category")["items"][0]["number"].as_u64().unwrap();
    let page = g.ask_admin(&format!("/dead-letters/{number}"), &[]).text();
    for text in ["/replay\"", "/discard\"", "unknown-category", "bytes in hexadecimal", "000000"] {
        assert!(page.contains(text), "`{text}` is not on it:\n{page}");
    }
    site.drop_file("drop/b.csv", "NO,TITLE,CODE\n1,Cup,C\n");
    g.until("the drift is seen", |g| g.dataset("shop.items")["state"] == "drifted");
    for path in ["/", "/datasets/shop.items"] {
        let page = g.ask_admin(path, &[]).text();
        for text in ["column NAME is gone", "column TITLE is new", "/accept\"", "&quot;what&quot;:&quot;drift&quot;"] {
            assert!(page.contains(text), "`{text}` is not on {path}:\n{page}");
        }
    }
}

#[test]
fn why_is_found_by_key_and_by_id() {
    let (_site, g) = open_shop();
    let found = g.ask_admin("/why?entity=item&space=shop&key=1", &[]);
    let page = found.text();
    for text in ["Cup", "a.csv", "TRIM(NAME)", "crockery"] {
        assert!(page.contains(text), "`{text}` is not on it:\n{page}");
    }
    assert_eq!(g.ask_admin("/why?entity=item&space=shop&key=77", &[]).status, 404);
    assert_eq!(g.ask_admin("/why?entity=item&space=nobody&key=1", &[]).status, 400);
    assert_eq!(g.ask_admin("/why/item/nonsense", &[]).status, 400);
    assert_eq!(g.ask_admin("/datasets/none", &[]).status, 404);
    assert_eq!(g.act("/dead-letters", &json!({})).status, 405);
}

/// A later good file says nothing of what an earlier one held.
#[test]
fn a_refused_file_is_shown_until_it_is_read() {
    let site = Site::new(&SHOP.replace("content: snapshot\n        shrink_guard: 40%", "content: changes"));
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    site.drop_file("drop/monday.csv", "NO,NO,CODE\n1,Cup,C\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "monday.csv"), "refused");
    site.drop_file("drop/tuesday.csv", "NO,NAME,CODE\n2,Mug,C\n");
    assert_eq!(g.settled("shop.items", "tuesday.csv"), "done");
    let refused = g.dataset("shop.items")["refused"].clone();
    assert_eq!((refused.as_array().unwrap().len(), &refused[0]["name"]), (1, &json!("monday.csv")), "{refused}");
    assert!(g.ask_admin("/", &[]).text().contains("1 refused file</a>"));
    let page = g.ask_admin("/datasets/shop.items", &[]).text();
    assert!(page.contains("monday.csv") && page.contains("csv-header-duplicate"), "{page}");
    // Delivered again under its name it is made good.
    site.drop_file("drop/monday.csv", "NO,NAME,CODE\n1,Cup,C\n");
    g.until("it is read", |g| g.dataset("shop.items")["refused"] == json!([]));
    assert_eq!(g.count("/v1/items"), 2);
    g.stop();
}
