//! What the server and the protocol library complain of, for people.
//!
//! Invariant: no message holds a password; every message names server and database.

use crate::settings::{Encrypt, Settings, Trust};
use banyan_adapter::{Fault, RefusalDef};
use tiberius::error::{Error, IoErrorKind};

const fn def(code: &'static str, stage: &'static str, meaning: &'static str, hint: &'static str) -> RefusalDef {
    RefusalDef { code, stage, meaning, hint }
}

/// Everything this crate refuses or reports.
pub const REFUSALS: &[RefusalDef] = &[
    def(
        "mssql-login",
        "unit",
        "The server refused the login.",
        "Check `login`; it is not tried again quickly, so that the server does not lock it.",
    ),
    def(
        "mssql-database",
        "unit",
        "The login may not open the database, or there is none of that name.",
        "Check `database`, and the login's user in it.",
    ),
    def(
        "mssql-certificate",
        "unit",
        "The server's certificate is not trusted.",
        "Name the authority's certificate in `trust: { ca: FILE }`.",
    ),
    def(
        "mssql-tls",
        "unit",
        "Encryption could not be agreed on.",
        "Enable TLS 1.2 on the server, or write `encrypt: off`.",
    ),
    def(
        "mssql-unreachable",
        "unit",
        "The server does not answer.",
        "Check `server`, the network, and for a named instance the SQL Server Browser service.",
    ),
    def("mssql-lost", "unit", "The connection was lost.", "It is tried again."),
    def(
        "mssql-timeout",
        "unit",
        "The statement took longer than it may, or nobody waits for it any more.",
        "Look at its plan, or allow it more time.",
    ),
    def(
        "mssql-locked",
        "unit",
        "A row stayed locked by somebody else for longer than we wait.",
        "It is tried again; turn on snapshot isolation to read without waiting.",
    ),
    def(
        "mssql-deadlock",
        "unit",
        "The server ended our statement to resolve a deadlock.",
        "It is tried again; we always let others go first.",
    ),
    def("mssql-statement", "unit", "The server refused the statement.", "The message says why."),
    def(
        "mssql-permission",
        "unit",
        "The login may not read something that the statement names.",
        "GRANT SELECT on it.",
    ),
    def("mssql-busy", "unit", "The server is short of a resource.", "It is tried again."),
    def("mssql-text", "unit", "Text in the answer cannot be decoded.", "Read the column as CAST(… AS nvarchar(n))."),
    def(
        "mssql-protocol",
        "unit",
        "The server's answer could not be understood.",
        "Look for a proxy in between; report it with the server's version.",
    ),
    def("mssql-parameter", "unit", "A parameter's value has no type on the server.", "Compare with a scalar."),
    def(
        "mssql-out-of-range",
        "record",
        "A value is outside what its type allows, or what can be kept.",
        "Correct it at the source, or CAST it to text.",
    ),
    def(
        "mssql-money",
        "record",
        "So large a sum of money arrives rounded.",
        "Read the column as CAST(… AS decimal(19,4)).",
    ),
];

/// Makes faults that name the server.
#[derive(Clone, Debug)]
pub(crate) struct Complaint {
    place: String,
    user: String,
    encrypt: Encrypt,
    trust: Trust,
}

impl Complaint {
    pub(crate) fn new(settings: &Settings) -> Complaint {
        Complaint {
            place: format!("{}, database `{}`", settings.address, settings.database),
            user: settings.login.user.clone(),
            encrypt: settings.encrypt,
            trust: settings.trust.clone(),
        }
    }

    pub(crate) fn transient(&self, code: &str, what: &str) -> Fault {
        Fault::transient(code, format!("{}: {what}", self.place))
    }

    pub(crate) fn permanent(&self, code: &str, what: &str) -> Fault {
        Fault::permanent(code, format!("{}: {what}", self.place))
    }

    /// The call's time is over, or it was stopped.
    pub(crate) fn over(&self, doing: &str) -> Fault {
        self.transient("mssql-timeout", &format!("given up while {doing}; the server was told to stop"))
    }

