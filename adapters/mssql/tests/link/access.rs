//! Whether the login may write.

use super::*;
use banyan_sql::Access;

fn verdict(change: impl FnOnce(&mut banyan_testkit_tds::Options)) -> Access {
    let server = Server::start(ORDERS).unwrap();
    server.set(change);
    open(&server).access(&within(20)).unwrap()
}

#[test]
fn a_login_that_only_reads() {
    assert_eq!(verdict(|_| {}), Access::ReadOnly);
}

#[test]
fn every_way_to_write_is_found_and_named() {
    let words =
        ["sysadmin", "db_owner", "db_datawriter", "db_ddladmin", "CONTROL", "ALTER", "INSERT", "UPDATE", "DELETE"];
    for (i, word) in words.iter().enumerate() {
        match verdict(|o| o.rights[i] = Some(true)) {
            Access::MayWrite(why) => assert!(why.contains(word), "{word}: {why}"),
            other => panic!("{word}: {other:?}"),
        }
    }
}

#[test]
fn a_right_on_a_single_table_counts() {
    let got = verdict(|o| o.granted = Some(("INSERT".into(), "[dbo].[orders]".into())));
    assert_eq!(got, Access::MayWrite("the login has INSERT on [dbo].[orders]".into()));
}

#[test]
fn a_server_that_does_not_tell() {
    assert!(matches!(verdict(|o| o.rights = [None; 9]), Access::Unknown(_)));
}

#[test]
fn single_tables_are_asked_for_once_and_roles_every_time() {
    let server = Server::start(ORDERS).unwrap();
    let driver = MssqlDriver::new(plain(&server));
    let verdict = || driver.open(&within(20)).unwrap().access(&within(20)).unwrap();
    assert_eq!((verdict(), verdict()), (Access::ReadOnly, Access::ReadOnly));
    let asked = |phrase: &str| server.seen().statements.iter().filter(|s| s.contains(phrase)).count();
    assert_eq!((asked("p.granted = 1"), asked("IS_SRVROLEMEMBER")), (1, 2));
    server.set(|o| o.rights[1] = Some(true));
    assert!(matches!(verdict(), Access::MayWrite(_)));
}
