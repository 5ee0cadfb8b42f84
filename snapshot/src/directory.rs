//! The snapshots in the directory of a metadata log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::io::{EntryKind, FileRegion, Io, OpenMode};

use crate::id::{NameKind, parse_name};
use crate::{SnapshotError, SnapshotHeader, SnapshotId, SnapshotReader, SnapshotReceiver, SnapshotWriter};

/// A stretch of a snapshot, for FetchSnapshot: sent from the file, never copied.
#[derive(Clone, Debug)]
pub struct SnapshotRange {
    /// What to send. It stays readable when the snapshot is deleted meanwhile.
    pub region: FileRegion,
    /// Length of the whole snapshot in bytes.
    pub size: u64,
}

/// The snapshots beside a metadata log.
#[derive(Clone, Debug)]
pub struct SnapshotDirectory {
    io: Arc<dyn Io>,
    path: PathBuf,
}

impl SnapshotDirectory {
    /// Takes a directory, which exists, and removes what a crash left: partial snapshots and those
    /// about to be deleted. Call it before anything is written there.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn open(io: Arc<dyn Io>, path: &Path) -> Result<Self, SnapshotError> {
        let directory = Self { io, path: path.to_owned() };
        let stale: Vec<_> =
            directory.names()?.into_iter().filter(|name| parse_name(name) == NameKind::Stale).collect();
        directory.remove_all(&stale)?;
        Ok(directory)
    }

    /// All complete snapshots, oldest first.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn list(&self) -> Result<Vec<SnapshotId>, SnapshotError> {
        let names = self.names()?;
        let complete = |name: &String| match parse_name(name) {
            NameKind::Complete(id) => Some(id),
            _ => None,
        };
        let mut ids: Vec<_> = names.iter().filter_map(complete).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The newest complete snapshot.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn latest(&self) -> Result<Option<SnapshotId>, SnapshotError> {
        Ok(self.list()?.last().copied())
    }

    /// Begins to write a snapshot. One of the same id that is there already is replaced when the
    /// new one is complete.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    ///
    /// # Panics
    /// When the id is negative, or the header has voters with `kraft.version` 0.
    pub fn create(
        &self,
        id: SnapshotId,
        header: &SnapshotHeader,
        now_ms: i64,
    ) -> Result<SnapshotWriter, SnapshotError> {
        SnapshotWriter::create(&self.io, &self.path, id, header, now_ms)
    }

    /// Begins to take a snapshot over from another node.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    ///
    /// # Panics
    /// When the id is negative.
    pub fn receive(&self, id: SnapshotId) -> Result<SnapshotReceiver, SnapshotError> {
        SnapshotReceiver::create(&self.io, &self.path, id)
    }

    /// Opens a snapshot and checks its header.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`], or [`SnapshotError::Io`]
    /// ([`is_not_found`](SnapshotError::is_not_found) when there is none).
    pub fn read(&self, id: SnapshotId) -> Result<SnapshotReader, SnapshotError> {
        let path = self.path.join(id.file_name());
        let file = self.io.open(&path, OpenMode::Read).map_err(SnapshotError::io(&path))?;
        SnapshotReader::new(file, &path, id)
    }

    /// A range of a snapshot's bytes: at most `bytes_max`, less at the end, none exactly there.
    ///
    /// # Errors
    /// [`SnapshotError::OutOfRange`] (Kafka's POSITION_OUT_OF_RANGE), or [`SnapshotError::Io`]
    /// ([`is_not_found`](SnapshotError::is_not_found): SNAPSHOT_NOT_FOUND).
    pub fn read_range(
        &self,
        id: SnapshotId,
        position: u64,
        bytes_max: u32,
    ) -> Result<SnapshotRange, SnapshotError> {
        let path = self.path.join(id.file_name());
        let file = self.io.open(&path, OpenMode::Read).map_err(SnapshotError::io(&path))?;
        let size = file.len().map_err(SnapshotError::io(&path))?;
        let Some(rest) = size.checked_sub(position) else {
            return Err(SnapshotError::OutOfRange { path, position, size });
        };
        let length = u32::try_from(rest).unwrap_or(u32::MAX).min(bytes_max);
        Ok(SnapshotRange { region: FileRegion { file, position, length }, size })
    }

    /// Deletes the snapshots older than `id` and returns them, oldest first. Durable on `Ok`.
    ///
    /// # Errors
    /// [`SnapshotError::Io`]; some may then be deleted.
    pub fn delete_before(&self, id: SnapshotId) -> Result<Vec<SnapshotId>, SnapshotError> {
        let mut older = self.list()?;
        older.retain(|candidate| *candidate < id);
        let names: Vec<_> = older.iter().map(|id| id.file_name()).collect();
        self.remove_all(&names)?;
        Ok(older)
    }

    fn names(&self) -> Result<Vec<String>, SnapshotError> {
        let entries = self.io.list_dir(&self.path).map_err(SnapshotError::io(&self.path))?;
        let files = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
        Ok(files.map(|entry| entry.name).collect())
    }

    fn remove_all(&self, names: &[String]) -> Result<(), SnapshotError> {
        for name in names {
            let path = self.path.join(name);
            self.io.remove(&path).map_err(SnapshotError::io(&path))?;
        }
        if names.is_empty() {
            return Ok(());
        }
        self.io.sync_dir(&self.path).map_err(SnapshotError::io(&self.path))
    }
}
