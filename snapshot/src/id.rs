//! What a snapshot is called.

use std::fmt::{self, Display, Formatter};

/// Suffix of a complete snapshot.
const SUFFIX: &str = ".checkpoint";
/// Suffix of one that is being written.
const PART_SUFFIX: &str = ".checkpoint.part";
/// Suffix that Apache gives to one it is about to delete.
const DELETED_SUFFIX: &str = ".checkpoint.deleted";

const OFFSET_DIGITS: usize = 20;
const EPOCH_DIGITS: usize = 10;

/// What a snapshot contains: every record of the log below an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId {
    /// End offset, exclusive: the log goes on here. 0 or more.
    pub offset: i64,
    /// Epoch of the last record contained. 0 or more.
    pub epoch: i32,
}

impl SnapshotId {
    /// The snapshot that a formatted directory begins with.
    pub const BOOTSTRAP: Self = Self { offset: 0, epoch: 0 };

    /// The name of the complete file.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{self}{SUFFIX}")
    }

    pub(crate) fn part_name(self) -> String {
        format!("{self}{PART_SUFFIX}")
    }
}

impl Display for SnapshotId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:0OFFSET_DIGITS$}-{:0EPOCH_DIGITS$}", self.offset, self.epoch)
    }
}

/// What a name in the directory of the metadata log says about snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    Complete(SnapshotId),
    /// Left over from a crash: partly written, or about to be deleted.
    Stale,
    Other,
}

pub(crate) fn parse_name(name: &str) -> NameKind {
    let stale = [PART_SUFFIX, DELETED_SUFFIX];
    if let Some(stem) = stale.iter().find_map(|suffix| name.strip_suffix(suffix)) {
        // Apache puts a random number behind the id of a partial file.
        let id = stem.get(..OFFSET_DIGITS + 1 + EPOCH_DIGITS).and_then(parse_id);
        return id.map_or(NameKind::Other, |_| NameKind::Stale);
    }
    name.strip_suffix(SUFFIX).and_then(parse_id).map_or(NameKind::Other, NameKind::Complete)
}

fn parse_id(stem: &str) -> Option<SnapshotId> {
    let (offset, epoch) = stem.split_once('-')?;
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(offset, OFFSET_DIGITS) || !digits(epoch, EPOCH_DIGITS) {
        return None;
    }
    Some(SnapshotId { offset: offset.parse().ok()?, epoch: epoch.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_apache_writes_them() {
        let id = SnapshotId { offset: 7083, epoch: 12 };
        assert_eq!(id.file_name(), "00000000000000007083-0000000012.checkpoint");
        assert_eq!(parse_name(&id.file_name()), NameKind::Complete(id));
        assert_eq!(parse_name(&id.part_name()), NameKind::Stale);
        let largest = SnapshotId { offset: i64::MAX, epoch: i32::MAX };
        assert_eq!(parse_name(&largest.file_name()), NameKind::Complete(largest));
        let with_random = "00000000000000007083-0000000012-1234567890.checkpoint.part";
        assert_eq!(parse_name(with_random), NameKind::Stale);
        assert_eq!(parse_name("00000000000000007083-0000000012.checkpoint.deleted"), NameKind::Stale);
    }

    #[test]
    fn other_names_are_left_alone() {
        let others = [
            "bootstrap.checkpoint",
            "00000000000000007083.log",
            "leader-epoch-checkpoint",
            "7083-12.checkpoint",
            "0000000000000000708\u{e9}-0000000012.checkpoint",
            "99999999999999999999-0000000012.checkpoint",
            "00000000000000007083-9999999999.checkpoint",
            "+0000000000000007083-0000000012.checkpoint",
            "x.checkpoint.part",
        ];
        for name in others {
            assert_eq!(parse_name(name), NameKind::Other, "{name}");
        }
    }
}
