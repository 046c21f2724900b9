//! Where a click goes: the link's destination or an allowed deep link, with the click id on it.

use shared::directory::host_is_within;
use url::Url;

/// Characters of a deep link at most.
const DEEP_LINK_CHARACTERS_MAX: usize = 2_048;
/// The query parameter that carries the id.
const PARAMETER: &str = "click_id";

/// A deep link in its re-serialised form, when it may be followed: https, no user info, default
/// port, on the approved domain or below it.
pub fn deep_link(wanted: &str, approved_domain: &str) -> Option<String> {
    if wanted.len() > DEEP_LINK_CHARACTERS_MAX {
        return None;
    }
    let url = Url::parse(wanted).ok()?;
    let plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none();
    let within = host_is_within(url.domain()?, approved_domain);
    (plain && within).then(|| url.into())
}

/// Puts the click id on a destination: in place of a `click_id` already there, else at the end of
/// the query. Everything else stays byte for byte, but for bytes that no header can carry.
pub fn with_click_id(destination: &str, click_id: &str) -> String {
    let (front, fragment) = match destination.split_once('#') {
        Some((front, fragment)) => (front, Some(fragment)),
        None => (destination, None),
    };
    let (path, query) = match front.split_once('?') {
        Some((path, query)) => (path, query),
        None => (front, ""),
    };
    let mut url = String::with_capacity(destination.len() + PARAMETER.len() + click_id.len() + 2);
    url.push_str(path);
    let mut separator = '?';
    let mut is_placed = false;
    let mut push = |url: &mut String, name_and_value: &[&str]| {
        url.push(separator);
        separator = '&';
        url.extend(name_and_value.iter().copied());
    };
    if !query.is_empty() {
        for part in query.split('&') {
            if !is_click_id(part) {
                push(&mut url, &[part]);
            } else if !is_placed {
                push(&mut url, &[PARAMETER, "=", click_id]);
                is_placed = true;
            }
        }
    }
    if !is_placed {
        push(&mut url, &[PARAMETER, "=", click_id]);
    }
    if let Some(fragment) = fragment {
        url.push('#');
        url.push_str(fragment);
    }
    header_safe(url)
}

/// Whether a query part names the parameter, also in percent-encoding.
fn is_click_id(part: &str) -> bool {
    let name = part.split_once('=').map_or(part, |(name, _)| name);
    name == PARAMETER
        || name.contains('%')
            && url::form_urlencoded::parse(name.as_bytes())
                .next()
                .is_some_and(|(name, _)| name == PARAMETER)
}

/// Percent-encodes what a `Location` header cannot carry; a clean text passes as it is.
pub fn header_safe(url: String) -> String {
    if url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return url;
    }
    let mut safe = String::with_capacity(url.len() + 16);
    for byte in url.bytes() {
        if byte.is_ascii_graphic() {
            safe.push(char::from(byte));
        } else {
            safe.extend(url::form_urlencoded::byte_serialize(&[byte]).map(|text| {
                // A blank in a path is `%20`, not the `+` of a form.
                if text == "+" { "%20" } else { text }
            }));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_click_id_is_set_and_the_rest_stays() {
        let cases = [
            ("https://s.np/", "https://s.np/?click_id=X"),
            ("https://s.np/?", "https://s.np/?click_id=X"),
            ("https://s.np/p?b=2&a=1#top", "https://s.np/p?b=2&a=1&click_id=X#top"),
            ("https://s.np/p#a?b", "https://s.np/p?click_id=X#a?b"),
            ("https://s.np/?click_id=old&a=%20", "https://s.np/?click_id=X&a=%20"),
            ("https://s.np/?a&click_id&b", "https://s.np/?a&click_id=X&b"),
            ("https://s.np/?click%5Fid=1&click_id=2", "https://s.np/?click_id=X"),
            ("https://s.np/?xclick_id=1", "https://s.np/?xclick_id=1&click_id=X"),
            ("https://s.np/?q=a+b%2Bc&q=", "https://s.np/?q=a+b%2Bc&q=&click_id=X"),
            (
                "https://s.np/चिया?a=é b",
                "https://s.np/%E0%A4%9A%E0%A4%BF%E0%A4%AF%E0%A4%BE?a=%C3%A9%20b&click_id=X",
            ),
            ("https://s.np/a\r\nSet-Cookie: x", "https://s.np/a%0D%0ASet-Cookie:%20x?click_id=X"),
        ];
        for (destination, expected) in cases {
            assert_eq!(with_click_id(destination, "X"), expected);
        }
    }

    #[test]
    fn a_deep_link_stays_on_the_approved_domain() {
        let allowed = [
            ("https://shop.np", "https://shop.np/"),
            ("https://www.shop.np/a?b=c#d", "https://www.shop.np/a?b=c#d"),
            ("https://SHOP.np:443/a/../b", "https://shop.np/b"),
            ("HTTPS://shop.np\\a", "https://shop.np/a"),
            (" https://shop.np/x\n", "https://shop.np/x"),
        ];
        for (wanted, expected) in allowed {
            assert_eq!(deep_link(wanted, "shop.np").as_deref(), Some(expected));
        }
        let long = format!("https://shop.np/{}", "a".repeat(2_048));
        let refused = [
            "http://shop.np/",
            "https://shop.np:8443/",
            "https://user@shop.np/",
            "https://user:pw@shop.np/",
            "https://evil.com/",
            "https://evilshop.np/",
            "https://shop.np.evil.com/",
            "https://shop.np@evil.com/",
            "https://evil.com\\@shop.np/",
            "https://evil.com/?shop.np",
            "https://evil.com#shop.np",
            "//shop.np/",
            "/path",
            "javascript:alert(1)",
            "https://127.0.0.1/",
            "https://[::1]/",
            "",
            long.as_str(),
        ];
        for wanted in refused {
            assert_eq!(deep_link(wanted, "shop.np"), None, "{wanted}");
        }
        assert_eq!(deep_link("https://shop.np/", ""), None);
    }
}
