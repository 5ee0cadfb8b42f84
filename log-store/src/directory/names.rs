//! Names of partition directories.
//!
//! ```text
//! orders-7                                              in use
//! orders-7.4f0c...32 hex digits-delete                  deleted, files still to be removed
//! orders-7.4f0c...-future                               being copied from another log directory
//! orders-7.4f0c...-stray                                the metadata knows no such replica here
//! ```

use std::fmt::{self, Display, Formatter};

/// The longest name of a file, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// A partition by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Name of the topic.
    pub topic: String,
    /// Number of the partition, 0 or more.
    pub partition: i32,
}

impl Display for TopicPartition {
    /// Also the name of the directory in use.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What a partition directory is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DirectoryState {
    /// The replica.
    Current,
    /// Deleted; only its files are still to be removed.
    Deleted,
    /// A copy on its way from another log directory (KIP-113).
    Future,
    /// A replica that the metadata does not place here.
    Stray,
}

impl DirectoryState {
    fn suffix(self) -> &'static str {
        match self {
            Self::Current => "",
            Self::Deleted => "-delete",
            Self::Future => "-future",
            Self::Stray => "-stray",
        }
    }
}

/// A partition directory by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionDirectory {
    /// Whose it is. Of a directory to be deleted (or a stray one) the topic may be cut.
    pub partition: TopicPartition,
    /// What it is there for.
    pub state: DirectoryState,
    /// The name of the directory.
    pub name: String,
}

impl PartitionDirectory {
    /// The name for a partition in a state. `unique` keeps apart what was deleted twice; the
    /// replica in use has none. Names of deleted and stray directories are cut at the topic so
    /// that they are no longer than a file system takes.
    ///
    /// # Panics
    /// When a future directory of a topic of more than 205 characters does not fit: Kafka has the
    /// same bound.
    #[must_use]
    pub fn new(partition: TopicPartition, state: DirectoryState, unique: u128) -> Self {
        let mut name = partition.to_string();
        if state != DirectoryState::Current {
            let TopicPartition { topic, partition } = &partition;
            let rest = format!("-{partition}.{unique:032x}{}", state.suffix());
            let kept = match state {
                DirectoryState::Future => topic.len(),
                _ => topic.len().min(NAME_BYTES_MAX - rest.len()),
            };
            name = format!("{}{rest}", &topic[..kept]);
        }
        assert!(name.len() <= NAME_BYTES_MAX, "{name} is too long for a file system");
        Self { partition, state, name }
    }

    /// Reads a name; `None` when it is not that of a partition directory.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (state, stem) = split_state(name)?;
        let (topic, number) = stem.rsplit_once('-')?;
        if topic.is_empty() || !number.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let partition = TopicPartition { topic: topic.to_owned(), partition: number.parse().ok()? };
        Some(Self { partition, state, name: name.to_owned() })
    }
}

/// The state a name tells, and the name without the unique id and the suffix.
fn split_state(name: &str) -> Option<(DirectoryState, &str)> {
    for state in [DirectoryState::Deleted, DirectoryState::Future, DirectoryState::Stray] {
        if let Some(rest) = name.strip_suffix(state.suffix()) {
            let (stem, unique) = rest.rsplit_once('.')?;
            return (!unique.is_empty()).then_some((state, stem));
        }
    }
    Some((DirectoryState::Current, name))
}
