//! Java's `.properties` syntax, with the line of every entry.
//!
//! What `java.util.Properties.load(InputStream)` accepts, this accepts, and with the same result:
//! ISO-8859-1 bytes, `\uXXXX` and the short escapes, comments with `#` and `!`, keys that end at
//! `=`, `:` or white space, and lines that a trailing backslash continues. What Java forgets is the
//! line an entry stood on, and that is what an operator needs when it is wrong.

use std::iter::Peekable;
use std::str::Chars;

/// One `key=value` of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, unescaped.
    pub key: String,
    /// The value, unescaped; white space at its end is kept, as Java keeps it.
    pub value: String,
    /// The line, counted from 1, on which the entry starts.
    pub line: u32,
}

/// A `\u` that four hexadecimal digits don't follow: the one thing Java refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("\\u must be followed by four hexadecimal digits")]
pub struct BadEscape {
    /// The line, counted from 1, on which the entry starts.
    pub line: u32,
}

/// Reads a whole file.
///
/// Entries come back in file order, repeated keys included; Java lets the last one win.
///
/// # Errors
///
/// [`BadEscape`] for the first `\u` without four hexadecimal digits.
pub fn parse(bytes: &[u8]) -> Result<Vec<Entry>, BadEscape> {
    let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    logical_lines(&text).into_iter().map(|line| split_entry(&line)).collect()
}

/// A line with its continuations joined; escapes are still in it.
struct LogicalLine {
    text: String,
    number: u32,
}

fn logical_lines(text: &str) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let mut open: Option<LogicalLine> = None;
    for (index, natural) in natural_lines(text).enumerate() {
        let body = natural.trim_start_matches(is_blank);
        // A comment can't be continued and can't continue anything; inside an entry `#` is a character.
        if open.is_none() && (body.is_empty() || body.starts_with(['#', '!'])) {
            continue;
        }
        let continued = ends_with_odd_backslashes(body);
        let body = if continued { &body[..body.len() - 1] } else { body };
        let line = open.get_or_insert_with(|| LogicalLine { text: String::new(), number: index as u32 + 1 });
        line.text.push_str(body);
        if !continued {
            lines.extend(open.take());
        }
    }
    lines.extend(open);
    lines.retain(|line| !line.text.is_empty());
    lines
}

/// Lines as Java ends them: `\n`, `\r` or `\r\n`.
fn natural_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        match current.find(['\n', '\r']) {
            None => {
                rest = None;
                Some(current)
            }
            Some(end) => {
                let width = if current[end..].starts_with("\r\n") { 2 } else { 1 };
                rest = Some(&current[end + width..]);
                Some(&current[..end])
            }
        }
    })
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn ends_with_odd_backslashes(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

fn split_entry(line: &LogicalLine) -> Result<Entry, BadEscape> {
    let mut chars = line.text.chars().peekable();
    let mut key = String::new();
    while let Some(&c) = chars.peek() {
        if is_blank(c) || c == '=' || c == ':' {
            break;
        }
        push_unescaped(&mut chars, &mut key, line.number)?;
    }
    skip_separator(&mut chars);
    let mut value = String::new();
    while chars.peek().is_some() {
        push_unescaped(&mut chars, &mut value, line.number)?;
    }
    Ok(Entry { key, value, line: line.number })
}

/// Blanks, at most one `=` or `:`, blanks.
fn skip_separator(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|&c| is_blank(c)).is_some() {}
    if chars.next_if(|&c| c == '=' || c == ':').is_some() {
        while chars.next_if(|&c| is_blank(c)).is_some() {}
    }
}

/// Moves one character, escaped or not, from `chars` to `out`.
fn push_unescaped(chars: &mut Peekable<Chars<'_>>, out: &mut String, line: u32) -> Result<(), BadEscape> {
    let Some(c) = chars.next() else { return Ok(()) };
    if c != '\\' {
        out.push(c);
        return Ok(());
    }
    match chars.next() {
        None => {}
        Some('t') => out.push('\t'),
        Some('n') => out.push('\n'),
        Some('r') => out.push('\r'),
        Some('f') => out.push('\u{c}'),
        Some('u') => out.push(unicode_escape(chars, line)?),
        Some(other) => out.push(other),
    }
    Ok(())
}

