//! The request, the response and the hop, each in one crossing: `bridge.js` does the many steps.

use serde::{Deserialize, Serialize};
use worker::js_sys::{Promise, Uint8Array};
use worker::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys;
use worker::{Env, Error, Result, SqlStorage};

#[wasm_bindgen(module = "/src/bridge.js")]
extern "C" {
    #[wasm_bindgen(js_name = read)]
    fn read_js(request: &web_sys::Request) -> String;
    #[wasm_bindgen(js_name = respond, catch)]
    fn respond_js(
        status: u16,
        headers: &str,
        body: &str,
    ) -> core::result::Result<web_sys::Response, JsValue>;
    #[wasm_bindgen(js_name = hop)]
    fn hop_js(
        env: &Env,
        binding: &str,
        name: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Promise;
    #[wasm_bindgen(js_name = ask, catch)]
    fn ask_js(
        sql: &JsValue,
        statement: &str,
        bindings: &str,
        characters_max: u32,
    ) -> core::result::Result<String, JsValue>;
    #[wasm_bindgen(js_name = send)]
    fn send_js(
        url: &str,
        method: &str,
        headers: &str,
        body: &str,
        timeout_ms: u32,
        wanted: &str,
    ) -> Promise;
}

/// Everything of a request but its body.
pub struct Head {
    pub method: String,
    pub url: String,
    /// Two letters, where the platform tells.
    pub country: Option<String>,
    /// `name:value` lines, names in lowercase.
    headers: String,
}

impl Head {
    /// Reads a request.
    pub fn of(request: &web_sys::Request) -> Self {
        Self::parse(&read_js(request))
    }

    fn parse(text: &str) -> Self {
        let mut parts = text.splitn(4, '\n');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (method, url, country, headers) = (next(), next(), next(), next());
        Self { method, url, country: Some(country).filter(|text| !text.is_empty()), headers }
    }

    /// A header by its lowercase name, `None` when absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.split('\n').find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }
}

/// Makes a response; an empty body is none.
pub fn respond<'a>(
    status: u16,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &str,
) -> Result<web_sys::Response> {
    Ok(respond_js(status, &lines(headers), body)?)
}

/// Posts to an object by name; answers with its status and body.
pub async fn hop<'a>(
    env: &Env,
    binding: &str,
    name: &str,
    path: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &str,
) -> Result<(u16, String)> {
    read_answer(hop_js(env, binding, name, path, &lines(headers), body)).await
}

async fn read_answer(promise: Promise) -> Result<(u16, String)> {
    let answer = JsFuture::from(promise).await?.as_string().unwrap_or_default();
    let (status, body) = answer.split_once('\n').unwrap_or_default();
    Ok((read_status(status)?, body.to_owned()))
}

fn read_status(text: &str) -> Result<u16> {
    text.parse().map_err(|_| Error::from("an answer has no status"))
}

/// Another service's answer, read whole.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers that were wanted and came, `name:value` with tabs between.
    headers: String,
    /// The body, as text.
    pub body: String,
}

impl Reply {
    fn parse(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, '\n');
        let mut next = || parts.next().unwrap_or_default();
        let (status, headers, body) = (read_status(next())?, next().to_owned(), next().to_owned());
        Ok(Self { status, headers, body })
    }

    /// A wanted header by its lowercase name, `None` when it did not come.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.split('\t').find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }
}

/// Headers of an answer that are read.
const WANTED: &str = "content-type etag idempotent-replayed preference-applied x-khata-code";

/// Calls another service, with a time limit in milliseconds and without following redirects; an
/// empty body is none.
pub async fn send<'a>(
    url: &str,
    method: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &str,
    timeout_ms: u32,
) -> Result<Reply> {
    let promise = send_js(url, method, &lines(headers), body, timeout_ms, WANTED);
    Reply::parse(&JsFuture::from(promise).await?.as_string().unwrap_or_default())
}

/// What a statement came to.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// Rows that it wrote, entries of indexes included.
    pub rows_written: u64,
    /// Rows that it answered.
    pub rows: Vec<Row>,
}

/// Columns of a row by their places, counted from 0. One shape for every statement: a reader made
/// for each would take a tenth of the bundle.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Row(Vec<Option<String>>);

impl Row {
    /// Takes a text out; `None` where it is null.
    pub fn find(&mut self, place: usize) -> Option<String> {
        self.0.get_mut(place)?.take()
    }

    /// Takes a text out that cannot be null.
    pub fn text(&mut self, place: usize) -> Result<String> {
        self.find(place).ok_or_else(|| Error::from("a column is null"))
    }

