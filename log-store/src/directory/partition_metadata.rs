//! `partition.metadata`: the id of the topic a partition directory belongs to.

use std::io::{ErrorKind, IoSlice};
use std::path::Path;

use wire::Uuid;

use super::DirectoryError;
use crate::io::{Io, OpenMode, read_file, replace_file};

const FILE_NAME: &str = "partition.metadata";
const VERSION: &str = "0";

/// Content of `partition.metadata`, version 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The topic; never zero.
    pub topic_id: Uuid,
}

/// Reads the file of a partition directory; `None` when there is none.
///
/// # Errors
/// [`DirectoryError::Damaged`] with the line, or [`DirectoryError::Io`].
pub fn read_partition_metadata(
    io: &dyn Io,
    directory: &Path,
) -> Result<Option<PartitionMetadata>, DirectoryError> {
    let path = directory.join(FILE_NAME);
    match read_file(io, &path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DirectoryError::io(&path)(error)),
        Ok(bytes) => decode(&String::from_utf8_lossy(&bytes))
            .map(Some)
            .map_err(|(line, fault)| DirectoryError::damaged(&path, line, fault)),
    }
}

/// Writes the file of a partition directory: after a crash the old or the new one, the new one
/// after `Ok`.
///
/// # Errors
/// [`DirectoryError::Io`].
///
/// # Panics
/// When the topic id is zero, which no topic has.
pub fn write_partition_metadata(
    io: &dyn Io,
    directory: &Path,
    metadata: PartitionMetadata,
) -> Result<(), DirectoryError> {
    let path = directory.join(FILE_NAME);
    replace_file(io, &path, &encode(metadata)).map_err(DirectoryError::io(&path))
}

/// As [`write_partition_metadata`], but nothing is durable: after a crash the file may be absent or damaged.
pub(crate) fn place_partition_metadata(
    io: &dyn Io,
    directory: &Path,
    metadata: PartitionMetadata,
) -> std::io::Result<()> {
    let file = io.open(&directory.join(FILE_NAME), OpenMode::Truncate)?;
    file.write_at(&[IoSlice::new(&encode(metadata))], 0)
}

fn encode(metadata: PartitionMetadata) -> Vec<u8> {
    assert!(metadata.topic_id != Uuid::ZERO, "a topic has an id");
    format!("version: {VERSION}\ntopic_id: {}", metadata.topic_id).into_bytes()
}

fn decode(text: &str) -> Result<PartitionMetadata, (usize, String)> {
    let mut lines = text.lines();
    let version = field(lines.next(), "version: ").map_err(|fault| (1, fault))?;
    if version != VERSION {
        return Err((1, format!("expected version {VERSION}, got {version:?}")));
    }
    let id = field(lines.next(), "topic_id: ").map_err(|fault| (2, fault))?;
    match id.parse() {
        Ok(topic_id) if topic_id != Uuid::ZERO => Ok(PartitionMetadata { topic_id }),
        _ => Err((2, format!("expected the id of a topic, got {id:?}"))),
    }
}

fn field<'a>(line: Option<&'a str>, name: &str) -> Result<&'a str, String> {
    let line = line.unwrap_or_default();
    line.strip_prefix(name)
        .map(str::trim_end)
        .ok_or_else(|| format!("expected \"{name}\u{2026}\", got {line:?}"))
}
