//! Lists come in pages: limit, cursor and filters of a query, with every fault at once.

use crate::error::Fault;
use crate::store::instant;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::types::time::OffsetDateTime;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// Rows of a page when none are asked for.
pub(in crate::http) const LIMIT_DEFAULT: i64 = 20;
/// Rows of a page at most.
pub(in crate::http) const LIMIT_MAX: i64 = 100;
/// Characters of a filter's value at most.
pub(in crate::http) const FILTER_CHARACTERS_MAX: usize = 200;

/// A filter and the words it may have; no words: any text.
pub(super) type Filter = (&'static str, &'static [&'static str]);

/// A list's query, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) limit: i64,
    pub(super) after: Option<(OffsetDateTime, String)>,
    filters: BTreeMap<&'static str, String>,
}

impl Page {
    /// Takes a filter's value.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.filters.remove(name)
    }

    /// How many rows to read: one more than shown tells whether there is a next page.
    pub(super) fn rows_max(&self) -> i64 {
        self.limit + 1
    }
}

/// One page of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
}

/// Cuts the rows read to a page; `key` says where in the order a row stands.
pub(super) fn list<R, T>(
    mut rows: Vec<R>,
    page: &Page,
    key: impl Fn(&R) -> (OffsetDateTime, String),
    show: impl Fn(R) -> T,
) -> List<T> {
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| {
        let (at, id) = key(row);
        hex::encode(format!("{}:{id}", instant::from_row(at).as_microsecond()))
    });
    List { data: rows.into_iter().map(show).collect(), next_cursor }
}

/// Reads a query; all its faults at once.
pub(super) fn read(query: Option<&str>, allowed: &[Filter]) -> Result<Page, Fault> {
    let mut page = Page { limit: LIMIT_DEFAULT, after: None, filters: BTreeMap::new() };
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if seen.contains(&name) {
            faults.push(format!("{} must be given once", shown(&name)));
            continue;
        }
        match name.as_ref() {
            "limit" => match limit(&value) {
                Some(limit) => page.limit = limit,
                None => faults.push(format!("limit must be a whole number from 1 to {LIMIT_MAX}")),
            },
            "cursor" => match cursor(&value) {
                Some(after) => page.after = Some(after),
                None => faults.push("cursor must be a nextCursor of this list".to_owned()),
            },
            _ => match allowed.iter().find(|(known, _)| *known == name) {
                None => faults.push(format!("{} is not a parameter of this list", shown(&name))),
                Some((known, words)) => match filter(&value, words) {
                    Ok(value) => {
                        page.filters.insert(known, value);
                    }
                    Err(fault) => faults.push(format!("{known} {fault}")),
                },
            },
        }
        seen.push(name);
    }
    if faults.is_empty() { Ok(page) } else { Err(Fault::Invalid(faults)) }
}

fn limit(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|limit| digits && (1..=LIMIT_MAX).contains(limit))
}

fn cursor(text: &str) -> Option<(OffsetDateTime, String)> {
    let text = String::from_utf8(hex::decode(text).ok()?).ok()?;
    let (at, id) = text.split_once(':')?;
    let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
    let sane = id.len() <= FILTER_CHARACTERS_MAX && !id.contains('\0');
    sane.then(|| (instant::to_row(at), id.to_owned()))
}

fn filter(value: &str, words: &[&str]) -> Result<String, String> {
    if !words.is_empty() && !words.contains(&value) {
        return Err(format!("must be one of {}", words.join(", ")));
    }
    let length = value.chars().count();
    if !(1..=FILTER_CHARACTERS_MAX).contains(&length) || value.contains('\0') {
        return Err(format!("must be 1 to {FILTER_CHARACTERS_MAX} characters"));
    }
    Ok(value.to_owned())
}

/// A name as sent, short enough to repeat in an answer.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILTERS: &[Filter] = &[("externalOrderId", &[]), ("state", &["pending", "hold"])];

    #[test]
    fn a_plain_query_is_read() {
        let mut page = read(Some("limit=5&externalOrderId=A%20B&state=hold"), FILTERS).unwrap();
        assert_eq!((page.limit, page.rows_max()), (5, 6));
        assert_eq!(page.take("externalOrderId").as_deref(), Some("A B"));
        assert_eq!(page.take("state").as_deref(), Some("hold"));
        assert_eq!(read(None, FILTERS).unwrap().limit, 20);
    }

    #[test]
    fn every_fault_of_a_query_is_told_at_once() {
        let query = "limit=0&cursor=xyz&state=held&colour=red&externalOrderId=%00&limit=3";
        let Err(Fault::Invalid(faults)) = read(Some(query), FILTERS) else {
            panic!("all of it is wrong");
        };
        let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
        assert_eq!(names, ["limit", "cursor", "state", "colour", "externalOrderId", "limit"]);
        for limit in ["101", "-1", "+5", "1.5", "", "99999999999999999999"] {
            assert!(read(Some(&format!("limit={limit}")), FILTERS).is_err(), "{limit}");
        }
    }

    #[test]
    fn a_cursor_leads_to_the_row_after_the_last_shown() {
        let page = Page { limit: 2, after: None, filters: BTreeMap::new() };
        let at = OffsetDateTime::UNIX_EPOCH;
        let key = |row: &&str| (at, (*row).to_owned());
        let full = list(vec!["a", "b", "c"], &page, key, |row| row);
        assert_eq!(full.data, ["a", "b"]);
        assert_eq!(cursor(&full.next_cursor.unwrap()), Some((at, "b".to_owned())));
        let last = list(vec!["a", "b"], &page, key, |row| row);
        assert_eq!(last.next_cursor, None);
    }
}
