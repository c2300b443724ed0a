//! The adapter kind `odbc`: its keys, checked, and its source.
//!
//! Invariant: checking loads no driver and connects to nothing; the connection string is never part of a message.
//! Not here: the keys of datasets (`banyan-sql`).

use crate::driver::{Config, OdbcDriver};
use crate::session;
use banyan_adapter::{Kind, Prepared, RawSource, RefusalDef};
use banyan_sql::{Reached, SqlPrepared};
use banyan_words::Problem;
use banyan_words::node::{Dur, Secret, join, read};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

/// The keys of a source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceConfig {
    /// The connection string: `Driver={PostgreSQL Unicode};Server=erp;Database=erp;UID=reader;PWD=${file:erp.pwd}`. A
    /// relative path in it, as in `Driver={SQLite3};Database=old/erp.db`, is relative to the configuration file.
    #[serde(default)]
    pub connection: Option<Secret>,
    /// Instead of it, a data source of this machine's `odbc.ini`.
    #[serde(default)]
    pub dsn: Option<String>,
    /// Who logs in. With `dsn` only; a connection string has `UID` and `PWD`.
    #[serde(default)]
    pub login: Option<LoginConfig>,
    /// How long the driver may go without answering before its process is ended. Default: 60s.
    #[serde(default)]
    pub driver_timeout: Option<Dur>,
    /// How long a statement may take at the server. Default: 5m.
    #[serde(default)]
    pub statement_timeout: Option<Dur>,
    /// How long a statement waits for a lock. Default: 2s.
    #[serde(default)]
    pub lock_timeout: Option<Dur>,
    /// A login that may write is used all the same. Default: it is refused.
    #[serde(default)]
    pub allow_writable_login: bool,
}

/// Who logs in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginConfig {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

const fn def(code: &'static str, stage: &'static str, meaning: &'static str, hint: &'static str) -> RefusalDef {
    RefusalDef { code, stage, meaning, hint }
}

/// Every code this kind adds to those of all databases.
pub const REFUSALS: &[RefusalDef] = &[
    def(
        "odbc-bad-text",
        "record",
        "A text is invalid in the encoding its driver gives it in.",
        "Correct the record in the source.",
    ),
    def(
        "odbc-bad-value",
        "record",
        "A value is not what its column's type says, or outside what a date or a decimal of 38 digits can be.",
        "Correct the record, or read the column as text with `query`.",
    ),
    def(
        "odbc-connect",
        "unit",
        "The server cannot be reached; it is tried again.",
        "See whether the server runs and the connection string names it rightly.",
    ),
    def("odbc-connection-lost", "unit", "The connection broke; a new one is opened.", "Look at the server's log."),
    def(
        "odbc-driver",
        "unit",
        "The driver or data source is not installed on this machine.",
        "`odbcinst -q -d` and `odbcinst -q -s` list what there is.",
    ),
    def("odbc-failed", "unit", "The driver reports a failure of another kind.", "Read the driver's words."),
    def("odbc-given-up", "request", "The caller went away, or its time was over.", "Nothing; it is asked again."),
    def("odbc-locked", "unit", "Others hold locks for longer than `lock_timeout`.", "Nothing; it is tried again."),
    def("odbc-login", "unit", "The server refuses the login.", "Check user and password."),
    def(
        "odbc-not-read-only",
        "unit",
        "The session was told to be read-only and is not; it is not used.",
        "Connect to the server itself and not through a pool that shares sessions.",
    ),
    def(
        "odbc-read-only",
        "unit",
        "A statement would have written, and the session refused.",
        "Only SELECTs are meant to be sent; if it stays, report it.",
    ),
    def("odbc-refused", "unit", "The server does not accept the statement.", "Correct the table, column or query."),
    def("odbc-timeout", "unit", "A statement took longer than `statement_timeout`.", "Read less at once."),
    def(
        "odbc-truncated",
        "record",
        "The driver told a value's length wrongly, so that it may be cut.",
        "Nothing: it is read in another way from the next pass on. If it stays, use a newer driver.",
    ),
    def(
        "odbc-value-too-long",
        "record",
        "A value is longer than 64 MiB.",
        "Leave the column out, with `query` or in the mapping.",
    ),
    def(
        "odbc-worker-crashed",
        "unit",
        "The driver crashed in its process; the next attempt starts a new one.",
        "Use another version of the driver if it stays.",
    ),
    def(
        "odbc-worker-hung",
        "unit",
        "The driver did not answer within `driver_timeout`; its process was ended.",
        "Raise `driver_timeout`, or use another version of the driver.",
    ),
    def(
        "odbc-worker-missing",
        "unit",
        "The program banyan-odbc-worker is not beside the gateway's.",
        "Install it there, or let BANYAN_ODBC_WORKER name it.",
    ),
    def(
        "odbc-worker-nonsense",
        "unit",
        "The driver's process answered something that is no answer.",
        "See that banyan-odbc-worker is of the gateway's version.",
    ),
];

