//! A Rust file with comments and literals taken out of its code, so that rules see code alone.

/// Stands in [`Source::code`] for every character inside a string.
pub const IN_LITERAL: char = '\u{1}';

/// A string in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Where it begins, from 1.
    pub line: usize,
    /// What is between its quotes.
    pub text: String,
}

/// A function in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where its `fn` stands, from 1.
    pub line: usize,
    /// Lines from there to its closing brace.
    pub lines: usize,
    /// Whether it carries an `expect` for its length.
    pub is_excused: bool,
}

/// A Rust file, read.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    /// As written.
    pub text: String,
    /// The same lines and columns; comments blank, insides of literals [`IN_LITERAL`].
    pub code: String,
    /// Its strings.
    pub literals: Vec<Literal>,
    /// Per line, whether it is only compiled for tests.
    test_lines: Vec<bool>,
}

impl Source {
    /// Reads a file.
    pub fn new(path: &str, text: &str) -> Self {
        let mut reader = Reader { chars: text.chars().collect(), at: 0, code: String::new() };
        let literals = reader.read();
        let code = reader.code;
        let in_test_file =
            path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
        let test_lines = test_lines(&code, in_test_file);
        Self { path: path.to_owned(), text: text.to_owned(), code, literals, test_lines }
    }

    /// Lines of code with their numbers.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Whether a line, from 1, is only compiled for tests.
    pub fn is_test(&self, line: usize) -> bool {
        self.test_lines.get(line - 1).copied().unwrap_or(false)
    }

    /// Every function with a body.
    pub fn functions(&self) -> Vec<Function> {
        let mut functions = Vec::new();
        let mut offset = 0;
        for (at, line) in self.code.split_inclusive('\n').enumerate() {
            if let Some((column, name)) = function_name(line)
                && let Some(lines) = body_lines(&self.code[offset + column..])
            {
                let is_excused = self.is_excused(at);
                functions.push(Function { name, line: at + 1, lines, is_excused });
            }
            offset += line.len();
        }
        functions
    }

    fn is_excused(&self, at: usize) -> bool {
        let lines: Vec<_> = self.text.lines().collect();
        let above = lines[..at].iter().rev().take_while(|line| {
            let line = line.trim();
            !line.is_empty() && !line.ends_with('}') && !line.ends_with(';')
        });
        above.into_iter().any(|line| line.contains("too_many_lines"))
    }
}

