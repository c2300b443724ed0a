//! A server that misbehaves, and a caller that goes away.

use super::*;
use banyan_adapter::Class;
use banyan_testkit_tds::Mood;

fn many(rows: u64) -> String {
    format!(
        "CREATE TABLE t (id int, d date, x nvarchar(50));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO t SELECT i, '2024-01-02', 'row ' || i FROM n;"
    )
}

/// Rows that came, and how it ended.
fn until_fault(link: &mut dyn Link) -> (u64, Fault) {
    let call = within(20);
    let columns = match link.select(&statement("SELECT id, d, x FROM t"), &call) {
        Ok(columns) => columns,
        Err(fault) => return (0, fault),
    };
    let mut rows = builder();
    let shape = rows.shape(Arc::new(Shape { dataset: "d".into(), columns }));
    let mut sink = Sink::new(&mut rows, shape, 0);
    loop {
        match link.fetch(50, &mut sink, &call) {
            Ok(true) => {}
            Ok(false) => panic!("it ended well"),
            Err(fault) => return (sink.rows(), fault),
        }
    }
}

fn after(mood: Mood) -> (u64, Fault, bool) {
    let server = Server::start(&many(1000)).unwrap();
    server.set(|o| o.mood = mood);
    let mut link = open(&server);
    let (rows, fault) = until_fault(link.as_mut());
    let usable = link.usable();
    if !usable {
        let again = read(link.as_mut(), &statement("SELECT id FROM t")).unwrap_err();
        assert_eq!(again.code, "mssql-lost");
    }
    (rows, fault, usable)
}

#[test]
fn the_connection_drops_in_the_midst_of_a_row() {
    let (rows, fault, usable) = after(Mood::DropMidRow(700));
    assert_eq!((rows, fault.code.as_str(), fault.class, usable), (700, "mssql-lost", Class::Transient, false));
}

#[test]
fn bytes_that_are_no_token() {
    let (rows, fault, usable) = after(Mood::Garbage(700));
    assert_eq!((rows, fault.code.as_str(), fault.class, usable), (700, "mssql-protocol", Class::Permanent, false));
}

#[test]
fn errors_before_and_within_an_answer() {
    let error = |code, class, text: &str| Mood::ErrorBefore(code, class, text.into());
    let cases = [
        (error(1205, 13, "deadlock victim"), "mssql-deadlock", Class::Transient),
        (error(1222, 16, "Lock request time out period exceeded."), "mssql-locked", Class::Transient),
        (error(208, 16, "Invalid object name 'orders'."), "mssql-statement", Class::Permanent),
        (error(229, 14, "The SELECT permission was denied"), "mssql-permission", Class::Permanent),
        (error(701, 17, "insufficient system memory"), "mssql-busy", Class::Transient),
        (error(8649, 17, "the query governor"), "mssql-busy", Class::Transient),
    ];
    for (mood, code, class) in cases {
        let (rows, fault, usable) = after(mood);
        assert_eq!((rows, fault.code.as_str(), fault.class, usable), (0, code, class, true));
        assert!(fault.message.contains("database `erp`"), "{fault}");
    }
    let (rows, fault, usable) = after(Mood::ErrorAfter(333, 1205, 13, "deadlock victim".into()));
    assert_eq!((rows, fault.code.as_str(), usable), (333, "mssql-deadlock", true));
    let (_, fault, usable) = after(Mood::ErrorAfter(10, 596, 21, "the session is being killed".into()));
    assert_eq!((fault.code.as_str(), fault.class, usable), ("mssql-lost", Class::Transient, false));
}

#[test]
fn a_caller_that_stops_waits_for_nothing_and_the_server_is_told() {
    for (mood, rows) in [(Mood::StallBefore, 0), (Mood::StallMidRow(600), 600)] {
        let server = Server::start(&many(1000)).unwrap();
        let mut link = open(&server);
        server.set(|o| o.mood = mood.clone());
        let call = Call::default();
        let stop = call.stop.clone();
        let stopper = std::thread::spawn(move || {
            // Only time brings the caller to where it waits within a request: nothing that could be seen tells of it.
            std::thread::sleep(Duration::from_millis(400));
            stop.stop();
            Instant::now()
        });
        let mut batch = builder();
        let shape = batch.shape(Arc::new(Shape::of_text("d", ["id", "d", "x"])));
        let mut sink = Sink::new(&mut batch, shape, 0);
        let fault = match link.select(&statement("SELECT id, d, x FROM t"), &call) {
            Err(fault) => fault,
            Ok(_) => loop {
                if let Err(fault) = link.fetch(100, &mut sink, &call) {
                    break fault;
                }
            },
        };
        let late = stopper.join().unwrap().elapsed();
        assert!(late < Duration::from_secs(5), "{mood:?}: {late:?}");
        assert_eq!((fault.code.as_str(), fault.class), ("mssql-timeout", Class::Transient), "{fault}");
        // The last chunk was not whole yet: those rows are read again with the next pass.
        assert!(sink.rows() <= rows);
        assert!(!link.usable());
        told_to_stop(&server);
    }
}

fn told_to_stop(server: &Server) {
    let began = Instant::now();
    while server.seen().attentions == 0 || server.seen().ended == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", server.seen());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_deadline_is_kept() {
    let server = Server::start(&many(10)).unwrap();
    let mut link = open(&server);
    server.set(|o| o.mood = Mood::StallBefore);
    let began = Instant::now();
    let call = Call { deadline: Some(began + Duration::from_millis(500)), ..Call::default() };
    let fault = link.select(&statement("SELECT id FROM t"), &call).unwrap_err();
    assert_eq!(fault.code, "mssql-timeout");
    assert!(began.elapsed() < Duration::from_secs(5));
    let over = link.select(&statement("SELECT id FROM t"), &call).unwrap_err();
    assert_eq!(over.class, Class::Transient);
}

#[test]
fn an_answer_dropped_in_the_midst_tells_the_server() {
    let server = Server::start(&many(200_000)).unwrap();
    let mut link = open(&server);
    link.select(&statement("SELECT id, d, x FROM t"), &within(20)).unwrap();
    drop(link);
    told_to_stop(&server);
}

#[test]
fn another_statement_gives_up_the_open_answer_on_the_same_connection() {
    let server = Server::start(&many(200_000)).unwrap();
    let mut link = open(&server);
    let call = within(20);
    let columns = link.select(&statement("SELECT id, d, x FROM t"), &call).unwrap();
    let mut rows = builder();
    let shape = rows.shape(Arc::new(Shape { dataset: "d".into(), columns }));
    assert!(link.fetch(10, &mut Sink::new(&mut rows, shape, 0), &call).unwrap());
    let (_, batch) = read(link.as_mut(), &statement("SELECT COUNT(*) AS n FROM t")).unwrap();
    assert_eq!(texts(&batch, 0), ["200000"]);
    assert!(link.usable());
    let seen = server.seen();
    assert_eq!((seen.logins.len(), seen.attentions), (1, 1));
}

#[test]
fn a_link_may_be_dropped_where_one_may_not_block() {
    let server = Server::start(&many(10)).unwrap();
    let mut open_answer = open(&server);
    open_answer.select(&statement("SELECT id FROM t"), &within(20)).unwrap();
    let idle = open(&server);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move {
        drop(idle);
        drop(open_answer);
    });
}
