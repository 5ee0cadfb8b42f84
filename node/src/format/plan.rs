//! What to write where, after everything that speaks against it.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::directory::{DirectoryError, MetaProperties, read_meta_properties, write_meta_properties};
use log_store::io::Io;
use snapshot::{SnapshotDirectory, SnapshotError, SnapshotHeader, SnapshotId, write_bootstrap};
use wire::Uuid;

use super::voters::voters_record;
use super::{InitialVoter, Levels};
use crate::random;

/// Kafka's name of the directory that holds the metadata log.
const METADATA_PARTITION: &str = "__cluster_metadata-0";

/// Everything that formatting needs to know.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) cluster_id: String,
    pub(crate) node_id: i32,
    /// All directories of the node.
    pub(crate) directories: Vec<PathBuf>,
    /// The one of them that holds the metadata log.
    pub(crate) metadata_directory: PathBuf,
    pub(crate) levels: Levels,
    /// The first voters of a dynamic quorum, where the node is to know them.
    pub(crate) voters: Option<Vec<InitialVoter>>,
    /// Name of the listener under which the voters' addresses are known.
    pub(crate) controller_listener: String,
    /// Pass over directories that are formatted, instead of refusing.
    pub(crate) ignore_formatted: bool,
}

/// Why nothing, or not everything, was formatted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormatError {
    /// A directory belongs to another cluster.
    #[error(
        "{} belongs to cluster {found}, and {asked} is asked for. To let this node join the cluster of its \
         directory, format with --cluster-id {found}; to give up what is in the directory, remove it and format again.",
        directory.display()
    )]
    OtherCluster {
        /// The directory.
        directory: PathBuf,
        /// Its cluster.
        found: String,
        /// The cluster asked for.
        asked: String,
    },
    /// A directory belongs to another node.
    #[error(
        "{} belongs to node {found}, and the configuration says node.id={asked}. If the directory was moved here, set \
         node.id={found}; to give up what is in the directory, remove it and format again.",
        directory.display()
    )]
    OtherNode {
        /// The directory.
        directory: PathBuf,
        /// Its node.
        found: i32,
        /// The configured one.
        asked: i32,
    },
    /// A directory is formatted already.
    #[error(
        "Log directory {} is already formatted. Use --ignore-formatted to ignore this directory and format the others.",
        .0.display()
    )]
    Formatted(PathBuf),
    /// A directory can't be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A snapshot could not be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A directory could not be made.
    #[error("{}: cannot be created: {error}", path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// What is done could not be told.
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
}

impl Plan {
    /// Formats what is not formatted; says on `out` what it does. All files are durable on return.
    pub(crate) fn run(&self, io: &Arc<dyn Io>, now_ms: i64, out: &mut dyn Write) -> Result<(), FormatError> {
        let (formatted, empty) = self.survey(io)?;
        if let Some((directory, _)) = formatted.first().filter(|_| !self.ignore_formatted) {
            return Err(FormatError::Formatted(directory.clone()));
        }
        if empty.is_empty() {
            return writeln!(out, "All of the log directories are already formatted.")
                .map_err(FormatError::Output);
        }
        writeln!(out, "Bootstrap metadata: {}", self.bootstrap_metadata()).map_err(FormatError::Output)?;
        let mut ids: BTreeSet<Uuid> = formatted.iter().filter_map(|(_, meta)| meta.directory_id).collect();
        for directory in &empty {
            let (kind, release) = (self.describe(directory), self.levels.release());
            writeln!(out, "Formatting {kind} {} with metadata.version {release}.", directory.display())
                .map_err(FormatError::Output)?;
            let id = self.directory_id(directory, &ids);
            ids.insert(id);
            self.format(io, directory, id, now_ms)?;
        }
        Ok(())
    }

