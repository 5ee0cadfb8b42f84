//! A record as text.

use std::io::{self, Write};

use wire::batch::Record;

/// Where a record comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
}

/// A pattern of `--format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Key,
    Value,
    Headers,
    Topic,
    Partition,
    Offset,
    Timestamp,
}

impl Format {
    /// Reads a pattern. An error is a sentence about it.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let part = match (c, c == '%' || c == '\\') {
                (c, false) => {
                    text.push(c);
                    continue;
                }
                ('%', _) => match chars.next() {
                    Some('k') => Part::Key,
                    Some('v') => Part::Value,
                    Some('h') => Part::Headers,
                    Some('t') => Part::Topic,
                    Some('p') => Part::Partition,
                    Some('o') => Part::Offset,
                    Some('T') => Part::Timestamp,
                    Some('%') => Part::Text("%".to_owned()),
                    other => return Err(unknown('%', other)),
                },
                _ => match chars.next() {
                    Some('n') => Part::Text("\n".to_owned()),
                    Some('t') => Part::Text("\t".to_owned()),
                    Some('0') => Part::Text("\0".to_owned()),
                    Some('\\') => Part::Text("\\".to_owned()),
                    other => return Err(unknown('\\', other)),
                },
            };
            match part {
                Part::Text(more) => text.push_str(&more),
                field => {
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(field);
                }
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self(parts))
    }

    /// Writes a record; key and value as the bytes they are, absent ones as `null`.
    pub(super) fn write(&self, place: Place<'_>, record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.write_all(text.as_bytes())?,
                Part::Key => out.write_all(record.key.unwrap_or(b"null"))?,
                Part::Value => out.write_all(record.value.unwrap_or(b"null"))?,
                Part::Headers => write_headers(record, out)?,
                Part::Topic => out.write_all(place.topic.as_bytes())?,
                Part::Partition => write!(out, "{}", place.partition)?,
                Part::Offset => write!(out, "{}", record.offset)?,
                Part::Timestamp => write!(out, "{}", record.timestamp)?,
            }
        }
        Ok(())
    }
}

fn unknown(sign: char, next: Option<char>) -> String {
    let found = next.map_or_else(|| sign.to_string(), |next| format!("{sign}{next}"));
    format!("--format: unknown {found:?}; there are %k %v %h %t %p %o %T %% and \\n \\t \\0 \\\\")
}

fn write_headers(record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (index, header) in record.headers().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(header.key)?;
        out.write_all(b"=")?;
        out.write_all(header.value.unwrap_or(b"null"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::batch::{BatchBuilder, BatchView};

    fn shown(pattern: &str) -> String {
        let mut batch = BatchBuilder::new(7);
        batch.push(1000, Some(b"k"), Some(b"v"), &[(b"a", Some(b"1")), (b"b", None)]);
        let bytes = batch.build();
        let mut scratch = Vec::new();
        let view = BatchView::parse(&bytes).unwrap();
        let record = view.records(&mut scratch, 1 << 20).unwrap().next().unwrap().unwrap();
        let mut out = Vec::new();
        let place = Place { topic: "t", partition: 3 };
        Format::parse(pattern).unwrap().write(place, &record, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_field_can_be_shown() {
        assert_eq!(shown("%v\\n"), "v\n");
        assert_eq!(shown("%t-%p@%o %T %k=%v [%h]\\t100%%"), "t-3@7 1000 k=v [a=1,b=null]\t100%");
    }

    #[test]
    fn an_unknown_sign_is_named() {
        assert!(Format::parse("%x").unwrap_err().starts_with("--format: unknown \"%x\""));
        assert!(Format::parse("a\\").unwrap_err().starts_with("--format: unknown \"\\\\\""));
    }
}
