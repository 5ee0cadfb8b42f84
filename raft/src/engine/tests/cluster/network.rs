//! Requests and answers on their way, delayed, doubled, overtaken and lost.

use std::rc::Rc;

use super::Cluster;
use crate::engine::tests::disk::Batch;
use crate::engine::{
    BatchSummary, Event, FetchOutcome, FetchResponse, FetchSnapshotResponse, FetchedBatches, LogRange, Peer,
    Refusal, Reply, Request, Response, SnapshotChunk, SnapshotRange, SupportedVersions,
};

/// Whoever asks from outside; nobody hears the answer.
pub(super) const OPERATOR: usize = usize::MAX;

/// How often a snapshot repeats its hash.
const SNAPSHOT_REPEATS: usize = 40;

/// A request that a node has to answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) from: usize,
    pub(super) correlation_id: u64,
    pub(super) incarnation: u64,
    pub(super) request: Request,
}

/// What is on its way to a node.
#[derive(Clone, Debug)]
pub(super) enum Delivery {
    Request(Asked),
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
    Restart {
        incarnation: u64,
    },
}

impl Cluster {
    pub(super) fn deliver(&mut self, node: usize, delivery: Delivery) {
        let current = self.nodes[node].incarnation;
        match delivery {
            Delivery::Restart { incarnation } if incarnation == current => self.start(node),
            Delivery::FlushDone { incarnation } if incarnation == current => self.flush(node),
            Delivery::Request(asked) => self.take_request(node, asked),
            Delivery::Broken { correlation_id, incarnation } if incarnation == current => {
                self.step(node, Event::SendFailed { correlation_id });
            }
            Delivery::Answer { correlation_id, incarnation, response } if incarnation == current => {
                self.step(node, Event::Response { correlation_id, response });
            }
            // Meant for a process that is gone.
            _ => {}
        }
    }

    fn take_request(&mut self, node: usize, asked: Asked) {
        let (correlation_id, incarnation) = (asked.correlation_id, asked.incarnation);
        if self.nodes[node].engine.is_none() {
            if asked.from != OPERATOR {
                self.push(1, asked.from, Delivery::Broken { correlation_id, incarnation });
            }
            return;
        }
        if asked.request == Request::ApiVersions {
            let response = Response::ApiVersions(Ok(SupportedVersions { min: 0, max: 1 }));
            return self.transmit(
                node,
                asked.from,
                Delivery::Answer { correlation_id, incarnation, response },
            );
        }
        self.sequence += 1;
        let (id, request) = (self.sequence, asked.request.clone());
        self.requests.insert(id, asked);
        self.step(node, Event::Request { id, request });
    }

    /// Asks a node from outside.
    pub(super) fn ask(&mut self, node: usize, request: Request) {
        self.take_request(node, Asked { from: OPERATOR, correlation_id: 0, incarnation: 0, request });
    }

    pub(super) fn send(&mut self, node: usize, to: &Peer, correlation_id: u64, request: Request) {
        let number = to.endpoint.host.strip_prefix("host").and_then(|number| number.parse().ok());
        let to: usize = number.expect("a host of this cluster");
        let incarnation = self.nodes[node].incarnation;
        self.transmit(
            node,
            to,
            Delivery::Request(Asked { from: node, correlation_id, incarnation, request }),
        );
    }

    pub(super) fn transmit(&mut self, from: usize, to: usize, delivery: Delivery) {
        if to == OPERATOR || self.cut.contains(&(from, to)) || self.chance(self.weather.loss) {
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
    pub(super) fn response(&self, node: usize, reply: Reply) -> Option<Response> {
        Some(match reply {
            Reply::Vote(response) => Response::Vote(response),
            Reply::BeginQuorumEpoch(response) => Response::BeginQuorumEpoch(response),
            Reply::EndQuorumEpoch(response) => Response::EndQuorumEpoch(response),
            Reply::Fetch(response) => Response::Fetch(self.fetch_response(node, response)),
            Reply::FetchSnapshot(response) => Response::FetchSnapshot(self.snapshot_response(node, response)),
            Reply::AddVoter(result) => Response::AddVoter(result.err().map(|fault| fault.refusal())),
            Reply::RemoveVoter(result) => Response::RemoveVoter(result.err().map(|fault| fault.refusal())),
            Reply::UpdateVoter(response) => Response::UpdateVoter(response),
            Reply::DescribeQuorum(_) | Reply::UpgradeKRaftVersion(_) => return None,
        })
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
            let bytes =
                snapshot.ok_or(Refusal::SnapshotNotFound)?.chain.to_be_bytes().repeat(SNAPSHOT_REPEATS);
            let size = bytes.len() as i64;
            let piece = bytes.get(range.position as usize..).ok_or(Refusal::PositionOutOfRange)?;
            let bytes = piece[..piece.len().min(100)].to_vec();
            Ok(SnapshotChunk { id: range.id, size, position: range.position, bytes })
        });
        FetchSnapshotResponse { leader: response.leader, leader_endpoints: response.leader_endpoints, chunk }
    }
}
