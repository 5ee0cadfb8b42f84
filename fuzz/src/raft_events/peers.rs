//! What peers say, true or not, drawn from the input.

use raft::engine::{
    BatchSummary, BeginQuorumEpochRequest, ControlRecord, EndQuorumEpochRequest, Endpoint, Engine,
    EpochResponse, FetchOutcome, FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    FetchedBatches, LeaderAndEpoch, OffsetAndEpoch, Refusal, ReplicaKey, Request, Response, SnapshotChunk,
    VoteRequest, VoteResponse,
};

use super::{LISTENER, NODE_ID, directory, voter_set};
use crate::input::Input;

/// Bytes by which a fetched batch of one record is known again: offset, epoch, kind of its record.
const BATCH_SIZE: usize = 13;

pub(super) fn endpoints(id: i32) -> Vec<Endpoint> {
    vec![Endpoint { listener: LISTENER.to_owned(), host: format!("host{id}"), port: 9093 }]
}

fn id(input: &mut Input<'_>) -> i32 {
    input.choose(&[2, 3, 2, 3, NODE_ID, 4, -1, 2])
}

/// Mostly the node's own epoch or its neighbours.
fn epoch(input: &mut Input<'_>, engine: &Engine) -> i32 {
    let own = engine.leader().epoch;
    match input.byte() % 16 {
        0..=6 => own,
        7..=10 => own.saturating_add(1),
        11 => own.saturating_add(3),
        12 => own - 1,
        13 => 0,
        14 => -1,
        _ => own.saturating_add(i32::from(input.short())),
    }
}

/// Mostly near the end of the node's log.
fn offset(input: &mut Input<'_>, engine: &Engine) -> i64 {
    let log = engine.log();
    match input.byte() % 16 {
        0..=5 => log.end(),
        6 => log.end().saturating_add(1),
        7 => log.end() - 1,
        8 => log.flushed(),
        9 => engine.high_watermark().unwrap_or(-1),
        10 => log.start(),
        11 => log.start() - 1,
        12 => -1,
        13 => i64::MAX,
        _ => i64::from(input.byte()),
    }
}

fn end(input: &mut Input<'_>, engine: &Engine) -> OffsetAndEpoch {
    match input.byte() % 4 {
        0 | 1 => engine.log().end_and_epoch(),
        _ => OffsetAndEpoch::new(offset(input, engine), epoch(input, engine)),
    }
}

fn key(input: &mut Input<'_>) -> ReplicaKey {
    let id = id(input);
    let said = !input.byte().is_multiple_of(4);
    ReplicaKey { id, directory_id: said.then(|| directory(id)) }
}

fn leader(input: &mut Input<'_>, engine: &Engine) -> LeaderAndEpoch {
    let leader_id = Some(id(input)).filter(|id| *id >= 0);
    LeaderAndEpoch { leader_id, epoch: epoch(input, engine) }
}

fn leader_endpoints(input: &mut Input<'_>, id: Option<i32>) -> Vec<Endpoint> {
    if input.byte() % 4 == 3 { Vec::new() } else { endpoints(id.unwrap_or(2)) }
}

/// Any refusal.
pub(super) fn refusal(input: &mut Input<'_>) -> Refusal {
    input.choose(&[
        Refusal::BrokerNotAvailable,
        Refusal::FencedLeaderEpoch,
        Refusal::UnknownLeaderEpoch,
        Refusal::NotLeaderOrFollower,
        Refusal::InvalidVoterKey,
        Refusal::InvalidRequest,
        Refusal::SnapshotNotFound,
        Refusal::PositionOutOfRange,
        Refusal::UnsupportedVersion,
        Refusal::InconsistentClusterId,
        Refusal::Other(-1),
    ])
}

fn some_refusal(input: &mut Input<'_>) -> Option<Refusal> {
    (input.byte() % 8 == 7).then(|| refusal(input))
}

pub(super) fn request(input: &mut Input<'_>, engine: &Engine) -> Request {
    match input.byte() % 8 {
        0 | 1 => Request::Vote(VoteRequest {
            voter: input.flag().then(|| ReplicaKey { id: NODE_ID, directory_id: Some(directory(NODE_ID)) }),
            candidate: key(input),
            epoch: epoch(input, engine),
            log_end: end(input, engine),
            pre_vote: input.flag(),
        }),
        2 => {
            let leader_id = id(input);
            Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
                voter: input.flag().then(|| key(input)),
                leader_id,
                epoch: epoch(input, engine),
                leader_endpoints: leader_endpoints(input, Some(leader_id)),
            })
        }
        3 => Request::EndQuorumEpoch(EndQuorumEpochRequest {
            leader_id: id(input),
            epoch: epoch(input, engine),
            preferred_candidates: (0..input.below(4)).map(|_| key(input)).collect(),
            leader_endpoints: leader_endpoints(input, None),
        }),
        4 => Request::FetchSnapshot(FetchSnapshotRequest {
            replica: key(input),
            leader_epoch: epoch(input, engine),
            snapshot_id: engine.log().latest_snapshot().unwrap_or_else(|| end(input, engine)),
            position: offset(input, engine),
            max_bytes: i32::from(input.byte()) - 8,
        }),
        5 => Request::DescribeQuorum,
        _ => fetch(input, engine),
    }
}

