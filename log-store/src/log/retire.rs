//! The end of a log: renamed and left alone, or removed.

use std::io;
use std::path::Path;

use super::{Log, Offline};
use crate::io::EntryKind;

impl Log {
    /// Whether [`Log::retire`] was called.
    pub fn is_retired(&self) -> bool {
        self.offline == Some(Offline::Retired)
    }

    /// Gives the log's directory another name (a finished move). Readers and flushes under way go on.
    ///
    /// # Errors
    /// A disk error; the directory has its old name then.
    pub fn rename_dir(&mut self, to: &Path) -> io::Result<()> {
        self.place.shared().rename(&*self.place.io, to)
    }

    /// Ends the use of a log that is deleted: renames its directory, so that it is never opened again, and
    /// takes nothing more. Returns whether there was a directory. From here on nothing that fails is
    /// a failure of the disk: a flush under way ends with [`Offline::Retired`], whatever became of the files,
    /// and nothing is written any more, neither here nor under the old name. Readers go on while the files
    /// are there.
    ///
    /// # Errors
    /// A disk error; the directory has its old name then, and the log is retired nevertheless.
    pub fn retire(&mut self, to: &Path) -> io::Result<bool> {
        self.offline = Some(Offline::Retired);
        self.place.shared().retire(&*self.place.io, to)
    }

    /// Removes all files of the partition, and its directory if nothing else is in it.
    ///
    /// # Errors
    /// A disk error; some files may be left.
    pub fn delete(self) -> io::Result<()> {
        let dir = self.place.dir();
        let io = &self.place.io;
        let entries = match io.list_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            io.remove(&dir.join(&entry.name))?;
        }
        if entries.iter().all(|entry| entry.kind == EntryKind::File) {
            io.remove_dir(&dir)?;
            if let Some(parent) = dir.parent() {
                io.sync_dir(parent)?;
            }
        }
        Ok(())
    }
}
