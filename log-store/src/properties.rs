//! Java's `.properties` format, read with line numbers and written so that Java reads it back.
//!
//! As `java.util.Properties`: Latin-1 with `\uXXXX`, `#` and `!` comments, `=`, `:` or blanks
//! between key and value, a backslash at the end of a line to continue it.

use std::fmt::Write as _;

use thiserror::Error;

/// One setting of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// With escapes resolved.
    pub key: String,
    /// With escapes resolved; trailing blanks are part of it, as in Java.
    pub value: String,
    /// The line its key begins on; the first is 1.
    pub line: usize,
}

/// A `\u` that four hexadecimal digits don't follow: the only fault the format knows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("malformed \\uxxxx escape")]
pub struct MalformedEscape {
    /// The line it is on; the first is 1.
    pub line: usize,
}

/// Reads all settings in the order of the file; of a key given twice both are listed, and the
/// last one counts.
///
/// # Errors
/// [`MalformedEscape`], as Java refuses the file.
pub fn parse(bytes: &[u8]) -> Result<Vec<Property>, MalformedEscape> {
    logical_lines(bytes)
        .into_iter()
        .map(|(line, text)| split(&text).ok_or(MalformedEscape { line }).map(|pair| (line, pair)))
        .map(|found| found.map(|(line, (key, value))| Property { key, value, line }))
        .collect()
}

/// The text of a file with these settings in this order, under an empty comment as Kafka writes.
#[must_use]
pub fn write(settings: &[(&str, &str)]) -> String {
    let mut text = String::from("#\n");
    for (key, value) in settings {
        escape(&mut text, key, true);
        text.push('=');
        escape(&mut text, value, false);
        text.push('\n');
    }
    text
}

/// Lines without comments and blank ones, continuations joined, with the number of the first.
fn logical_lines(bytes: &[u8]) -> Vec<(usize, Vec<char>)> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = Vec::new();
    let mut joined: Option<(usize, Vec<char>)> = None;
    for (index, line) in text.split('\n').enumerate() {
        let rest = line.trim_start_matches(is_blank);
        if joined.is_none() && (rest.is_empty() || rest.starts_with(['#', '!'])) {
            continue;
        }
        let continues = rest.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1;
        let kept = if continues { &rest[..rest.len() - 1] } else { rest };
        joined.get_or_insert_with(|| (index + 1, Vec::new())).1.extend(kept.chars());
        if !continues {
            lines.extend(joined.take());
        }
    }
    lines.extend(joined);
    lines
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Key and value of a logical line; `None` when an escape is malformed.
fn split(line: &[char]) -> Option<(String, String)> {
    let mut end = 0;
    while end < line.len() && !is_blank(line[end]) && !matches!(line[end], '=' | ':') {
        end += if line[end] == '\\' { 2 } else { 1 };
    }
    let end = end.min(line.len());
    let mut start = end;
    let mut separated = false;
    while start < line.len() {
        let c = line[start];
        if matches!(c, '=' | ':') && !separated {
            separated = true;
        } else if !is_blank(c) {
            break;
        }
        start += 1;
    }
    Some((unescape(&line[..end])?, unescape(&line[start..])?))
}

fn unescape(text: &[char]) -> Option<String> {
    // UTF-16, since an escape may name half of a surrogate pair.
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != '\\' {
            units.push(*first as u16);
            continue;
        }
        // A backslash that ends the file stands for nothing.
        let [escaped, after @ ..] = rest else { break };
        rest = after;
        units.push(match escaped {
            't' => u16::from(b'\t'),
            'n' => u16::from(b'\n'),
            'r' => u16::from(b'\r'),
            'f' => 0x0c,
            'u' => {
                let digits = rest.get(..4)?.iter().collect::<String>();
                rest = &rest[4..];
                hexadecimal(&digits)?
            }
            other => *other as u16,
        });
    }
    Some(String::from_utf16_lossy(&units))
}

/// `from_str_radix` would also take a sign.
fn hexadecimal(digits: &str) -> Option<u16> {
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

fn escape(text: &mut String, part: &str, is_key: bool) {
    for (index, c) in part.chars().enumerate() {
        match c {
            ' ' if is_key || index == 0 => text.push_str("\\ "),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\u{c}' => text.push_str("\\f"),
            '\\' | '=' | ':' | '#' | '!' => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _infallible = write!(text, "\\u{unit:04X}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String, usize)> {
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        parse(&bytes).unwrap().into_iter().map(|p| (p.key, p.value, p.line)).collect()
    }

    fn one(text: &str) -> (String, String) {
        let [(key, value, _)] = &pairs(text)[..] else { panic!("one setting in {text:?}") };
        (key.clone(), value.clone())
    }

    #[test]
    fn separators_and_blanks_are_as_in_java() {
        for text in ["a=b", "a:b", "a b", "  a \t= b", "a\t:b", "a  =  b", "\u{c}a=b\r\n"] {
            assert_eq!(one(text), ("a".into(), "b".into()), "{text:?}");
        }
        assert_eq!(one("a"), ("a".into(), "".into()));
        assert_eq!(one("=b"), ("".into(), "b".into()));
        assert_eq!(one("a==b"), ("a".into(), "=b".into()));
        assert_eq!(one("a=b "), ("a".into(), "b ".into()));
        assert_eq!(one("a\\=b\\:c=d"), ("a=b:c".into(), "d".into()));
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(one("a=\\t\\n\\r\\f\\\\\\q"), ("a".into(), "\t\n\r\u{c}\\q".into()));
        assert_eq!(one("a=\\u00e9\\uD83D\\uDE00"), ("a".into(), "\u{e9}\u{1f600}".into()));
        assert_eq!(one("a=\u{e9}"), ("a".into(), "\u{e9}".into()), "bytes are Latin-1");
        assert_eq!(parse(b"x=1\na=\\u12"), Err(MalformedEscape { line: 2 }));
        assert_eq!(parse(b"a=\\u+123"), Err(MalformedEscape { line: 1 }));
    }

    #[test]
    fn lines_are_counted_through_comments_and_continuations() {
        let text = "# c\n! c\n\na=1\\\n   2\nb=3\\\\\n  #x=y\nc=\\\n#4\nlast=\\";
        let expected = [("a", "12", 4), ("b", "3\\", 6), ("c", "#4", 8), ("last", "", 10)];
        let expected = expected.map(|(k, v, line)| (k.to_owned(), v.to_owned(), line));
        assert_eq!(pairs(text), expected);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let settings = [("cluster.id", " a b:c=d#e!"), ("k k", "\u{e9}\u{1f600}\n\t\\"), ("", "")];
        let text = write(&settings);
        assert!(text.is_ascii());
        let read: Vec<_> = parse(text.as_bytes()).unwrap();
        assert_eq!(read.iter().map(|p| (&*p.key, &*p.value)).collect::<Vec<_>>(), settings);
        assert_eq!(write(&[("version", "1")]), "#\nversion=1\n");
    }
}
