//! Where a server is and how one logs in.
//!
//! Invariant: no `Debug` text shows a password.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// All that opening a connection needs. Secrets are already resolved.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server is.
    pub address: Address,
    /// The database.
    pub database: String,
    /// Who logs in.
    pub login: Login,
    /// Whether the line is encrypted.
    pub encrypt: Encrypt,
    /// Which certificates are believed.
    pub trust: Trust,
    /// What the server's administrators see as the program's name.
    pub application_name: String,
    /// The mirror that answers when the server does not; tried once for each opening.
    pub failover_partner: Option<Address>,
    /// How long a statement waits for a lock before the server ends it.
    pub lock_timeout: Duration,
    /// The server refuses statements that it expects to take more seconds than this.
    pub query_governor: Option<u32>,
}

impl Settings {
    /// Encrypted, certificates checked against the system's, five seconds for locks.
    pub fn new(address: Address, database: &str, login: Login) -> Settings {
        Settings {
            address,
            database: database.to_owned(),
            login,
            encrypt: Encrypt::Required,
            trust: Trust::System,
            application_name: "banyan".to_owned(),
            failover_partner: None,
            lock_timeout: Duration::from_secs(5),
            query_governor: None,
        }
    }
}

/// A server's address: `host`, `host:1433`, `host,1433` or `host\instance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or number.
    pub host: String,
    /// `None` for a named instance, whose port the server's browser service tells.
    pub port: Option<u16>,
    /// The named instance.
    pub instance: Option<String>,
}

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let bad = || format!("`{text}` is no server address; write host, host:1433 or host\\instance");
        let text = text.trim();
        if let Some((host, instance)) = text.split_once('\\') {
            if host.is_empty() || instance.is_empty() || instance.contains([':', ',', '\\']) {
                return Err(bad());
            }
            return Ok(Address { host: host.to_owned(), port: None, instance: Some(instance.to_owned()) });
        }
        // An IPv6 number has colons of its own: in brackets where a port follows.
        let (host, port) = match text.strip_prefix('[').and_then(|t| t.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix([':', ',']).ok_or_else(bad)?)),
            None if text.matches(':').count() > 1 => (text, None),
            None => match text.split_once([':', ',']) {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(bad());
        }
        let port = match port {
            None => 1433,
            Some(p) => p.trim().parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(bad)?,
        };
        Ok(Address { host: host.to_owned(), port: Some(port), instance: None })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.instance, self.port) {
            (Some(instance), _) => write!(f, "{}\\{instance}", self.host),
            (None, Some(port)) => write!(f, "{}:{port}", self.host),
            (None, None) => f.write_str(&self.host),
        }
    }
}

/// A login of the server's own (not a Windows login).
#[derive(Clone)]
pub struct Login {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("password", &"(hidden)").finish()
    }
}

/// Whether the line is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encrypt {
    /// All of it, or no connection.
    Required,
    /// Not encrypted, for servers without TLS; the password crosses the network scrambled, not encrypted.
    Off,
}

/// Which certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those that the operating system trusts.
    System,
    /// Also those of the authority in this file (PEM or DER).
    Authority(PathBuf),
    /// Any: protects against listeners, not against impostors.
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        let full = |t: &str| t.parse::<Address>().unwrap().to_string();
        assert_eq!(full("erp-db"), "erp-db:1433");
        assert_eq!(full("erp-db:1444"), "erp-db:1444");
        assert_eq!(full("erp-db,1444"), "erp-db:1444");
        assert_eq!(full(r"erp-db\SALES"), r"erp-db\SALES");
        assert_eq!(full("[::1]:1444"), "::1:1444");
        assert_eq!("fe80::1".parse::<Address>().unwrap().port, Some(1433));
        for bad in ["", ":1433", "h:0", "h:70000", "h:x", r"\SALES", r"h\", "two words", "[::1]x"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let login = Login { user: "reader".into(), password: "hunter2".into() };
        let settings = Settings::new("h".parse().unwrap(), "erp", login);
        let shown = format!("{settings:?}");
        assert!(shown.contains("reader") && !shown.contains("hunter2"), "{shown}");
    }
}
