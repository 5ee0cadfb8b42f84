//! Names of the files of a partition: `%020d` of the base offset and a suffix, as Kafka writes them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::io::{CachedFile, DescriptorCache, Io, OpenMode, SharedDir};

/// What a file of a partition's directory holds, by its suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileKind {
    /// Record batches.
    Log,
    /// Offsets to positions.
    OffsetIndex,
    /// Timestamps to offsets.
    TimeIndex,
    /// Aborted transactions; there is no file without one.
    TxnIndex,
    /// State of the producers at the offset in the name.
    ProducerSnapshot,
}

/// What a file is renamed to before it is removed, so that a crash in between leaves no half segment.
pub(crate) const DELETED_SUFFIX: &str = ".deleted";
/// Left by a cleaner that did not finish: of no use.
pub(crate) const CLEANED_SUFFIX: &str = ".cleaned";
/// Left by a cleaner that finished but did not put its work in place yet.
pub(crate) const SWAP_SUFFIX: &str = ".swap";

impl FileKind {
    /// The files of one segment, the records first.
    pub(crate) const SEGMENT: [FileKind; 4] =
        [FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex, FileKind::TxnIndex];

    fn suffix(self) -> &'static str {
        match self {
            FileKind::Log => ".log",
            FileKind::OffsetIndex => ".index",
            FileKind::TimeIndex => ".timeindex",
            FileKind::TxnIndex => ".txnindex",
            FileKind::ProducerSnapshot => ".snapshot",
        }
    }

    /// The name under which a file waits for its removal.
    pub(crate) fn deleted_name(self, offset: i64) -> String {
        self.file_name(offset) + DELETED_SUFFIX
    }

    /// The file's name for this base offset.
    pub(crate) fn file_name(self, offset: i64) -> String {
        format!("{offset:020}{}", self.suffix())
    }

    /// Kind and offset of a file with this name; `None` for files that are none of these.
    pub(crate) fn parse(name: &str) -> Option<(FileKind, i64)> {
        let (digits, suffix) = name.split_at_checked(name.find('.')?)?;
        let kind = [FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex, FileKind::TxnIndex]
            .into_iter()
            .chain([FileKind::ProducerSnapshot])
            .find(|kind| kind.suffix() == suffix)?;
        let all_digits = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then(|| digits.parse().ok().map(|offset| (kind, offset)))?
    }
}

/// Where a partition lies: the file system, the cache of its descriptors, and the directory, whose name
/// changes when the partition is deleted or moved.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) io: Arc<dyn Io>,
    cache: Arc<DescriptorCache>,
    shared: Arc<SharedDir>,
}

impl Place {
    pub(crate) fn new(cache: Arc<DescriptorCache>, dir: &Path) -> Place {
        Place { io: Arc::clone(cache.io()), cache, shared: Arc::new(SharedDir::new(dir)) }
    }

    /// The directory. Only who holds the log may take it that the name stays.
    pub(crate) fn dir(&self) -> PathBuf {
        self.shared.path()
    }

    /// The directory for all who do not hold the log.
    pub(crate) fn shared(&self) -> &SharedDir {
        &self.shared
    }

    /// As [`Place::dir`], for a file.
    pub(crate) fn path(&self, kind: FileKind, offset: i64) -> PathBuf {
        self.shared.with(|dir| dir.join(kind.file_name(offset)))
    }

    /// A file that is there; it is opened when first used, and again after the cache let go of it.
    pub(crate) fn file(&self, kind: FileKind, offset: i64) -> CachedFile {
        self.cache.file(&self.shared, kind.file_name(offset))
    }

    /// An empty file, new or emptied.
    pub(crate) fn create(&self, kind: FileKind, offset: i64) -> std::io::Result<CachedFile> {
        let file = self.file(kind, offset);
        let open = |dir: &Path| self.io.open(&dir.join(kind.file_name(offset)), OpenMode::Truncate);
        file.put(self.shared.change(open)?);
        Ok(file)
    }

    /// Removes a file that may not be there.
    pub(crate) fn remove_if_exists(&self, path: &Path) -> std::io::Result<()> {
        match self.io.remove(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        assert_eq!(FileKind::Log.file_name(42), "00000000000000000042.log");
        assert_eq!(FileKind::TimeIndex.file_name(i64::MAX), "09223372036854775807.timeindex");
        for kind in FileKind::SEGMENT.into_iter().chain([FileKind::ProducerSnapshot]) {
            assert_eq!(FileKind::parse(&kind.file_name(7)), Some((kind, 7)));
        }
    }

    #[test]
    fn other_names_are_left_alone() {
        for name in [
            "partition.metadata",
            "leader-epoch-checkpoint",
            "00000000000000000000-0000000001.checkpoint",
            "00000000000000000000.log.deleted",
            "1.log",
            "0000000000000000000x.log",
            "",
            ".log",
        ] {
            assert_eq!(FileKind::parse(name), None, "{name}");
        }
    }
}
