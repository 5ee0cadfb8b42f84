//! Taking a snapshot over from another node, in the ranges that FetchSnapshot brings.

use std::path::Path;
use std::sync::Arc;

use log_store::io::Io;

use crate::part::PartFile;
use crate::reader::SnapshotReader;
use crate::{SnapshotError, SnapshotId};

/// Collects the bytes of a snapshot that another node serves. Dropped before
/// [`SnapshotReceiver::freeze`] it leaves nothing behind.
#[derive(Debug)]
pub struct SnapshotReceiver {
    part: PartFile,
}

impl SnapshotReceiver {
    pub(crate) fn create(io: &Arc<dyn Io>, directory: &Path, id: SnapshotId) -> Result<Self, SnapshotError> {
        Ok(Self { part: PartFile::create(io, directory, id)? })
    }

    /// Which snapshot this becomes.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.part.id()
    }

    /// Bytes received: the position to ask for next.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.part.size()
    }

    /// Appends the range that begins at [`SnapshotReceiver::position`].
    ///
    /// # Errors
    /// [`SnapshotError::Io`]; the snapshot is then to be dropped.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.part.append(bytes)
    }

    /// Checks the whole file and gives it its final name. Durable on `Ok`, which gives the length
    /// in bytes; a damaged file never gets the name.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] when what was sent is not a whole snapshot, or
    /// [`SnapshotError::Io`]. What was received is then gone.
    pub fn freeze(self) -> Result<u64, SnapshotError> {
        let (file, path) = (Arc::clone(self.part.file()), self.part.path());
        SnapshotReader::new(file, &path, self.part.id())?.verify()?;
        self.part.freeze()
    }
}
