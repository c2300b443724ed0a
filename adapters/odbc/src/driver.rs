//! Opens connections: a worker, a login, a session that cannot write.
//!
//! Invariant: what one connection learned of the server (its dialect, a driver that tells lengths wrongly) the next ones
//! know; no message holds a secret of the connection string. Not here: what an open connection does (`link`).

use crate::link::OdbcLink;
use crate::process::{Worker, program};
use crate::session::{self, Patience};
use crate::wire::{Answer, Request};
use crate::{fault, secret};
use banyan_adapter::{Call, Fault};
use banyan_sql::{Asides, Dialect, Driver, Link};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a source is reached. Made from its configuration.
#[derive(Clone)]
pub struct Config {
    /// The source's name, for messages.
    pub source: String,
    /// The connection string, secrets included: `Driver={…};Server=…;UID=…;PWD=…` or `DSN=…`.
    pub connection: String,
    /// The longest a driver may go without answering.
    pub driver_timeout: Duration,
    /// The longest a statement may take at the server.
    pub statement_timeout: Duration,
    /// The longest to wait for a lock there.
    pub lock_timeout: Duration,
    /// The worker's program; `None`: found by itself.
    pub worker: Option<PathBuf>,
    /// Where relative paths of the connection string begin; `None`: where the gateway was started.
    pub folder: Option<PathBuf>,
    /// Makes the worker misbehave, for tests.
    pub test: Option<String>,
}

impl Config {
    /// The usual terms for a connection string.
    pub fn new(source: &str, connection: &str) -> Config {
        Config {
            source: source.to_owned(),
            connection: connection.to_owned(),
            driver_timeout: Duration::from_secs(60),
            statement_timeout: Duration::from_secs(300),
            lock_timeout: Duration::from_secs(2),
            worker: None,
            folder: None,
            test: None,
        }
    }

    /// The connection string for a data source of `odbc.ini` and a login.
    pub fn of_dsn(dsn: &str, login: Option<(&str, &str)>) -> String {
        let mut text = format!("DSN={};", secret::quoted(dsn));
        if let Some((user, password)) = login {
            text += &format!("UID={};PWD={};", secret::quoted(user), secret::quoted(password));
        }
        text
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("source", &self.source).finish_non_exhaustive()
    }
}

/// What all connections of a source share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) secrets: Vec<String>,
    /// A driver once told a length wrongly: text is read row by row.
    pub(crate) careful: AtomicBool,
    dialect: Mutex<Option<Dialect>>,
}

/// Opens ODBC connections to one source.
pub struct OdbcDriver {
    shared: Arc<Shared>,
}

impl OdbcDriver {
    /// A driver for that source. Connects to nothing by itself.
    pub fn new(config: Config) -> OdbcDriver {
        let secrets = secret::of(&config.connection);
        let dialect = Mutex::new(session::guess(&config.connection));
        OdbcDriver { shared: Arc::new(Shared { config, secrets, careful: AtomicBool::new(false), dialect }) }
    }

    fn start(&self) -> Result<Worker, Fault> {
        let config = &self.shared.config;
        let program = match &config.worker {
            Some(path) => path.clone(),
            None => program()?,
        };
        Worker::start(&program, config.folder.as_deref(), config.test.as_deref())
    }

    fn login(&self, dialect: Option<Dialect>, asides: &Asides, call: &Call) -> Result<OdbcLink, Fault> {
        let shared = &self.shared;
        let mut worker = self.start()?;
        let open = Request::Open {
            connection: shared.string(dialect),
            login_seconds: u32::try_from(shared.config.driver_timeout.as_secs().clamp(1, 30)).unwrap_or(30),
            careful: shared.careful.load(Ordering::Relaxed),
        };
        let frame = worker.ask(&open, call, shared.config.driver_timeout).map_err(|f| shared.clean(f))?;
        match Answer::decode(&frame) {
            Some(Answer::Opened { product, version, driver, read_only }) => {
                let dialect = session::dialect(&product, &driver);
                let about = [product, version, driver];
                Ok(OdbcLink::new(worker, shared.clone(), dialect, about, read_only, asides.clone()))
            }
            Some(Answer::Failed { state, message, .. }) => {
                let mut fault = fault::login(&shared.config.source, &state, &message);
                if let Some(file) = shared.absent() {
                    fault.message.push_str(&format!(
                        ". The file {file} is not there: if it was renamed or moved, correct `connection`, or put it \
                         back: then it is read on. What was read before stays as it is"
                    ));
                }
                Err(shared.clean(fault))
            }
            _ => Err(worker.nonsense()),
        }
    }
}

impl Driver for OdbcDriver {
    fn open_telling(&self, call: &Call, asides: &Asides) -> Result<Box<dyn Link>, Fault> {
        let known = *self.shared.dialect.lock().unwrap_or_else(PoisonError::into_inner);
        let mut link = self.login(known, asides, call)?;
        let dialect = link.dialect();
        if known != Some(dialect) {
            *self.shared.dialect.lock().unwrap_or_else(PoisonError::into_inner) = Some(dialect);
            // A DSN does not tell its driver. Now that it is known, it is told how to read exactly.
            if !session::options(dialect, 0).is_empty() {
                drop(link);
                link = self.login(Some(dialect), asides, call)?;
            }
        }
        link.begin(
            Patience {
                statement_ms: self.shared.config.statement_timeout.as_millis().try_into().unwrap_or(u64::MAX),
                lock_ms: self.shared.config.lock_timeout.as_millis().try_into().unwrap_or(u64::MAX),
            },
            call,
        )?;
        Ok(Box::new(link))
    }
}

