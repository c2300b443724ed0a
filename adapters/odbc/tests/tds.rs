//! FreeTDS. There is no SQL Server to speak to here: what is shown is that the driver loads, and fails well.

use crate::common::*;
use banyan_adapter::{Call, Class};
use banyan_sql::Driver;

#[test]
fn no_server_is_a_fault_that_may_pass_and_shows_no_password() {
    let connection = "Driver={FreeTDS};Server=127.0.0.1;Port=1;UID=sa;PWD=geheim;TDS_Version=7.4";
    let fault = driver(connection).open(&Call::default()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("odbc-connect", Class::Transient), "{fault}; {SETUP}");
    assert!(!fault.message.contains("geheim"), "{fault}");
}
