//! Nodes, state machines that remember, and a network of function calls.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::io::{Faults, Io, MemoryIo};
use parking_lot::Mutex;
use wire::Uuid;

use crate::driver::{Driver, DriverConfig, DriverError, Handle, Now, Transport};
use crate::engine::{CorrelationId, Endpoint, EngineConfig, LeaderAndEpoch, Peer, VoterSet};
use crate::protocol::{InboundRequest, RequestBody, ResponseBody};
use crate::state_machine::{CommittedBatch, SnapshotRecords, StateMachine};

pub(super) const CLUSTER: &str = "5L6g3nShT-eMCtK--X86sw";
pub(super) const WALL_MS: i64 = 1_700_000_000_000;

/// What a state machine was shown.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Values in order, those of a snapshot first.
    pub(super) values: Vec<Vec<u8>>,
    pub(super) leader: LeaderAndEpoch,
    pub(super) next_offset: Option<i64>,
    /// Sizes of the calls to `committed`, in batches.
    pub(super) calls: Vec<usize>,
    pub(super) snapshots: Vec<i64>,
    pub(super) is_shut_down: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Machine(pub(super) Arc<Mutex<Shown>>);

impl StateMachine for Machine {
    fn committed(&mut self, batches: &[CommittedBatch<'_>], high_watermark: i64) {
        let mut shown = self.0.lock();
        shown.calls.push(batches.len());
        for batch in batches {
            assert_eq!(batch.base_offset, shown.next_offset.unwrap_or(0), "no gap");
            assert!(batch.last_offset < high_watermark, "nothing that is not committed");
            shown.next_offset = Some(batch.last_offset + 1);
            shown.values.extend(batch.records.iter().map(|value| value.to_vec()));
        }
    }

    fn load_snapshot(&mut self, snapshot: &mut dyn SnapshotRecords) {
        let mut shown = self.0.lock();
        shown.values.clear();
        shown.snapshots.push(snapshot.id().offset);
        shown.next_offset = Some(snapshot.id().offset);
        while let Some(batch) = snapshot.next_batch() {
            shown.values.extend(batch);
        }
    }

    fn leader_changed(&mut self, leader: LeaderAndEpoch) {
        self.0.lock().leader = leader;
    }

    fn begin_shutdown(&mut self) {
        self.0.lock().is_shut_down = true;
    }
}

/// Requests that a node sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(pub(super) Arc<Mutex<VecDeque<(i32, CorrelationId, RequestBody)>>>);

impl Transport for Sent {
    fn send(&mut self, to: &Peer, correlation_id: CorrelationId, request: RequestBody) {
        self.0.lock().push_back((to.id, correlation_id, request));
    }
}

/// One node, as long as its process lives.
pub(super) struct Node {
    pub(super) driver: Driver,
    pub(super) handle: Handle,
    pub(super) machine: Machine,
    pub(super) sent: Sent,
    pub(super) now_ms: u64,
}

/// A disk with a formatted, empty `/data`.
pub(super) fn formatted() -> MemoryIo {
    let io = MemoryIo::new();
    io.create_dir_all(Path::new("/data")).expect("a working disk");
    io.sync_dir(Path::new("/")).expect("a working disk");
    io.set_faults(Faults::default());
    io
}

pub(super) fn config(id: i32, voters: &[i32]) -> DriverConfig {
    let mut engine = EngineConfig::new(id, Uuid::from(u128::from(id.unsigned_abs()) + 100), "CONTROLLER", 7);
    engine.endpoints =
        vec![Endpoint { listener: "CONTROLLER".to_owned(), host: format!("host{id}"), port: 9093 }];
    let voters = voters.iter().map(|id| (*id, format!("host{id}"), 9093));
    let voters = VoterSet::from_static("CONTROLLER", voters);
    DriverConfig::new(PathBuf::from("/data/__cluster_metadata-0"), CLUSTER, engine, voters)
}

impl Node {
    pub(super) fn open(io: &MemoryIo, config: DriverConfig) -> Result<Self, DriverError> {
        let (machine, sent) = (Machine::default(), Sent::default());
        let now = Now { monotonic_ms: 0, wall_ms: WALL_MS };
        let (driver, handle) = Driver::open(
            Arc::new(io.clone()),
            config,
            Box::new(machine.clone()),
            Box::new(sent.clone()),
            now,
        )?;
        Ok(Self { driver, handle, machine, sent, now_ms: 0 })
    }

