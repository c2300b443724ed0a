//! The driver manager: connecting, what it tells of the connection, and what it says when something fails.
//!
//! Invariant: all that is unsafe about ODBC is here and in `statement`. Not here: what is asked (`statement`), what is read
//! and how (`describe`, `rowset`).
#![allow(unsafe_code)]

use crate::statement::Statement;
use banyan_odbc::wire::Answer;
use odbc_api::handles::{
    Connection as Handle, Diagnostics, Environment, Record, SqlResult, SqlText, slice_to_cow_utf8,
};
use odbc_api::sys::{self, AttrOdbcVersion, ConnectionAttribute, InfoType, SqlReturn};
use std::ffi::{c_char, c_int};
use std::ptr::null_mut;

const ACCESS_MODE: ConnectionAttribute = ConnectionAttribute(101);
const LOGIN_TIMEOUT: ConnectionAttribute = ConnectionAttribute(103);
const CONNECTION_DEAD: ConnectionAttribute = ConnectionAttribute(1209);
/// `SQL_GD_BOUND`: bound columns can be read piecewise as well.
const GD_BOUND: u32 = 8;

unsafe extern "C" {
    fn setlocale(category: c_int, locale: *const c_char) -> *mut c_char;
}

/// Takes the locale from the environment: drivers and the driver manager convert text by it.
pub(crate) fn locale() {
    const LC_CTYPE: c_int = 0;
    // SAFETY: called once, before there are other threads, with a text that ends in nul.
    unsafe { setlocale(LC_CTYPE, c"".as_ptr()) };
}

/// Dies as a driver would, for tests.
pub(crate) fn crash() {
    // SAFETY: there is none; that is the purpose.
    unsafe { std::ptr::null_mut::<u8>().wrapping_add(8).write_volatile(1) };
    std::process::abort();
}

/// Why the driver did not do it.
pub(crate) struct Trouble {
    state: String,
    message: String,
    dead: bool,
}

impl Trouble {
    /// The worker's own.
    pub(crate) fn own(message: &str) -> Trouble {
        Trouble { state: String::new(), message: message.to_owned(), dead: false }
    }

    /// What the driver says about its last call.
    pub(crate) fn of(handle: &(impl Diagnostics + ?Sized), function: &str) -> Trouble {
        let mut trouble = Trouble { state: String::new(), message: String::new(), dead: false };
        let mut record = Record::with_capacity(512);
        for number in 1..=3 {
            if !record.fill_from(handle, number) {
                break;
            }
            let text = slice_to_cow_utf8(&record.message);
            if number == 1 {
                trouble.state = record.state.as_str().to_owned();
            } else {
                trouble.message.push_str("; ");
            }
            trouble.message.push_str(text.trim());
        }
        if trouble.message.is_empty() {
            trouble.message = format!("{function} failed, and the driver does not say why");
        }
        trouble.dead = trouble.state.starts_with("08");
        trouble
    }

    /// Looks whether the connection is lost.
    pub(crate) fn on(mut self, connection: &Connection) -> Trouble {
        self.dead |= connection.is_dead();
        self
    }

    /// SQLSTATE.
    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// The driver's words.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// For the gateway.
    pub(crate) fn answer(self) -> Vec<u8> {
        Answer::Failed { state: self.state, message: self.message, dead: self.dead }.encode()
    }
}

pub(crate) fn check(
    result: SqlResult<()>,
    handle: &(impl Diagnostics + ?Sized),
    function: &str,
) -> Result<(), Trouble> {
    match result {
        SqlResult::Success(()) | SqlResult::SuccessWithInfo(()) | SqlResult::NoData => Ok(()),
        _ => Err(Trouble::of(handle, function)),
    }
}

/// The connection. It lives as long as the process.
pub(crate) struct Connection {
    handle: Handle<'static>,
    /// Text is read and sent in UTF-8, as this driver holds it; others in UTF-16.
    pub(crate) narrow: bool,
    /// The product, in lower case.
    pub(crate) product: String,
    /// Columns that are bound can be read piecewise as well.
    pub(crate) piecewise: bool,
    /// Only knows one row at a time.
    pub(crate) plain: bool,
}

