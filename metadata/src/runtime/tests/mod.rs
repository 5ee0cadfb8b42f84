//! The runtime on a quorum of one that lives in memory, driven by hand.

mod follow;
mod golden;
mod lead;

use std::sync::{Arc, Mutex};

use crossbeam_channel::bounded;
use raft::{LeaderAndEpoch, OffsetAndEpoch};
use tokio::sync::oneshot;
use wire::Uuid;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::{BrokerRegistrationRequest, Feature, Listener};
use wire::messages::broker_registration_response::BrokerRegistrationResponse;
use wire::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use wire::messages::create_topics_response::CreateTopicsResponse;

use super::*;
use crate::controller::{
    ApiError, ControllerConfig, ControllerContext, ControllerRequest, ControllerResponse, bootstrap_records,
    supported_features,
};
use crate::delta::MetadataDelta;
use crate::features::MetadataVersion;
use crate::image::MetadataImage;

const NODE: i32 = 1;
const EPOCH: i32 = 3;

/// A log of batches, and the snapshots written of it.
#[derive(Default)]
pub(super) struct MemoryQuorum {
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    batches: Vec<RaftBatch>,
    end_offset: i64,
    /// How many batches have been shown as committed.
    shown: usize,
    /// Refuses proposals while set.
    refusal: Option<ProposeRefused>,
    resigned: Vec<i32>,
    snapshots: Vec<(OffsetAndEpoch, Vec<Vec<Vec<u8>>>)>,
}

impl MemoryQuorum {
    fn add(&self, epoch: i32, records: Vec<Vec<u8>>) -> i64 {
        let mut log = self.log.lock().expect("no test panics with it");
        let base_offset = log.end_offset;
        // A control batch holds one record, which is not shown.
        let last_offset = base_offset + records.len().max(1) as i64 - 1;
        let size_bytes = records.iter().map(Vec::len).sum();
        log.batches.push(RaftBatch { base_offset, last_offset, epoch, append_ms: 7, size_bytes, records });
        log.end_offset = last_offset + 1;
        last_offset
    }

    /// Lets the batches that wait share one, as raft does with small proposals.
    fn merge_waiting(&self) {
        let mut log = self.log.lock().expect("no test panics with it");
        let shown = log.shown;
        let waiting: Vec<_> = log.batches.drain(shown..).collect();
        let last_offset = waiting.last().expect("something waits").last_offset;
        let records = waiting.iter().flat_map(|batch| batch.records.clone()).collect();
        let first = waiting.into_iter().next().expect("something waits");
        log.batches.push(RaftBatch { last_offset, records, ..first });
    }

    /// The batches that are committed and not shown yet.
    fn take_committed(&self) -> Vec<RaftBatch> {
        let mut log = self.log.lock().expect("no test panics with it");
        let batches = log.batches[log.shown..].to_vec();
        log.shown = log.batches.len();
        batches
    }
}

struct MemorySink {
    quorum: Arc<MemoryQuorum>,
    end: OffsetAndEpoch,
    batches: Vec<Vec<Vec<u8>>>,
}

impl SnapshotSink for MemorySink {
    fn append(&mut self, records: Vec<Vec<u8>>) -> Result<(), String> {
        self.batches.push(records);
        Ok(())
    }

    fn freeze(self: Box<Self>) -> Result<(), String> {
        let Self { quorum, end, batches } = *self;
        quorum.log.lock().expect("no test panics with it").snapshots.push((end, batches));
        Ok(())
    }
}

/// What the runtime sees of the quorum.
struct QuorumOfOne(Arc<MemoryQuorum>);

impl Quorum for QuorumOfOne {
    fn propose(&self, epoch: i32, records: Vec<Vec<u8>>) -> Result<i64, ProposeRefused> {
        if let Some(refusal) = self.0.log.lock().expect("no test panics with it").refusal.clone() {
            return Err(refusal);
        }
        Ok(self.0.add(epoch, records))
    }

    fn resign(&self, epoch: i32) {
        self.0.log.lock().expect("no test panics with it").resigned.push(epoch);
    }

    fn begin_snapshot(
        &self,
        end: OffsetAndEpoch,
        _: i64,
        _: i64,
    ) -> Result<Option<Box<dyn SnapshotSink>>, String> {
        Ok(Some(Box::new(MemorySink { quorum: self.0.clone(), end, batches: Vec::new() })))
    }
}

/// Notes where each published image ends.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<i64>>>);

impl Publisher for Notes {
    fn publish(&mut self, delta: &MetadataDelta, image: &Arc<MetadataImage>) {
        assert_eq!(delta.after(), &**image, "a delta leads to the image that is published with it");
        self.0.lock().expect("no test panics with it").push(image.provenance().end_offset);
    }
}

/// One node.
pub(super) struct Node {
    quorum: Arc<MemoryQuorum>,
    runtime: MetadataRuntime,
    cache: MetadataCache,
    notes: Notes,
    now_ms: u64,
}