fn fetch(input: &mut Input<'_>, engine: &Engine) -> Request {
    let end = end(input, engine);
    Request::Fetch(FetchRequest {
        replica: key(input),
        leader_epoch: epoch(input, engine),
        fetch_offset: end.offset,
        last_fetched_epoch: end.epoch,
        high_watermark: offset(input, engine),
        max_wait_ms: i32::from(input.short()) - 8,
        max_bytes: i32::from(input.byte()) - 8,
    })
}

pub(super) fn response(input: &mut Input<'_>, to: &Request, engine: &Engine) -> Response {
    let leader = leader(input, engine);
    let leader_endpoints = leader_endpoints(input, leader.leader_id);
    match to {
        Request::Vote(_) => Response::Vote(VoteResponse {
            refusal: some_refusal(input),
            // Those who vote for us mostly know no leader.
            leader: if input.flag() { leader } else { LeaderAndEpoch { leader_id: None, ..engine.leader() } },
            leader_endpoints,
            vote_granted: !input.byte().is_multiple_of(4),
        }),
        Request::BeginQuorumEpoch(_) | Request::EndQuorumEpoch(_) => {
            let response = EpochResponse { refusal: some_refusal(input), leader, leader_endpoints };
            if matches!(to, Request::BeginQuorumEpoch(_)) {
                Response::BeginQuorumEpoch(response)
            } else {
                Response::EndQuorumEpoch(response)
            }
        }
        Request::FetchSnapshot(asked) => {
            let chunk = chunk(input, asked);
            Response::FetchSnapshot(FetchSnapshotResponse {
                leader: as_known(input, leader, engine),
                leader_endpoints,
                chunk,
            })
        }
        _ => Response::Fetch(FetchResponse {
            refusal: some_refusal(input),
            leader: as_known(input, leader, engine),
            leader_endpoints,
            high_watermark: offset(input, engine),
            log_start: offset(input, engine),
            outcome: outcome(input, engine),
        }),
    }
}

/// Mostly the leader that the node follows.
fn as_known(input: &mut Input<'_>, other: LeaderAndEpoch, engine: &Engine) -> LeaderAndEpoch {
    if input.byte() % 4 == 3 { other } else { engine.leader() }
}

fn chunk(input: &mut Input<'_>, asked: &FetchSnapshotRequest) -> Result<SnapshotChunk, Refusal> {
    let length = input.below(40);
    let position = asked.position + i64::from(input.byte() % 16 == 15);
    let size =
        if input.flag() { position.saturating_add(length as i64) } else { i64::from(input.byte()) - 4 };
    let refused = some_refusal(input);
    refused.map_or(Ok(SnapshotChunk { id: asked.snapshot_id, size, position, bytes: vec![7; length] }), Err)
}

fn outcome(input: &mut Input<'_>, engine: &Engine) -> FetchOutcome<FetchedBatches> {
    match input.byte() % 8 {
        0 => FetchOutcome::Diverging(end(input, engine)),
        1 => FetchOutcome::Snapshot(end(input, engine)),
        _ => FetchOutcome::Records(batches(input, engine)),
    }
}

/// Batches that continue the log, except that now and then one doesn't.
fn batches(input: &mut Input<'_>, engine: &Engine) -> FetchedBatches {
    let mut bytes = Vec::new();
    let mut next = engine.log().end();
    for _ in 0..input.below(4) {
        let base = if input.byte() % 16 == 15 { offset(input, engine) } else { next };
        let own = engine.leader().epoch;
        let epoch = if input.byte() % 8 == 7 { epoch(input, engine) } else { own };
        bytes.extend_from_slice(&base.to_be_bytes());
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.push(input.byte() % 16);
        next = base.saturating_add(1);
    }
    FetchedBatches { batches: decode_batches(&bytes), bytes }
}

/// What the bytes of fetched batches say.
pub(super) fn decode_batches(bytes: &[u8]) -> Vec<BatchSummary> {
    let read = |batch: &[u8]| {
        let base_offset = i64::from_be_bytes(*batch.first_chunk().expect("eight bytes"));
        let epoch = i32::from_be_bytes(*batch[8..].first_chunk().expect("four bytes"));
        let control = control_record(batch[12]).map(|record| (base_offset, record));
        BatchSummary { base_offset, last_offset: base_offset, epoch, control: control.into_iter().collect() }
    };
    bytes.chunks_exact(BATCH_SIZE).map(read).collect()
}

fn control_record(kind: u8) -> Option<ControlRecord> {
    Some(match kind {
        12 => {
            ControlRecord::LeaderChange { leader_id: 2, voters: vec![1, 2, 3], granting_voters: vec![2, 3] }
        }
        13 => ControlRecord::KRaftVersion(1),
        14 => ControlRecord::Voters(voter_set(&[1, 2, 3])),
        15 => ControlRecord::Voters(voter_set(&[2, 3])),
        _ => return None,
    })
}
