//! Opens connections.
//!
//! Invariant: every session that leaves here says it only reads, waits for no lock longer than it may, lets others go
//! first in a deadlock, and reads in snapshot isolation where the database allows it. A refused login is not repeated for
//! a minute, whoever asks: servers lock logins.

use crate::faults::Complaint;
use crate::link::{MssqlLink, Room, TablesAsked, over};
use crate::session::Wire;
use crate::settings::{Address, Encrypt, Settings, Trust};
use banyan_adapter::{Call, Fault};
use banyan_sql::{Asides, Driver, Link};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tiberius::error::Error;
use tiberius::{AuthMethod, Config, EncryptionLevel, SqlBrowser};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

/// How long a refused login is not tried again.
const LOCK_OUT_PAUSE: Duration = Duration::from_secs(60);
/// How long the server may take for TLS and login, whatever the call allows.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// Opens connections to one database.
#[derive(Debug)]
pub struct MssqlDriver {
    settings: Settings,
    complaint: Complaint,
    refused: Mutex<Option<(Instant, Fault)>>,
    asked: TablesAsked,
}

impl MssqlDriver {
    /// Connects to nothing yet.
    pub fn new(settings: Settings) -> MssqlDriver {
        let complaint = Complaint::new(&settings);
        MssqlDriver { settings, complaint, refused: Mutex::new(None), asked: TablesAsked::default() }
    }

    fn refused_lately(&self) -> Option<Fault> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.as_ref().filter(|(at, _)| at.elapsed() < LOCK_OUT_PAUSE).map(|(_, fault)| fault.clone())
    }

    fn try_open(&self, call: &Call, asides: &Asides) -> Result<MssqlLink, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| self.complaint.transient("mssql-unreachable", &format!("no room for a connection: {e}")))?;
        let opened = runtime.block_on(async {
            tokio::select! {
                opened = session(&self.settings, asides) => Some(opened),
                () = over(call) => None,
            }
        });
        match opened {
            Some(Ok((wire, server, snapshot))) => {
                let (complaint, asked) = (self.complaint.clone(), self.asked.clone());
                Ok(MssqlLink::new(Room::new(runtime, wire), server, complaint, asked, asides.clone(), snapshot))
            }
            // Looking up a name cannot be interrupted: it is left behind, not waited for.
            Some(Err(error)) => {
                runtime.shutdown_background();
                Err(self.complaint.opening(&error))
            }
            None => {
                runtime.shutdown_background();
                Err(self.complaint.transient("mssql-timeout", "given up while connecting"))
            }
        }
    }
}

impl Driver for MssqlDriver {
    fn open_telling(&self, call: &Call, asides: &Asides) -> Result<Box<dyn Link>, Fault> {
        if let Some(fault) = self.refused_lately() {
            return Err(fault);
        }
        let opened = self.try_open(call, asides);
        if let Err(fault) = &opened
            && fault.code == "mssql-login"
        {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), fault.clone()));
        }
        Ok(Box::new(opened?))
    }
}

/// Connects, logs in, and sets the session up. The failover partner is tried where the server cannot be reached.
async fn session(settings: &Settings, asides: &Asides) -> Result<(Wire, String, bool), Error> {
    let mut wire = match (connect(settings, &settings.address).await, &settings.failover_partner) {
        (Err(Error::Io { .. } | Error::Conversion(_)), Some(partner)) => connect(settings, partner).await?,
        (connected, _) => connected?,
    };
    let (server, snapshot) = introduce(&mut wire, asides).await?;
    let mut sets = vec![
        "SET NOCOUNT ON".to_owned(),
        format!("SET LOCK_TIMEOUT {}", settings.lock_timeout.as_millis().min(i32::MAX as u128)),
        "SET DEADLOCK_PRIORITY LOW".to_owned(),
        format!("SET TRANSACTION ISOLATION LEVEL {}", if snapshot { "SNAPSHOT" } else { "READ COMMITTED" }),
    ];
    sets.extend(settings.query_governor.map(|cost| format!("SET QUERY_GOVERNOR_COST_LIMIT {cost}")));
    match run(&mut wire, sets.join("; "), asides).await {
        Err(Error::Server(_)) => {}
        other => return other.map(|()| (wire, server, snapshot)),
    }
    // A relative of SQL Server that does not know one of them still gets the others.
    for set in sets {
        match run(&mut wire, set.clone(), asides).await {
            Err(Error::Server(token)) => tracing::warn!(statement = set, error = token.message(), "not set"),
            other => other?,
        }
    }
    Ok((wire, server, snapshot))
}