    /// While connecting.
    pub(crate) fn opening(&self, error: &Error) -> Fault {
        match error {
            Error::Tls(text) => self.certificate(text),
            Error::Protocol(text) if text.contains("encryption level") => self.permanent(
                "mssql-tls",
                "the server does not offer encryption; enable it there, or write `encrypt: off` if the network is trusted",
            ),
            Error::Io { kind: IoErrorKind::TimedOut, .. } => {
                self.transient("mssql-unreachable", "the server accepted the connection, but did not answer in time")
            }
            Error::Io { message, .. } if message.contains("No more packets") || message.contains("eof") => {
                self.transient("mssql-lost", "the server ended the connection during login")
            }
            Error::Io { kind: IoErrorKind::InvalidData, message } => self.permanent(
                "mssql-tls",
                &format!("encryption could not be agreed on ({message}); the server needs TLS 1.2 or newer"),
            ),
            Error::Io { message, .. } => {
                self.transient("mssql-unreachable", &format!("the server cannot be reached: {message}"))
            }
            Error::Conversion(text) => self.transient("mssql-unreachable", text),
            other => self.answering(other),
        }
    }

    fn certificate(&self, text: &str) -> Fault {
        let why = text.split(" To connect anyway").next().unwrap_or(text);
        let hint = match (&self.trust, self.encrypt) {
            (Trust::System, _) => {
                "name the certificate of the authority that signed it: `trust: { ca: FILE }`, or accept any with \
                 `trust: { trust_server_certificate: true }` on a network that nobody else can reach"
            }
            (Trust::Authority(_), _) => {
                "check that the file in `trust.ca` holds the authority that signed it, and that \
                 the certificate names the host as `server` does"
            }
            (Trust::Any, _) => "the server needs TLS 1.2 or newer",
        };
        self.permanent("mssql-certificate", &format!("{why}; {hint}"))
    }

    /// While a statement runs.
    pub(crate) fn answering(&self, error: &Error) -> Fault {
        match error {
            Error::Server(token) => self.server(token.code(), token.class(), token.message()),
            Error::Encoding(text) => self.permanent(
                "mssql-text",
                &format!("text in the answer cannot be decoded ({text}); read such columns as CAST(… AS nvarchar(n))"),
            ),
            Error::Utf16 | Error::Utf8 => self.permanent(
                "mssql-text",
                "text in the answer is not valid Unicode; read such columns as CAST(… AS varbinary(max))",
            ),
            Error::Protocol(text) if text.contains("UTF-16") => self.permanent(
                "mssql-text",
                "text in the answer is not valid Unicode; read such columns as CAST(… AS varbinary(max))",
            ),
            Error::Io { message, .. } => {
                self.transient("mssql-lost", &format!("the connection was lost in the midst of an answer: {message}"))
            }
            Error::Tls(text) => self.transient("mssql-lost", &format!("the encrypted connection broke: {text}")),
            other => self.permanent("mssql-protocol", &format!("the answer could not be understood: {other}")),
        }
    }

    fn server(&self, code: u32, class: u8, message: &str) -> Fault {
        let said = format!("{} (error {code})", message.trim_end());
        match code {
            18456 | 18452 | 18470 | 18486..=18488 => self.permanent(
                "mssql-login",
                &format!("login of `{}` refused: {said}", self.user),
            ),
            4060 | 4064 | 911 | 18461 => self.permanent(
                "mssql-database",
                &format!(
                    "{said} If the database was renamed or moved, correct `database`, or give it its name again: then it is \
                     read on. What was read before stays as it is"
                ),
            ),
            1222 => self.transient("mssql-locked", &said),
            1205 => self.transient("mssql-deadlock", &said),
            229 | 230 | 262 | 297 | 300 | 916 => self.permanent("mssql-permission", &said),
            701 | 802 | 845 | 8645 | 8651 | 10928 | 10929 | 40197 | 40501 | 40613 | 49918..=49920 => {
                self.transient("mssql-busy", &said)
            }
            3951 | 3952 | 3958 | 3960 | 3961 => self.transient(
                "mssql-statement",
                &format!("{said} The session reads in snapshot isolation; every database the statement touches must allow it."),
            ),
            _ if class >= 20 => self.transient("mssql-lost", &said),
            _ if class >= 17 => self.transient("mssql-busy", &said),
            _ => self.permanent("mssql-statement", &said),
        }
    }
}
