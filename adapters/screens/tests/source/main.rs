//! A source over a far side in memory: its pool, feed, live reads, writes, and what waits for a person.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod holds;
mod reads;
mod town;
mod writes;

use banyan_adapter::{Budget, Context, Limits};
use banyan_screens::map::read;
use banyan_screens::source::{DatasetSpec, Login, PassSpec, ReadSpec, Source, Spec};
use banyan_screens::transport::Text;
use banyan_testkit::{Gateway, Store};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use town::{Book, MAP, Town};

/// A source, and all that is around it.
struct World {
    town: Town,
    book: Arc<Book>,
    store: Arc<Store>,
    folder: tempfile::TempDir,
    map: String,
    password: &'static str,
    limits: Limits,
}

impl World {
    fn new() -> World {
        World {
            town: Town::new(),
            book: Arc::default(),
            store: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
            map: MAP.to_owned(),
            password: "secret",
            limits: Limits::default(),
        }
    }

    fn spec(&self) -> Spec {
        let file = self.folder.path().join("town.yaml");
        std::fs::write(&file, &self.map).unwrap();
        let (node, problems) = banyan_words::node::yaml::parse("town.yaml", &self.map);
        assert!(problems.is_empty(), "{problems:?}");
        let checked = read(&node.unwrap(), "").unwrap_or_else(|p| panic!("{p:#?}"));
        let map = Arc::new(checked.map);
        let flow = |name| map.flow(name).unwrap();
        let key = vec!["item".to_owned()];
        let pass = PassSpec { flow: flow("read_stock"), given: Vec::new(), every: Duration::from_secs(3600) };
        let read = ReadSpec { flow: flow("read_item"), with: vec![("item".to_owned(), 0)] };
        let stock = DatasetSpec { name: "stock".to_owned(), key, pass: Some(pass), read: Some(read) };
        let text = |plain: &str, secret| Text { plain: plain.to_owned(), secret };
        Spec {
            name: "town".to_owned(),
            transport: Arc::new(self.town.clone()),
            login: Login { user: text("OPER", false), password: text(self.password, true) },
            datasets: vec![Arc::new(stock)],
            traces: 3,
            file: Some(file),
            map,
        }
    }

    fn context(&self) -> Context {
        let gateway = Gateway::new(self.store.clone(), "stock");
        let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(Timestamp::now);
        let budget = Arc::new(Budget::new(self.limits.clone(), clock.clone()));
        let folder: Option<PathBuf> = Some(self.folder.path().join("own"));
        Context { clock, budget, audit: self.book.clone(), folder, ..gateway.context("town", Timestamp::UNIX_EPOCH) }
    }

    fn source(&self) -> Source {
        Source::new(self.spec(), self.context())
    }

    fn sent(&self) -> Vec<String> {
        self.book.0.lock().unwrap().iter().map(|s| s.what.clone()).collect()
    }
}

/// Waits for something to become true.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
