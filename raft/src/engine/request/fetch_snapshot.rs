//! FetchSnapshot: a snapshot in pieces, for whoever is behind the log start (KIP-630).

use crate::engine::core::Engine;
use crate::engine::effect::{Effect, Report};
use crate::engine::message::{
    FetchSnapshotRequest, FetchSnapshotResponse, Refusal, Reply, RequestId, SnapshotChunk, SnapshotRange,
};
use crate::engine::role::{Role, SnapshotFetch};
use crate::engine::types::OffsetAndEpoch;
use crate::engine::voters::VoterSet;
use crate::limits;

impl Engine {
    pub(crate) fn on_fetch_snapshot_request(&mut self, id: RequestId, request: &FetchSnapshotRequest) {
        let chunk = match self.refusal_of_leader_request(request.leader_epoch) {
            Some(refusal) => Err(refusal),
            // The bootstrap snapshot is every node's own; its contents are in the log as well.
            None if request.snapshot_id == OffsetAndEpoch::BOOTSTRAP => Err(Refusal::SnapshotNotFound),
            None => {
                self.leader_note_alive(request.replica);
                Ok(SnapshotRange {
                    id: request.snapshot_id,
                    position: request.position,
                    max_bytes: request.max_bytes.clamp(1, limits::FETCH_SNAPSHOT_MAX_BYTES),
                })
            }
        };
        let response = FetchSnapshotResponse {
            leader: self.leader_and_epoch(),
            leader_endpoints: self.leader_endpoints.clone(),
            chunk,
        };
        self.reply(id, Reply::FetchSnapshot(response));
    }

    pub(crate) fn on_fetch_snapshot_response(
        &mut self,
        peer: i32,
        response: FetchSnapshotResponse<SnapshotChunk>,
    ) {
        let FetchSnapshotResponse { leader, leader_endpoints, chunk } = response;
        let refusal = chunk.as_ref().err().copied();
        if refusal == Some(Refusal::SnapshotNotFound) && leader == self.leader_and_epoch() {
            // The leader has a newer one by now; the next fetch names it.
            return self.abandon_snapshot();
        }
        if self.is_answer_spent(peer, refusal, leader, leader_endpoints) {
            return;
        }
        if let Ok(chunk) = chunk {
            self.take_chunk(peer, chunk);
        }
    }

    fn abandon_snapshot(&mut self) {
        if let Role::Follower(role) = &mut self.role {
            role.snapshot = None;
        }
        self.follower_fetched();
    }

    fn take_chunk(&mut self, peer: i32, chunk: SnapshotChunk) {
        let Role::Follower(role) = &mut self.role else { return };
        let Some(fetching) = &mut role.snapshot else { return };
        let is_wanted =
            *fetching == SnapshotFetch { id: chunk.id, position: chunk.position, installing: false };
        let end = chunk.position.saturating_add(chunk.bytes.len() as i64);
        // Records that were fetched before may have been committed since the leader named the snapshot.
        let is_behind = chunk.id.offset <= self.high_watermark.unwrap_or(0);
        if !is_wanted || is_behind || chunk.bytes.is_empty() || end > chunk.size {
            role.snapshot = None;
            self.connections.back_off(peer, self.now_ms);
            return self.report(Report::MisplacedChunk { id: chunk.id, position: chunk.position });
        }
        fetching.position = end;
        fetching.installing = end == chunk.size;
        let is_whole = fetching.installing;
        self.outbox.push(Effect::AppendSnapshot { id: chunk.id, bytes: chunk.bytes });
        if is_whole {
            self.outbox.push(Effect::InstallSnapshot { id: chunk.id });
        }
        self.follower_fetched();
    }

    /// The log begins anew behind the snapshot, all of which is committed.
    pub(crate) fn on_snapshot_installed(
        &mut self,
        id: OffsetAndEpoch,
        kraft_version: i16,
        voters: Option<VoterSet>,
    ) {
        self.log.restart_at(id);
        self.voters.load_snapshot(id, kraft_version, voters);
        if let Role::Follower(role) = &mut self.role {
            role.snapshot = None;
        }
        self.high_watermark = self.high_watermark.max(Some(id.offset));
        self.outbox.push(Effect::AdvanceHighWatermark { high_watermark: id.offset });
    }

    pub(crate) fn on_snapshot_rejected(&mut self, id: OffsetAndEpoch) {
        if let Role::Follower(role) = &mut self.role
            && role.snapshot.is_some_and(|fetching| fetching.id == id)
        {
            role.snapshot = None;
        }
    }
}
