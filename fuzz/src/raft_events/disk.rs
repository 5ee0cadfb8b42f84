//! What performs the engine's effects, and holds it to its promises.

use std::collections::{BTreeMap, VecDeque};

use raft::engine::{
    Content, ControlRecord, CorrelationId, Effect, ElectionState, Event, LogView, OffsetAndEpoch, ReplicaKey,
    Reply, Request, RequestId, VoterHistory,
};

use crate::input::Input;

/// A batch, by what the engine knows of it.
#[derive(Clone, Debug)]
struct Batch {
    base: i64,
    end: i64,
    epoch: i32,
    control: Vec<(i64, ControlRecord)>,
}

/// Quorum state, log and snapshots of the node; requests in both directions.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) election: Option<ElectionState>,
    pub(super) start: i64,
    pub(super) flushed: i64,
    /// Reports that the engine has yet to hear.
    pub(super) done: VecDeque<Event>,
    batches: Vec<Batch>,
    /// The newest snapshot, and `kraft.version` and voters as of it.
    snapshot: Option<OffsetAndEpoch>,
    flush_wanted: bool,
    high_watermark: i64,
    /// What fetched batches hold; the bytes that the engine passes on are their numbers in here.
    open_requests: BTreeMap<RequestId, Request>,
    sent: BTreeMap<CorrelationId, Request>,
    votes: BTreeMap<i32, ReplicaKey>,
    leaders: BTreeMap<i32, i32>,
}

impl Disk {
    pub(super) fn end(&self) -> i64 {
        self.batches.last().map_or(self.start, |batch| batch.end)
    }

    pub(super) fn epoch_before(&self, end: i64) -> i32 {
        let last = self.batches.iter().rev().find(|batch| batch.end <= end).map(|batch| batch.epoch);
        last.or(self.snapshot.map(|id| id.epoch)).unwrap_or(0)
    }

    /// The log as the engine finds it at a start.
    pub(super) fn view(&self) -> LogView {
        let mut epochs: Vec<(i32, i64)> = Vec::new();
        for batch in &self.batches {
            if epochs.last().is_none_or(|(epoch, _)| *epoch < batch.epoch) {
                epochs.push((batch.epoch, batch.base));
            }
        }
        LogView::recovered(self.start, self.end(), epochs, self.snapshot)
    }

    /// Tells a new history what the log says of voters.
    pub(super) fn replay_voters(&self, voters: &mut VoterHistory) {
        for (offset, record) in self.batches.iter().flat_map(|batch| &batch.control) {
            voters.append(*offset, record);
        }
    }

    /// What was not flushed is lost, and so are all requests.
    pub(super) fn crash(&mut self) {
        let flushed = self.flushed;
        self.batches.retain(|batch| batch.end <= flushed);
        self.flushed = self.end();
        self.flush_wanted = false;
        self.high_watermark = 0;
        self.done.clear();
        self.open_requests.clear();
        self.sent.clear();
    }

    pub(super) fn freeze(&mut self, id: OffsetAndEpoch) {
        self.snapshot = Some(id);
    }

    pub(super) fn advance_start(&mut self, start: i64) {
        self.batches.retain(|batch| batch.end > start);
        self.start = start;
    }

    /// Flushes what was asked for: all of the log, or all but its last batch.
    pub(super) fn flush(&mut self, whole: bool) -> Option<i64> {
        if !self.flush_wanted {
            return None;
        }
        let last = self.batches.last().map_or(self.start, |batch| batch.base);
        let end = if whole { self.end() } else { last.max(self.flushed) };
        self.flush_wanted = end < self.end();
        self.flushed = end;
        Some(end)
    }

    pub(super) fn asked(&mut self, id: RequestId, request: &Request) {
        self.open_requests.insert(id, request.clone());
    }

    /// One of the requests that wait for an answer.
    pub(super) fn take_sent(&mut self, input: &mut Input<'_>) -> Option<(CorrelationId, Request)> {
        let chosen = *self.sent.keys().nth(input.below(self.sent.len()))?;
        self.sent.remove_entry(&chosen)
    }

    pub(super) fn perform(&mut self, effects: Vec<Effect>) {
        let persists = |effect: &Effect| matches!(effect, Effect::PersistQuorumState { .. });
        let first = effects.iter().position(persists).unwrap_or(effects.len());
        assert!(first + 1 >= effects.len(), "nothing leaves before the quorum state is durable");
        for effect in effects {
            self.perform_one(effect);
        }
    }

