//! One log directory, open and locked.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::clean_shutdown::{self, CleanShutdown};
use super::{
    CheckpointKind, DirectoryError, MetaProperties, PartitionDirectory, TopicPartition, checkpoint,
    meta_properties,
};
use crate::io::{EntryKind, Io, LockGuard};

/// Kafka's name of the lock file.
const LOCK_FILE_NAME: &str = ".lock";

/// Directories of Kafka's that are no partitions.
const RESERVED_NAMES: [&str; 1] = ["remote-log-index-cache"];

/// A log directory that this process holds the lock of. After the first failure it is offline
/// until the process restarts: a disk that failed once is not asked again.
#[derive(Debug)]
pub struct LogDirectory {
    io: Arc<dyn Io>,
    path: PathBuf,
    _lock: LockGuard,
    /// The first failure.
    offline: OnceLock<String>,
}

/// What [`LogDirectory::partitions`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionListing {
    /// Partition directories in the order of their names.
    pub partitions: Vec<PartitionDirectory>,
    /// Directories that are none (Kafka refuses to start over them; `lost+found` is one).
    pub unknown: Vec<String>,
}

impl LogDirectory {
    /// Opens a directory, made when absent, and locks it against other processes of ours and of
    /// Apache's.
    ///
    /// # Errors
    /// [`DirectoryError::Locked`], or [`DirectoryError::Io`].
    pub fn open(io: Arc<dyn Io>, path: &Path) -> Result<Self, DirectoryError> {
        io.create_dir_all(path).map_err(DirectoryError::io(path))?;
        let lock_path = path.join(LOCK_FILE_NAME);
        let lock = io.lock(&lock_path).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => DirectoryError::Locked { path: path.to_owned() },
            _ => DirectoryError::io(&lock_path)(error),
        })?;
        Ok(Self { io, path: path.to_owned(), _lock: lock, offline: OnceLock::new() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The disk below, for the logs in this directory.
    #[must_use]
    pub fn io(&self) -> &Arc<dyn Io> {
        &self.io
    }

    /// `meta.properties`; `None` when the directory is not formatted.
    ///
    /// # Errors
    /// [`DirectoryError::Damaged`] with the line, [`DirectoryError::Io`] or
    /// [`DirectoryError::Offline`].
    pub fn meta_properties(&self) -> Result<Option<MetaProperties>, DirectoryError> {
        let path = self.path.join(meta_properties::FILE_NAME);
        self.attempt(|io| {
            let exists = io.exists(&path).map_err(DirectoryError::io(&path))?;
            exists.then(|| meta_properties::read(io, &path)).transpose()
        })
    }

    /// Writes `meta.properties`. Durable on `Ok`; after a crash the old or the new content.
    ///
    /// # Errors
    /// [`DirectoryError::Io`] or [`DirectoryError::Offline`].
    pub fn write_meta_properties(&self, meta: &MetaProperties) -> Result<(), DirectoryError> {
        let path = self.path.join(meta_properties::FILE_NAME);
        self.attempt(|io| meta_properties::write(io, &path, meta))
    }

    /// All entries of a checkpoint; none when the file is absent or empty. A damaged one costs
    /// time (recovery from the start) or precision, never data: the caller decides.
    ///
    /// # Errors
    /// [`DirectoryError::Damaged`] with the line, [`DirectoryError::Io`] or
    /// [`DirectoryError::Offline`].
    pub fn read_checkpoint(
        &self,
        kind: CheckpointKind,
    ) -> Result<BTreeMap<TopicPartition, i64>, DirectoryError> {
        self.attempt(|io| checkpoint::read(io, &self.path.join(kind.file_name())))
    }

    /// Replaces a checkpoint as a whole. Durable on `Ok`; after a crash the old or the new one.
    ///
    /// # Errors
    /// [`DirectoryError::Io`] or [`DirectoryError::Offline`].
    pub fn write_checkpoint<'a>(
        &self,
        kind: CheckpointKind,
        entries: impl IntoIterator<Item = (&'a TopicPartition, i64)>,
    ) -> Result<(), DirectoryError> {
        self.attempt(|io| checkpoint::write(io, &self.path.join(kind.file_name()), entries))
    }

    /// Whether the last stop was clean; removes the marker, durably, so that the answer is given
    /// once. Call it before anything is written.
    ///
    /// # Errors
    /// [`DirectoryError::Io`] or [`DirectoryError::Offline`].
    pub fn take_clean_shutdown(&self) -> Result<Option<CleanShutdown>, DirectoryError> {
        self.attempt(|io| clean_shutdown::take(io, &self.path.join(clean_shutdown::FILE_NAME)))
    }

    /// Marks the stop as clean. The last write before the process ends, after every log and every
    /// checkpoint of this directory was flushed. Durable on `Ok`.
    ///
    /// # Errors
    /// [`DirectoryError::Io`] or [`DirectoryError::Offline`].
    pub fn write_clean_shutdown(&self, broker_epoch: i64) -> Result<(), DirectoryError> {
        let path = self.path.join(clean_shutdown::FILE_NAME);
        self.attempt(|io| clean_shutdown::write(io, &path, broker_epoch))
    }

    /// The partition directories.
    ///
    /// # Errors
    /// [`DirectoryError::Io`] or [`DirectoryError::Offline`].
    pub fn partitions(&self) -> Result<PartitionListing, DirectoryError> {
        let entries = self.attempt(|io| io.list_dir(&self.path).map_err(DirectoryError::io(&self.path)))?;
        let mut listing = PartitionListing::default();
        for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::Directory) {
            match PartitionDirectory::parse(&entry.name) {
                Some(partition) => listing.partitions.push(partition),
                None if RESERVED_NAMES.contains(&entry.name.as_str()) => {}
                None => listing.unknown.push(entry.name),
            }
        }
        Ok(listing)
    }

    /// Takes the directory offline, because a log in it met a disk error. Only the first reason
    /// is kept; returns whether this was it.
    pub fn take_offline(&self, reason: &str) -> bool {
        let first = self.offline.set(reason.to_owned()).is_ok();
        if first {
            tracing::error!(
                "log directory {} is offline: {reason}. Nothing more is written to it, and what it holds can still \
                 be read; see that the disk works and has room, then restart the node",
                self.path.display()
            );
        }
        first
    }

    /// Why the directory is offline; `None` while it works.
    #[must_use]
    pub fn offline_reason(&self) -> Option<&str> {
        self.offline.get().map(String::as_str)
    }

    /// Runs an operation unless offline; a disk error takes the directory offline.
    fn attempt<T>(
        &self,
        operation: impl FnOnce(&dyn Io) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        if let Some(reason) = self.offline_reason() {
            return Err(DirectoryError::Offline { path: self.path.clone(), reason: reason.to_owned() });
        }
        let result = operation(&*self.io);
        if let Err(error @ DirectoryError::Io { .. }) = &result {
            self.take_offline(&error.to_string());
        }
        result
    }
}
