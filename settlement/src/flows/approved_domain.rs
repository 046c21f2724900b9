//! The approved domain: what may be one, and which URLs lie on it.

use crate::error::Fault;
use shared::validate::web_address;
use url::Url;

/// Reads a domain to approve: lowercase ASCII, not a public suffix, not an address.
pub fn parse(text: &str) -> Result<String, String> {
    let domain = text.trim().to_lowercase();
    let host = Url::parse(&format!("https://{domain}/"))
        .ok()
        .filter(|url| matches!(url.host(), Some(url::Host::Domain(host)) if host == domain));
    if host.is_none() || domain.ends_with('.') {
        return Err("approvedDomain must be a host name such as shop.example".to_owned());
    }
    // Everybody may register a name below a public suffix: approving one would be an open redirect.
    if psl::domain_str(&domain).is_none() {
        return Err("approvedDomain must not be a public suffix".to_owned());
    }
    Ok(domain)
}

/// Reads a URL that must lead to the approved domain, and answers it in its one spelling.
///
/// https alone, no user info, the default port (EDGE §9).
pub fn url_within(field: &'static str, text: &str, approved_domain: &str) -> Result<String, Fault> {
    let off = || Fault::MerchantDomainInvalid { field, domain: approved_domain.to_owned() };
    web_address::page_within(text, approved_domain).ok_or_else(off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_suffix_or_an_address_is_no_domain_to_approve() {
        for good in ["himalmart.example", "shop.himalmart.com.np", "Cedar.com"] {
            assert_eq!(parse(good), Ok(good.to_lowercase()), "{good}");
        }
        for bad in ["com", "com.np", "127.0.0.1", "[::1]", "", "a b", "shop.np/x", "shop.com:8080"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_off_the_domain_is_a_typed_fault() {
        let within = |text| url_within("destination", text, "shop.np").ok();
        assert_eq!(within("https://SHOP.np/a?b#c").as_deref(), Some("https://shop.np/a?b#c"));
        assert_eq!(within("https://www.shop.np").as_deref(), Some("https://www.shop.np/"));
        for bad in [
            "http://shop.np/",
            "https://evilshop.np/",
            "https://shop.np@evil.com/",
            "https://u@shop.np/",
            "https://shop.np:8443/",
            "javascript:alert(1)",
            "/path",
        ] {
            assert_eq!(within(bad), None, "{bad}");
        }
    }
}
