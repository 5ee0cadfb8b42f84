//! All log directories of a node.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wire::Uuid;

use super::{DirectoryError, LogDirectory, MetaProperties, meta_properties};
use crate::io::Io;

/// The log directories of a node, in the order of `log.dirs`. One that fails at the start is
/// left out and the others serve (KIP-112); the caller decides how many may be missing.
#[derive(Debug)]
pub struct LogDirectories {
    opened: Vec<(Arc<LogDirectory>, Option<MetaProperties>)>,
    failed: Vec<(PathBuf, DirectoryError)>,
}

impl LogDirectories {
    /// Opens, locks and checks all directories: one cluster, one node, and no directory id twice.
    ///
    /// # Errors
    /// [`DirectoryError::Locked`], [`DirectoryError::Damaged`] or [`DirectoryError::Inconsistent`]
    /// in any of them: nothing is started on a mistake. A directory whose disk fails is no error.
    ///
    /// # Panics
    /// When `paths` is empty.
    pub fn open(io: &Arc<dyn Io>, paths: &[PathBuf]) -> Result<Self, DirectoryError> {
        assert!(!paths.is_empty(), "a node has a log directory");
        let mut directories = Self { opened: Vec::new(), failed: Vec::new() };
        for path in paths {
            match open_one(io, path) {
                Ok(opened) => directories.opened.push(opened),
                Err(error @ DirectoryError::Io { .. }) => {
                    tracing::error!(directory = %path.display(), %error, "log directory is left out");
                    directories.failed.push((path.clone(), error));
                }
                Err(error) => return Err(error),
            }
        }
        directories.check()?;
        Ok(directories)
    }

    /// Those that could be opened, offline by now or not.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<LogDirectory>> {
        self.opened.iter().map(|(directory, _)| directory)
    }

    /// Those that work now.
    pub fn online(&self) -> impl Iterator<Item = &Arc<LogDirectory>> {
        self.iter().filter(|directory| directory.offline_reason().is_none())
    }

    /// Those whose disk failed at the start, and how.
    pub fn failed(&self) -> impl Iterator<Item = (&Path, &DirectoryError)> {
        self.failed.iter().map(|(path, error)| (path.as_path(), error))
    }

    /// What the formatted ones say of themselves, with their paths.
    pub fn meta_properties(&self) -> impl Iterator<Item = (&Path, &MetaProperties)> {
        self.opened.iter().filter_map(|(directory, meta)| Some((directory.path(), meta.as_ref()?)))
    }

    /// Those that have no `meta.properties`.
    pub fn unformatted(&self) -> impl Iterator<Item = &Path> {
        self.opened.iter().filter(|(_, meta)| meta.is_none()).map(|(directory, _)| directory.path())
    }

    /// The directory with an id (KIP-858).
    #[must_use]
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<LogDirectory>> {
        let has_id =
            |meta: &Option<MetaProperties>| meta.as_ref().and_then(|meta| meta.directory_id) == Some(id);
        self.opened.iter().find(|(_, meta)| has_id(meta)).map(|(directory, _)| directory)
    }

    fn check(&self) -> Result<(), DirectoryError> {
        let mut ids: BTreeMap<Uuid, &Path> = BTreeMap::new();
        let mut first: Option<(&Path, &MetaProperties)> = None;
        for (path, meta) in self.meta_properties() {
            let file = path.join(meta_properties::FILE_NAME);
            let contradiction = |fault: String| DirectoryError::Inconsistent { path: file.clone(), fault };
            let (other, agreed) = *first.get_or_insert((path, meta));
            if meta.cluster_id != agreed.cluster_id {
                let fault = format!("cluster.id is {}, but {} in", meta.cluster_id, agreed.cluster_id);
                return Err(contradiction(format!("{fault} {}", other.display())));
            }
            if meta.node_id != agreed.node_id {
                let fault = format!("node.id is {}, but {} in", meta.node_id, agreed.node_id);
                return Err(contradiction(format!("{fault} {}", other.display())));
            }
            if let Some(id) = meta.directory_id
                && let Some(other) = ids.insert(id, path)
            {
                return Err(contradiction(format!("directory.id {id} is also that of {}", other.display())));
            }
        }
        Ok(())
    }
}

fn open_one(
    io: &Arc<dyn Io>,
    path: &Path,
) -> Result<(Arc<LogDirectory>, Option<MetaProperties>), DirectoryError> {
    let directory = LogDirectory::open(Arc::clone(io), path)?;
    let meta = directory.meta_properties()?;
    Ok((Arc::new(directory), meta))
}
