//! Whatever peers say, an engine neither stops nor breaks its own rules.

use std::collections::VecDeque;

use wire::Uuid;

use super::render;
use crate::engine::config::Jitter;
use crate::engine::{
    AddVoterRequest, BatchSummary, BeginQuorumEpochRequest, ControlRecord, Effect, ElectionState,
    EndQuorumEpochRequest, Endpoint, Engine, EngineConfig, EpochResponse, Event, FetchOutcome, FetchRequest,
    FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse, FetchedBatches, LeaderAndEpoch,
    OffsetAndEpoch, Recovered, Refusal, RemoveVoterRequest, ReplicaKey, Request, Response, SnapshotChunk,
    SupportedVersions, UpdateVoterRequest, VoteRequest, VoteResponse, Voter, VoterHistory, VoterSet,
};

const SEEDS: u64 = 1_000;
const EVENTS: usize = 200;

#[test]
fn hostile_peers_break_nothing() {
    let mut roles = [0u64; 6];
    for seed in 0..SEEDS {
        for (total, count) in roles.iter_mut().zip(attack(seed)) {
            *total += count;
        }
    }
    assert!(roles.iter().all(|count| *count > 0), "every role was attacked: {roles:?}");
}

/// One life of a victim; how often it was in which role.
fn attack(seed: u64) -> [u64; 6] {
    let mut roles = [0; 6];
    let mut victim = Victim::new(seed);
    for _ in 0..EVENTS {
        victim.suffer();
        roles[victim.engine.status().role as usize] += 1;
    }
    roles
}

/// An engine with an honest executor and dishonest peers.
struct Victim {
    engine: Engine,
    random: Jitter,
    now_ms: u64,
    /// Effects that were performed.
    completed: VecDeque<Event>,
    awaited: Vec<(u64, Request)>,
    epoch: i32,
    high_watermark: i64,
}

impl Victim {
    fn new(seed: u64) -> Self {
        let voters = if seed.is_multiple_of(4) { 1 } else { 3 };
        let voters = (0..voters).map(|id| (id, format!("host{id}"), 9093));
        let mut config = EngineConfig::new(0, Uuid::from(100u128), "CONTROLLER", seed);
        config.endpoints = vec![endpoint(0)];
        let recovered = Recovered {
            election: seed.is_multiple_of(3).then_some(ElectionState { epoch: 2, ..Default::default() }),
            voters: VoterHistory::new(VoterSet::from_static("CONTROLLER", voters)),
            ..Recovered::default()
        };
        let mut effects = Vec::new();
        let engine = Engine::new(config, recovered, 0, &mut effects);
        let mut victim = Self {
            engine,
            random: Jitter::new(seed),
            now_ms: 0,
            completed: VecDeque::new(),
            awaited: Vec::new(),
            epoch: 0,
            high_watermark: 0,
        };
        victim.perform(effects);
        victim.step(Event::Tick);
        victim
    }

    fn suffer(&mut self) {
        let event = match self.random.below(8) {
            0 => {
                self.now_ms += self.random.below(1_500);
                Event::Tick
            }
            1..=3 => Event::Request { id: self.random.below(1_000), request: self.request() },
            4 => Event::SendFailed { correlation_id: self.random.below(50) },
            5 => Event::Propose { epoch: self.engine.leader().epoch, batches: vec![vec![vec![1]; 3]] },
            _ => self.answer(),
        };
        self.step(event);
    }

    fn step(&mut self, event: Event) {
        self.completed.push_back(event);
        while let Some(event) = self.completed.pop_front() {
            let mut effects = Vec::new();
            self.engine.step(self.now_ms, event, &mut effects);
            self.engine.validate();
            let epoch = self.engine.leader().epoch;
            assert!(epoch >= self.epoch, "an epoch is never forgotten");
            self.epoch = epoch;
            self.perform(effects);
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            render::effect(&effect);
            match effect {
                Effect::PersistQuorumState { .. } => self.completed.push_front(Event::QuorumStatePersisted),
                Effect::Flush { end } => self.completed.push_back(Event::Flushed { end }),
                Effect::SendRequest { correlation_id, request, .. } => {
                    self.awaited.push((correlation_id, request));
                }
                Effect::AdvanceHighWatermark { high_watermark } => {
                    assert!(high_watermark >= self.high_watermark, "a high watermark never falls");
                    self.high_watermark = high_watermark;
                }
                Effect::Truncate { end } => assert!(end >= self.high_watermark, "nothing committed is cut"),
                Effect::InstallSnapshot { id } => {
                    let installed = Event::SnapshotInstalled { id, kraft_version: 0, voters: None };
                    let rejected = Event::SnapshotRejected { id };
                    let event = if self.random.below(3) == 0 { rejected } else { installed };
                    self.completed.push_back(event);
                }
                _ => {}
            }
        }
    }

