//! Fetch: how the log moves, and how a leader learns what its voters have.

use crate::engine::core::Engine;
use crate::engine::effect::{Effect, Report};
use crate::engine::log_view::Continuation;
use crate::engine::message::{
    FetchOutcome, FetchRequest, FetchResponse, FetchedBatches, LogRange, Refusal, Reply, RequestId,
};
use crate::engine::mistakes::Mistake;
use crate::engine::role::{Parked, Role, SnapshotFetch};
use crate::engine::types::OffsetAndEpoch;
use crate::limits;

impl Engine {
    pub(crate) fn on_fetch_request(&mut self, id: RequestId, request: &FetchRequest) {
        let is_malformed = request.max_wait_ms < 0
            || request.fetch_offset < 0
            || request.last_fetched_epoch < 0
            || request.last_fetched_epoch > request.leader_epoch;
        if is_malformed {
            return self.refuse_fetch(id, Refusal::InvalidRequest);
        }
        // Bootstrap servers may name this node itself, which is as good as one that does not lead.
        if let Some(refusal) = self.refusal_of_leader_request(request.leader_epoch) {
            return self.refuse_fetch(id, refusal);
        }
        if request.replica.id == self.config.node_id {
            return self.refuse_fetch(id, Refusal::InvalidRequest);
        }
        let outcome = self.fetch_outcome(request);
        if matches!(outcome, FetchOutcome::Records(_)) {
            self.leader_note_fetch(request.replica, request.fetch_offset);
        }
        let has_news = match &outcome {
            FetchOutcome::Records(range) => range.from < range.to,
            _ => true,
        };
        let has_news = has_news || request.high_watermark < self.leader_high_watermark();
        if !has_news && request.max_wait_ms > 0 && self.park_fetch(id, request) {
            return;
        }
        self.answer_fetch(id, outcome);
    }

    fn fetch_outcome(&self, request: &FetchRequest) -> FetchOutcome<LogRange> {
        match self.log.continuation(request.fetch_offset, request.last_fetched_epoch) {
            Continuation::Diverging(_)
                if request.fetch_offset <= self.log.end() && self.makes(Mistake::DivergenceUnseen) =>
            {
                FetchOutcome::Records(LogRange {
                    from: request.fetch_offset,
                    to: self.log.end(),
                    max_bytes: request.max_bytes.clamp(1, limits::FETCH_MAX_BYTES),
                })
            }
            Continuation::Valid => FetchOutcome::Records(LogRange {
                from: request.fetch_offset,
                to: self.log.end(),
                max_bytes: request.max_bytes.clamp(1, limits::FETCH_MAX_BYTES),
            }),
            Continuation::Diverging(end) => FetchOutcome::Diverging(end),
            Continuation::Snapshot(id) => FetchOutcome::Snapshot(id),
        }
    }

    /// Lets a fetch wait; false when too many do.
    fn park_fetch(&mut self, id: RequestId, request: &FetchRequest) -> bool {
        let deadline_ms = self.now_ms + u64::from(request.max_wait_ms.unsigned_abs());
        let Role::Leader(role) = &mut self.role else { return false };
        if role.parked.len() >= limits::PARKED_FETCHES_MAX {
            return false;
        }
        role.parked.push(Parked { id, request: request.clone(), deadline_ms });
        true
    }

    /// Answers those waiting fetches that `is_due` picks, with what there is by now.
    pub(crate) fn answer_parked_fetches(&mut self, is_due: impl Fn(&Parked) -> bool) {
        let Role::Leader(role) = &mut self.role else { return };
        let (due, waiting) = std::mem::take(&mut role.parked).into_iter().partition(is_due);
        role.parked = waiting;
        let due: Vec<Parked> = due;
        for parked in due {
            let outcome = self.fetch_outcome(&parked.request);
            self.answer_fetch(parked.id, outcome);
        }
    }

    fn answer_fetch(&mut self, id: RequestId, outcome: FetchOutcome<LogRange>) {
        let response = self.fetch_response(None, self.leader_high_watermark(), outcome);
        self.reply(id, Reply::Fetch(response));
    }

    pub(crate) fn refuse_fetch(&mut self, id: RequestId, refusal: Refusal) {
        let nothing = FetchOutcome::Records(LogRange::default());
        let response = self.fetch_response(Some(refusal), -1, nothing);
        self.reply(id, Reply::Fetch(response));
    }

