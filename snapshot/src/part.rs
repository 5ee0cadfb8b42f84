//! A file on its way to becoming a snapshot.

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::io::{File, Io, OpenMode};

use crate::{SnapshotError, SnapshotId};

/// Appends to `<id>.checkpoint.part`. Dropped without [`PartFile::freeze`] the file is removed.
#[derive(Debug)]
pub(crate) struct PartFile {
    io: Arc<dyn Io>,
    directory: PathBuf,
    id: SnapshotId,
    file: Arc<dyn File>,
    size: u64,
    frozen: bool,
}

impl PartFile {
    /// Begins anew, over a leftover of an earlier attempt.
    pub(crate) fn create(io: &Arc<dyn Io>, directory: &Path, id: SnapshotId) -> Result<Self, SnapshotError> {
        assert!(id.offset >= 0 && id.epoch >= 0, "{id:?} names a place in a log");
        let path = directory.join(id.part_name());
        let file = io.open(&path, OpenMode::Truncate).map_err(SnapshotError::io(&path))?;
        let (io, directory) = (Arc::clone(io), directory.to_owned());
        Ok(Self { io, directory, id, file, size: 0, frozen: false })
    }

    pub(crate) fn id(&self) -> SnapshotId {
        self.id
    }

    /// Bytes appended.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join(self.id.part_name())
    }

    pub(crate) fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let written = self.file.write_at(&[IoSlice::new(bytes)], self.size);
        written.map_err(|error| SnapshotError::io(&self.path())(error))?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Flushes, makes the file read-only, gives it its final name and syncs the directory. Durable
    /// on `Ok`; after a crash before that, either nothing or the whole snapshot is there.
    pub(crate) fn freeze(mut self) -> Result<u64, SnapshotError> {
        let path = self.path();
        self.file.flush().map_err(SnapshotError::io(&path))?;
        self.io.set_read_only(&path).map_err(SnapshotError::io(&path))?;
        let complete = self.directory.join(self.id.file_name());
        self.io.rename(&path, &complete).map_err(SnapshotError::io(&path))?;
        self.frozen = true;
        self.io.sync_dir(&self.directory).map_err(SnapshotError::io(&self.directory))?;
        Ok(self.size)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.frozen {
            // What cannot be removed now is removed when the directory is opened next.
            let _leftover = self.io.remove(&self.path());
        }
    }
}
