//! A driver's SQLSTATE and words as a fault: what happened, and what to do.

use banyan_adapter::Fault;

/// A login that did not work.
pub(crate) fn login(source: &str, state: &str, message: &str) -> Fault {
    let words = message.to_ascii_lowercase();
    // In the words of products that give it another state: DB2, Oracle, Firebird.
    let refused = [
        "password authentication failed",
        "access denied",
        "login failed",
        "authentication failed",
        "sql30082",
        "ora-01017",
        "ora-28000",
        "ora-28001",
        "logon denied",
        "user name and password are not defined",
    ];
    if state.starts_with("28") || refused.iter().any(|w| words.contains(w)) {
        let message = format!("source {source}: the server refused the login: {message}. Check user and password");
        return Fault::permanent("odbc-login", message);
    }
    if matches!(state, "IM002" | "IM003" | "IM004" | "IM005" | "01000") {
        let message = format!(
            "source {source}: the ODBC driver or data source cannot be loaded: {message} ({state}). `odbcinst -q -d` and \
             `odbcinst -q -s` list what this machine has"
        );
        return Fault::permanent("odbc-driver", message);
    }
    Fault::transient("odbc-connect", format!("source {source}: no connection: {message} ({state})"))
}

/// A statement that did not work.
pub(crate) fn statement(source: &str, state: &str, message: &str) -> Fault {
    let words = message.to_ascii_lowercase();
    let says = |w: &str| words.contains(w);
    let message = format!("source {source}: {message} ({state})");
    if says("readonly database") {
        let why = "A program that wrote to the file ended in the midst of it. That program must open it once, which puts it in \
                   order: Banyan would have to write to do that";
        return Fault::transient("odbc-read-only", format!("{message}. {why}"));
    }
    if says("read-only transaction") || says("read only transaction") || state == "25006" {
        return Fault::permanent("odbc-read-only", message);
    }
    if state.starts_with("HYT") || state == "57014" || says("statement timeout") || says("max_statement_time") {
        return Fault::transient("odbc-timeout", message);
    }
    if state == "55P03" || says("lock timeout") || says("lock wait timeout") || says("database is locked") {
        return Fault::transient("odbc-locked", message);
    }
    if state.starts_with("08") || ["57P01", "57P02", "57P03"].contains(&state) {
        return Fault::transient("odbc-connection-lost", message);
    }
    if state.starts_with("42") || state.starts_with("0A") || ["S0002", "S0022", "37000", "07001"].contains(&state) {
        return Fault::permanent("odbc-refused", message);
    }
    Fault::transient("odbc-failed", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_known_in_the_words_of_many() {
        for (state, words) in [
            ("28000", "[Oracle][ODBC][Ora]ORA-01017: invalid username/password; logon denied"),
            ("HY000", "ORA-28000: the account is locked"),
            (
                "08001",
                "[IBM][CLI Driver] SQL30082N  Security processing failed with reason \"24\" (\"USERNAME AND/OR PASSWORD INVALID\").",
            ),
            ("08001", "FATAL:  password authentication failed for user \"reader\""),
            (
                "HY000",
                "Your user name and password are not defined. Ask your database administrator to set up a Firebird login.",
            ),
        ] {
            assert_eq!(login("erp", state, words).code, "odbc-login", "{words}");
        }
        assert_eq!(login("erp", "08001", "could not connect to server: Connection refused").code, "odbc-connect");
    }
}
