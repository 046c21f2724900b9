//! The query of a click: the affiliate's tags, the deep link, and the wish to stay unknown.

/// Characters of a sub id at most; longer ones are cut.
const SUB_ID_CHARACTERS_MAX: usize = 64;
const NAMES: [&str; 5] = ["sub1", "sub2", "sub3", "sub4", "sub5"];

/// What a click's query says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// `sub1` to `sub5`, empty for one not given; no entries when none was given.
    pub sub_ids: Vec<String>,
    /// `to`, the page wanted.
    pub deep_link: Option<String>,
    /// `consent=0`.
    pub is_refused: bool,
}

/// Reads the query; the first of a repeated name counts, unknown names are nobody's business.
pub fn read(query: &str) -> Tags {
    let mut tags = Tags::default();
    if query.is_empty() {
        return tags;
    }
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if let Some(at) = NAMES.iter().position(|known| *known == name) {
            tags.sub_ids.resize(NAMES.len(), String::new());
            if tags.sub_ids[at].is_empty() {
                tags.sub_ids[at] = cleaned(&value);
            }
        } else if name == "to" && tags.deep_link.is_none() {
            tags.deep_link = Some(value.into_owned());
        } else if name == "consent" && value == "0" {
            tags.is_refused = true;
        }
    }
    if tags.sub_ids.iter().all(String::is_empty) {
        tags.sub_ids.clear();
    }
    tags
}

fn cleaned(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(SUB_ID_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_ids_are_decoded_cleaned_and_cut() {
        let tags = read(&format!("sub2=a%20b%00&sub5={}&sub1=&sub2=x", "%C3%A9".repeat(70)));
        assert_eq!(tags.sub_ids, ["", "a b", "", "", &"é".repeat(64)]);
        assert_eq!(read("sub6=x&sub1=&a=b").sub_ids, Vec::<String>::new());
    }

    #[test]
    fn deep_link_and_refusal_are_read() {
        let tags = read("to=https%3A%2F%2Fshop.np%2F%3Fa%3Db&consent=0&to=other");
        assert_eq!(tags.deep_link.as_deref(), Some("https://shop.np/?a=b"));
        assert!(tags.is_refused);
        assert!(!read("consent=1").is_refused);
        assert_eq!(read(""), Tags::default());
    }
}
