//! The change feed: whoever follows it knows what the list knows.

use crate::common::{Gateway, Site};
use crate::redrop::ITEMS;
use serde_json::Value;
use std::collections::BTreeMap;

/// Follows the feed from `since` to its end; applies it to a copy.
fn follow(g: &Gateway, since: &mut String, copy: &mut BTreeMap<String, Value>) -> usize {
    let mut read = 0;
    loop {
        let page = g.get(&format!("/v1/items/changes?limit=7{since}"));
        for change in page["items"].as_array().unwrap() {
            let id = change["id"].as_str().unwrap().to_owned();
            read += 1;
            match change["change"].as_str().unwrap() {
                "upsert" => drop(copy.insert(id, change["value"].clone())),
                "delete" => drop(copy.remove(&id)),
                other => panic!("{other}"),
            }
        }
        *since = format!("&since={}", page["next"].as_str().unwrap());
        if page["more"] == false {
            return read;
        }
    }
}

fn listed(g: &Gateway) -> BTreeMap<String, Value> {
    let lines = g.lines("/v1/items");
    let values = lines.iter().map(|l| serde_json::from_str::<Value>(l).unwrap());
    values.map(|v| (v["id"].as_str().unwrap().to_owned(), v)).collect()
}

#[test]
fn a_follower_ends_where_the_list_is() {
    let rows = |range: std::ops::RangeInclusive<u32>, price: &str| {
        range.fold("NO,NAME,PRICE\n".to_owned(), |all, i| all + &*format!("{i},Thing {i},{price}\n"))
    };
    let site = Site::new(ITEMS);
    site.drop_file("drop/items.csv", rows(1..=40, "1.00"));
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.csv"), "done");
    let (mut since, mut copy) = (String::new(), BTreeMap::new());
    assert_eq!(follow(&g, &mut since, &mut copy), 40);
    assert_eq!(copy, listed(&g));
    assert_eq!(follow(&g, &mut since, &mut copy), 0, "at the end there is nothing");

    site.drop_file("drop/items.csv", rows(11..=45, "1.00"));
    g.until("the new snapshot is served", |g| g.count("/v1/items") == 35);
    assert_eq!(follow(&g, &mut since, &mut copy), 15, "10 deleted, 5 new; the others did not change");
    assert_eq!(copy, listed(&g));

    g.kill();
    let g = site.start();
    assert_eq!(follow(&g, &mut since, &mut copy), 0, "a restart invents no change");
    g.stop();
}
