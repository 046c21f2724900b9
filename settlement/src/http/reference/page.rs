//! The reference as a page for people.

pub(super) fn html() -> String {
    String::new()
}
pub(super) fn content_security_policy() -> String {
    "default-src 'none'".to_owned()
}