    fn perform_one(&mut self, effect: Effect) {
        match effect {
            Effect::PersistQuorumState { state, .. } => self.persist(state),
            Effect::Append { base_offset, epoch, content } => self.append(base_offset, epoch, &content),
            Effect::AppendFetched { bytes, end } => self.append_fetched(&bytes, end),
            Effect::Flush { end } => {
                assert!(end <= self.end(), "only what is there is flushed");
                self.flush_wanted = true;
            }
            Effect::Truncate { end } => self.truncate(end),
            Effect::SendRequest { correlation_id, request, .. } => {
                assert!(self.sent.insert(correlation_id, request).is_none(), "a correlation id of its own");
            }
            Effect::Reply { to, reply } => self.reply(to, &reply),
            Effect::AdvanceHighWatermark { high_watermark } => {
                assert!(high_watermark >= self.high_watermark, "a high watermark never falls");
                assert!(high_watermark <= self.flushed, "committed before it was flushed");
                self.high_watermark = high_watermark;
            }
            Effect::LeaderChanged { leader, .. } => {
                if let Some(id) = leader.leader_id {
                    let known = *self.leaders.entry(leader.epoch).or_insert(id);
                    assert_eq!(known, id, "two leaders in epoch {}", leader.epoch);
                }
            }
            Effect::InstallSnapshot { id } => self.install(id),
            Effect::BeginSnapshot { .. } | Effect::AppendSnapshot { .. } | Effect::Report(_) => {}
        }
    }

    fn persist(&mut self, state: ElectionState) {
        if let Some(before) = self.election {
            assert!(state.epoch >= before.epoch, "an epoch never falls");
            let same = state.epoch == before.epoch;
            let leader_kept = before.leader_id.is_none() || state.leader_id == before.leader_id;
            assert!(!same || leader_kept, "the leader of an epoch stays");
            let vote_kept = state.voted.is_none() || before.voted.is_none() || state.voted == before.voted;
            assert!(!same || vote_kept, "one vote in an epoch");
        }
        self.election = Some(state);
        self.done.push_back(Event::QuorumStatePersisted);
    }

    fn append(&mut self, base: i64, epoch: i32, content: &Content) {
        assert_eq!(base, self.end(), "the log has no holes");
        let control = match content {
            Content::Control(records) => (base..).zip(records.iter().cloned()).collect(),
            Content::Data(_) => Vec::new(),
        };
        let end = base + content.record_count() as i64;
        self.push(Batch { base, end, epoch, control });
    }

    /// The peers of this run send batches of one record each; see `peers.rs` for their bytes.
    fn append_fetched(&mut self, bytes: &[u8], end: i64) {
        for batch in super::peers::decode_batches(bytes) {
            assert_eq!(batch.base_offset, self.end(), "the log has no holes");
            self.push(Batch {
                base: batch.base_offset,
                end: batch.last_offset + 1,
                epoch: batch.epoch,
                control: batch.control,
            });
        }
        assert_eq!(self.end(), end, "the batches reach where the engine says");
    }

    fn push(&mut self, batch: Batch) {
        assert!(batch.epoch >= self.epoch_before(batch.base), "epochs never fall along the log");
        assert!(
            self.election.is_some_and(|state| state.epoch >= batch.epoch),
            "an epoch is durable before its records"
        );
        self.batches.push(batch);
    }

    fn truncate(&mut self, end: i64) {
        assert!(end >= self.high_watermark, "nothing committed is cut away");
        self.batches.retain(|batch| batch.end <= end);
        assert_eq!(self.end(), end, "a cut lies between batches");
        self.flushed = self.flushed.min(end);
    }

    fn reply(&mut self, to: RequestId, reply: &Reply) {
        let request = self.open_requests.remove(&to).expect("one answer to each request");
        if let (Request::Vote(request), Reply::Vote(reply)) = (&request, reply)
            && reply.vote_granted
            && !request.pre_vote
        {
            let durable = self.election.expect("a vote is durable before it is given");
            assert_eq!(durable.epoch, request.epoch, "a vote in another epoch");
            assert_eq!(
                durable.voted.map(|key| key.id),
                Some(request.candidate.id),
                "a vote that is not durable"
            );
            let first = *self.votes.entry(request.epoch).or_insert(request.candidate);
            assert_eq!(first.id, request.candidate.id, "two votes in epoch {}", request.epoch);
        }
    }

    /// Every third snapshot turns out to be damaged.
    fn install(&mut self, id: OffsetAndEpoch) {
        if id.offset % 3 == 0 {
            return self.done.push_back(Event::SnapshotRejected { id });
        }
        assert!(id.offset >= self.high_watermark, "a snapshot replaces nothing that is newer");
        self.batches.clear();
        self.snapshot = Some(id);
        (self.start, self.flushed) = (id.offset, id.offset);
        self.flush_wanted = false;
        self.done.push_back(Event::SnapshotInstalled { id, kraft_version: 0, voters: None });
    }
}
