//! No unguarded door (promise 9): while no `access:` can be configured, only loopback addresses are listened on, and the
//! admin listener believes no request that a web page of another origin may have sent.
//!
//! Invariant: listeners ask [`check_listen`] before they bind, whatever the configuration's own check let through.
//! Not here: reading addresses (`config`), the door of the admin listener (`admin::door`).

use banyan_words::Problem;
use std::net::{IpAddr, SocketAddr};

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

/// Whether a `Host` header names this machine by a name that no one else can own. A page of another origin whose name
/// was pointed at 127.0.0.1 afterwards (DNS rebinding) still sends its own name.
pub fn host_is_ours(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn only_names_of_this_machine_are_ours() {
        for host in ["localhost", "localhost:8081", "LOCALHOST:1", "127.0.0.1:8081", "[::1]:8081", "[::1]"] {
            assert!(host_is_ours(host), "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:8081", "127.0.0.1.evil.example:8081", "10.0.0.1:80", "localhost.evil:1"]
        {
            assert!(!host_is_ours(host), "{host}");
        }
    }
}