impl Shared {
    /// The connection string with the driver's options that it does not name itself.
    fn string(&self, dialect: Option<Dialect>) -> String {
        let own = &self.config.connection;
        let named: Vec<String> = own
            .split(';')
            .filter_map(|part| part.split_once('='))
            .map(|(key, _)| key.trim().to_ascii_lowercase())
            .collect();
        let lock_ms = self.config.lock_timeout.as_millis().try_into().unwrap_or(2000);
        let options = dialect.map(|d| session::options(d, lock_ms)).unwrap_or_default();
        let mut text = match dialect {
            Some(Dialect::Sqlite) => read_only(own),
            _ => own.clone(),
        };
        text.truncate(text.trim_end_matches([';', ' ']).len());
        for option in options.split(';') {
            let key = option.split('=').next().unwrap_or_default().to_ascii_lowercase();
            if !key.is_empty() && !named.contains(&key) {
                text.push(';');
                text.push_str(option);
            }
        }
        text.push(';');
        text
    }

    /// The name of the file that the connection string means, where it is not there.
    fn absent(&self) -> Option<String> {
        let parts: Vec<(String, &str)> = self
            .config
            .connection
            .split(';')
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().trim_matches(['{', '}'])))
            .collect();
        let of = |names: &[&str]| parts.iter().find(|(key, _)| names.contains(&key.as_str())).map(|(_, value)| *value);
        // With a server, the database is no file.
        if of(&["server", "servername", "host", "address", "dsn"]).is_some() {
            return None;
        }
        let named = Path::new(of(&["database", "dbq", "dbname"]).filter(|v| v.contains(['/', '.', '\\']))?);
        let path = self.config.folder.as_deref().map_or_else(|| named.to_owned(), |folder| folder.join(named));
        // The name alone: messages go further than configurations.
        (!path.exists()).then(|| named.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    /// The fault without secrets.
    pub(crate) fn clean(&self, mut fault: Fault) -> Fault {
        fault.message = secret::hide(&fault.message, &self.secrets);
        fault
    }
}

/// The connection string with SQLite's file named so that it is opened read-only: a session that cannot write still
/// puts a file in order that another program left in disorder, and that is a change.
fn read_only(connection: &str) -> String {
    let part = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let name = value.trim().trim_matches(['{', '}']);
        let plain = !name.is_empty() && !name.starts_with("file:") && !name.starts_with(':');
        let file = key.trim().eq_ignore_ascii_case("database") && plain && !cfg!(windows);
        file.then(|| format!("{key}=file:{}?mode=ro", escaped(name)))
    };
    connection.split(';').map(|p| part(p).unwrap_or(p.to_owned())).collect::<Vec<_>>().join(";")
}

/// A path as it stands in a URI.
fn escaped(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-~".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_the_user_set_are_left_alone() {
        let driver = OdbcDriver::new(Config::new("erp", "Driver={SQLite3};Database=/x.db;timeout=5;"));
        let text = driver.shared.string(Some(Dialect::Sqlite));
        assert!(text.starts_with("Driver={SQLite3};Database=file:/x.db?mode=ro;timeout=5;NoCreat=1;"), "{text}");
        assert!(!text.contains("Timeout="), "{text}");
    }

    #[test]
    fn sqlite_opens_its_file_read_only_whatever_its_name() {
        for (own, opened) in [
            ("Driver={SQLite3};Database={old/erp 100%?#ü.db}", "Database=file:old/erp%20100%25%3F%23%C3%BC.db?mode=ro"),
            ("Driver={SQLite3};DATABASE = erp.db ;x=1", "DATABASE =file:erp.db?mode=ro;x=1"),
            ("Driver={SQLite3};Database=file:erp.db?cache=private", "Database=file:erp.db?cache=private"),
            ("DSN=erp", "DSN=erp"),
        ] {
            assert!(read_only(own).ends_with(opened), "{}", read_only(own));
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_name() {
        let absent = |connection: &str| OdbcDriver::new(Config::new("erp", connection)).shared.absent();
        assert_eq!(absent("Driver={SQLite3};Database={/nowhere/erp.db}").as_deref(), Some("erp.db"));
        assert_eq!(absent("Driver=MDBTools;DBQ=/nowhere/at/all.mdb;").as_deref(), Some("all.mdb"));
        for other in
            ["Driver={SQLite3};Database=/", "Driver=P;Server=db;Database=no.where", "DSN=x", "Driver=P;Database=erp"]
        {
            assert_eq!(absent(other), None, "{other}");
        }
    }

    #[test]
    fn a_configuration_shown_shows_no_password() {
        let config = Config::new("erp", &Config::of_dsn("erp", Some(("reader", "geh;eim"))));
        assert_eq!(config.connection, "DSN=erp;UID=reader;PWD={geh;eim};");
        assert!(!format!("{config:?}").contains("geh"));
    }
}
