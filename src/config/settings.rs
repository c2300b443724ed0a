//! Where the gateway listens and where it keeps what it knows.
//!
//! Invariant: without access control nothing but this machine can reach it (DESIGN, promise 9).

use banyan_model::draft::Draft;
use banyan_words::Problem;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Address of the facade unless the configuration says otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// Address of the admin listener unless the configuration says otherwise.
pub const DEFAULT_ADMIN: &str = "127.0.0.1:8081";
/// The store's address unless the configuration says otherwise.
pub const DEFAULT_STORE: &str = "sqlite:var/banyan.db";

/// Passes that stay listed unless the configuration says otherwise.
const DEFAULT_KEEP_PASSES: u32 = 100;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Address of the facade; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Address of the admin listener.
    pub admin: SocketAddr,
    /// The store's file.
    pub store: PathBuf,
    /// How many passes that changed nothing stay listed one by one.
    pub keep_passes: u32,
    /// Title of the facade's document.
    pub title: String,
    /// What the facade is, for its document.
    pub description: Option<String>,
}

/// Reads them; `None` if something is wrong, which is told.
pub(super) fn read(draft: &Draft, base: &Path, problems: &mut Vec<Problem>) -> Option<Settings> {
    let before = problems.len();
    let gateway = &draft.gateway;
    let listen = address(gateway.listen.as_deref(), DEFAULT_LISTEN, "gateway.listen", problems);
    let admin = address(gateway.admin.as_deref(), DEFAULT_ADMIN, "gateway.admin", problems);
    let store = store(draft.store.as_deref().unwrap_or(DEFAULT_STORE), base, problems);
    if let (Some(a), Some(b)) = (listen, admin)
        && a == b
        && a.port() != 0
    {
        let message = format!("the facade and the admin listener cannot both listen at {a}");
        let path = if gateway.admin.is_some() { "gateway.admin" } else { "gateway.listen" };
        problems.push(Problem::error("same-address", path, message).hint("give one of them another port"));
    }
    let keep_passes = gateway.keep_passes.unwrap_or(DEFAULT_KEEP_PASSES);
    if keep_passes == 0 {
        let message = "the newest pass is always listed".to_owned();
        problems.push(Problem::error("bad-count", "gateway.keep_passes", message).hint("write 1 or more"));
    }
    let (listen, admin, store) = (listen?, admin?, store?);
    let title = gateway.title.clone().unwrap_or_else(|| "Banyan".to_owned());
    let settings = Settings { listen, admin, store, keep_passes, title, description: gateway.description.clone() };
    (problems.len() == before).then_some(settings)
}

fn address(text: Option<&str>, default: &str, path: &str, problems: &mut Vec<Problem>) -> Option<SocketAddr> {
    let text = text.unwrap_or(default);
    let local = || {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    };
    let Some(address) = text.parse().ok().or_else(local) else {
        let message = format!("`{text}` is not an address to listen at");
        problems.push(Problem::error("bad-address", path, message).hint(format!("write `{default}`")));
        return None;
    };
    if let Err(problem) = check_listen(path, address) {
        problems.push(*problem);
        return None;
    }
    Some(address)
}

/// Refuses any address that other machines could reach. `path` is where it stands in the configuration.
pub fn check_listen(path: &str, address: SocketAddr) -> Result<(), Box<Problem>> {
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let message = format!(
        "{address} can be reached from other machines, and nothing guards it: without `access:` the gateway listens on loopback addresses only"
    );
    let hint = format!(
        "write 127.0.0.1:{} (or [::1]), and let a proxy that knows its callers stand before it",
        address.port()
    );
    Err(Box::new(Problem::error("not-loopback", path, message).hint(hint)))
}

fn store(text: &str, base: &Path, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    let told = |message: String, hint: &str| Problem::error("bad-store", "store", message).hint(hint);
    match text.split_once(':') {
        Some(("sqlite", file)) if !file.is_empty() && !file.starts_with("//") => Some(base.join(file)),
        Some(("postgres" | "postgresql", _)) => {
            let message = "this version keeps its store in SQLite only".to_owned();
            problems.push(told(message, "write `store: sqlite:var/banyan.db`"));
            None
        }
        _ => {
            let message = format!("`{text}` is not the address of a store");
            problems.push(told(message, "write `store: sqlite:var/banyan.db`; the path starts from the configuration"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(listen: &str, admin: &str, store: &str) -> Result<Settings, Vec<String>> {
        let mut draft = Draft { store: Some(store.into()), ..Draft::default() };
        (draft.gateway.listen, draft.gateway.admin) = (Some(listen.into()), Some(admin.into()));
        let mut problems = Vec::new();
        let settings = read(&draft, Path::new("conf"), &mut problems);
        settings.ok_or_else(|| problems.iter().map(|p| format!("{} {}", p.path, p.code)).collect())
    }

    #[test]
    fn defaults_are_sound() {
        let mut problems = Vec::new();
        let settings = read(&Draft::default(), Path::new("conf"), &mut problems).unwrap();
        assert_eq!(settings.listen.port(), 8080);
        assert_eq!(settings.store, Path::new("conf/var/banyan.db"));
    }

    #[test]
    fn loopback_is_taken() {
        for address in ["127.0.0.1:8080", "127.8.9.1:1", "[::1]:8080", "[::ffff:127.0.0.1]:80"] {
            assert!(check_listen("gateway.listen", address.parse().unwrap()).is_ok(), "{address}");
        }
    }

    #[test]
    fn what_others_can_reach_is_refused() {
        for address in ["0.0.0.0:8080", "[::]:8080", "192.168.1.4:8080", "10.0.0.1:1", "[::ffff:10.0.0.1]:80"] {
            let problem = check_listen("gateway.listen", address.parse().unwrap()).unwrap_err();
            assert_eq!(problem.code, "not-loopback", "{address}");
            assert!(problem.hint.unwrap().contains("127.0.0.1"));
        }
    }

    #[test]
    fn nothing_listens_where_others_can_reach_it() {
        for open in ["0.0.0.0:8080", "192.168.0.4:80", "[::]:8080"] {
            assert_eq!(of(open, "127.0.0.1:1", "sqlite:a").unwrap_err(), ["gateway.listen not-loopback"]);
            assert_eq!(of("localhost:1", open, "sqlite:a").unwrap_err(), ["gateway.admin not-loopback"]);
        }
        assert!(of("[::1]:8080", "localhost:0", "sqlite:/abs/a.db").is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(
            of("8080", "127.0.0.1:x", "banyan.db").unwrap_err(),
            ["gateway.listen bad-address", "gateway.admin bad-address", "store bad-store"]
        );
        assert_eq!(of("127.0.0.1:5", "127.0.0.1:5", "sqlite:a").unwrap_err(), ["gateway.admin same-address"]);
        assert_eq!(of("127.0.0.1:5", "127.0.0.1:6", "postgres://x/y").unwrap_err(), ["store bad-store"]);
    }
}