type Answer = oneshot::Receiver<Result<ControllerResponse, ApiError>>;

impl Node {
    fn new() -> Self {
        Self::with_snapshots_after(usize::MAX)
    }

    fn with_snapshots_after(snapshot_bytes_max: usize) -> Self {
        let quorum = Arc::new(MemoryQuorum::default());
        let (cache, notes) = (MetadataCache::default(), Notes::default());
        let config = RuntimeConfig {
            controller: Some(config()),
            snapshot_bytes_max,
            snapshot_interval_ms: 3_600_000,
            seed: [7; 32],
            inline_snapshots: true,
        };
        let view = Arc::new(QuorumOfOne(quorum.clone()));
        let runtime = MetadataRuntime::new(config, view, vec![Box::new(notes.clone())], cache.clone());
        Self { quorum, runtime, cache, notes, now_ms: 1_000_000 }
    }

    /// Makes this node the leader, as raft would: the leader-change record is committed first.
    fn elect(&mut self, epoch: i32) {
        self.quorum.add(epoch, Vec::new());
        self.commit();
        self.leader(Some(NODE), epoch);
        self.commit();
    }

    fn leader(&mut self, leader_id: Option<i32>, epoch: i32) {
        let event = RaftEvent::Leader(LeaderAndEpoch { leader_id, epoch });
        assert!(self.runtime.handle_raft(event, self.now_ms).expect("follows"));
    }

    fn commit(&mut self) {
        let batches = self.quorum.take_committed();
        let high_watermark = batches.last().map_or(0, |batch| batch.last_offset + 1);
        let event = RaftEvent::Committed { batches, high_watermark };
        self.runtime.handle_raft(event, self.now_ms).expect("follows");
    }

    fn send(&mut self, request: impl Into<ControllerRequest>) -> Answer {
        let (reply, answer) = oneshot::channel();
        let call = Call { context: ControllerContext::internal(1000), request: request.into(), reply };
        self.runtime.handle_call(call, self.now_ms);
        answer
    }

    /// Asks, commits, and returns the answer.
    fn ask<T: TryFrom<ControllerResponse>>(
        &mut self,
        request: impl Into<ControllerRequest>,
    ) -> Result<T, ApiError> {
        let mut answer = self.send(request);
        self.commit();
        let response = answer.try_recv().expect("answered once it is committed")?;
        Ok(T::try_from(response).unwrap_or_else(|_| panic!("another answer than was asked for")))
    }

    fn image(&self) -> Arc<MetadataImage> {
        self.cache.load()
    }

    /// Registers a broker and unfences it; returns its epoch.
    fn start_broker(&mut self, id: i32) -> i64 {
        let registered: BrokerRegistrationResponse = self.ask(registration(id)).expect("registers");
        let answer: BrokerHeartbeatResponse =
            self.ask(heartbeat(id, registered.broker_epoch)).expect("lives");
        assert!(answer.is_caught_up && !answer.is_fenced);
        registered.broker_epoch
    }

    fn create_topic(
        &mut self,
        name: &'static str,
        partitions: i32,
    ) -> Result<CreateTopicsResponse<'static>, ApiError> {
        self.ask(create(name, partitions))
    }
}

fn config() -> ControllerConfig {
    ControllerConfig {
        node_id: NODE,
        cluster_id: "cluster".into(),
        settings: [("process.roles", "broker,controller"), ("node.id", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        bootstrap: bootstrap_records(MetadataVersion::LATEST),
        kraft_version: 1,
    }
}

fn registration(broker_id: i32) -> BrokerRegistrationRequest<'static> {
    let features = supported_features().into_iter().map(|(name, range)| Feature {
        name: name.into(),
        min_supported_version: range.min,
        max_supported_version: range.max,
    });
    BrokerRegistrationRequest {
        broker_id,
        cluster_id: "cluster".into(),
        incarnation_id: Uuid([broker_id as u8; 16]),
        listeners: vec![Listener {
            name: "PLAINTEXT".into(),
            host: "localhost".into(),
            port: 9092,
            security_protocol: 0,
        }]
        .into(),
        features: features.collect(),
        rack: None,
        log_dirs: vec![Uuid([100 + broker_id as u8; 16])].into(),
        ..BrokerRegistrationRequest::default()
    }
}

fn heartbeat(broker_id: i32, broker_epoch: i64) -> BrokerHeartbeatRequest<'static> {
    BrokerHeartbeatRequest {
        broker_id,
        broker_epoch,
        current_metadata_offset: i64::MAX,
        ..BrokerHeartbeatRequest::default()
    }
}

fn create(name: &'static str, num_partitions: i32) -> CreateTopicsRequest<'static> {
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions,
        replication_factor: -1,
        ..CreatableTopic::default()
    };
    CreateTopicsRequest { topics: vec![topic].into(), ..CreateTopicsRequest::default() }
}
