//! Web pages: elements that must be there exactly once, buttons, tables that end where the way on is gone.

use super::far::{login, with};
use banyan_adapter::{Call, Fault};
use banyan_screens::engine::{self, Ran, shown};
use banyan_screens::map::{self, Map};
use banyan_screens::picture::{Element, Page, Picture, Shown};
use banyan_screens::refusals;
use banyan_screens::transport::{Act, Session};
use banyan_words::node::yaml;
use std::time::Instant;

const USER: &str = "textbox \"Username:\" input[name=username]";
const HEAD: &str = "textbox input[name=username]";
const PASSWORD: &str = "input[name=password]";
const GO: &str = "button \"Log in\" input[type=submit]";
const ITEMS: &str = "link \"Items\" a[href='/admin/stock/item/']";
const MORE: &str = "a.next";

struct Site {
    on: &'static str,
    page: usize,
    revision: u64,
    user: String,
    password: String,
    keys: Vec<String>,
    /// How many elements of that locator there are, where not one.
    counts: Vec<(&'static str, usize)>,
    disabled: Option<&'static str>,
    expires: bool,
}

impl Site {
    fn new() -> Site {
        let (user, password) = Default::default();
        let (keys, counts) = Default::default();
        Site { on: "login", page: 0, revision: 1, user, password, keys, counts, disabled: None, expires: false }
    }

    fn page(&self) -> Page {
        let (url, title, ids): (_, _, &[&str]) = match self.on {
            "login" => ("/admin/login/?next=/admin/", "Log in", &[USER, HEAD, PASSWORD, GO]),
            "index" => ("/admin/", "Site administration", &[ITEMS]),
            _ => ("/admin/stock/item/", "Items", &[MORE]),
        };
        let mut page = Page { url: format!("https://stock.example{url}"), title: title.into(), ..Page::default() };
        for id in ids {
            let last = *id == MORE && self.page == 2;
            let count = self.counts.iter().find(|(c, _)| c == id).map_or(usize::from(!last), |(_, n)| *n);
            let value = match *id {
                USER | HEAD => Some(self.user.clone()),
                PASSWORD => Some("*".repeat(self.password.len())),
                _ => None,
            };
            let enabled = self.disabled != Some(id);
            let element = Element { value, visible: true, enabled, ..Element::default() };
            page.found.insert((*id).into(), vec![element; count]);
        }
        if self.on == "items" {
            page.text = "Select item to change".into();
            let row = |n: usize| vec![Some(format!("C{}{n}", self.page)), (n != 1).then(|| n.to_string())];
            page.tables.insert("items".into(), (0..2).map(row).collect());
        }
        page
    }
}

impl Session for Site {
    fn look(&mut self) -> Result<Picture, Fault> {
        Ok(Picture { revision: self.revision, at_rest: true, shown: Shown::Page(self.page()) })
    }

    fn settle(&mut self, _: u64, _: Instant, _: &Call) -> Result<Picture, Fault> {
        self.look()
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        self.keys.push(shown(act, true));
        self.revision += 1;
        match act {
            Act::FillIn { element, text } if element.css.contains("password") => self.password.clone_from(&text.plain),
            Act::FillIn { text, .. } => self.user.clone_from(&text.plain),
            Act::Click(element) if self.expires && element.id() == ITEMS => self.on = "login",
            Act::Click(element) => match element.id().as_str() {
                GO => self.on = "index",
                ITEMS => self.on = "items",
                MORE => self.page += 1,
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
        Ok(())
    }
}

fn admin() -> Map {
    let (node, problems) = yaml::parse("admin.yaml", include_str!("../maps/admin.yaml"));
    assert_eq!(problems, vec![]);
    map::read(&node.unwrap(), "").unwrap_or_else(|p| panic!("{p:#?}")).map
}

fn list(site: &mut Site) -> Result<Ran, Fault> {
    let map = admin();
    let flow = map.flow("list_items").unwrap();
    with(&map, &login(), &Call::default(), |means| engine::run(site, means, flow, &[])).0
}

#[test]
fn a_table_over_pages_until_the_way_on_is_gone() {
    let mut site = Site::new();
    let ran = list(&mut site).unwrap();
    let values: Vec<_> =
        ran.records.iter().map(|r| (r.values[0].as_deref().unwrap(), r.values[1].as_deref())).collect();
    assert_eq!(values[..3], [("C00", Some("0")), ("C01", None), ("C10", Some("0"))], "a cell that is missing is none");
    assert_eq!((values.len(), ran.records[5].place.page), (6, 3));
    let fill = ["fill textbox \"Username:\" input[name=username] \"op\"", "fill input[name=password] (6 characters)"];
    assert_eq!(site.keys[..2], fill);
    assert_eq!(site.keys.len(), 6, "{:?}", site.keys);
}

#[test]
fn elements_that_are_there_twice_or_cannot_be_used_are_not_used() {
    let twice = |id: &'static str| Site { counts: vec![(id, 2)], ..Site::new() };
    assert_eq!(list(&mut twice(USER)).unwrap_err().code, refusals::ELEMENT_AMBIGUOUS);
    let mut button = twice(GO);
    assert_eq!(list(&mut button).unwrap_err().code, refusals::ELEMENT_AMBIGUOUS);
    assert!(button.keys.iter().all(|k| k.starts_with("fill")), "{:?}", button.keys);
    assert_eq!(list(&mut twice(MORE)).unwrap_err().code, refusals::ELEMENT_AMBIGUOUS);
    let mut disabled = Site { disabled: Some(GO), ..Site::new() };
    assert_eq!(list(&mut disabled).unwrap_err().code, refusals::PROTECTED);
    let mut none = Site { counts: vec![(PASSWORD, 0)], ..Site::new() };
    assert_eq!(list(&mut none).unwrap_err().code, refusals::FIELD_MISSING);
    assert_eq!(none.keys.len(), 1);
}

#[test]
fn a_changed_template_is_an_unknown_screen_and_an_expired_login_is_told() {
    let mut changed = Site { counts: vec![(HEAD, 0)], ..Site::new() };
    assert_eq!(list(&mut changed).unwrap_err().code, refusals::UNKNOWN_SCREEN);
    assert!(changed.keys.is_empty());
    let mut expired = Site { on: "index", expires: true, ..Site::new() };
    let fault = list(&mut expired).unwrap_err();
    assert_eq!(fault.code, refusals::SESSION_EXPIRED);
    assert_eq!(expired.keys.len(), 1);
}
