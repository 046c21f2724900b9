//! Sentences with `code` in backticks, and JSON in colours.

use maud::{Markup, PreEscaped, Render, html};

/// Paragraphs, separated by empty lines.
pub(super) fn prose(text: &str) -> Markup {
    html! { @for paragraph in text.split("\n\n") { p { (inline(paragraph)) } } }
}

/// One line of text: `code` and **weight** are shown as such.
pub(super) fn inline(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (weighed(part)) }
        }
    }
}

fn weighed(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split("**").enumerate() {
            @if at % 2 == 1 { strong { (part) } } @else { (part) }
        }
    }
}

/// JSON with its names and words told apart; any other text as it is.
pub(super) fn json(text: &str) -> Markup {
    let mut out = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find('"') {
        let (before, quoted) = rest.split_at(begin);
        let Some(end) = end_of_string(quoted) else { break };
        let (string, after) = quoted.split_at(end);
        let class = if after.starts_with(':') { "k" } else { "s" };
        before.render_to(&mut out);
        html! { span class=(class) { (string) } }.render_to(&mut out);
        rest = after;
    }
    rest.render_to(&mut out);
    PreEscaped(out)
}

/// Where a string that begins with a quote ends.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return Some(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_its_marks_become_elements() {
        let shown = inline("a `<b>` & **c**").into_string();
        assert_eq!(shown, "a <code>&lt;b&gt;</code> &amp; <strong>c</strong>");
        assert_eq!(prose("a\n\nb").into_string(), "<p>a</p><p>b</p>");
    }

    #[test]
    fn json_is_coloured_and_nothing_of_it_is_lost() {
        let shown = json(r#"{"a": "x\"<y>"}"#).into_string();
        let key = r#"<span class="k">&quot;a&quot;</span>"#;
        let value = r#"<span class="s">&quot;x\&quot;&lt;y&gt;&quot;</span>"#;
        assert_eq!(shown, format!("{{{key}: {value}}}"));
        assert_eq!(json("no \"end").into_string(), "no &quot;end");
    }
}