impl Connection {
    /// Connects, read-only if the driver knows how.
    pub(crate) fn open(text: &str, login_seconds: u32) -> Result<&'static Connection, Trouble> {
        let environment = match Environment::new() {
            SqlResult::Success(e) | SqlResult::SuccessWithInfo(e) => e,
            _ => return Err(Trouble::own("unixODBC cannot be used")),
        };
        let environment: &'static Environment = Box::leak(Box::new(environment));
        check(environment.declare_version(AttrOdbcVersion::Odbc3_80), environment, "SQLSetEnvAttr")?;
        let mut handle = match environment.allocate_connection() {
            SqlResult::Success(c) | SqlResult::SuccessWithInfo(c) => c,
            _ => return Err(Trouble::of(environment, "SQLAllocHandle")),
        };
        // A driver that does not know them is used all the same: this layer is not the only one.
        // SAFETY: both attributes are numbers that every driver takes or refuses.
        unsafe {
            let _ = handle.set_attribute(ACCESS_MODE, std::ptr::without_provenance_mut(1), 0);
            let seconds = std::ptr::without_provenance_mut(login_seconds as usize);
            let _ = handle.set_attribute(LOGIN_TIMEOUT, seconds, 0);
        }
        let connected = handle.connect_with_connection_string(&SqlText::new(text));
        check(connected, &handle, "SQLDriverConnect")?;
        let mut connection =
            Connection { handle, narrow: false, product: String::new(), piecewise: false, plain: false };
        connection.product = connection.info(InfoType::DbmsName).to_ascii_lowercase();
        let driver = connection.info(InfoType::DriverName).to_ascii_lowercase();
        connection.plain = driver.contains("mdbodbc") || connection.product.contains("mdbtools");
        // MariaDB's driver cuts what is outside the basic plane when it converts to UTF-16, without a word.
        let utf8 = ["sqlite", "mariadb", "mysql"].iter().any(|p| connection.product.contains(p));
        connection.narrow = connection.plain || utf8;
        connection.piecewise = connection.number(InfoType::GetDataExtensions) & GD_BOUND != 0;
        Ok(Box::leak(Box::new(connection)))
    }

    /// What the gateway is told.
    pub(crate) fn about(&self) -> Answer {
        Answer::Opened {
            product: self.info(InfoType::DbmsName),
            version: self.info(InfoType::DbmsVer),
            driver: format!("{} {}", self.info(InfoType::DriverName), self.info(InfoType::DriverVer)),
            read_only: self.info(InfoType::DataSourceReadOnly) == "Y",
        }
    }

    fn info(&self, what: InfoType) -> String {
        let mut text = [0_u8; 512];
        let mut length = 0_i16;
        // SAFETY: the buffer is as long as is said.
        let result = unsafe { sys::SQLGetInfo(self.handle.as_sys(), what, text.as_mut_ptr().cast(), 512, &mut length) };
        if result != SqlReturn::SUCCESS {
            return String::new();
        }
        let end = text.iter().position(|b| *b == 0).unwrap_or(0);
        String::from_utf8_lossy(text.get(..end).unwrap_or_default()).into_owned()
    }

    fn number(&self, what: InfoType) -> u32 {
        let mut number = [0_u32; 4];
        // SAFETY: room for more than the number that is asked for.
        let result = unsafe { sys::SQLGetInfo(self.handle.as_sys(), what, number.as_mut_ptr().cast(), 4, null_mut()) };
        if result == SqlReturn::SUCCESS { number[0] } else { 0 }
    }

    fn is_dead(&self) -> bool {
        let mut dead = [0_u32; 4];
        // SAFETY: as above.
        let result = unsafe {
            sys::SQLGetConnectAttr(self.handle.as_sys(), CONNECTION_DEAD, dead.as_mut_ptr().cast(), 4, null_mut())
        };
        result == SqlReturn::SUCCESS && dead[0] == 1
    }

    /// A new statement.
    pub(crate) fn statement(&'static self) -> Result<Statement, Trouble> {
        match self.handle.allocate_statement() {
            SqlResult::Success(handle) | SqlResult::SuccessWithInfo(handle) => Ok(Statement::of(handle)),
            _ => Err(Trouble::of(&self.handle, "SQLAllocHandle")),
        }
    }
}