    /// A whole number; `None` where it is null.
    pub fn find_number(&self, place: usize) -> Result<Option<i64>> {
        let text = self.0.get(place).and_then(Option::as_deref);
        let read = text.map(|text| text.parse().map_err(|_| Error::from("a column is no number")));
        read.transpose()
    }

    /// A whole number that cannot be null.
    pub fn number(&self, place: usize) -> Result<i64> {
        self.find_number(place)?.ok_or_else(|| Error::from("a column is null"))
    }

    /// A whole number from 0 that cannot be null.
    pub fn count(&self, place: usize) -> Result<u64> {
        u64::try_from(self.number(place)?).map_err(|_| Error::from("a column is below 0"))
    }
}

/// Runs one statement of an object's database to its end; bindings, a list, and rows cross as
/// JSON. Whole numbers are exact up to 2^53.
pub fn ask(sql: &SqlStorage, statement: &str, bindings: &impl Serialize) -> Result<Asked> {
    ask_up_to(sql, statement, bindings, u32::MAX)
}

/// The same, for rows that may be many and large: the first, and those after it until their text
/// has so many characters.
pub fn ask_up_to(
    sql: &SqlStorage,
    statement: &str,
    bindings: &impl Serialize,
    characters_max: u32,
) -> Result<Asked> {
    ask_text(sql, statement, &serde_json::to_string(bindings)?, characters_max)
}

fn ask_text(
    sql: &SqlStorage,
    statement: &str,
    bindings: &str,
    characters_max: u32,
) -> Result<Asked> {
    let text = ask_js(sql.as_ref(), statement, bindings, characters_max)?;
    Ok(serde_json::from_str(&text)?)
}

/// A body read whole. Only for one whose length was told, and is no more than allowed.
pub async fn whole_body(request: &web_sys::Request) -> Result<Vec<u8>> {
    let buffer = JsFuture::from(request.array_buffer()?).await?;
    Ok(Uint8Array::new(buffer.unchecked_ref()).to_vec())
}

/// Names and values in turn, a line each; what would break a line is left out.
fn lines<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in headers.filter(|(_, value)| !value.contains('\n')) {
        text.push_str(name);
        text.push('\n');
        text.push_str(value);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_line_by_line() {
        let head = Head::parse("GET\nhttp://h/p?a=b:c\n\naccept:*/*\ncookie:a=b; c:d\nx:");
        assert_eq!((head.method.as_str(), head.url.as_str()), ("GET", "http://h/p?a=b:c"));
        assert_eq!(head.country, None);
        let cases =
            [("accept", Some("*/*")), ("cookie", Some("a=b; c:d")), ("x", Some("")), ("acc", None)];
        for (name, expected) in cases {
            assert_eq!(head.header(name), expected, "{name}");
        }
        assert_eq!(Head::parse("HEAD\nhttp://h/\nNP").country.as_deref(), Some("NP"));
    }

    #[test]
    fn a_reply_is_read_with_the_headers_that_came() {
        let reply = Reply::parse("200\netag:\"a:b\"\tcontent-type:x\n{\n}").unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (200, "{\n}"));
        assert_eq!(reply.header("etag"), Some("\"a:b\""));
        assert_eq!(reply.header("content-type"), Some("x"));
        assert_eq!(reply.header("x-khata-code"), None);
        let bare = Reply::parse("204\n\n").unwrap();
        assert_eq!((bare.status, bare.header("etag"), bare.body.as_str()), (204, None, ""));
        assert!(Reply::parse("").is_err());
    }

    #[test]
    fn a_row_is_read_by_its_places() {
        let read = serde_json::from_str(r#"{"rows_written":2,"rows":[["-7","x",null]]}"#);
        let mut asked: Asked = read.unwrap();
        let row = &mut asked.rows[0];
        assert_eq!((row.number(0).unwrap(), row.find_number(2).unwrap()), (-7, None));
        assert!(row.count(0).is_err() && row.number(1).is_err() && row.number(2).is_err());
        assert_eq!((row.text(1).unwrap().as_str(), row.find(2), row.find(9)), ("x", None, None));
        assert!(row.text(2).is_err());
    }

    #[test]
    fn a_header_never_breaks_out_of_its_line() {
        let headers = [("a", "1"), ("b", "2\nset-cookie\nx"), ("c", "")];
        assert_eq!(lines(headers.into_iter()), "a\n1\nc\n\n");
    }
}
