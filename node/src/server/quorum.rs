//! The metadata log of this node: raft's thread, and the metadata thread that follows it.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use crossbeam_channel::Receiver;
use metadata::controller::{ControllerConfig, bootstrap_records};
use metadata::features::MetadataVersion;
use metadata::runtime::{MetadataRuntime, MetadataStateMachine, MetadataThread, RaftQuorum, RuntimeConfig};
use metadata::{MetadataCache, Publisher, Record, runtime};
use raft::{
    Driver, DriverConfig, DriverThread, Endpoint, EngineConfig, Peer, RequestBody, Transport, VoterSet,
};
use wire::metadata_records::MetadataRecord;

use super::directories::Directories;
use super::ending::Ending;
use super::start::StartError;
use crate::config::NodeConfig;
use crate::{clock, random};

/// Partition directory of the metadata log.
const METADATA_PARTITION: &str = "__cluster_metadata-0";

/// The threads of the quorum.
pub(super) struct Quorum {
    raft: DriverThread,
    metadata: MetadataThread,
    handle: raft::Handle,
}

/// A quorum of one has nobody to talk to.
struct NoPeers;

impl Transport for NoPeers {
    fn send(&mut self, to: &Peer, _: u64, request: RequestBody) {
        unreachable!("a quorum of one sends {} to {to:?}", request.api_key());
    }
}

impl Quorum {
    /// Opens the metadata log, recovers it and starts the threads: from here on `publishers` are told what
    /// it says, and `calls` are answered. A quorum of one leads on return.
    ///
    /// # Errors
    /// Files that are damaged beyond what can be made good, or a failing disk, each naming the file; or
    /// the system has no thread left.
    pub(super) fn start(
        config: &NodeConfig,
        directories: &Directories,
        calls: Receiver<runtime::Call>,
        publishers: Vec<Box<dyn Publisher>>,
        endings: &Sender<Ending>,
    ) -> Result<Self, StartError> {
        let quorum = Arc::new(RaftQuorum::default());
        let (state_machine, events) = MetadataStateMachine::channel();
        let runtime_config = runtime_config(config, directories)?;
        let runtime = MetadataRuntime::new(
            runtime_config,
            Arc::clone(&quorum) as _,
            publishers,
            MetadataCache::default(),
        );
        let ended = endings.clone();
        let metadata = runtime::spawn(runtime, events, calls, move |error| {
            // Nobody listens any more once the node stops.
            let _ = ended.send(Ending::Metadata(error.to_string()));
        })?;
        let started = Instant::now();
        let io = Arc::clone(directories.metadata.0.io());
        let driver_config = driver_config(config, directories);
        let opened =
            Driver::open(io, driver_config, Box::new(state_machine), Box::new(NoPeers), now(started));
        quorum.attach(opened.as_ref().ok().map(|(_, handle)| handle.clone()));
        let (driver, handle) = opened.map_err(|error| StartError::Quorum(error.to_string()))?;
        let ended = endings.clone();
        let raft = raft::spawn(
            driver,
            move || now(started),
            move |outcome| {
                if let Err(error) = outcome {
                    let _ = ended.send(Ending::Raft(error.to_string()));
                }
            },
        )?;
        Ok(Self { raft, metadata, handle })
    }

    /// How the quorum is reached.
    pub(super) fn handle(&self) -> &raft::Handle {
        &self.handle
    }
}

