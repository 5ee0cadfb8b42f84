//! The directories of a node that starts: locked, formatted, of one node and one cluster.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::directory::{DirectoryError, LogDirectories, LogDirectory, MetaProperties};
use log_store::io::Io;
use thiserror::Error;
use wire::Uuid;

use crate::config::NodeConfig;

/// Why a node does not start on its directories.
#[derive(Debug, Error)]
pub(crate) enum DirectoriesError {
    /// Locked by another process, damaged, or of several nodes.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Nobody has formatted a directory.
    #[error(
        "{} is not formatted. Make a cluster id with `kafka-storage random-uuid` and format it with \
         `kafka-storage format -t <cluster id> -c <this file>`",
        .0.display()
    )]
    Unformatted(PathBuf),
    /// The directory belongs to another node.
    #[error(
        "{} belongs to node {found}, and node.id is {wanted}: two nodes must not share an id or a directory. \
         Set node.id={found}, or point log.dirs elsewhere",
        .path.display()
    )]
    OtherNode {
        /// The directory.
        path: PathBuf,
        /// Its node.
        found: i32,
        /// The node that starts.
        wanted: i32,
    },
    /// Two directories belong to different clusters.
    #[error(
        "{} belongs to cluster {first}, and {} to cluster {second}: a node is of one cluster. \
         Take the foreign directory out of log.dirs, or format it anew",
        .first_path.display(), .second_path.display()
    )]
    OtherCluster {
        /// A directory.
        first_path: PathBuf,
        /// Its cluster.
        first: String,
        /// Another directory.
        second_path: PathBuf,
        /// Its cluster.
        second: String,
    },
    /// The directory with the metadata log does not work.
    #[error("the metadata directory {} cannot be used: {reason}", .path.display())]
    Metadata {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The open directories of a node.
pub(super) struct Directories {
    /// The cluster they belong to.
    pub(super) cluster_id: String,
    /// Directory and id of the metadata log.
    pub(super) metadata: (Arc<LogDirectory>, Uuid),
    /// Directories and ids for partitions.
    pub(super) logs: Vec<(Arc<LogDirectory>, Uuid)>,
    /// Held for their locks.
    _all: LogDirectories,
}

impl Directories {
    /// Locks the directories of `config` and checks whose they are.
    ///
    /// # Errors
    /// [`DirectoriesError`].
    pub(super) fn open(io: &Arc<dyn Io>, config: &NodeConfig) -> Result<Self, DirectoriesError> {
        let all = LogDirectories::open(io, &config.all_directories())?;
        if let Some(path) = all.unformatted().next() {
            return Err(DirectoriesError::Unformatted(path.to_owned()));
        }
        let cluster_id = check_owner(&all, config.node_id)?;
        let id_of = |directory: &LogDirectory| {
            let found = all.meta_properties().find(|(path, _)| *path == directory.path());
            found.and_then(|(_, meta)| meta.directory_id).unwrap_or(Uuid::ZERO)
        };
        let opened = all.iter().map(|directory| (Arc::clone(directory), id_of(directory)));
        let opened: Vec<(Arc<LogDirectory>, Uuid)> = opened.collect();
        let is_metadata = |directory: &LogDirectory| directory.path() == config.metadata_log_dir;
        let Some(metadata) = opened.iter().find(|(directory, _)| is_metadata(directory)).cloned() else {
            let failed = all.failed().find(|(path, _)| *path == config.metadata_log_dir);
            let reason = failed.map_or_else(|| "it is not there".to_owned(), |(_, error)| error.to_string());
            return Err(DirectoriesError::Metadata { path: config.metadata_log_dir.clone(), reason });
        };
        let is_log = |directory: &LogDirectory| config.log_dirs.iter().any(|path| path == directory.path());
        let logs = opened.into_iter().filter(|(directory, _)| is_log(directory)).collect();
        Ok(Self { cluster_id, metadata, logs, _all: all })
    }
}

/// The one cluster that all directories belong to, if they all belong to `node_id`.
fn check_owner(all: &LogDirectories, node_id: i32) -> Result<String, DirectoriesError> {
    let mut first: Option<(&Path, &MetaProperties)> = None;
    for (path, meta) in all.meta_properties() {
        if let Some(found) = Some(meta.node_id).filter(|found| *found != node_id) {
            return Err(DirectoriesError::OtherNode { path: path.to_owned(), found, wanted: node_id });
        }
        match first {
            Some((first_path, one)) if one.cluster_id != meta.cluster_id => {
                return Err(DirectoriesError::OtherCluster {
                    first_path: first_path.to_owned(),
                    first: one.cluster_id.clone(),
                    second_path: path.to_owned(),
                    second: meta.cluster_id.clone(),
                });
            }
            Some(_) => {}
            None => first = Some((path, meta)),
        }
    }
    Ok(first.map(|(_, meta)| meta.cluster_id.clone()).unwrap_or_default())
}
