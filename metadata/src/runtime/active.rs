//! The active controller's side: what was appended and is not committed yet.

use std::collections::VecDeque;

use wire::ErrorCode;

use super::events::{Call, RaftBatch, Reply};
use super::quorum::{ProposeRefused, Quorum};
use crate::controller::{
    ApiError, Controller, ControllerRequest, ControllerResponse, ControllerState, Outcome,
};
use crate::delta::MetadataDelta;
use crate::image::Provenance;
use crate::limits::BUSY_RETRY_MS;
use crate::record::Record;

/// A proposal on its way, with what it leads to.
struct Pending {
    base_offset: i64,
    last_offset: i64,
    state: ControllerState,
    delta: MetadataDelta,
    /// Answers that hold once it is committed.
    replies: Vec<(Reply, ControllerResponse)>,
}

/// A proposal of ours that is committed.
pub(crate) struct Committed {
    pub(crate) end_offset: i64,
    pub(crate) state: ControllerState,
    pub(crate) delta: MetadataDelta,
    pub(crate) replies: Vec<(Reply, ControllerResponse)>,
}

/// Why this node must stop being the controller.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Deposed {
    /// Raft says so.
    #[error("the quorum refused records: {0}")]
    Refused(ProposeRefused),
    /// A record got another offset than it was planned for, or a plan contradicts the image.
    #[error("the log went another way than planned: {0}")]
    Diverged(String),
}

/// A controller that is active in one epoch.
pub(crate) struct Active {
    pub(crate) controller: Controller,
    epoch: i32,
    /// State after everything that was appended.
    latest: ControllerState,
    next_offset: i64,
    pending: VecDeque<Pending>,
    /// Requests that wait for sweeps to end.
    deferred: VecDeque<Call>,
    /// Records nobody asked for that the quorum was too busy to take. They were planned on the latest state, so
    /// that nothing else is appended before them.
    backlog: Vec<Record>,
    /// When to offer the backlog again.
    retry_ms: u64,
}

impl Active {
    /// A controller that begins with writing `activation`.
    pub(crate) fn new(
        controller: Controller,
        epoch: i32,
        latest: ControllerState,
        next_offset: i64,
        activation: Vec<Record>,
    ) -> Self {
        Self {
            controller,
            epoch,
            latest,
            next_offset,
            pending: VecDeque::new(),
            deferred: VecDeque::new(),
            backlog: activation,
            retry_ms: 0,
        }
    }

    pub(crate) fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Plans a request, appends what it leads to, and parks the answer until that is committed.
    pub(crate) fn handle(&mut self, call: Call, quorum: &dyn Quorum, now_ms: u64) -> Result<(), Deposed> {
        let Call { context, request, reply } = call;
        self.append_backlog(quorum, now_ms)?;
        if !self.backlog.is_empty() {
            answer(reply, Err(busy()));
            return Ok(());
        }
        let planned = match self.controller.plan(&self.latest, self.next_offset, &context, &request, now_ms) {
            Err(error) => {
                answer(reply, Err(error));
                return Ok(());
            }
            Ok(Outcome::AfterSweep(records)) => {
                self.deferred.push_back(Call { context, request, reply });
                return self.append_by_itself(records, quorum, now_ms);
            }
            Ok(Outcome::Plan(planned)) => planned,
        };
        match self.append(&planned.records, quorum, now_ms) {
            Ok(()) => self.controller.appended(&self.latest, &request, self.next_offset - 1),
            Err(Deposed::Refused(ProposeRefused::Busy | ProposeRefused::TooLarge)) => {
                answer(reply, Err(busy()));
                return Ok(());
            }
            Err(deposed) => {
                answer(reply, Err(ApiError::of(ErrorCode::NotController)));
                return Err(deposed);
            }
        }
        self.park(reply, planned.response);
        Ok(())
    }

    /// Answers once everything is committed that the answer may rest on.
    fn park(&mut self, reply: Reply, response: ControllerResponse) {
        match self.pending.back_mut() {
            Some(last) => last.replies.push((reply, response)),
            None => answer(reply, Ok(response)),
        }
    }

    /// Appends records that nobody waits for; if the quorum is too busy, later.
    fn append_by_itself(
        &mut self,
        records: Vec<Record>,
        quorum: &dyn Quorum,
        now_ms: u64,
    ) -> Result<(), Deposed> {
        debug_assert!(self.backlog.is_empty(), "nothing is planned while something is to be appended");
        self.backlog = records;
        self.append_backlog(quorum, now_ms)
    }

