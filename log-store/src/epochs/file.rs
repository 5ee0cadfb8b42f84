//! `leader-epoch-checkpoint`: a version, a count, and `epoch offset` per line.

use std::fmt::Write;
use std::io;

use super::EpochEntry;
use crate::io::read_file;
use crate::segment::names::Place;

/// Name of the file in a partition's directory.
pub(crate) const FILE_NAME: &str = "leader-epoch-checkpoint";
const VERSION: &str = "0";

pub(super) fn encode(entries: &[EpochEntry]) -> Vec<u8> {
    let mut text = format!("{VERSION}\n{}\n", entries.len());
    for entry in entries {
        writeln!(text, "{} {}", entry.epoch, entry.start_offset).expect("writing to memory does not fail");
    }
    text.into_bytes()
}

/// `None` for bytes that are no such file.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<EpochEntry>> {
    let mut lines = str::from_utf8(bytes).ok()?.lines();
    if lines.next()?.trim() != VERSION {
        return None;
    }
    let count: usize = lines.next()?.trim().parse().ok()?;
    let entries: Option<Vec<EpochEntry>> = lines.map(decode_line).collect();
    entries.filter(|entries| entries.len() == count)
}

fn decode_line(line: &str) -> Option<EpochEntry> {
    let mut words = line.split_whitespace();
    let epoch = words.next()?.parse().ok().filter(|epoch: &i32| *epoch >= 0)?;
    let start_offset = words.next()?.parse().ok().filter(|offset: &i64| *offset >= 0)?;
    words.next().is_none().then_some(EpochEntry { epoch, start_offset })
}

/// A missing file is an empty list, a damaged one `None`.
pub(super) fn read(place: &Place) -> io::Result<Option<Vec<EpochEntry>>> {
    match read_file(&*place.io, &place.dir().join(FILE_NAME)) {
        Ok(bytes) => Ok(decode(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Vec::new())),
        Err(error) => Err(error),
    }
}