fn driver_config(config: &NodeConfig, directories: &Directories) -> DriverConfig {
    let (directory, directory_id) = &directories.metadata;
    let listener = config.listeners.controller_names.first().cloned().unwrap_or_default();
    let millis = |key: &str| config.values.integer(key).max(0).unsigned_abs();
    let engine = EngineConfig {
        endpoints: endpoints(config),
        election_timeout_ms: millis("controller.quorum.election.timeout.ms"),
        election_backoff_max_ms: millis("controller.quorum.election.backoff.max.ms"),
        fetch_timeout_ms: millis("controller.quorum.fetch.timeout.ms"),
        request_timeout_ms: millis("controller.quorum.request.timeout.ms"),
        retry_backoff_ms: millis("controller.quorum.retry.backoff.ms"),
        ..EngineConfig::new(config.node_id, *directory_id, &listener, seed64())
    };
    let voters = config.quorum.voters.iter();
    let voters = voters.map(|voter| (voter.id, voter.address.host.clone(), voter.address.port));
    let voters = VoterSet::from_static(&listener, voters);
    let path = directory.path().join(METADATA_PARTITION);
    DriverConfig {
        segment_bytes: u32::try_from(config.values.integer("metadata.log.segment.bytes")).unwrap_or(1 << 30),
        segment_ms: config.values.integer("metadata.log.segment.ms"),
        retention_bytes: config.values.integer("metadata.max.retention.bytes"),
        retention_ms: config.values.integer("metadata.max.retention.ms"),
        ..DriverConfig::new(path, &directories.cluster_id, engine, voters)
    }
}

fn runtime_config(config: &NodeConfig, directories: &Directories) -> Result<RuntimeConfig, StartError> {
    let directory = &directories.metadata.0;
    let bootstrap = snapshot::read_bootstrap(&**directory.io(), directory.path())
        .map_err(|error| StartError::Quorum(error.to_string()))?;
    let bootstrap = match bootstrap {
        Some(records) => read_records(&records)?,
        None => bootstrap_records(MetadataVersion::LATEST),
    };
    let mut seed = [0; 32];
    random::fill(&mut seed);
    let snapshot_bytes = config.values.integer("metadata.log.max.record.bytes.between.snapshots");
    Ok(RuntimeConfig {
        controller: Some(ControllerConfig {
            node_id: config.node_id,
            cluster_id: directories.cluster_id.clone(),
            settings: config.values.given().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            bootstrap,
            // Static voters are those of kraft.version 0; a dynamic quorum has them in its log.
            kraft_version: if config.quorum.voters.is_empty() { 1 } else { 0 },
        }),
        snapshot_bytes_max: usize::try_from(snapshot_bytes).unwrap_or(usize::MAX),
        snapshot_interval_ms: config.values.integer("metadata.log.max.snapshot.interval.ms"),
        seed,
        inline_snapshots: false,
    })
}

impl Quorum {
    /// Ends both threads; everything committed is durable on return.
    pub(super) fn stop(self) {
        self.handle.shutdown();
        if let Err(error) = self.raft.join() {
            tracing::error!(%error, "the metadata log has not stopped in order");
        }
        if let Err(error) = self.metadata.join() {
            tracing::error!(%error, "the metadata thread has not stopped in order");
        }
    }
}

/// The records of `bootstrap.checkpoint`, to be written again in the versions that they have there.
fn read_records(records: &[Vec<u8>]) -> Result<Vec<Record>, StartError> {
    let damaged = |error: wire::DecodeError| StartError::Quorum(format!("bootstrap.checkpoint: {error}"));
    let read = |bytes: &Vec<u8>| {
        let (record, version) = MetadataRecord::decode_versioned(bytes).map_err(damaged)?;
        Ok(Record { message: record.into_owned(), version })
    };
    records.iter().map(read).collect()
}

/// Where this node listens as a controller.
fn endpoints(config: &NodeConfig) -> Vec<Endpoint> {
    let endpoint = |address: crate::config::ListenerAddress| Endpoint {
        listener: address.name,
        host: address.host.unwrap_or_else(super::listeners::host_name),
        port: address.port,
    };
    config.listeners.advertised_controller().into_iter().map(endpoint).collect()
}

fn now(started: Instant) -> raft::Now {
    let monotonic_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    raft::Now { monotonic_ms, wall_ms: clock::now_ms() }
}

/// A seed from the system.
pub(super) fn seed64() -> u64 {
    let mut bytes = [0; 8];
    random::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
