//! URLs that merchants name: pages on their approved domain, images, webhook endpoints.

use super::URL_BYTES_MAX;
use crate::directory::host_is_within;
use std::cell::Cell;
use url::{Host, SyntaxViolation, Url};

/// Bytes of an image's or a webhook endpoint's URL at most.
pub const PUBLIC_URL_BYTES_MAX: usize = 2_000;

/// Where webhook endpoints may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// https on public addresses alone.
    Public,
    /// Anywhere, http too: for development and tests (`WEBHOOK_REACH=any`).
    Any,
}

impl Reach {
    /// Reads the word of the configuration.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "public" => Some(Self::Public),
            "any" => Some(Self::Any),
            _ => None,
        }
    }
}

/// Reads a URL on the approved domain or below it, and answers it in its one spelling.
///
/// https alone, no user info, the default port (EDGE §9); `None` for anything else.
pub fn page_within(text: &str, approved_domain: &str) -> Option<String> {
    let url = https(text)?;
    let fits = url.port().is_none()
        && url.as_str().len() <= URL_BYTES_MAX
        && host_is_within(url.host_str()?, approved_domain);
    fits.then(|| url.into())
}

/// Reads the URL of an image, on any host.
pub fn image(text: &str) -> Result<String, &'static str> {
    let url = https(text).ok_or("must be an https URL without user info")?;
    if url.as_str().len() > PUBLIC_URL_BYTES_MAX {
        return Err("must be at most 2000 bytes");
    }
    Ok(url.into())
}

/// Reads where webhook events may go (PRODUCT §6): a public https host, nothing of one's own
/// network by its address or by a name that can mean nothing else. With [`Reach::Any`] any host,
/// over http too.
///
/// Any port: TLS speaks first, so nothing of ours is taken for another protocol. What a name
/// resolves to is looked at again when it is connected to.
pub fn endpoint(text: &str, reach: Reach) -> Result<String, &'static str> {
    let url = match reach {
        Reach::Public => https(text).ok_or("must be an https URL without user info"),
        Reach::Any => web(text).ok_or("must be an http or https URL without user info"),
    }?;
    if !is_plain(text.trim()) || url.port() == Some(0) {
        return Err("must be written in full: two slashes, a host, a port above 0 if any");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    if url.as_str().len() > PUBLIC_URL_BYTES_MAX {
        return Err("must be at most 2000 bytes");
    }
    let fits = reach == Reach::Any || url.host().is_some_and(|host| is_public(&host));
    if fits { Ok(url.into()) } else { Err("must lead to a public host") }
}

/// Whether a host is public: an address by its block, a name by what it can mean.
pub fn is_public(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_public_name(name),
        Host::Ipv4(address) => is_public_v4(address.octets()),
        Host::Ipv6(address) => is_public_v6(address.segments()),
    }
}

/// Whether nothing had to be forgiven to read a URL: `https:///x` would become the host `x`, and
/// somebody meant something else.
fn is_plain(text: &str) -> bool {
    use SyntaxViolation::{Backslash, ExpectedDoubleSlash, TabOrNewlineIgnored};
    let forgiven = Cell::new(false);
    let note = |violation| {
        let changes = matches!(violation, Backslash | ExpectedDoubleSlash | TabOrNewlineIgnored);
        forgiven.set(forgiven.get() || changes);
    };
    let read = Url::options().syntax_violation_callback(Some(&note)).parse(text);
    read.is_ok() && !forgiven.get()
}

fn https(text: &str) -> Option<Url> {
    web(text).filter(|url| url.scheme() == "https")
}

fn web(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// Where Azure answers each machine about itself, though the address looks public.
const HOST_SERVICE: [u8; 4] = [168, 63, 129, 16];

/// Names that stay inside one machine or network (RFC 6761, RFC 6762, RFC 9476), and bare ones.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let (_, last) = name.rsplit_once('.').unwrap_or(("", ""));
    !name.contains("..")
        && !matches!(
            last,
            "" | "localhost" | "local" | "internal" | "home" | "lan" | "onion" | "alt"
        )
        && !name.ends_with("home.arpa")
}

/// Whether an IPv4 address is public: outside the special-purpose blocks of RFC 6890 and its
/// followers. Clouds keep their metadata at a link-local address, and one at a public one.
pub fn is_public_v4([a, b, c, d]: [u8; 4]) -> bool {
    let special = matches!(a, 0 | 10 | 127 | 224..)
        || a == 100 && (64..128).contains(&b)
        || a == 169 && b == 254
        || a == 172 && (16..32).contains(&b)
        || a == 192 && b == 168
        || a == 192 && b == 0 && (c == 0 || c == 2)
        || a == 192 && b == 88 && c == 99
        || [a, b, c, d] == HOST_SERVICE
        || a == 198 && (b == 18 || b == 19)
        || a == 198 && b == 51 && c == 100
        || a == 203 && b == 0 && c == 113;
    !special
}