    fn fetch_response(
        &self,
        refusal: Option<Refusal>,
        high_watermark: i64,
        outcome: FetchOutcome<LogRange>,
    ) -> FetchResponse<LogRange> {
        FetchResponse {
            refusal,
            leader: self.leader_and_epoch(),
            leader_endpoints: self.leader_endpoints.clone(),
            high_watermark,
            log_start: self.log.start(),
            outcome,
        }
    }

    pub(crate) fn on_fetch_response(&mut self, peer: i32, response: FetchResponse<FetchedBatches>) {
        let FetchResponse { refusal, leader, leader_endpoints, high_watermark, outcome, .. } = response;
        if self.is_answer_spent(peer, refusal, leader, leader_endpoints) {
            return;
        }
        // Only the leader of the epoch answers without refusing; and only a follower asked.
        let Role::Follower(_) = self.role else { return };
        let is_taken = match outcome {
            FetchOutcome::Records(fetched) => self.take_records(fetched, high_watermark),
            FetchOutcome::Diverging(end) => self.take_divergence(end),
            FetchOutcome::Snapshot(id) => self.take_snapshot_id(id),
        };
        if is_taken {
            self.follower_fetched();
        } else {
            self.connections.back_off(peer, self.now_ms);
        }
    }

    /// Appends what continues the log; everything up to the first batch that does not is kept.
    fn take_records(&mut self, fetched: FetchedBatches, high_watermark: i64) -> bool {
        let mut end = self.log.end_and_epoch();
        for batch in &fetched.batches {
            let continues = batch.base_offset == end.offset
                && batch.last_offset < i64::MAX
                && (0..=i64::from(i32::MAX)).contains(&batch.last_offset.saturating_sub(end.offset))
                && (end.epoch..=self.epoch).contains(&batch.epoch);
            if !continues {
                self.report(Report::MisplacedBatch {
                    base_offset: batch.base_offset,
                    epoch: batch.epoch,
                    log_end: end.offset,
                    leader_epoch: self.epoch,
                });
                return false;
            }
            end = OffsetAndEpoch::new(batch.last_offset + 1, batch.epoch);
        }
        for batch in &fetched.batches {
            self.log.append(batch.last_offset + 1, batch.epoch);
            for (offset, record) in &batch.control {
                self.voters.append(*offset, record);
            }
        }
        if !fetched.batches.is_empty() {
            self.outbox.push(Effect::AppendFetched { bytes: fetched.bytes, end: self.log.end() });
            self.outbox.push(Effect::Flush { end: self.log.end() });
        }
        if let Role::Follower(role) = &mut self.role {
            role.leader_high_watermark = role.leader_high_watermark.max(high_watermark);
        }
        self.follower_advance_high_watermark();
        true
    }

    fn take_divergence(&mut self, diverging: OffsetAndEpoch) -> bool {
        let end = self.truncation_point(diverging);
        let floor = self.high_watermark.unwrap_or(0).max(self.log.start());
        if end < floor && !self.makes(Mistake::TruncatesCommitted) {
            self.report(Report::DivergedBelowHighWatermark { end, high_watermark: floor });
            return false;
        }
        if end < self.log.end() {
            self.log.truncate_to(end);
            self.voters.truncate_to(end);
            self.outbox.push(Effect::Truncate { end });
        }
        true
    }

    fn truncation_point(&self, diverging: OffsetAndEpoch) -> i64 {
        if self.makes(Mistake::TruncatesCommitted) {
            return self.log.start();
        }
        self.log.truncation_point(diverging)
    }

    /// Goes for a snapshot unless it is older than what is here.
    fn take_snapshot_id(&mut self, id: OffsetAndEpoch) -> bool {
        let is_behind =
            id.offset <= self.high_watermark.unwrap_or(0) || id.epoch < 0 || id.epoch > self.epoch;
        if is_behind {
            self.report(Report::MisplacedChunk { id, position: 0 });
            return false;
        }
        if let Role::Follower(role) = &mut self.role {
            role.snapshot = Some(SnapshotFetch { id, position: 0, installing: false });
            self.outbox.push(Effect::BeginSnapshot { id });
        }
        true
    }
}
