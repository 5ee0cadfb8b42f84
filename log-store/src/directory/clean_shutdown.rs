//! `.kafka_cleanshutdown`: everything was flushed when the node stopped.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::DirectoryError;
use crate::io::{Io, read_file, replace_file};

/// Kafka's name of the file.
pub(super) const FILE_NAME: &str = ".kafka_cleanshutdown";

const VERSION: i32 = 0;

/// The marker was there: no log of the directory needs recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanShutdown {
    /// The broker epoch that stopped (KIP-966). Absent in markers written before 3.8, and when
    /// the content is damaged: the marker then still stands for a clean stop, as in Kafka.
    pub broker_epoch: Option<i64>,
}

/// Reads the marker and removes it. When this returns `Ok` the removal is durable, so that a
/// crash from now on is not taken for a clean stop.
pub(super) fn take(io: &dyn Io, path: &Path) -> Result<Option<CleanShutdown>, DirectoryError> {
    let bytes = match read_file(io, path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(DirectoryError::io(path))?,
    };
    io.remove(path).map_err(DirectoryError::io(path))?;
    let directory = path.parent().unwrap_or(Path::new("."));
    io.sync_dir(directory).map_err(DirectoryError::io(directory))?;
    Ok(Some(CleanShutdown { broker_epoch: decode(&bytes) }))
}

/// Durable on `Ok`. The caller has flushed every log of the directory before.
pub(super) fn write(io: &dyn Io, path: &Path, broker_epoch: i64) -> Result<(), DirectoryError> {
    let content = format!(r#"{{"version":{VERSION},"brokerEpoch":{broker_epoch}}}"#);
    replace_file(io, path, content.as_bytes()).map_err(DirectoryError::io(path))
}

fn decode(bytes: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Value>(bytes).ok()?.get("brokerEpoch")?.as_i64()
}
