//! Logging in: who, where, encrypted how, and what is said when it fails.

use super::*;
use banyan_testkit_tds::Tls;

fn refused(settings: Settings) -> Fault {
    let driver = MssqlDriver::new(settings);
    let fault = match driver.open(&within(20)) {
        Ok(_) => panic!("opened"),
        Err(fault) => fault,
    };
    for shown in [fault.to_string(), format!("{fault:?}"), format!("{driver:?}")] {
        assert!(!shown.contains("secret") && !shown.contains("wr0ng"), "a password: {shown}");
    }
    assert!(fault.message.contains("127.0.0.1") || fault.message.contains("localhost"), "{fault}");
    assert!(fault.message.contains('`'), "names the database: {fault}");
    fault
}

fn transient(fault: &Fault) -> bool {
    fault.class == banyan_adapter::Class::Transient
}

#[test]
fn a_session_says_that_it_only_reads() {
    let server = Server::start(ORDERS).unwrap();
    let link = open(&server);
    assert_eq!(link.server(), "Microsoft SQL Server 16.0.1000.6, Test Edition");
    let seen = server.seen();
    let login = &seen.logins[0];
    assert!(login.read_only);
    assert_eq!((login.user.as_str(), login.application.as_str(), login.database.as_str()), ("reader", "banyan", "erp"));
    let set = seen.statements.iter().find(|s| s.starts_with("SET ")).unwrap();
    assert_eq!(
        set,
        "SET NOCOUNT ON; SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW; SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
    );
}

#[test]
fn snapshot_isolation_where_the_database_allows_it() {
    let server = Server::start(ORDERS).unwrap();
    server.set(|o| o.snapshot = true);
    let settings = Settings { query_governor: Some(300), ..plain(&server) };
    let _link = MssqlDriver::new(settings).open(&within(20)).unwrap();
    let statements = server.seen().statements;
    let set = statements.iter().find(|s| s.starts_with("SET ")).unwrap();
    assert!(set.contains("ISOLATION LEVEL SNAPSHOT") && set.contains("QUERY_GOVERNOR_COST_LIMIT 300"), "{set}");
}

#[test]
fn encrypted_with_an_authority_of_ones_own() {
    let server = Server::start(ORDERS).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), server.authority()).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let mut settings = settings(&server);
        settings.address.host = host.into();
        settings.trust = Trust::Authority(file.path().into());
        let mut link = MssqlDriver::new(settings).open(&within(20)).unwrap();
        let (_, batch) = read(link.as_mut(), &statement("SELECT note FROM orders")).unwrap();
        assert_eq!(texts(&batch, 0), ["first", "-", "Grüße 🌳"]);
    }
    assert!(server.seen().logins.iter().all(|l| l.encrypted));
}

#[test]
fn an_unknown_certificate_is_refused_and_the_way_out_named() {
    let server = Server::start(ORDERS).unwrap();
    let fault = refused(Settings { trust: Trust::System, ..settings(&server) });
    assert_eq!(fault.code, "mssql-certificate", "{fault}");
    assert!(fault.message.contains("trust: { ca: FILE }"), "{fault}");
    assert!(!transient(&fault));
    assert!(server.seen().logins.is_empty(), "no password was sent");
    let other = Server::start(ORDERS).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), other.authority()).unwrap();
    let fault = refused(Settings { trust: Trust::Authority(file.path().into()), ..settings(&server) });
    assert_eq!(fault.code, "mssql-certificate", "{fault}");
    let fault = refused(Settings { trust: Trust::Authority("/nowhere/ca.pem".into()), ..settings(&server) });
    assert!(fault.message.contains("/nowhere/ca.pem"), "{fault}");
}

#[test]
fn any_certificate_where_that_is_said() {
    let server = Server::start(ORDERS).unwrap();
    MssqlDriver::new(settings(&server)).open(&within(20)).unwrap();
    assert!(server.seen().logins[0].encrypted);
}

#[test]
fn a_server_without_tls() {
    let server = Server::start(ORDERS).unwrap();
    server.set(|o| o.tls = Tls::None);
    let fault = refused(settings(&server));
    assert_eq!(fault.code, "mssql-tls", "{fault}");
    assert!(fault.message.contains("encrypt: off"), "{fault}");
    assert!(server.seen().logins.is_empty());
    open(&server);
    assert!(!server.seen().logins[0].encrypted);
}

#[test]
fn a_server_that_insists_on_tls_gets_it() {
    let server = Server::start(ORDERS).unwrap();
    server.set(|o| o.tls = Tls::Required);
    open(&server);
    assert!(server.seen().logins[0].encrypted);
}

#[test]
fn a_wrong_password_is_not_tried_again_at_once() {
    let server = Server::start(ORDERS).unwrap();
    let login = Login { user: "reader".into(), password: "wr0ng".into() };
    let driver = MssqlDriver::new(Settings { login, ..plain(&server) });
    let faults: Vec<Fault> = (0..5).filter_map(|_| driver.open(&within(20)).err()).collect();
    assert_eq!(faults.len(), 5);
    for fault in &faults {
        assert_eq!(fault.code, "mssql-login");
        assert!(!transient(fault) && fault.message.contains("18456") && fault.message.contains("reader"), "{fault}");
    }
    assert_eq!(server.seen().logins.len(), 1, "the server was asked once");
    let login = Login { user: "reader".into(), password: "wr0ng".into() };
    refused(Settings { login, ..settings(&server) });
}

#[test]
fn an_unknown_database() {
    let server = Server::start(ORDERS).unwrap();
    let fault = refused(Settings { database: "erp2".into(), ..plain(&server) });
    assert_eq!(fault.code, "mssql-database", "{fault}");
    assert!(!transient(&fault) && fault.message.contains("erp2"), "{fault}");
}

#[test]
fn nobody_there_and_nobody_answering() {
    let server = Server::start(ORDERS).unwrap();
    let mut settings = plain(&server);
    settings.address.port = Some(1);
    let fault = refused(settings.clone());
    assert!(fault.code == "mssql-unreachable" && transient(&fault), "{fault}");
    settings.failover_partner = Some(server.address().to_string().parse().unwrap());
    MssqlDriver::new(settings).open(&within(20)).unwrap();

    server.set(|o| o.deaf = true);
    let driver = MssqlDriver::new(plain(&server));
    let began = Instant::now();
    let call = Call { deadline: Some(began + Duration::from_millis(300)), ..Call::default() };
    let fault = driver.open(&call).err().unwrap();
    assert!(fault.code == "mssql-timeout" && transient(&fault), "{fault}");
    assert!(began.elapsed() < Duration::from_secs(5));
}
