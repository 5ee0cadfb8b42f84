//! One node on its disk: a quorum of one, driven by hand.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use log_store::io::MemoryIo;
use metadata::controller::{ControllerConfig, bootstrap_records};
use metadata::features::MetadataVersion;
use metadata::image::MetadataImage;
use metadata::runtime::{Call, LoadError, MetadataRuntime, MetadataStateMachine, RaftEvent};
use metadata::runtime::{RaftQuorum, RuntimeConfig};
use metadata::{ControllerHandle, MetadataCache};
use raft::{
    Driver, DriverConfig, DriverError, EngineConfig, Handle, Now, Peer, QuorumInfo, RequestBody, Transport,
    VoterSet,
};
use wire::Uuid;

use crate::scenario::Scenario;

/// The cluster that every node belongs to.
pub(crate) const CLUSTER: &str = "5L6g3nShT-eMCtK--X86sw";

/// A node that is not at rest after so many rounds never will be.
const ROUNDS_MAX: usize = 1_000;

/// Why a node went down by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Down {
    /// The log stopped, as it must when the disk fails.
    #[error("{0}")]
    Log(DriverError),
    /// Committed records could not be followed, for which there is no excuse.
    #[error("{0}")]
    Load(LoadError),
    /// It is busy for ever.
    #[error("it is busy for ever")]
    Restless,
}

/// A quorum of one has nobody to talk to.
struct Nobody;

impl Transport for Nobody {
    fn send(&mut self, to: &Peer, _: u64, _: RequestBody) {
        panic!("nothing is sent to {to:?}");
    }
}

/// A running node. Dropping it is a crash.
pub(crate) struct Node {
    driver: Driver,
    handle: Handle,
    runtime: MetadataRuntime,
    events: Receiver<RaftEvent>,
    calls: Receiver<Call>,
    cache: MetadataCache,
    pub(crate) controller: ControllerHandle,
}

impl Node {
    /// Opens the disk. The log behind the snapshot is replayed by [`Self::settle`].
    pub(crate) fn open(io: MemoryIo, scenario: &Scenario, dice: u64, now: Now) -> Result<Self, DriverError> {
        let quorum = Arc::new(RaftQuorum::default());
        let (machine, events) = MetadataStateMachine::channel();
        let (controller, calls) = ControllerHandle::channel();
        let cache = MetadataCache::default();
        let config = runtime_config(scenario, dice);
        let runtime = MetadataRuntime::new(config, quorum.clone(), Vec::new(), cache.clone());
        let config = driver_config(scenario, dice);
        let opened = Driver::open(Arc::new(io), config, Box::new(machine), Box::new(Nobody), now);
        quorum.attach(opened.as_ref().ok().map(|(_, handle)| handle.clone()));
        let (driver, handle) = opened?;
        Ok(Self { driver, handle, runtime, events, calls, cache, controller })
    }

    /// Lets the node work until nothing is left to do at this time.
    pub(crate) fn settle(&mut self, now: Now) -> Result<(), Down> {
        let mut quiet = 0;
        for _ in 0..ROUNDS_MAX {
            quiet = if self.round(now)? { 0 } else { quiet + 1 };
            // What the last turn proposed shows in the next round.
            if quiet == 2 {
                return Ok(());
            }
        }
        Err(Down::Restless)
    }

    /// Whether anything happened.
    fn round(&mut self, now: Now) -> Result<bool, Down> {
        let now_ms = now.wall_ms.unsigned_abs();
        let mut is_busy = self.driver.poll(now).map_err(Down::Log)?.has_more;
        while let Ok(event) = self.events.try_recv() {
            self.runtime.handle_raft(event, now_ms).map_err(Down::Load)?;
            is_busy = true;
        }
        while let Ok(call) = self.calls.try_recv() {
            self.runtime.handle_call(call, now_ms);
            is_busy = true;
        }
        Ok(self.runtime.turn(now_ms) || is_busy)
    }

    pub(crate) fn image(&self) -> Arc<MetadataImage> {
        self.cache.load()
    }

    pub(crate) fn quorum(&self) -> Arc<QuorumInfo> {
        self.handle.quorum_info()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.runtime.is_active()
    }
}

fn runtime_config(scenario: &Scenario, dice: u64) -> RuntimeConfig {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&dice.to_le_bytes());
    let settings = [("process.roles", "broker,controller"), ("node.id", "1")];
    let controller = ControllerConfig {
        node_id: 1,
        cluster_id: CLUSTER.into(),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        bootstrap: bootstrap_records(MetadataVersion::LATEST),
        kraft_version: 0,
    };
    RuntimeConfig {
        controller: Some(controller),
        snapshot_bytes_max: scenario.snapshot_bytes_max,
        snapshot_interval_ms: scenario.snapshot_interval_ms,
        seed,
        inline_snapshots: true,
    }
}

fn driver_config(scenario: &Scenario, dice: u64) -> DriverConfig {
    let engine = EngineConfig::new(1, Uuid([9; 16]), "CONTROLLER", dice);
    let voters = VoterSet::from_static("CONTROLLER", [(1, "localhost".to_owned(), 9093)]);
    DriverConfig {
        segment_bytes: scenario.segment_bytes,
        retention_bytes: scenario.retention_bytes,
        ..DriverConfig::new(PathBuf::from("/__cluster_metadata-0"), CLUSTER, engine, voters)
    }
}