/// Column and name of a function that begins on this line.
fn function_name(line: &str) -> Option<(usize, String)> {
    let column = line.match_indices("fn ").map(|(at, _)| at).find(|at| {
        !line[..*at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
    })?;
    let name: String =
        line[column + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some((column, name))
}

/// Lines from here to the brace that closes the first one; `None` when a `;` comes before it.
fn body_lines(code: &str) -> Option<usize> {
    let (mut nested, mut braces, mut lines) = (0_i32, 0_i32, 1);
    for c in code.chars() {
        match c {
            '\n' => lines += 1,
            '(' | '[' if braces == 0 => nested += 1,
            ')' | ']' if braces == 0 => nested -= 1,
            ';' if braces == 0 && nested == 0 => return None,
            '{' if nested == 0 => braces += 1,
            '}' if nested == 0 => {
                braces -= 1;
                if braces == 0 {
                    return Some(lines);
                }
            }
            _ => {}
        }
    }
    None
}

fn test_lines(code: &str, all: bool) -> Vec<bool> {
    let lines: Vec<_> = code.split_inclusive('\n').collect();
    let mut marks = vec![all; lines.len()];
    let mut offset = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.contains("#[cfg(test)]") || line.contains("#[test]") {
            let after = offset + line.len();
            let length = body_lines(&code[after..]).unwrap_or(1);
            let end = (at + 1 + length).min(marks.len());
            marks[at..end].fill(true);
        }
        offset += line.len();
    }
    marks
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    code: String,
}

impl Reader {
    fn read(&mut self) -> Vec<Literal> {
        let mut literals = Vec::new();
        while let Some(c) = self.peek(0) {
            if c == '/' && self.peek(1) == Some('/') {
                self.blank_while(|reader| reader.peek(0) != Some('\n'));
            } else if c == '/' && self.peek(1) == Some('*') {
                self.block_comment();
            } else if let Some(hashes) = self.raw_string_begins() {
                literals.push(self.string(Some(hashes)));
            } else if c == '"' {
                literals.push(self.string(None));
            } else if c == '\'' {
                self.character_or_lifetime();
            } else {
                self.keep();
            }
        }
        literals
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn keep(&mut self) {
        self.code.push(self.chars[self.at]);
        self.at += 1;
    }

    fn replace(&mut self, with: char) {
        let c = self.chars[self.at];
        self.code.push(if c == '\n' { c } else { with });
        self.at += 1;
    }

    fn blank_while(&mut self, goes_on: impl Fn(&Self) -> bool) {
        while self.at < self.chars.len() && goes_on(self) {
            self.replace(' ');
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            let pair = (self.peek(0), self.peek(1));
            let step = match pair {
                (Some('/'), Some('*')) => 1,
                (Some('*'), Some('/')) => -1,
                _ => 0,
            };
            self.replace(' ');
            if step != 0 {
                self.replace(' ');
            }
            depth += step;
            if depth == 0 {
                return;
            }
        }
    }

    /// Number of `#` when `r"`, `r#"`, `br"`… begins here.
    fn raw_string_begins(&self) -> Option<usize> {
        let before = self.at.checked_sub(1).map(|at| self.chars[at]);
        let is_word = before.is_some_and(|c| (c.is_alphanumeric() && c != 'b') || c == '_');
        if self.peek(0) != Some('r') || is_word {
            return None;
        }
        let hashes =
            (1..self.chars.len()).take_while(|ahead| self.peek(*ahead) == Some('#')).count();
        (self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn string(&mut self, raw_hashes: Option<usize>) -> Literal {
        let line = self.code.matches('\n').count() + 1;
        for _ in 0..raw_hashes.map_or(0, |hashes| hashes + 1) {
            self.keep();
        }
        self.keep();
        let mut text = String::new();
        while let Some(c) = self.peek(0) {
            let hashes = raw_hashes.unwrap_or(0);
            let ends = c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            if ends {
                for _ in 0..=hashes {
                    self.keep();
                }
                break;
            }
            text.push(c);
            self.replace(IN_LITERAL);
            if c == '\\' && raw_hashes.is_none() && self.peek(0).is_some() {
                text.push(self.chars[self.at]);
                self.replace(IN_LITERAL);
            }
        }
        Literal { line, text }
    }

    fn character_or_lifetime(&mut self) {
        let is_character = self.peek(1) == Some('\\') || self.peek(2) == Some('\'');
        self.keep();
        if !is_character {
            return;
        }
        if self.peek(0) == Some('\\') {
            self.replace(IN_LITERAL);
        }
        self.replace(IN_LITERAL);
        while self.peek(0).is_some_and(|c| c != '\'') {
            self.replace(IN_LITERAL);
        }
        if self.peek(0).is_some() {
            self.keep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_insides_of_literals_are_no_code() {
        let source =
            Source::new("a.rs", "let a = \"fn x() {\"; // }\nlet b = '{'; /* { /* */ */ c");
        let code = source.code.replace(IN_LITERAL, "_");
        assert_eq!(code.lines().next().map(str::trim_end), Some("let a = \"________\";"));
        assert!(code.ends_with(" c") && !code[20..].contains('{'), "{code}");
        assert_eq!(source.literals, [Literal { line: 1, text: "fn x() {".to_owned() }]);
    }

    #[test]
    fn raw_strings_escapes_and_lifetimes_are_told_apart() {
        let text = "f::<'a>(r#\"x\"y\"#, \"a\\\"b\", b\"c\", '\\'', 'z');";
        let source = Source::new("a.rs", text);
        let texts: Vec<_> = source.literals.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(texts, ["x\"y", "a\\\"b", "c"]);
        assert!(source.code.ends_with(");"));
    }

    #[test]
    fn functions_are_measured_to_their_closing_brace() {
        let text = "trait T { fn none(&self, a: [u8; 3]); }\n\
                    #[expect(clippy::too_many_lines, reason = \"a table\")]\n\
                    pub fn long(\n    a: u8,\n) -> u8 {\n    match a {\n        _ => 1,\n    }\n}\n";
        let functions = Source::new("a.rs", text).functions();
        let expected = Function { name: "long".to_owned(), line: 3, lines: 7, is_excused: true };
        assert_eq!(functions, [expected]);
    }

    #[test]
    fn a_test_module_is_test_code_and_what_follows_is_not() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let source = Source::new("settlement/src/a.rs", text);
        let marks: Vec<_> = (1..=6).map(|line| source.is_test(line)).collect();
        assert_eq!(marks, [false, true, true, true, true, false]);
        assert!(Source::new("x/src/a/tests.rs", "fn a() {}").is_test(1));
    }
}
