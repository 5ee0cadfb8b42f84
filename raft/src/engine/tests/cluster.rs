//! A small cluster of engines on a simulated clock, network and disk.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use wire::Uuid;

use super::disk::{Batch, Disk, Snapshot};
use crate::engine::config::Jitter;
use crate::engine::{
    BatchSummary, Content, Effect, Endpoint, Engine, EngineConfig, Event, FetchOutcome, FetchResponse,
    FetchSnapshotResponse, FetchedBatches, LogRange, OffsetAndEpoch, Recovered, Refusal, Reply, Request,
    Response, SnapshotChunk, SnapshotRange, VoterHistory, VoterSet,
};

/// Chances in percent, delays in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) loss: u64,
    pub(super) duplication: u64,
    pub(super) delay_max_ms: u64,
    pub(super) flush_max_ms: u64,
    /// Chance in 1,000 that a node dies between two effects.
    pub(super) crash_per_mille: u64,
}

impl Weather {
    pub(super) const FINE: Self =
        Self { loss: 0, duplication: 0, delay_max_ms: 3, flush_max_ms: 2, crash_per_mille: 0 };
}

struct Node {
    engine: Option<Engine>,
    incarnation: u64,
    disk: Disk,
    flush_under_way: bool,
    snapshot_bytes: Vec<u8>,
    high_watermark: i64,
}

/// A request that a node has to answer.
#[derive(Clone, Debug)]
struct Asked {
    from: usize,
    correlation_id: u64,
    incarnation: u64,
    /// Epoch and candidate of a real vote.
    vote: Option<(i32, i32)>,
}

/// What is on its way to a node.
#[derive(Clone, Debug)]
enum Delivery {
    Request {
        from: usize,
        correlation_id: u64,
        incarnation: u64,
        request: Request,
    },
    Answer {
        correlation_id: u64,
        incarnation: u64,
        response: Response,
    },
    /// The connection broke: its other end died.
    Broken {
        correlation_id: u64,
        incarnation: u64,
    },
    FlushDone {
        incarnation: u64,
    },
    Restart,
}

pub(super) struct Cluster {
    pub(super) now_ms: u64,
    nodes: Vec<Node>,
    voters: VoterSet,
    random: Jitter,
    pub(super) weather: Weather,
    /// Pairs (from, to) between which nothing passes.
    pub(super) cut: BTreeSet<(usize, usize)>,
    queue: BTreeMap<(u64, u64), (usize, Delivery)>,
    /// Timeouts far too short for the weather: elections that cross each other.
    hasty: bool,
    sequence: u64,
    contents: u64,
    requests: BTreeMap<u64, Asked>,
    /// Who got the vote of (voter, epoch).
    votes: BTreeMap<(usize, i32), i32>,
    by_content: BTreeMap<u64, Rc<Batch>>,
    leaders: BTreeMap<i32, usize>,
    /// Contents of all batches ever committed, in order. Invariant: only grows.
    committed: Vec<u64>,
    committed_end: i64,
    /// A hash over everything that happened.
    pub(super) trace: u64,
}