    /// Formatted directories with what they say, and the others, both in the order of their names.
    #[allow(clippy::type_complexity, reason = "two lists, named by the only caller")]
    fn survey(
        &self,
        io: &Arc<dyn Io>,
    ) -> Result<(Vec<(PathBuf, MetaProperties)>, Vec<PathBuf>), FormatError> {
        let (mut formatted, mut empty) = (Vec::new(), Vec::new());
        for directory in self.directories.iter().collect::<BTreeSet<_>>() {
            match read_meta_properties(&**io, directory)? {
                Some(meta) => {
                    self.check_owner(directory, &meta)?;
                    formatted.push((directory.clone(), meta));
                }
                None => empty.push(directory.clone()),
            }
        }
        Ok((formatted, empty))
    }

    fn check_owner(&self, directory: &Path, meta: &MetaProperties) -> Result<(), FormatError> {
        let directory = directory.to_owned();
        if meta.cluster_id != self.cluster_id {
            let (found, asked) = (meta.cluster_id.clone(), self.cluster_id.clone());
            return Err(FormatError::OtherCluster { directory, found, asked });
        }
        if meta.node_id != self.node_id {
            return Err(FormatError::OtherNode { directory, found: meta.node_id, asked: self.node_id });
        }
        Ok(())
    }

    /// This node among the first voters.
    fn own_voter(&self) -> Option<&InitialVoter> {
        self.voters.iter().flatten().find(|voter| voter.id == self.node_id)
    }

    fn describe(&self, directory: &Path) -> &'static str {
        match &self.voters {
            _ if directory != self.metadata_directory => "data directory",
            None => "metadata directory",
            Some(_) if self.own_voter().is_some() => "dynamic metadata voter directory",
            Some(_) => "dynamic metadata directory",
        }
    }

    fn directory_id(&self, directory: &Path, taken: &BTreeSet<Uuid>) -> Uuid {
        match self.own_voter() {
            Some(voter) if directory == self.metadata_directory => voter.directory,
            _ => std::iter::repeat_with(random::uuid)
                .find(|id| !taken.contains(id))
                .expect("ids don't run out"),
        }
    }

    /// `meta.properties` comes last: a directory that has it is whole.
    fn format(&self, io: &Arc<dyn Io>, directory: &Path, id: Uuid, now_ms: i64) -> Result<(), FormatError> {
        let create = |path: &Path| {
            io.create_dir_all(path).map_err(|error| FormatError::Create { path: path.to_owned(), error })
        };
        create(directory)?;
        write_bootstrap(&**io, directory, &self.levels.records(), now_ms)?;
        if let Some(voters) = self.voters.as_ref().filter(|_| directory == self.metadata_directory) {
            let partition = directory.join(METADATA_PARTITION);
            create(&partition)?;
            let header = SnapshotHeader {
                last_contained_log_timestamp: now_ms,
                kraft_version: self.levels.kraft_version(),
                voters: Some(voters_record(voters, &self.controller_listener)),
            };
            let snapshots = SnapshotDirectory::open(Arc::clone(io), &partition)?;
            snapshots.create(SnapshotId::BOOTSTRAP, &header, now_ms)?.freeze(now_ms)?;
        }
        let (cluster_id, node_id) = (self.cluster_id.clone(), self.node_id);
        write_meta_properties(
            &**io,
            directory,
            &MetaProperties { cluster_id, node_id, directory_id: Some(id) },
        )?;
        Ok(())
    }

    /// As Apache prints it.
    fn bootstrap_metadata(&self) -> String {
        let record = |(name, level): (&str, i16)| {
            format!(
                "ApiMessageAndVersion(FeatureLevelRecord(name='{name}', featureLevel={level}) at version 0)"
            )
        };
        let records: Vec<String> = self.levels.begin_with().into_iter().map(record).collect();
        format!(
            "BootstrapMetadata(records=[{}], metadataVersionLevel={}, source=format command)",
            records.join(", "),
            self.levels.release().level()
        )
    }
}