    fn below(&mut self, bound: u64) -> i64 {
        self.random.below(bound) as i64
    }

    /// Mostly plausible numbers, now and then the worst.
    fn number(&mut self, near: i64) -> i64 {
        match self.random.below(40) {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => -1,
            _ => near.saturating_add(self.below(5) - 2),
        }
    }

    fn an_epoch(&mut self) -> i32 {
        let near = i64::from(self.epoch);
        match self.random.below(400) {
            0 => i32::MAX - 1,
            _ => (near + self.below(4) - 1).min(i64::from(i32::MAX)) as i32,
        }
    }

    fn node(&mut self) -> i32 {
        self.below(5) as i32 - 1
    }

    fn key(&mut self) -> ReplicaKey {
        let id = self.node();
        let directory_id =
            (self.random.below(3) > 0).then(|| Uuid::from(100 + u128::from(id.unsigned_abs())));
        ReplicaKey { id, directory_id }
    }

    fn position(&mut self) -> OffsetAndEpoch {
        let end = self.engine.log().end();
        OffsetAndEpoch::new(self.number(end), self.an_epoch())
    }

    fn endpoints(&mut self, id: i32) -> Vec<Endpoint> {
        if self.random.below(4) == 0 { Vec::new() } else { vec![endpoint(id)] }
    }