async fn run(wire: &mut Wire, sql: String, asides: &Asides) -> Result<(), Error> {
    let begun = Instant::now();
    let ran = match wire.simple_query(sql.clone()).await {
        Ok(stream) => stream.into_results().await.map(drop),
        Err(error) => Err(error),
    };
    asides.tell(&sql, begun, told(&ran, 0));
    ran
}

/// How the audit is told of an answer of so many rows.
fn told<T>(answer: &Result<T, Error>, rows: u64) -> Result<u64, &'static str> {
    match answer {
        Ok(_) => Ok(rows),
        Err(Error::Server(_)) => Err("mssql-statement"),
        Err(_) => Err("mssql-lost"),
    }
}

/// What the server calls itself, and whether the database allows snapshot isolation.
async fn introduce(wire: &mut Wire, asides: &Asides) -> Result<(String, bool), Error> {
    const WHO: &str = "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), \
        CAST(SERVERPROPERTY('Edition') AS nvarchar(128)), d.snapshot_isolation_state \
        FROM sys.databases AS d WHERE d.database_id = DB_ID()";
    let begun = Instant::now();
    let row = match wire.simple_query(WHO).await {
        Ok(stream) => stream.into_row().await,
        Err(error) => Err(error),
    };
    asides.tell(WHO, begun, told(&row, 1));
    let row = match row {
        Ok(row) => row,
        Err(Error::Server(_)) => None,
        Err(error) => return Err(error),
    };
    let text = |i: usize| row.as_ref().and_then(|r| r.try_get::<&str, _>(i).ok().flatten());
    let state = row.as_ref().and_then(|r| r.try_get::<u8, _>(2).ok().flatten());
    let version = text(0).map_or_else(String::new, |v| format!(" {v}"));
    let edition = text(1).map_or_else(String::new, |e| format!(", {e}"));
    Ok((format!("Microsoft SQL Server{version}{edition}"), state == Some(1)))
}

async fn connect(settings: &Settings, address: &Address) -> Result<Wire, Error> {
    match attempt(settings, address).await {
        // A read-only intent may be sent on to a secondary, once.
        Err(Error::Routing { host, port }) => {
            attempt(settings, &Address { host, port: Some(port), instance: None }).await
        }
        other => other,
    }
}

async fn attempt(settings: &Settings, address: &Address) -> Result<Wire, Error> {
    let mut config = Config::new();
    config.host(&address.host);
    if let Some(port) = address.port {
        config.port(port);
    }
    if let Some(instance) = &address.instance {
        config.instance_name(instance);
    }
    config.database(&settings.database);
    config.application_name(&settings.application_name);
    config.readonly(true);
    config.authentication(AuthMethod::sql_server(&settings.login.user, &settings.login.password));
    config.encryption(match settings.encrypt {
        Encrypt::Required => EncryptionLevel::Required,
        Encrypt::Off => EncryptionLevel::NotSupported,
    });
    match &settings.trust {
        Trust::System => {}
        Trust::Authority(file) => config.trust_cert_ca_bundle(
            std::fs::read(file)
                .map_err(|e| Error::Tls(format!("the certificate file `{}` cannot be read: {e}", file.display())))?,
        ),
        Trust::Any => config.trust_cert(),
    }
    config.handshake_timeout(Some(HANDSHAKE));
    // The link watches the call's own terms; a slow answer is no error by itself.
    config.command_timeout(None);
    config.packet_size(16 * 1024);
    let tcp = TcpStream::connect_named(&config).await?;
    Wire::connect(config, tcp.compat_write()).await
}