impl Cluster {
    /// Nodes 0 to `voters - 1` vote, the others observe.
    pub(super) fn new(seed: u64, voters: usize, observers: usize) -> Self {
        let names = (0..voters as i32).map(|id| (id, format!("host{id}"), 9093));
        let node = || Node {
            engine: None,
            incarnation: 0,
            disk: Disk::default(),
            flush_under_way: false,
            snapshot_bytes: Vec::new(),
            high_watermark: 0,
        };
        let mut cluster = Self {
            now_ms: 0,
            nodes: (0..voters + observers).map(|_| node()).collect(),
            voters: VoterSet::from_static("CONTROLLER", names),
            random: Jitter::new(seed),
            weather: Weather::FINE,
            cut: BTreeSet::new(),
            queue: BTreeMap::new(),
            hasty: seed % 4 == 1,
            sequence: 0,
            contents: 0,
            requests: BTreeMap::new(),
            votes: BTreeMap::new(),
            by_content: BTreeMap::new(),
            leaders: BTreeMap::new(),
            committed: Vec::new(),
            committed_end: 0,
            trace: seed,
        };
        for node in 0..voters + observers {
            cluster.start(node);
        }
        cluster
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    pub(super) fn committed_end(&self) -> i64 {
        self.committed_end
    }

    /// Lets the cluster live for a while.
    pub(super) fn run(&mut self, duration_ms: u64) {
        let until = self.now_ms + duration_ms;
        loop {
            let delivery = self.queue.first_key_value().map_or(u64::MAX, |((time, _), _)| *time);
            let deadlines = self.nodes.iter().enumerate().filter_map(|(index, node)| {
                Some((node.engine.as_ref()?.next_deadline_ms()?.max(self.now_ms), index))
            });
            let deadline = deadlines.min();
            let next = delivery.min(deadline.map_or(u64::MAX, |(time, _)| time));
            if next > until {
                self.now_ms = until;
                return;
            }
            self.now_ms = next;
            if delivery <= next {
                let (_, (node, delivery)) = self.queue.pop_first().expect("a delivery");
                self.deliver(node, delivery);
            } else if let Some((_, node)) = deadline {
                self.step(node, Event::Tick);
                // A deadline that the tick did not move must not stop the clock.
                self.now_ms += 1;
            }
        }
    }

    pub(super) fn crash(&mut self, node: usize) {
        let survives = if self.chance(70) { 0 } else { self.below(4) as usize };
        let node_state = &mut self.nodes[node];
        if node_state.engine.take().is_none() {
            return;
        }
        node_state.disk.crash(survives);
        node_state.flush_under_way = false;
        node_state.incarnation += 1;
        let outage = if self.chance(50) { 20 } else { 3_000 };
        let delay = 1 + self.below(outage);
        self.push(delay, node, Delivery::Restart);
    }

    fn start(&mut self, node: usize) {
        let mut config = EngineConfig::new(
            node as i32,
            Uuid::from(node as u128 + 100),
            "CONTROLLER",
            self.random.below(u64::MAX),
        );
        config.endpoints =
            vec![Endpoint { listener: "CONTROLLER".to_owned(), host: format!("host{node}"), port: 9093 }];
        if self.hasty {
            config.election_timeout_ms = 30;
            config.fetch_timeout_ms = 200;
            config.request_timeout_ms = 100;
        }
        let state = &mut self.nodes[node];
        let recovered = Recovered {
            election: state.disk.election,
            log: state.disk.view(),
            voters: VoterHistory::new(self.voters.clone()),
        };
        state.high_watermark = 0;
        let mut effects = Vec::new();
        state.engine = Some(Engine::new(config, recovered, self.now_ms, &mut effects));
        self.perform(node, effects);
    }

    /// Proposes at whoever believes to lead.
    pub(super) fn propose(&mut self, count: usize) {
        for node in 0..self.nodes.len() {
            let epoch = self.nodes[node].engine.as_ref().and_then(Engine::leading_epoch);
            if let Some(epoch) = epoch {
                let batches = (0..count).map(|_| vec![vec![0]; 2]).collect();
                self.step(node, Event::Propose { epoch, batches });
            }
        }
    }

    /// Freezes a snapshot at the high watermark of a node and cuts the log behind it.
    pub(super) fn snapshot(&mut self, node: usize) {
        let state = &mut self.nodes[node];
        let Some(end) = state.engine.as_ref().and_then(Engine::high_watermark) else { return };
        if end <= state.disk.start {
            return;
        }
        let id = OffsetAndEpoch::new(end, state.disk.epoch_before(end));
        let contents = state.disk.contents_before(end);
        state.disk.snapshots.push(Snapshot { id, contents });
        state.disk.advance_start(end);
        self.step(node, Event::SnapshotFrozen { id });
        self.step(node, Event::LogStartAdvanced { start: end });
    }

    pub(super) fn resign(&mut self, node: usize) {
        if let Some(epoch) = self.nodes[node].engine.as_ref().and_then(Engine::leading_epoch) {
            self.step(node, Event::Resign { epoch });
        }
    }

    fn step(&mut self, node: usize, event: Event) {
        let Some(engine) = &mut self.nodes[node].engine else { return };
        let mut effects = Vec::new();
        engine.step(self.now_ms, event, &mut effects);
        engine.validate();
        self.perform(node, effects);
    }

    fn deliver(&mut self, node: usize, delivery: Delivery) {
        match delivery {
            Delivery::Restart => self.start(node),
            Delivery::FlushDone { incarnation } => self.flush(node, incarnation),
            Delivery::Request { from, correlation_id, incarnation, .. }
                if self.nodes[node].engine.is_none() =>
            {
                self.push(1, from, Delivery::Broken { correlation_id, incarnation });
            }
            Delivery::Broken { correlation_id, incarnation } => {
                if self.nodes[node].incarnation == incarnation {
                    self.step(node, Event::SendFailed { correlation_id });
                }
            }
            Delivery::Request { from, correlation_id, incarnation, request } => {
                self.sequence += 1;
                let id = self.sequence;
                let vote = match &request {
                    Request::Vote(vote) if !vote.pre_vote => Some((vote.epoch, vote.candidate.id)),
                    _ => None,
                };
                self.requests.insert(id, Asked { from, correlation_id, incarnation, vote });
                self.step(node, Event::Request { id, request });
            }
            Delivery::Answer { correlation_id, incarnation, response } => {
                if self.nodes[node].incarnation == incarnation {
                    self.step(node, Event::Response { correlation_id, response });
                }
            }
        }
    }

    fn flush(&mut self, node: usize, incarnation: u64) {
        let state = &mut self.nodes[node];
        if state.incarnation == incarnation && state.flush_under_way {
            state.flush_under_way = false;
            let end = state.disk.end();
            state.disk.flushed = end;
            self.step(node, Event::Flushed { end });
        }
    }

    fn push(&mut self, delay_ms: u64, node: usize, delivery: Delivery) {
        self.sequence += 1;
        self.queue.insert((self.now_ms + delay_ms, self.sequence), (node, delivery));
    }

    fn perform(&mut self, node: usize, effects: Vec<Effect>) {
        let incarnation = self.nodes[node].incarnation;
        for effect in effects {
            if self.nodes[node].incarnation != incarnation {
                return;
            }
            if self.random.below(1_000) < self.weather.crash_per_mille {
                return self.crash(node);
            }
            self.note(node, &effect);
            self.perform_one(node, effect);
        }
    }

    fn note(&mut self, node: usize, effect: &Effect) {
        for byte in format!("{} {node} {effect:?}", self.now_ms).bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn perform_one(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::PersistQuorumState { state, .. } => {
                self.nodes[node].disk.election = Some(state);
                self.step(node, Event::QuorumStatePersisted);
            }
            Effect::Append { base_offset, epoch, content } => self.append(node, base_offset, epoch, &content),
            Effect::AppendFetched { bytes, .. } => {
                for content in bytes.chunks_exact(8) {
                    let content = u64::from_be_bytes(content.try_into().expect("eight bytes"));
                    let batch = self.by_content[&content].clone();
                    self.nodes[node].disk.append(batch);
                }
            }
            Effect::Flush { .. } => {
                if !std::mem::replace(&mut self.nodes[node].flush_under_way, true) {
                    let delay = self.random.below(self.weather.flush_max_ms + 1);
                    let incarnation = self.nodes[node].incarnation;
                    self.push(delay, node, Delivery::FlushDone { incarnation });
                }
            }
            Effect::Truncate { end } => {
                assert!(end >= self.nodes[node].high_watermark, "nothing committed is cut away");
                self.nodes[node].disk.truncate_to(end);
            }
            Effect::SendRequest { to, correlation_id, request } => {
                if let Request::Fetch(fetch) = &request {
                    let flushed = self.nodes[node].disk.flushed;
                    assert!(fetch.fetch_offset <= flushed, "a fetch promises what is not flushed");
                }
                let incarnation = self.nodes[node].incarnation;
                let delivery = Delivery::Request { from: node, correlation_id, incarnation, request };
                self.transmit(node, to.id as usize, delivery);
            }
            Effect::Reply { to, reply } => {
                let asked = self.requests.remove(&to).expect("one answer each");
                self.note_vote(node, &asked, &reply);
                let Asked { from, correlation_id, incarnation, .. } = asked;
                let response = self.response(node, reply);
                self.transmit(node, from, Delivery::Answer { correlation_id, incarnation, response });
            }
            Effect::AdvanceHighWatermark { high_watermark } => self.commit(node, high_watermark),
            Effect::LeaderChanged { leader, .. } => {
                if let Some(id) = leader.leader_id {
                    let known = *self.leaders.entry(leader.epoch).or_insert(id as usize);
                    assert_eq!(known, id as usize, "two leaders in epoch {}", leader.epoch);
                }
            }
            Effect::BeginSnapshot { .. } => self.nodes[node].snapshot_bytes.clear(),
            Effect::AppendSnapshot { bytes, .. } => self.nodes[node].snapshot_bytes.extend(bytes),
            Effect::InstallSnapshot { id } => self.install(node, id),
            Effect::Report(_) => {}
        }
    }

    /// One vote in an epoch, whatever was forgotten in between.
    fn note_vote(&mut self, node: usize, asked: &Asked, reply: &Reply) {
        if let (Some((epoch, candidate)), Reply::Vote(response)) = (asked.vote, reply)
            && response.vote_granted
        {
            let known = *self.votes.entry((node, epoch)).or_insert(candidate);
            assert_eq!(known, candidate, "node {node} voted twice in epoch {epoch}");
        }
    }

    fn append(&mut self, node: usize, base_offset: i64, epoch: i32, content: &Content) {
        self.contents += 1;
        let control = match content {
            Content::Control(records) => records.clone(),
            Content::Data(_) => Vec::new(),
        };
        let count = content.record_count() as i64;
        let batch = Rc::new(Batch { base_offset, count, epoch, content: self.contents, control });
        self.by_content.insert(self.contents, batch.clone());
        self.nodes[node].disk.append(batch);
    }

    fn transmit(&mut self, from: usize, to: usize, delivery: Delivery) {
        if self.cut.contains(&(from, to)) || self.chance(self.weather.loss) {
            return;
        }
        let delay = 1 + self.random.below(self.weather.delay_max_ms);
        if self.chance(self.weather.duplication) {
            let later = delay + self.random.below(self.weather.delay_max_ms * 3);
            self.push(later, to, delivery.clone());
        }
        self.push(delay, to, delivery);
    }

    /// A reply as the peer hears it, with the bytes read from this node's disk.
    fn response(&self, node: usize, reply: Reply) -> Response {
        match reply {
            Reply::Vote(response) => Response::Vote(response),
            Reply::BeginQuorumEpoch(response) => Response::BeginQuorumEpoch(response),
            Reply::EndQuorumEpoch(response) => Response::EndQuorumEpoch(response),
            Reply::Fetch(response) => Response::Fetch(self.fetch_response(node, response)),
            Reply::FetchSnapshot(response) => Response::FetchSnapshot(self.snapshot_response(node, response)),
            Reply::DescribeQuorum(_) => unreachable!("no engine asks for it"),
        }
    }

    fn fetch_response(
        &self,
        node: usize,
        response: FetchResponse<LogRange>,
    ) -> FetchResponse<FetchedBatches> {
        let outcome = match response.outcome {
            FetchOutcome::Records(range) => {
                let batches = self.nodes[node].disk.read(range.from, range.to);
                let summary = |batch: &Rc<Batch>| BatchSummary {
                    base_offset: batch.base_offset,
                    last_offset: batch.end() - 1,
                    epoch: batch.epoch,
                    control: (batch.base_offset..).zip(batch.control.iter().cloned()).collect(),
                };
                FetchOutcome::Records(FetchedBatches {
                    bytes: batches.iter().flat_map(|batch| batch.content.to_be_bytes()).collect(),
                    batches: batches.iter().map(summary).collect(),
                })
            }
            FetchOutcome::Diverging(end) => FetchOutcome::Diverging(end),
            FetchOutcome::Snapshot(id) => FetchOutcome::Snapshot(id),
        };
        FetchResponse {
            refusal: response.refusal,
            leader: response.leader,
            leader_endpoints: response.leader_endpoints,
            high_watermark: response.high_watermark,
            log_start: response.log_start,
            outcome,
        }
    }

    fn snapshot_response(
        &self,
        node: usize,
        response: FetchSnapshotResponse<SnapshotRange>,
    ) -> FetchSnapshotResponse<SnapshotChunk> {
        let chunk = response.chunk.and_then(|range| {
            let snapshots = &self.nodes[node].disk.snapshots;
            let snapshot = snapshots.iter().find(|snapshot| snapshot.id == range.id);
            let bytes: Vec<u8> = snapshot
                .ok_or(Refusal::SnapshotNotFound)?
                .contents
                .iter()
                .flat_map(|content| content.to_be_bytes())
                .collect();
            let size = bytes.len() as i64;
            let position = range.position as usize;
            let piece = bytes.get(position..).ok_or(Refusal::PositionOutOfRange)?;
            let piece = piece[..piece.len().min(100)].to_vec();
            Ok(SnapshotChunk { id: range.id, size, position: range.position, bytes: piece })
        });
        FetchSnapshotResponse { leader: response.leader, leader_endpoints: response.leader_endpoints, chunk }
    }

    fn install(&mut self, node: usize, id: OffsetAndEpoch) {
        let bytes = std::mem::take(&mut self.nodes[node].snapshot_bytes);
        let contents: Vec<u64> = bytes
            .chunks_exact(8)
            .map(|content| u64::from_be_bytes(content.try_into().expect("eight bytes")))
            .collect();
        assert!(self.committed.starts_with(&contents), "a snapshot holds what is committed");
        self.nodes[node].flush_under_way = false;
        self.nodes[node].disk.install(Snapshot { id, contents });
        self.step(node, Event::SnapshotInstalled { id, kraft_version: 0, voters: None });
    }

    /// State machine safety, leader completeness and "commit before it is flushed", in one place: what
    /// any node shows as committed is what every node has shown there, and it is durable here.
    fn commit(&mut self, node: usize, end: i64) {
        let state = &mut self.nodes[node];
        assert!(end >= state.high_watermark, "a high watermark never falls");
        assert!(end <= state.disk.flushed, "committed before it was flushed");
        if let Some(epoch) = state.engine.as_ref().and_then(Engine::leading_epoch) {
            assert_eq!(
                state.disk.epoch_before(end),
                epoch,
                "a leader commits over a record of its own epoch"
            );
        }
        state.high_watermark = end;
        let contents = state.disk.contents_before(end);
        let common = contents.len().min(self.committed.len());
        assert_eq!(contents[..common], self.committed[..common], "committed records changed");
        if contents.len() > common {
            self.committed = contents;
        }
        self.committed_end = self.committed_end.max(end);
    }

    /// Everything that was ever committed is durable on a majority of the voters.
    pub(super) fn assert_durable_on_majority(&self) {
        let end = self.committed_end;
        let holding = self.nodes[..self.voters.len()].iter().filter(|node| node.disk.flushed >= end).count();
        assert!(holding >= self.voters.majority(), "offset {end} is on {holding} voters only");
    }

    /// After the weather cleared: one leader, and everybody has everything.
    pub(super) fn assert_converged(&self) {
        let leaders: Vec<_> =
            self.nodes.iter().filter_map(|node| node.engine.as_ref()?.leading_epoch()).collect();
        assert_eq!(leaders.len(), 1, "one leader");
        for node in &self.nodes {
            let engine = node.engine.as_ref().expect("running");
            assert_eq!(engine.log().end(), self.committed_end, "every log is whole");
            assert_eq!(engine.high_watermark(), Some(self.committed_end), "everybody knows it");
        }
    }
}