    fn request(&mut self) -> Request {
        let (from, epoch) = (self.node(), self.an_epoch());
        match self.random.below(9) {
            6 => Request::AddVoter(AddVoterRequest {
                voter: (self.random.below(4) > 0).then(|| self.key()),
                endpoints: self.endpoints(from),
                ack_when_committed: self.random.below(2) == 0,
            }),
            7 => Request::RemoveVoter(RemoveVoterRequest { voter: Some(self.key()) }),
            8 => Request::UpdateVoter(UpdateVoterRequest {
                epoch,
                voter: Some(self.key()),
                endpoints: self.endpoints(from),
                kraft_versions: SupportedVersions { min: self.number(0) as i16, max: self.number(1) as i16 },
            }),
            0 => Request::Vote(VoteRequest {
                voter: (self.random.below(2) == 0).then(|| self.key()),
                candidate: self.key(),
                epoch,
                log_end: self.position(),
                pre_vote: self.random.below(2) == 0,
            }),
            1 => Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
                voter: Some(self.key()),
                leader_id: from,
                epoch,
                leader_endpoints: self.endpoints(from),
            }),
            2 => Request::EndQuorumEpoch(EndQuorumEpochRequest {
                leader_id: from,
                epoch,
                preferred_candidates: (0..self.random.below(80)).map(|_| self.key()).collect(),
                leader_endpoints: self.endpoints(from),
            }),
            3 => {
                let at = self.position();
                Request::Fetch(FetchRequest {
                    replica: self.key(),
                    leader_epoch: epoch,
                    fetch_offset: at.offset,
                    last_fetched_epoch: at.epoch,
                    high_watermark: self.number(0),
                    max_wait_ms: self.number(0) as i32,
                    max_bytes: self.number(100) as i32,
                })
            }
            4 => Request::FetchSnapshot(FetchSnapshotRequest {
                replica: self.key(),
                leader_epoch: epoch,
                snapshot_id: self.position(),
                position: self.number(0),
                max_bytes: self.number(100) as i32,
            }),
            _ => Request::DescribeQuorum,
        }
    }

    /// An answer to something that was asked, or to nothing.
    fn answer(&mut self) -> Event {
        let last = self.awaited.len().checked_sub(1);
        let Some((correlation_id, request)) = last.map(|last| self.awaited[last].clone()) else {
            return Event::Refused { correlation_id: 1, refusal: Refusal::InvalidRequest };
        };
        if self.random.below(10) == 0 {
            return Event::Refused { correlation_id, refusal: self.refusal() };
        }
        let leader =
            LeaderAndEpoch { leader_id: Some(self.node()).filter(|id| *id >= 0), epoch: self.an_epoch() };
        let leader_endpoints = self.endpoints(leader.leader_id.unwrap_or(0));
        let refusal = (self.random.below(4) == 0).then(|| self.refusal());
        let response = match request {
            Request::Vote(_) => Response::Vote(VoteResponse {
                refusal,
                leader,
                leader_endpoints,
                vote_granted: self.random.below(2) == 0,
            }),
            Request::BeginQuorumEpoch(_) => {
                Response::BeginQuorumEpoch(EpochResponse { refusal, leader, leader_endpoints })
            }
            Request::EndQuorumEpoch(_) => {
                Response::EndQuorumEpoch(EpochResponse { refusal, leader, leader_endpoints })
            }
            Request::AddVoter(_) => Response::AddVoter(refusal),
            Request::RemoveVoter(_) => Response::RemoveVoter(refusal),
            Request::UpdateVoter(_) => {
                Response::UpdateVoter(EpochResponse { refusal, leader, leader_endpoints })
            }
            Request::ApiVersions => {
                let versions = SupportedVersions { min: self.number(0) as i16, max: self.number(1) as i16 };
                Response::ApiVersions(refusal.map_or(Ok(versions), Err))
            }
            Request::FetchSnapshot(asked) => Response::FetchSnapshot(FetchSnapshotResponse {
                leader,
                leader_endpoints,
                chunk: self.chunk(&asked),
            }),
            _ => Response::Fetch(FetchResponse {
                refusal,
                leader,
                leader_endpoints,
                high_watermark: self.number(3),
                log_start: self.number(0),
                outcome: self.outcome(),
            }),
        };
        Event::Response { correlation_id, response }
    }

    fn refusal(&mut self) -> Refusal {
        let all = [
            Refusal::FencedLeaderEpoch,
            Refusal::UnknownLeaderEpoch,
            Refusal::NotLeaderOrFollower,
            Refusal::UnsupportedVersion,
            Refusal::Other(-1),
        ];
        all[self.random.below(all.len() as u64) as usize]
    }

    fn chunk(&mut self, asked: &FetchSnapshotRequest) -> Result<SnapshotChunk, Refusal> {
        match self.random.below(4) {
            0 => Err(self.refusal()),
            1 => {
                let (id, size, position) = (self.position(), self.number(9), self.number(0));
                Ok(SnapshotChunk { id, size, position, bytes: vec![0; 4] })
            }
            _ => Ok(SnapshotChunk {
                id: asked.snapshot_id,
                size: 8,
                position: asked.position,
                bytes: vec![0; 4],
            }),
        }
    }

    fn outcome(&mut self) -> FetchOutcome<FetchedBatches> {
        match self.random.below(6) {
            0 => FetchOutcome::Diverging(self.position()),
            1 => FetchOutcome::Snapshot(self.position()),
            _ => {
                let mut next = self.engine.log().end();
                let batches = (0..self.random.below(3)).map(|_| self.batch(&mut next)).collect();
                FetchOutcome::Records(FetchedBatches { batches, bytes: vec![0] })
            }
        }
    }

    /// Any set at all, this node in it or not, or nobody.
    fn voters(&mut self) -> VoterSet {
        let voter = |victim: &mut Self| {
            let key = victim.key();
            let endpoints = victim.endpoints(key.id);
            Voter { key, endpoints, kraft_version_min: 0, kraft_version_max: 1 }
        };
        (0..self.random.below(4)).map(|_| voter(self)).collect()
    }

    fn batch(&mut self, next: &mut i64) -> BatchSummary {
        let base_offset = if self.random.below(8) == 0 { self.number(*next) } else { *next };
        let last_offset =
            if self.random.below(8) == 0 { self.number(*next) } else { base_offset.saturating_add(1) };
        *next = last_offset.saturating_add(1);
        let control = match self.random.below(20) {
            0 => Some((base_offset, ControlRecord::KRaftVersion(self.below(2) as i16))),
            1 => Some((base_offset, ControlRecord::Voters(self.voters()))),
            _ => None,
        };
        BatchSummary {
            base_offset,
            last_offset,
            epoch: self.an_epoch(),
            control: control.into_iter().collect(),
        }
    }
}

fn endpoint(id: i32) -> Endpoint {
    Endpoint { listener: "CONTROLLER".to_owned(), host: format!("host{id}"), port: 9093 }
}
