//! The four `*-offset-checkpoint` files: one offset per partition, as text.
//!
//! ```text
//! 0                   version
//! 2                   number of entries
//! orders 0 1200       topic, partition, offset
//! orders 1 998
//! ```
//!
//! An empty file has no entries: Apache creates it empty.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;

use super::{DirectoryError, TopicPartition};
use crate::io::{Io, read_file, replace_file};

const VERSION: &str = "0";

/// Which offset of a partition a checkpoint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckpointKind {
    /// What is below is flushed: recovery after a crash begins here.
    RecoveryPoint,
    /// What is below was deleted on request or by retention.
    LogStart,
    /// High watermarks: what every replica in sync has.
    Replication,
    /// What is below was compacted.
    Cleaner,
}

impl CheckpointKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::RecoveryPoint, Self::LogStart, Self::Replication, Self::Cleaner];

    /// Kafka's name of the file.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::LogStart => "log-start-offset-checkpoint",
            Self::Replication => "replication-offset-checkpoint",
            Self::Cleaner => "cleaner-offset-checkpoint",
        }
    }
}

/// No file means no entries.
pub(super) fn read(io: &dyn Io, path: &Path) -> Result<BTreeMap<TopicPartition, i64>, DirectoryError> {
    let bytes = match read_file(io, path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other.map_err(DirectoryError::io(path))?,
    };
    decode(&bytes).map_err(|(line, fault)| DirectoryError::damaged(path, line, fault))
}

/// After a crash the file holds the old entries or the new ones; the new ones after `Ok`.
pub(super) fn write<'a>(
    io: &dyn Io,
    path: &Path,
    entries: impl IntoIterator<Item = (&'a TopicPartition, i64)>,
) -> Result<(), DirectoryError> {
    let mut body = String::new();
    let mut count = 0;
    for (TopicPartition { topic, partition }, offset) in entries {
        let _infallible = writeln!(body, "{topic} {partition} {offset}");
        count += 1;
    }
    let text = format!("{VERSION}\n{count}\n{body}");
    replace_file(io, path, text.as_bytes()).map_err(DirectoryError::io(path))
}

/// A line number and what is wrong there.
type Fault = (usize, String);

fn decode(bytes: &[u8]) -> Result<BTreeMap<TopicPartition, i64>, Fault> {
    let mut entries = BTreeMap::new();
    if bytes.is_empty() {
        return Ok(entries);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        (1 + before.iter().filter(|byte| **byte == b'\n').count(), "not UTF-8".to_owned())
    })?;
    let mut lines = text.lines().zip(1..);
    let (version, _) = lines.next().unwrap_or_default();
    if version != VERSION {
        return Err((1, format!("expected version {VERSION}, got {version:?}")));
    }
    let (count, _) = lines.next().ok_or_else(|| (2, "the number of entries is missing".to_owned()))?;
    let count: usize =
        count.parse().map_err(|_| (2, format!("expected the number of entries, got {count:?}")))?;
    for (line, number) in lines {
        let (partition, offset) = decode_entry(line)
            .ok_or_else(|| (number, format!("expected topic, partition and offset, got {line:?}")))?;
        if entries.insert(partition, offset).is_some() {
            return Err((number, format!("a second entry for the same partition: {line:?}")));
        }
    }
    if entries.len() != count {
        return Err((2, format!("{count} entries announced, {} found", entries.len())));
    }
    Ok(entries)
}

fn decode_entry(line: &str) -> Option<(TopicPartition, i64)> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [topic, partition, offset] = fields[..] else { return None };
    let partition = partition.parse().ok().filter(|partition| *partition >= 0)?;
    let offset = offset.parse().ok().filter(|offset| *offset >= 0)?;
    Some((TopicPartition { topic: topic.to_owned(), partition }, offset))
}
