//! What can be wrong with a directory, told with the file and the line.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file of a log directory could not be used.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// The disk failed; the directory is to be taken offline.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory concerned.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The content of a file is not what was ever written.
    #[error("{}{}: {fault}", path.display(), At(*line))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, when one can be named; the first is 1.
        line: Option<usize>,
        /// What was expected and what is there.
        fault: String,
    },
    /// Another process works on the directory.
    #[error("{}: another process uses this directory (its lock is held)", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// Two directories, or a directory and the configuration, contradict each other.
    #[error("{}: {fault}", path.display())]
    Inconsistent {
        /// The file that contradicts.
        path: PathBuf,
        /// Both sides.
        fault: String,
    },
    /// The directory went offline earlier; nothing is read or written until a restart.
    #[error("{} is offline: {reason}", path.display())]
    Offline {
        /// The directory.
        path: PathBuf,
        /// The first failure.
        reason: String,
    },
}

impl DirectoryError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, line: impl Into<Option<usize>>, fault: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), line: line.into(), fault: fault.into() }
    }
}

struct At(Option<usize>);

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}
