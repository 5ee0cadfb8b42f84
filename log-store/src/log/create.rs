//! The beginning of a log: its directory, which names its topic before it holds anything of it.

use std::io;

use wire::Uuid;

use super::{ChangeError, Log};
use crate::directory::{PartitionMetadata, place_partition_metadata};

impl Log {
    /// Makes the directory and the file in it that names the topic. Both are durable after the next flush, as
    /// everything in the log is; until then a power loss may leave neither, or the directory alone.
    ///
    /// # Errors
    /// [`ChangeError`]; the log is offline then.
    ///
    /// # Panics
    /// When the topic id is zero, which no topic has.
    pub fn create(&mut self, topic_id: Uuid) -> Result<(), ChangeError> {
        self.check_online()?;
        let created = self.make_directory(PartitionMetadata { topic_id });
        self.guard(created).map_err(ChangeError::Io)
    }

    fn make_directory(&mut self, metadata: PartitionMetadata) -> io::Result<()> {
        let dir = self.place.dir();
        self.place.io.create_dir_all(&dir)?;
        place_partition_metadata(&*self.place.io, &dir, metadata)?;
        self.metadata = Some(metadata);
        self.unsynced.note();
        Ok(())
    }
}
