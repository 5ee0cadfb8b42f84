//! Why a snapshot could not be written or read.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What is wrong with a snapshot, and where.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The disk failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory concerned.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The content is not what was written.
    #[error("{}: at byte {position}: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the batch begins that is wrong, or where one was expected.
        position: u64,
        /// What was expected and what is there.
        fault: String,
    },
    /// A range beyond the end was asked for.
    #[error("{}: position {position} is beyond its {size} bytes", path.display())]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        position: u64,
        /// Length of the file.
        size: u64,
    },
}

impl SnapshotError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Whether there is no such snapshot (it was deleted, or never was).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