/// The character of `XXXX`, or of a surrogate pair `XXXX\uXXXX`.
fn unicode_escape(chars: &mut Peekable<Chars<'_>>, line: u32) -> Result<char, BadEscape> {
    let first = hex4(chars).ok_or(BadEscape { line })?;
    if !(0xd800..0xdc00).contains(&first) {
        return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(second @ 0xdc00..0xe000) = hex4(&mut ahead)
    {
        *chars = ahead;
        let scalar = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return Ok(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(char::REPLACEMENT_CHARACTER)
}

fn hex4(chars: &mut Peekable<Chars<'_>>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + chars.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, String, u32)> {
        parse(text.as_bytes()).unwrap().into_iter().map(|e| (e.key, e.value, e.line)).collect()
    }

    fn one(text: &str) -> (String, String) {
        let mut all = entries(text);
        assert_eq!(all.len(), 1, "{text:?} gave {all:?}");
        let (key, value, _) = all.remove(0);
        (key, value)
    }

    #[test]
    fn separators_are_equals_colon_or_white_space() {
        for text in ["a=b", "a:b", "a b", "a\tb", "a = b", "  a  :  b", "a =b", "\u{c}a b"] {
            assert_eq!(one(text), ("a".into(), "b".into()), "{text:?}");
        }
        assert_eq!(one("a==b"), ("a".into(), "=b".into()));
        assert_eq!(one("a : = b"), ("a".into(), "= b".into()));
        assert_eq!(one("a"), ("a".into(), String::new()));
    }

    #[test]
    fn white_space_at_the_end_of_a_value_is_kept() {
        assert_eq!(one("a=b  \n"), ("a".into(), "b  ".into()));
    }

    #[test]
    fn comments_and_blank_lines_count_as_lines() {
        let text = "# one\n\n  ! three\r\nnode.id=4\rlog.dirs=/x\n";
        assert_eq!(entries(text), [("node.id".into(), "4".into(), 4), ("log.dirs".into(), "/x".into(), 5)]);
    }

    #[test]
    fn a_backslash_continues_and_the_line_is_where_the_entry_starts() {
        let text = "a=1\nlisteners=PLAINTEXT://:9092,\\\n    CONTROLLER://:9093\nb=2\n";
        let all = entries(text);
        assert_eq!(all[1], ("listeners".into(), "PLAINTEXT://:9092,CONTROLLER://:9093".into(), 2));
        assert_eq!(all[2], ("b".into(), "2".into(), 4));
    }

    #[test]
    fn a_comment_sign_inside_a_continuation_is_text() {
        assert_eq!(one("a=x\\\n#y"), ("a".into(), "x#y".into()));
    }

    #[test]
    fn an_even_number_of_backslashes_does_not_continue() {
        assert_eq!(entries("a=x\\\\\nb=y").len(), 2);
        assert_eq!(one("a=x\\\\\\\ny"), ("a".into(), "x\\y".into()));
    }

    #[test]
    fn escapes_are_resolved_in_keys_and_values() {
        assert_eq!(one(r"a\=b\:c\ d=e\tf\n\q"), ("a=b:c d".into(), "e\tf\nq".into()));
        assert_eq!(one(r"\u0061=\u00e9\uD83D\uDE00"), ("a".into(), "é😀".into()));
    }

    #[test]
    fn bytes_are_latin_1_as_in_java() {
        let parsed = parse(b"a=\xe9").unwrap();
        assert_eq!(parsed[0].value, "é");
    }

    #[test]
    fn a_short_unicode_escape_names_its_line() {
        assert_eq!(parse(b"ok=1\nbad=\\u12"), Err(BadEscape { line: 2 }));
        assert_eq!(parse(b"bad=\\u12zz"), Err(BadEscape { line: 1 }));
    }

    #[test]
    fn the_end_of_the_file_may_come_after_a_backslash() {
        assert_eq!(one("a=b\\"), ("a".into(), "b".into()));
    }
}