    /// Offers the backlog to the quorum.
    pub(crate) fn append_backlog(&mut self, quorum: &dyn Quorum, now_ms: u64) -> Result<(), Deposed> {
        let backlog = std::mem::take(&mut self.backlog);
        match self.append(&backlog, quorum, now_ms) {
            Err(Deposed::Refused(ProposeRefused::Busy)) => {
                self.backlog = backlog;
                self.retry_ms = now_ms + BUSY_RETRY_MS;
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Appends records as one batch and replays them.
    fn append(&mut self, records: &[Record], quorum: &dyn Quorum, now_ms: u64) -> Result<(), Deposed> {
        if records.is_empty() {
            return Ok(());
        }
        let base_offset = self.next_offset;
        let last_offset = base_offset + records.len() as i64 - 1;
        let provenance =
            Provenance { end_offset: last_offset + 1, epoch: self.epoch, append_ms: now_ms as i64 };
        let mut state = self.latest.clone();
        let messages = records.iter().map(|record| &record.message);
        let delta = state
            .replay((base_offset..).zip(messages), provenance)
            .map_err(|error| Deposed::Diverged(error.to_string()))?;
        let appended = quorum.propose(self.epoch, encode(records)).map_err(Deposed::Refused)?;
        if appended != last_offset {
            let message = format!("the last record was to be at {last_offset}, and is at {appended}");
            return Err(Deposed::Diverged(message));
        }
        self.controller.replayed(&delta, now_ms);
        self.latest = state.clone();
        self.next_offset = last_offset + 1;
        self.pending.push_back(Pending { base_offset, last_offset, state, delta, replies: Vec::new() });
        Ok(())
    }

    /// What of ours a committed batch holds: raft lets small proposals share a batch. Empty if it is no batch of
    /// ours.
    ///
    /// # Errors
    /// It is one of ours and holds something else than was appended.
    pub(crate) fn committed(&mut self, batch: &RaftBatch) -> Result<Vec<Committed>, Deposed> {
        if batch.epoch != self.epoch || batch.records.is_empty() {
            return Ok(Vec::new());
        }
        let count =
            self.pending.iter().take_while(|pending| pending.last_offset <= batch.last_offset).count();
        let ends = |at: usize| self.pending.get(at).map(|pending| (pending.base_offset, pending.last_offset));
        let first = ends(0).map(|(base_offset, _)| base_offset);
        let last = count.checked_sub(1).and_then(ends).map(|(_, last_offset)| last_offset);
        if first != Some(batch.base_offset) || last != Some(batch.last_offset) {
            let (from, to) = (batch.base_offset, batch.last_offset);
            let message =
                format!("offsets {from} to {to} are committed, and {first:?} to {last:?} were appended");
            return Err(Deposed::Diverged(message));
        }
        let own = |Pending { last_offset, state, delta, replies, .. }| Committed {
            end_offset: last_offset + 1,
            state,
            delta,
            replies,
        };
        Ok(self.pending.drain(..count).map(own).collect())
    }

    /// Whether something is to be done besides waiting.
    pub(crate) fn has_work(&self) -> bool {
        self.backlog.is_empty() && (self.controller.has_sweeps() || !self.deferred.is_empty())
    }

    /// When something is to be done if nothing happens before.
    pub(crate) fn next_turn_ms(&self) -> u64 {
        if self.backlog.is_empty() { self.controller.next_tick_ms() } else { self.retry_ms }
    }

    /// What time asks for, and one step of what is to be done: of a sweep, or a request that waited for one.
    pub(crate) fn turn(&mut self, quorum: &dyn Quorum, now_ms: u64) -> Result<(), Deposed> {
        self.append_backlog(quorum, now_ms)?;
        if self.backlog.is_empty() {
            let records = self.controller.tick(&self.latest, now_ms);
            self.append_by_itself(records, quorum, now_ms)?;
        }
        if !self.has_work() {
            return Ok(());
        }
        if self.controller.has_sweeps() {
            let records = self.controller.sweep(&self.latest);
            return self.append_by_itself(records, quorum, now_ms);
        }
        match self.deferred.pop_front() {
            Some(call) => self.handle(call, quorum, now_ms),
            None => Ok(()),
        }
    }

    /// Whom to tell that this node is not the controller any more; what was not committed is forgotten with `self`.
    pub(crate) fn depose(self) -> (Controller, Vec<Reply>) {
        let parked = self.pending.into_iter().flat_map(|pending| pending.replies).map(|(reply, _)| reply);
        let deferred = self.deferred.into_iter().map(|call| call.reply);
        (self.controller, parked.chain(deferred).collect())
    }
}

/// Notes a heartbeat as it arrives.
pub(crate) fn note_contact(active: &mut Active, call: &Call, now_ms: u64) {
    if let ControllerRequest::BrokerHeartbeat(heartbeat) = &call.request {
        active.controller.contact(heartbeat, now_ms);
    }
}

/// Answers, unless the asker has gone.
pub(crate) fn answer(reply: Reply, response: Result<ControllerResponse, ApiError>) {
    if reply.send(response).is_err() {
        tracing::trace!("the asker did not wait for the controller's answer");
    }
}

fn busy() -> ApiError {
    ApiError::new(ErrorCode::RequestTimedOut, "The metadata log has too much to write.")
}

fn encode(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(Record::to_bytes).collect()
}
