//! No unguarded door (promise 9): the admin listener believes no request that a web page of another origin may have sent.
//!
//! Not here: which addresses may be listened on (`config::check_listen`), the door of the admin listener (`admin::door`).

use std::net::IpAddr;

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