    /// Rounds until nothing more waits.
    pub(super) fn run(&mut self) -> Result<(), DriverError> {
        let wall_ms = WALL_MS + self.now_ms as i64;
        let now = Now { monotonic_ms: self.now_ms, wall_ms };
        while self.driver.poll(now)?.has_more {}
        Ok(())
    }

    pub(super) fn wait(&mut self, ms: u64) -> Result<(), DriverError> {
        self.now_ms += ms;
        self.run()
    }

    pub(super) fn epoch(&self) -> i32 {
        self.machine.0.lock().leader.epoch
    }

    pub(super) fn values(&self) -> Vec<Vec<u8>> {
        self.machine.0.lock().values.clone()
    }

    /// Proposes one record and waits for its commit.
    pub(super) fn write(&mut self, value: &str) -> Result<i64, DriverError> {
        let offset = self.handle.propose(self.epoch(), vec![value.as_bytes().to_vec()]).expect("a leader");
        self.run()?;
        Ok(offset)
    }

    /// Asks and waits for the answer.
    pub(super) fn ask(&mut self, api_version: i16, body: RequestBody) -> Option<ResponseBody> {
        let answer = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&answer);
        let request = InboundRequest { api_version, listener: "CONTROLLER".to_owned(), body };
        let reply = Box::new(move |response| *slot.lock() = Some(response));
        self.handle.handle_request(request, reply).expect("room");
        self.run().expect("a working disk");
        answer.lock().take()
    }

    /// Writes a snapshot of everything shown so far.
    pub(super) fn freeze(&mut self) -> i64 {
        let (values, end) = {
            let shown = self.machine.0.lock();
            (shown.values.clone(), shown.next_offset.expect("something is committed"))
        };
        let end = crate::OffsetAndEpoch::new(end, self.epoch());
        let mut builder =
            self.handle.begin_snapshot(end, WALL_MS, WALL_MS).expect("a disk").expect("a new one");
        builder.append(&values).expect("a disk");
        builder.freeze().expect("a disk");
        self.run().expect("a disk");
        end.offset
    }
}

/// Nodes that hear each other at once.
pub(super) struct Network {
    pub(super) nodes: BTreeMap<i32, Node>,
}

impl Network {
    /// Lets time pass and carries every request to its node and the answer back.
    pub(super) fn run(&mut self, duration_ms: u64) {
        for _ in 0..duration_ms / 10 {
            for node in self.nodes.values_mut() {
                node.wait(10).expect("a working disk");
            }
            let ids: Vec<i32> = self.nodes.keys().copied().collect();
            for from in ids {
                self.carry(from);
            }
        }
    }

    fn carry(&mut self, from: i32) {
        let sent: Vec<_> = self.nodes[&from].sent.0.lock().drain(..).collect();
        for (to, correlation_id, body) in sent {
            let handle = self.nodes[&from].handle.clone();
            let Some(target) = self.nodes.get_mut(&to) else { continue };
            let request = InboundRequest { api_version: 18, listener: "CONTROLLER".to_owned(), body };
            let reply = Box::new(move |response| handle.handle_response(correlation_id, Ok(response)));
            target.handle.handle_request(request, reply).expect("room");
            target.run().expect("a working disk");
            self.nodes.get_mut(&from).expect("the sender").run().expect("a working disk");
        }
    }
}