/// Whether an IPv6 address is public, by its segments. One that carries an IPv4 address within
/// (mapped, compatible, NAT64, 6to4, Teredo) is not, whatever it carries: who is public is
/// reached by its own address.
pub fn is_public_v6(segments: [u16; 8]) -> bool {
    let [a, b, ..] = segments;
    // 2000::/3 is what is given out; 6to4, Teredo and documentation in it hide or mean another.
    let embeds_another = a == 0x2002 || a == 0x2001 && b < 0x0200 || a == 0x2001 && b == 0x0db8;
    let documentation = a == 0x3fff && b < 0x1000;
    // fd00:ec2::254 and its like are unique-local, outside 2000::/3 as every private block is.
    (0x2000..0x4000).contains(&a) && !embeds_another && !documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lies_on_the_approved_domain_in_one_spelling() {
        let within = |text| page_within(text, "shop.np");
        assert_eq!(within(" https://SHOP.np/a b ").as_deref(), Some("https://shop.np/a%20b"));
        assert_eq!(within("https://www.shop.np").as_deref(), Some("https://www.shop.np/"));
        let long = format!("https://shop.np/{}", "x".repeat(URL_BYTES_MAX));
        for bad in [
            "http://shop.np/",
            "https://evilshop.np/",
            "https://shop.np.evil.example/",
            "https://shop.np@evil.example/",
            "https://u@shop.np/",
            "https://shop.np:8443/",
            "//shop.np/",
            "shop.np",
            "",
            &long,
        ] {
            assert_eq!(within(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_image_may_lie_anywhere_over_https() {
        assert_eq!(image("https://cdn.example:8443/a.png").as_deref().ok(), {
            Some("https://cdn.example:8443/a.png")
        });
        let long = format!("https://cdn.example/{}", "x".repeat(PUBLIC_URL_BYTES_MAX));
        for bad in
            ["http://cdn.example/a", "data:image/png;base64,AA==", "https://", "a.png", &long]
        {
            assert!(image(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_is_public_by_name_and_by_address() {
        for good in [
            "https://hooks.shop.example/khata?x=1",
            "https://hooks.shop.example:8443/",
            "https://203.0.114.1/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
        ] {
            assert!(endpoint(good, Reach::Public).is_ok(), "{good}");
        }
        for bad in [
            "http://hooks.shop.example/",
            "https://u:p@hooks.shop.example/",
            "https://hooks.shop.example/#a",
            "https://localhost/",
            "https://a.localhost/",
            "https://localhost./",
            "https://printer/",
            "https://nas.local/",
            "https://router.home.arpa/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://０.0.0.0/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://172.31.255.255/",
            "https://192.168.0.1/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::a00:1]/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[ff02::1]/",
            "https://[2002:a00:1::]/",
            "https://[2001:db8::1]/",
            "ftp://hooks.shop.example/",
            "https:///hooks.shop.example/",
            "https:hooks.shop.example/",
            "https:\\\\hooks.shop.example/",
            "https://hooks.shop\n.example/",
            "https://hooks.shop.example:0/",
            "https://hooks..shop.example/",
            "",
        ] {
            assert!(endpoint(bad, Reach::Public).is_err(), "{bad}");
        }
        assert!(endpoint(&format!("https://db.{}/", "internal"), Reach::Public).is_err());
        let long = format!("https://hooks.shop.example/{}", "x".repeat(PUBLIC_URL_BYTES_MAX));
        assert_eq!(endpoint(&long, Reach::Public), Err("must be at most 2000 bytes"));
    }

    #[test]
    fn with_any_reach_an_endpoint_is_anywhere_on_the_web() {
        for good in
            ["http://127.0.0.1:9000/hook", "https://[::1]/", "http://sink/", "https://a.np/"]
        {
            assert!(endpoint(good, Reach::Any).is_ok(), "{good}");
        }
        for bad in ["ftp://a.np/", "http://u:p@a.np/", "http://a.np/#x", "a.np", "http://", ""] {
            assert!(endpoint(bad, Reach::Any).is_err(), "{bad}");
        }
        let words = ["public", "any", "Any", ""].map(Reach::parse);
        assert_eq!(words, [Some(Reach::Public), Some(Reach::Any), None, None]);
    }

    #[test]
    fn every_special_block_ends_where_its_register_says() {
        let special = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255
            127.0.0.0 127.255.255.255 169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255
            168.63.129.16 192.0.0.0 192.0.0.255 192.88.99.0 192.88.99.255 192.0.2.0 192.0.2.255
            192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255
            203.0.113.0 203.0.113.255 224.0.0.0 255.255.255.255 [1fff:ffff::] [2001::] [2001:1ff::]
            [2001:db8::] [2002::] [2002:ffff::] [3fff::] [3fff:fff::] [4000::]";
        for host in special.split_whitespace() {
            assert!(endpoint(&format!("https://{host}/"), Reach::Public).is_err(), "{host}");
        }
        // What lies next to each, then what shares only its later numbers.
        let public = "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
            128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 168.63.129.15
            168.63.129.17 192.88.98.255 192.88.100.0 192.0.1.0 192.0.3.0 192.1.0.0 192.167.255.255
            192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 198.52.100.0
            203.0.112.255 203.0.114.0 203.1.113.0 223.255.255.255 [2000::] [2001:200::]
            [2001:db7::] [2001:db9::] [2003::] [3ffe:ffff::] [3fff:1000::] 8.64.0.0 8.254.0.0
            8.16.0.0 8.168.0.0 8.0.2.0 8.18.0.0 8.51.100.0 8.0.113.0 [2400:db8::] [2400::]";
        for host in public.split_whitespace() {
            assert!(endpoint(&format!("https://{host}/"), Reach::Public).is_ok(), "{host}");
        }
    }

    #[test]
    fn an_address_may_be_as_long_as_its_limit() {
        let of = |start: &str, bytes: usize| format!("{start}{}", "x".repeat(bytes - start.len()));
        let page = |bytes| page_within(&of("https://shop.np/", bytes), "shop.np");
        assert!(page(URL_BYTES_MAX).is_some() && page(URL_BYTES_MAX + 1).is_none());
        for read in [image, |text: &str| endpoint(text, Reach::Public)] {
            assert!(read(&of("https://cdn.example/", PUBLIC_URL_BYTES_MAX)).is_ok());
            assert!(read(&of("https://cdn.example/", PUBLIC_URL_BYTES_MAX + 1)).is_err());
        }
    }
}
