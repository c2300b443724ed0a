//! The kind: what it accepts, and a pass through the real machinery.

use super::*;
use banyan_adapter::{
    Audit, BlockingFeed, Condition, Connected, Kind, Probe, RawDataset, RawSource, Search, Sent, Test,
};
use banyan_mssql::Mssql;
use banyan_words::node::Node;
use std::sync::Mutex;

fn text(t: &str) -> Node {
    Node::scalar(t, true)
}

fn source(more: Vec<(&str, Node)>) -> RawSource {
    let login = Node::map([("user", text("reader")), ("password", text("secret"))]);
    let mut keys = vec![("server", text("erp-db:1433")), ("database", text("erp")), ("login", login)];
    keys.retain(|(k, _)| !more.iter().any(|(m, _)| m == k));
    keys.extend(more);
    let orders = RawDataset {
        name: "orders".into(),
        path: "sources.erp.datasets.orders".into(),
        config: Node::map([("table", text("dbo.orders"))]),
        snapshot: true,
        key: vec!["id".into()],
    };
    RawSource {
        name: "erp".into(),
        path: "sources.erp".into(),
        base: "/etc/banyan".into(),
        config: Node::map(keys),
        datasets: vec![orders],
    }
}

fn problems(more: Vec<(&str, Node)>) -> Vec<String> {
    match Mssql.prepare(&source(more)) {
        Ok(ready) => ready.warnings().into_iter().map(|w| format!("{} {}", w.path, w.code)).collect(),
        Err(problems) => problems.into_iter().map(|p| format!("{} {}", p.path, p.code)).collect(),
    }
}

#[test]
fn what_a_source_may_say() {
    assert!(problems(vec![]).is_empty());
    let partner = ("failover_partner", text(r"erp-db2\SALES"));
    assert!(problems(vec![("trust", Node::map([("ca", text("ca.pem"))])), partner]).is_empty());
    assert_eq!(problems(vec![("encrypt", text("off"))]), ["sources.erp.encrypt no-encryption"]);
    let any = Node::map([("trust_server_certificate", text("true"))]);
    assert_eq!(problems(vec![("trust", any)]), ["sources.erp.trust any-certificate"]);
    let both = Node::map([("ca", text("x")), ("trust_server_certificate", text("true"))]);
    assert_eq!(
        problems(vec![("trust", both), ("server", text("a b")), ("database", text(" "))]),
        ["sources.erp.server bad-value", "sources.erp.database bad-value", "sources.erp.trust conflict"]
    );
    assert_eq!(problems(vec![("encrypt", text("strict"))]).len(), 1);
    let login = Node::map([("user", text(r"CORP\reader")), ("password", text("x"))]);
    assert_eq!(problems(vec![("login", login)]), ["sources.erp.login.user windows-login"]);
}

#[test]
fn codes_are_named_once() {
    let mut codes: Vec<&str> = Mssql.refusals().iter().map(|r| r.code).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
    let shown = serde_json::to_string(&Mssql.source_schema()).unwrap();
    assert!(shown.contains("failover_partner") && !shown.contains("$ref\":null"));
}

/// Nothing was read before.
struct Forgetful;

impl banyan_adapter::Memory for Forgetful {
    fn unit(&self, _: &str, _: &str) -> Option<banyan_adapter::UnitMemo> {
        None
    }
    fn with_content(&self, _: &str, _: &str) -> Option<banyan_adapter::UnitMemo> {
        None
    }
    fn unacknowledged(&self, _: &str) -> Vec<banyan_adapter::UnitMemo> {
        Vec::new()
    }
    fn newest(&self, _: &str) -> Option<String> {
        None
    }
    fn position(&self, _: &str) -> Option<String> {
        None
    }
}

/// What was sent.
#[derive(Default)]
struct Book(Mutex<Vec<Sent>>);

impl Audit for Book {
    fn sent(&self, sent: &Sent) {
        self.0.lock().unwrap().push(sent.clone());
    }
}

