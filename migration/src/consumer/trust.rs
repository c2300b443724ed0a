//! Whose word counts for who asks: which requests come through a proxy that verified what they show.

use core::net::IpAddr;

/// Which requests come through such a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// None.
    #[default]
    Nobody,
    /// All.
    Everyone,
    /// Those whose connection comes from one of these.
    From(Vec<Network>),
}

impl Trust {
    /// Whether what comes from that address is believed. An address that is not known is none of a list.
    pub fn holds(&self, from: Option<IpAddr>) -> bool {
        match self {
            Trust::Nobody => false,
            Trust::Everyone => true,
            Trust::From(all) => from.is_some_and(|address| all.iter().any(|n| n.holds(address))),
        }
    }
}

/// An address, or all that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// An address as its bits, and how many it has. IPv4 written as IPv6 is IPv4.
fn bits_of(address: IpAddr) -> (u128, u8) {
    match address.to_canonical() {
        IpAddr::V4(four) => (u128::from(u32::from(four)) << 96, 32),
        IpAddr::V6(six) => (u128::from(six), 128),
    }
}

impl Network {
    /// Reads `10.0.0.7`, `10.1.0.0/16`, `2001:db8::/32`. `None`: it is none, or says more bits than count.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().ok()?;
        let (all, most) = bits_of(address);
        let bits = match bits {
            None => most,
            Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok().filter(|b| *b <= most)?,
            Some(_) => return None,
        };
        // What stands beyond the network would be passed over: somebody meant something else.
        (all == all & mask(bits)).then_some(Network { address: address.to_canonical(), bits })
    }

    fn holds(self, address: IpAddr) -> bool {
        let ((own, family), (other, its)) = (bits_of(self.address), bits_of(address));
        family == its && own == other & mask(self.bits)
    }
}

/// That many bits, from the left.
fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_begins_alike() {
        let from = |all: &[&str]| Trust::From(all.iter().map(|t| Network::parse(t).unwrap()).collect());
        let holds = |trust: &Trust, address: &str| trust.holds(Some(address.parse().unwrap()));
        let trust = from(&["10.0.0.7", "10.1.0.0/16", "2001:db8::/32"]);
        for yes in ["10.0.0.7", "::ffff:10.0.0.7", "10.1.0.0", "10.1.255.255", "2001:db8::1"] {
            assert!(holds(&trust, yes), "{yes}");
        }
        for no in ["10.0.0.6", "10.2.0.0", "11.1.0.0", "2001:db9::", "::a00:7", "0.0.0.0"] {
            assert!(!holds(&trust, no), "{no}");
        }
        assert!(!trust.holds(None) && Trust::Everyone.holds(None) && !holds(&Trust::Nobody, "127.0.0.1"));
        assert!(holds(&from(&["0.0.0.0/0"]), "9.9.9.9") && !holds(&from(&["0.0.0.0/0"]), "2001:db8::1"));
        assert!(holds(&from(&["::/0"]), "2001:db8::1") && !holds(&from(&["::/0"]), "9.9.9.9"));
        for bad in ["", "10.0.0", "10.0.0.7/33", "10.0.0.7/16", "10.0.0.0/+8", "10.0.0.0/", "2001:db8::/129", "proxy"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