/// Its own refusals and those that all SQL sources share.
static ALL_REFUSALS: LazyLock<Vec<RefusalDef>> = LazyLock::new(|| {
    let mut all = REFUSALS.to_vec();
    all.extend_from_slice(banyan_sql::REFUSALS);
    all
});

/// The adapter kind `odbc`.
pub struct Odbc;

impl Kind for Odbc {
    fn name(&self) -> &'static str {
        "odbc"
    }

    fn source_schema(&self) -> schemars::Schema {
        schemars::schema_for!(SourceConfig)
    }

    fn dataset_schema(&self) -> schemars::Schema {
        banyan_sql::dataset_schema()
    }

    fn refusals(&self) -> &'static [RefusalDef] {
        &ALL_REFUSALS
    }

    fn prepare(&self, raw: &RawSource) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        let source = source(raw);
        // A data source's name does not tell which SQL it speaks.
        let dialect = source.as_ref().ok().and_then(|(config, _)| session::guess(&config.connection));
        let reached = source.map(|(config, allow_writable_login)| Reached {
            driver: Arc::new(OdbcDriver::new(config)),
            allow_writable_login,
            warnings: Vec::new(),
        });
        SqlPrepared::of(reached, banyan_sql::datasets(raw, dialect))
    }
}

/// Checks the source's own keys.
fn source(raw: &RawSource) -> Result<(Config, bool), Vec<Problem>> {
    let config = read::<SourceConfig>(&raw.config, &raw.path)?;
    let problem = |key: &str, code: &str, message: &str, hint: &str| {
        vec![Problem::error(code, join(&raw.path, key), message).hint(hint)]
    };
    let login = config.login.as_ref().map(|l| (l.user.as_str(), l.password.expose()));
    let connection = match (&config.connection, &config.dsn) {
        (Some(text), None) if login.is_none() => {
            let text = text.expose();
            if !text.contains('=') {
                let hint = "write `Driver={PostgreSQL Unicode};Server=…`, or name a data source with `dsn`";
                return Err(problem("connection", "bad-value", "this is no connection string", hint));
            }
            text.to_owned()
        }
        (Some(_), None) => {
            let hint = "write `UID=…;PWD=…` into the connection string";
            return Err(problem("login", "conflict", "`login` goes with `dsn`", hint));
        }
        (None, Some(dsn)) => Config::of_dsn(dsn, login),
        (Some(_), Some(_)) => {
            let message = "`connection` and `dsn` exclude each other";
            return Err(problem("dsn", "conflict", message, "leave one out"));
        }
        (None, None) => {
            let hint = "write `connection: Driver={…};…`, or `dsn: NAME`";
            return Err(problem("connection", "missing-key", "nothing says where the database is", hint));
        }
    };
    let mut made = Config::new(&raw.name, &connection);
    made.folder = (!raw.base.as_os_str().is_empty()).then(|| raw.base.clone());
    made.driver_timeout = config.driver_timeout.map_or(made.driver_timeout, |d| d.0);
    made.statement_timeout = config.statement_timeout.map_or(made.statement_timeout, |d| d.0);
    made.lock_timeout = config.lock_timeout.map_or(made.lock_timeout, |d| d.0);
    Ok((made, config.allow_writable_login))
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_adapter::RawDataset;
    use banyan_words::node::Node;

    fn prepare(keys: &[(&str, &str)]) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        let map = |keys: &[(&str, &str)]| Node::map(keys.iter().map(|(k, v)| (*k, Node::scalar(*v, true))));
        let dataset = RawDataset {
            name: "customers".into(),
            path: "sources.erp.datasets.customers".into(),
            config: map(&[("table", "CUSTMAS")]),
            snapshot: false,
            key: vec!["NR".into()],
        };
        Odbc.prepare(&RawSource {
            name: "erp".into(),
            path: "sources.erp".into(),
            base: "/".into(),
            config: map(keys),
            datasets: vec![dataset],
        })
    }

    #[test]
    fn a_source_is_a_connection_string_or_a_data_source() {
        let good = prepare(&[("connection", "Driver={SQLite3};Database=/erp.db"), ("driver_timeout", "5s")]);
        assert!(good.is_ok_and(|p| p.feeds("customers")));
        assert!(prepare(&[("dsn", "erp")]).is_ok());
        let code = |keys: &[(&str, &str)]| prepare(keys).err().unwrap()[0].code.clone();
        assert_eq!(code(&[]), "missing-key");
        assert_eq!(code(&[("dsn", "erp"), ("connection", "Driver=x")]), "conflict");
        assert_eq!(code(&[("connection", "geheim")]), "bad-value");
        let told = format!("{:?}", prepare(&[("connection", "geheim")]).err().unwrap());
        assert!(!told.contains("geheim"), "{told}");
    }

    #[test]
    fn codes_are_declared_once() {
        let mut codes: Vec<&str> = Odbc.refusals().iter().map(|r| r.code).collect();
        codes.sort_unstable();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