fn feed(server: &Server, more: Vec<(&str, Node)>, sync: &str) -> Box<dyn BlockingFeed> {
    let sync = Node::map([("mode", text(sync))]);
    let dataset = Node::map([("table", text("dbo.orders")), ("sync", sync)]);
    connected(server, more, dataset, Arc::default()).feed("orders").unwrap()
}

fn connected(server: &Server, more: Vec<(&str, Node)>, dataset: Node, book: Arc<Book>) -> Box<dyn Connected> {
    connected_to(server, more, dataset, None, book)
}

fn connected_to(
    server: &Server,
    more: Vec<(&str, Node)>,
    dataset: Node,
    lines: Option<RawDataset>,
    book: Arc<Book>,
) -> Box<dyn Connected> {
    let mut keys = vec![("server", text(&server.address().to_string())), ("encrypt", text("off"))];
    keys.extend(more);
    let mut raw = source(keys);
    raw.datasets[0].config = dataset;
    raw.datasets.extend(lines);
    let clock: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync> = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
    let cx = banyan_adapter::Context {
        source: "erp".into(),
        clock: clock.clone(),
        memory: Arc::new(Forgetful),
        budget: Arc::new(banyan_adapter::Budget::new(banyan_adapter::Limits::default(), clock)),
        audit: book,
        wanted: Default::default(),
        folder: None,
    };
    let ready = Mssql.prepare(&raw).unwrap_or_else(|p| panic!("{p:?}"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(ready.connect(cx)).unwrap()
}

/// The records of a pass, each as its cells' texts.
fn pass(feed: &mut dyn BlockingFeed) -> Result<Vec<Vec<String>>, Fault> {
    let ask = banyan_adapter::Ask { rows: 100, bytes: 1 << 20, wait: Duration::from_secs(5) };
    let mut all = Vec::new();
    loop {
        match feed.next(ask, &within(20))? {
            banyan_adapter::Delivery::Records(batch) => {
                let cells = |row: banyan_words::batch::Row<'_>| {
                    let texts = |i| row.value(i).to_text().map_or("-".into(), |t| t.into_owned());
                    (0..row.shape().columns.len()).map(texts).collect()
                };
                all.extend(batch.rows().map(cells));
            }
            banyan_adapter::Delivery::Done(done) => {
                assert_eq!(done.records, all.len() as u64);
                return Ok(all);
            }
            banyan_adapter::Delivery::Begin { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn passes_over_a_table() {
    let server = Server::start(ORDERS).unwrap();
    for mode in ["full", "keyset"] {
        let rows = pass(feed(&server, vec![], mode).as_mut()).unwrap();
        assert_eq!(rows.len(), 3, "{mode}");
        assert_eq!(rows[0], ["1", "ACME", "12.50", "2024-01-02T03:04:05.1234567", "first"], "{mode}");
        assert_eq!(rows[2], ["3", "Böse", "-", "-", "Grüße 🌳"], "{mode}");
    }
}

#[test]
fn a_login_that_may_write_is_refused_unless_allowed() {
    let server = Server::start(ORDERS).unwrap();
    server.set(|o| o.rights[1] = Some(true));
    let fault = pass(feed(&server, vec![], "full").as_mut()).unwrap_err();
    assert!(fault.code == "writable-login" && fault.message.contains("db_owner"), "{fault}");
    assert!(!server.seen().statements.iter().any(|s| s.contains("[orders]")), "nothing was read");
    let allowed = vec![("allow_writable_login", text("true"))];
    assert_eq!(pass(feed(&server, allowed, "full").as_mut()).unwrap().len(), 3);
}

const LEGACY: &str = "
    CREATE TABLE orders (id varchar_cp850(8) NOT NULL PRIMARY KEY, amount TEXT money, fee TEXT smallmoney,
        note varchar_cp850(20), anything sql_variant, wide varchar_utf8(20));
    INSERT INTO orders VALUES
        ('A 1', '922337203685477.5807', '-214748.3648', 'Größe', 42, 'ä本'),
        ('A 2', '-922337203685477.5808', NULL, 'Ñandú', 'text', ''),
        ('Ä 3', '0.0001', '1.5', NULL, NULL, NULL);";

#[test]
fn what_the_wire_does_not_carry_is_read_exactly_in_passes_and_lookups() {
    let server = Server::start(LEGACY).unwrap();
    let want = [
        ["A 1", "922337203685477.5807", "-214748.3648", "Größe", "42", "ä本"],
        ["A 2", "-922337203685477.5808", "-", "Ñandú", "text", ""],
        ["Ä 3", "0.0001", "1.5000", "-", "-", "-"],
    ];
    for mode in ["full", "keyset"] {
        let sync = Node::map([("mode", text(mode))]);
        let config = [("table", text("dbo.orders")), ("sync", sync), ("page_rows", text("2"))];
        let source = connected(&server, vec![], Node::map(config), Arc::default());
        let mut rows = pass(source.feed("orders").unwrap().as_mut()).unwrap();
        for row in &mut rows {
            row[1] = row[1].trim_end_matches(' ').to_owned();
        }
        assert_eq!(rows, want, "{mode}");
    }
    let sent = server.seen().statements;
    let page = sent.iter().find(|s| s.contains("([id] >")).unwrap();
    assert!(page.starts_with("SELECT TOP (3) CAST([id] AS nvarchar(8)), CAST([amount] AS decimal(19,4))"), "{page}");
    // The key is compared, and ordered by, as it is: its index serves.
    assert!(page.contains("[id] > CAST(@P1 COLLATE SQL_Latin1_General_CP850_BIN AS varchar(8))"), "{page}");
    assert!(page.ends_with("ORDER BY [id]"), "{page}");

    let config = Node::map([("table", text("dbo.orders")), ("read", text("live"))]);
    let source = connected(&server, vec![], config, Arc::default());
    let probe = Probe { dataset: "orders".into(), keys: vec![vec![Value::text("Ä 3")], vec![Value::text("A 1")]] };
    let call = within(20);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found = runtime.block_on(source.lookup().unwrap().fetch(&probe, &call)).unwrap();
    assert_eq!(texts(&found, 1), ["922337203685477.5807", "0.0001"]);
    assert_eq!(texts(&found, 3), ["Größe", "-"]);

    // A search: what no money can be is brought to what it can, and texts are made in their column's own code page.
    let find = |column: &str, test| {
        let conditions = vec![Condition { columns: vec![column.into()], test }];
        let search = Search { dataset: "orders".into(), conditions, after: Some(vec![Value::text("A 0")]), limit: 5 };
        runtime.block_on(source.lookup().unwrap().find(&search, &call)).map(|b| texts(&b, 1))
    };
    let huge = Value::Decimal("99999999999999999999".parse().unwrap());
    assert_eq!(find("amount", Test::AtLeast(huge)).unwrap(), ["922337203685477.5807"]);
    let ids = Test::AnyOf(vec![vec![Value::text("Ä 3")], vec![Value::text("Ж")]]);
    assert_eq!(find("id", ids).unwrap(), ["0.0001"]);
    let sent = server.seen().statements.last().unwrap().clone();
    assert!(
        sent.contains("WHERE ([id] IN (CAST(@P1 COLLATE SQL_Latin1_General_CP850_BIN AS varchar(8)), CAST(@P2"),
        "{sent}"
    );
    assert!(server.seen().statements.iter().any(|s| s.contains("[amount] >= CAST(@P1 AS money) AND ([id] > CAST(@P2")));
}

#[test]
fn texts_are_made_in_the_code_page_of_the_column_they_are_compared_with() {
    // A column may be Cyrillic in a Latin database; a cast alone would make question marks of its keys.
    let setup = "CREATE TABLE orders (id varchar(8) NOT NULL PRIMARY KEY, note varchar(9)); \
                 INSERT INTO orders VALUES ('a', 'x'), ('b', 'y'), ('c', 'z');";
    let server = Server::start(setup).unwrap();
    let sync = Node::map([("mode", text("keyset"))]);
    let config = [("table", text("dbo.orders")), ("sync", sync), ("page_rows", text("2")), ("read", text("live"))];
    let source = connected(&server, vec![], Node::map(config), Arc::default());
    assert_eq!(pass(source.feed("orders").unwrap().as_mut()).unwrap().len(), 3);
    let probe = Probe { dataset: "orders".into(), keys: vec![vec![Value::text("b")]] };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found = runtime.block_on(source.lookup().unwrap().fetch(&probe, &within(20))).unwrap();
    assert_eq!(texts(&found, 1), ["y"]);
    let sent = server.seen().statements;
    for part in ["[id] > CAST(@P1 COLLATE ", "[id] IN (CAST(@P1 COLLATE "] {
        let own = format!("{part}SQL_Latin1_General_CP1_CI_AS AS varchar(8))");
        assert!(sent.iter().any(|s| s.contains(&own)), "{own}: {sent:?}");
    }
}

#[test]
fn the_audit_holds_every_statement_that_the_server_saw() {
    let server = Server::start(ORDERS).unwrap();
    let book = Arc::new(Book::default());
    let config = Node::map([("table", text("dbo.orders")), ("sync", Node::map([("mode", text("keyset"))]))]);
    let source = connected(&server, vec![], config, book.clone());
    assert_eq!(pass(source.feed("orders").unwrap().as_mut()).unwrap().len(), 3);
    let book = book.0.lock().unwrap();
    for seen in server.seen().statements {
        let told = book.iter().any(|s| s.what == seen || s.what == format!("(driver) {seen}"));
        assert!(told, "not in the audit: {seen}\n{:#?}", book.iter().map(|s| &s.what).collect::<Vec<_>>());
    }
    for part in
        ["SET LOCK_TIMEOUT", "sp_describe_first_result_set", "sys.columns", "IS_SRVROLEMEMBER", "SERVERPROPERTY"]
    {
        let found = book.iter().find(|s| s.what.starts_with("(driver)") && s.what.contains(part));
        assert!(found.is_some_and(|s| s.fault.is_none()), "{part}");
    }
}

#[test]
fn datasets_committed_together_are_read_in_one_transaction_where_snapshots_are_allowed() {
    let setup = format!(
        "{ORDERS} CREATE TABLE lines (id int NOT NULL PRIMARY KEY, item varchar(9)); INSERT INTO lines VALUES (1, 'x');"
    );
    let server = Server::start(&setup).unwrap();
    for allowed in [true, false] {
        server.set(|o| o.snapshot = allowed);
        let before = server.seen().statements.len();
        let names = [Node::scalar("orders", true), Node::scalar("lines", true)];
        let together = Node { spot: names[0].spot.clone(), kind: banyan_words::node::Kind::List(names.to_vec()) };
        let config = [("table", text("dbo.orders")), ("sync", Node::map([("together", together)]))];
        let lines = RawDataset {
            name: "lines".into(),
            path: "sources.erp.datasets.lines".into(),
            config: Node::map([("table", text("dbo.lines"))]),
            snapshot: true,
            key: vec!["id".into()],
        };
        let source = connected_to(&server, vec![], Node::map(config), Some(lines), Arc::default());
        let mut feed = source.feed("orders").unwrap();
        let ask = banyan_adapter::Ask { rows: 100, bytes: 1 << 20, wait: Duration::from_secs(5) };
        let mut rows = 0;
        loop {
            match feed.next(ask, &within(20)).unwrap() {
                banyan_adapter::Delivery::Records(batch) => rows += batch.len(),
                banyan_adapter::Delivery::Done(_) => break,
                _ => {}
            }
        }
        assert_eq!(rows, 4);
        let sent = server.seen().statements.split_off(before);
        let at = |part: &str| sent.iter().rposition(|s| s.contains(part));
        let (begin, end) = (at("BEGIN TRANSACTION"), at("COMMIT TRANSACTION"));
        assert_eq!((begin.is_some(), end.is_some()), (allowed, allowed), "{sent:?}");
        if allowed {
            let (orders, lines) = (at("FROM [dbo].[orders]"), at("FROM [dbo].[lines]"));
            assert!(begin < orders && orders < lines && lines < end, "{sent:?}");
        }
    }
}
