//! Client addresses: the allow-list, and the part of an address that a shopper hash may see.

use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv6Addr};

/// The client's address; an IPv4 address in IPv6 clothes counts as IPv4.
pub fn parse(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// Whether the allow-list lets this client in. An empty list lets everyone in; a list and no
/// known address lets nobody in. An entry that is no address or network matches nothing.
pub fn is_allowed(allow_list: &[String], client: Option<IpAddr>) -> bool {
    if allow_list.is_empty() {
        return true;
    }
    let Some(client) = client else {
        return false;
    };
    allow_list.iter().any(|entry| {
        let entry = entry.trim();
        match entry.parse::<IpNet>() {
            Ok(network) => plain(network).contains(&client),
            Err(_) => parse(entry) == Some(client),
        }
    })
}

/// A network of IPv4 addresses in IPv6 clothes counts as IPv4, as such an address does.
fn plain(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(v6) => v6.network().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    mapped.and_then(|(v4, bits)| Ipv4Net::new(v4, bits).ok()).map_or(network, IpNet::V4)
}

/// The bytes a shopper hash is made of: IPv4 whole, IPv6 by its /64, which one household shares.
pub fn hashed_part(client: IpAddr) -> Vec<u8> {
    match client {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => {
            let prefix = Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64);
            prefix.octets()[..8].to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allow_list_takes_addresses_and_networks_of_both_kinds() {
        let list: Vec<String> =
            ["203.0.113.7", "198.51.100.0/24", "2001:db8::/32", "junk"].map(str::to_owned).into();
        let cases = [
            ("203.0.113.7", true),
            ("::ffff:203.0.113.7", true),
            ("203.0.113.8", false),
            ("198.51.100.200", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ];
        for (client, expected) in cases {
            assert_eq!(is_allowed(&list, parse(client)), expected, "{client}");
        }
        assert!(!is_allowed(&list, None));
        assert!(is_allowed(&[], None));
    }

    #[test]
    fn an_entry_in_ipv6_clothes_is_the_ipv4_one_inside() {
        let cases = [
            ("::ffff:203.0.113.7", "203.0.113.7", true),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.7", true),
            ("::ffff:203.0.113.0/120", "203.0.113.200", true),
            ("::ffff:203.0.113.0/120", "203.0.114.1", false),
            ("::ffff:0:0/96", "8.8.8.8", true),
            ("::ffff:0:0/96", "2001:db8::1", false),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.7", false),
            ("203.0.113.7/24", "203.0.113.9", true),
            ("2001:db8::1/128", "2001:0db8:0::1", true),
            (" 10.0.0.1 ", "10.0.0.1", true),
            ("10.0.0.1/33", "10.0.0.1", false),
            ("", "10.0.0.1", false),
        ];
        for (entry, client, expected) in cases {
            let list = [entry.to_owned()];
            assert_eq!(is_allowed(&list, parse(client)), expected, "{entry} {client}");
        }
    }

    #[test]
    fn an_ipv6_address_is_hashed_by_its_network() {
        let part = |text: &str| parse(text).map(hashed_part);
        assert_eq!(part("2001:db8::1"), part("2001:db8::ffff"));
        assert_ne!(part("2001:db8::1"), part("2001:db8:0:1::1"));
        assert_eq!(part("::ffff:10.0.0.1"), Some(vec![10, 0, 0, 1]));
    }
}
