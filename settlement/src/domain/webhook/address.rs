//! Where a delivery may go: judged by its URL, and by the addresses of its name.

use shared::validate::web_address::{self, Reach, is_public_v4, is_public_v6};
use std::net::IpAddr;
use url::Url;

/// Whether a delivery may go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
    /// There is nowhere to go: the name has no address.
    Nowhere,
}

/// Judges a URL before anything is looked up: scheme, user info, and a host that is an address or
/// a name that can only mean one's own network. `Url` has turned every spelling of an IPv4 address
/// (decimal, octal, hexadecimal, shortened) into the one that is judged.
pub fn of_url(url: &Url, reach: Reach) -> Verdict {
    let is_plain = url.username().is_empty() && url.password().is_none();
    let may = match (reach, url.scheme(), url.host()) {
        (Reach::Any, "http" | "https", Some(_)) => is_plain,
        (Reach::Public, "https", Some(host)) => is_plain && web_address::is_public(&host),
        _ => false,
    };
    if may { Verdict::Allowed } else { Verdict::Refused }
}

/// Judges all addresses that a name has at the moment of connecting.
///
/// One that is not public refuses them all: a name that leads inside as well is a mistake or an
/// attack, and its owner had better be told than served by the chance of an order.
pub fn of_addresses(mut addresses: impl Iterator<Item = IpAddr>, reach: Reach) -> Verdict {
    let Some(first) = addresses.next() else { return Verdict::Nowhere };
    let all = is_within(first, reach) && addresses.all(|address| is_within(address, reach));
    if all { Verdict::Allowed } else { Verdict::Refused }
}

fn is_within(address: IpAddr, reach: Reach) -> bool {
    reach == Reach::Any
        || match address {
            IpAddr::V4(address) => is_public_v4(address.octets()),
            IpAddr::V6(address) => is_public_v6(address.segments()),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, reach: Reach) -> Verdict {
        of_url(&Url::parse(text).unwrap(), reach)
    }

    fn check(addresses: &str, expected: Verdict) {
        let read = addresses.split_whitespace().map(|address| address.parse().unwrap());
        assert_eq!(of_addresses(read, Reach::Public), expected, "{addresses}");
    }

    #[test]
    fn every_spelling_of_an_inner_address_is_refused_before_it_is_looked_up() {
        for host in [
            "127.0.0.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "127.1",
            "0",
            "127.0.0.1.",
            "１２７.0.0.1",
            "[::ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fec0::1]",
            "[fd00:ec2::254]",
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "localhost",
            "localhost.",
            "a.localhost",
            "metadata.google.internal",
            "printer",
        ] {
            assert_eq!(of(&format!("https://{host}/"), Reach::Public), Verdict::Refused, "{host}");
        }
    }

    #[test]
    fn only_https_without_user_info_goes_out_and_any_web_address_in_development() {
        for (url, public, any) in [
            ("https://hooks.shop.example/k?x=1", Verdict::Allowed, Verdict::Allowed),
            ("https://hooks.shop.example:8443/", Verdict::Allowed, Verdict::Allowed),
            ("https://9.9.9.9/", Verdict::Allowed, Verdict::Allowed),
            ("http://hooks.shop.example/", Verdict::Refused, Verdict::Allowed),
            ("http://127.0.0.1:9000/", Verdict::Refused, Verdict::Allowed),
            ("https://u@hooks.shop.example/", Verdict::Refused, Verdict::Refused),
            ("https://:p@hooks.shop.example/", Verdict::Refused, Verdict::Refused),
            ("ftp://hooks.shop.example/", Verdict::Refused, Verdict::Refused),
            ("file:///etc/passwd", Verdict::Refused, Verdict::Refused),
        ] {
            assert_eq!((of(url, Reach::Public), of(url, Reach::Any)), (public, any), "{url}");
        }
    }

    #[test]
    fn one_inner_address_refuses_all_of_a_name() {
        check("9.9.9.9 2620:fe::fe", Verdict::Allowed);
        check("", Verdict::Nowhere);
        for inner in "0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.192
            192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
            240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:10.0.0.1 64:ff9b::a00:1 64:ff9b:1::1
            100::1 2001::1 2001:db8::1 2002:a00:1:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
            fec0::1 ff02::1"
            .split_whitespace()
        {
            check(inner, Verdict::Refused);
            check(&format!("9.9.9.9 {inner}"), Verdict::Refused);
            check(&format!("{inner} 9.9.9.9"), Verdict::Refused);
        }
        let inner = [IpAddr::from([127, 0, 0, 1])];
        assert_eq!(of_addresses(inner.into_iter(), Reach::Any), Verdict::Allowed);
    }
}
