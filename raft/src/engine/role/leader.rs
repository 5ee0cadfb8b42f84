//! Leader: appends, counts who has what, and stays only while a majority reads.

use std::collections::{BTreeMap, BTreeSet};

use super::{Progress, Role, VoterChange};
use crate::engine::core::{Engine, NEVER};
use crate::engine::effect::{Content, Effect, Report};
use crate::engine::membership::ChangeFault;
use crate::engine::message::{
    BeginQuorumEpochRequest, FetchRequest, QuorumDescription, Refusal, ReplicaDescription, Request,
    RequestId, RequestKind,
};
use crate::engine::mistakes::Mistake;
use crate::engine::types::ReplicaKey;
use crate::engine::voter_history::ControlRecord;
use crate::engine::voters::{KRAFT_VERSION_RECONFIG, VoterSet};
use crate::limits;

/// What only the leader of an epoch knows.
#[derive(Debug)]
pub(crate) struct Leader {
    /// Offset of the epoch's leader-change record. Nothing is committed in this epoch before it is.
    pub(crate) epoch_start: i64,
    /// Whether a record of this epoch is committed, so that the high watermark is this leader's own.
    pub(crate) has_committed: bool,
    /// The voters by id, this node among them.
    voters: BTreeMap<i32, Progress>,
    /// Bounded by [`limits::OBSERVERS_MAX`].
    observers: BTreeMap<ReplicaKey, Progress>,
    /// Invariant: while it is `Some`, no other change is begun.
    pub(crate) change: Option<VoterChange>,
    /// Static voters as they described themselves to this leader: what `kraft.version` 1 would write
    /// into the log. `None` once the voters are dynamic.
    pub(crate) static_voters: Option<VoterSet>,
    /// Voters that fetched since the check-quorum timer was set.
    fetched: BTreeSet<i32>,
    check_quorum_deadline_ms: u64,
    begin_quorum_deadline_ms: u64,
    /// Fetches that wait for news. Bounded by [`limits::PARKED_FETCHES_MAX`].
    pub(crate) parked: Vec<Parked>,
}

/// A fetch that waits for news.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) id: RequestId,
    pub(crate) request: FetchRequest,
    pub(crate) deadline_ms: u64,
}

impl Leader {
    pub(crate) fn next_deadline_ms(&self, alone: bool) -> u64 {
        let parked = self.parked.iter().map(|parked| parked.deadline_ms).min().unwrap_or(NEVER);
        let change = self.change.as_ref().map_or(NEVER, |change| change.deadline_ms);
        let quorum = self.check_quorum_deadline_ms.min(self.begin_quorum_deadline_ms);
        if alone { parked.min(change) } else { parked.min(change).min(quorum) }
    }

    /// The other voters, the one with the longest log first.
    pub(crate) fn voters_by_progress(&self, leader_id: i32) -> Vec<ReplicaKey> {
        let mut others: Vec<_> = self.voters.values().filter(|voter| voter.key.id != leader_id).collect();
        others.sort_by_key(|voter| (-voter.log_end, voter.key.id));
        others.into_iter().map(|voter| voter.key).collect()
    }
}

impl Engine {
    /// Wins the epoch: everything that follows is ordered behind the file that says so.
    pub(crate) fn become_leader(&mut self, granting_voters: Vec<i32>) {
        assert!(matches!(self.role, Role::Candidate(_)), "only a candidate becomes leader");
        assert!(self.leader_id.is_none(), "one leader in an epoch");
        self.leave_role();
        self.leader_id = Some(self.config.node_id);
        self.leader_endpoints = self.config.endpoints.clone();
        self.role = Role::Leader(Leader {
            epoch_start: self.log.end(),
            has_committed: false,
            voters: BTreeMap::new(),
            observers: BTreeMap::new(),
            change: None,
            static_voters: self.static_voters_at_epoch_start(),
            fetched: BTreeSet::new(),
            check_quorum_deadline_ms: self.now_ms + self.check_quorum_timeout_ms(),
            begin_quorum_deadline_ms: self.now_ms,
            parked: Vec::new(),
        });
        self.leader_take_voters();
        self.persist();
        let mut records = vec![ControlRecord::LeaderChange {
            leader_id: self.config.node_id,
            voters: self.voters.voters().ids().collect(),
            granting_voters,
        }];
        records.extend(self.voter_records_at_epoch_start());
        self.leader_append([Content::Control(records)]);
    }

    /// With dynamic voters, the first leader writes the bootstrap snapshot's voters into the log, and
    /// each leader corrects its own entry (KIP-853). The keys stay what they are.
    fn voter_records_at_epoch_start(&self) -> Vec<ControlRecord> {
        let version = self.voters.kraft_version();
        let Some(offset) = self.voters.voters_offset() else { return Vec::new() };
        let (own, voters) = (self.config.voter(), self.voters.voters());
        if version < KRAFT_VERSION_RECONFIG || (offset != -1 && !voters.is_outdated(&own)) {
            return Vec::new();
        }
        let voters = voters.with_updated(own).expect("who leads votes");
        vec![ControlRecord::KRaftVersion(version), ControlRecord::Voters(voters)]
    }

    fn static_voters_at_epoch_start(&self) -> Option<VoterSet> {
        let is_static = self.voters.kraft_version() < KRAFT_VERSION_RECONFIG;
        is_static.then(|| self.voters.voters().with_identified(self.config.voter()))?
    }

    pub(crate) fn on_propose(&mut self, epoch: i32, batches: Vec<Vec<Vec<u8>>>) {
        if self.leading_epoch() == Some(epoch) {
            self.leader_append(batches.into_iter().map(Content::Data));
        }
    }

    /// Puts a control batch at the end of the log; the offset of its last record.
    pub(crate) fn leader_append_control(&mut self, records: Vec<ControlRecord>) -> i64 {
        self.leader_append([Content::Control(records)]);
        self.log.end() - 1
    }

    /// Puts batches at the end of the log and tells the readers that wait.
    fn leader_append(&mut self, batches: impl IntoIterator<Item = Content>) {
        for content in batches {
            let base_offset = self.log.end();
            self.log.append(base_offset + content.record_count() as i64, self.epoch);
            if let Content::Control(records) = &content {
                for (offset, record) in (base_offset..).zip(records) {
                    self.voters.append(offset, record);
                }
            }
            self.outbox.push(Effect::Append { base_offset, epoch: self.epoch, content });
        }
        self.leader_take_voters();
        self.outbox.push(Effect::Flush { end: self.log.end() });
        self.answer_parked_fetches(|_| true);
    }

    /// Follows the voter set. What is known of a replica stays known when it begins or ceases to vote;
    /// the new voters get the whole time to show that they follow.
    fn leader_take_voters(&mut self) {
        let deadline_ms = self.now_ms + self.check_quorum_timeout_ms();
        let keys: Vec<_> = self.voters.voters().keys().collect();
        let Role::Leader(role) = &mut self.role else { return };
        if role.voters.values().map(|voter| voter.key).eq(keys.iter().copied()) {
            return;
        }
        let mut known = std::mem::take(&mut role.observers);
        known.extend(std::mem::take(&mut role.voters).into_values().map(|voter| (voter.key, voter)));
        for key in keys {
            let progress = known.remove(&key).unwrap_or_else(|| Progress::new(key));
            role.voters.insert(key.id, progress);
        }
        // A voter of the configuration has no directory; in the log it has.
        known.retain(|key, former| key.directory_id.is_some() && former.last_fetch_ms.is_some());
        role.observers = known;
        role.fetched.clear();
        role.check_quorum_deadline_ms = deadline_ms;
    }

    /// A replica asked for records behind `offset`, so it has everything before it, durably.
    pub(crate) fn leader_note_fetch(&mut self, key: ReplicaKey, offset: i64) {
        let (now_ms, leader_end) = (self.now_ms, self.log.end());
        let is_voter = self.counts_as_voter(&key);
        let Role::Leader(role) = &mut self.role else { return };
        if is_voter {
            if let Some(voter) = role.voters.get_mut(&key.id) {
                voter.fetched(offset, leader_end, now_ms);
            }
            self.leader_note_alive(key);
            self.leader_advance_high_watermark();
        } else if key.id >= 0 {
            role.observers.retain(|_, observer| observer.is_active(now_ms));
            if role.observers.len() < limits::OBSERVERS_MAX || role.observers.contains_key(&key) {
                let observer = role.observers.entry(key).or_insert_with(|| Progress::new(key));
                observer.fetched(offset, leader_end, now_ms);
            }
        }
    }

    fn counts_as_voter(&self, key: &ReplicaKey) -> bool {
        let voters = self.voters.voters();
        voters.is_voter(key) || (self.makes(Mistake::CountsOtherDirectory) && voters.get(key.id).is_some())
    }

    /// Whether a replica that does not vote could be made a voter (KIP-853).
    pub(crate) fn has_observer_caught_up(&self, key: &ReplicaKey) -> bool {
        let Role::Leader(role) = &self.role else { return false };
        self.makes(Mistake::AddsLaggingVoter)
            || role.observers.get(key).is_some_and(|observer| observer.has_caught_up(self.now_ms))
    }

    /// A voter reads records or a snapshot: it follows this leader.
    pub(crate) fn leader_note_alive(&mut self, key: ReplicaKey) {
        let timeout_ms = self.check_quorum_timeout_ms();
        let others_needed = self.voters.voters().majority() - usize::from(self.is_voter());
        if !self.voters.voters().is_voter(&key) || key.id == self.config.node_id {
            return;
        }
        let Role::Leader(role) = &mut self.role else { return };
        role.fetched.insert(key.id);
        if role.fetched.len() >= others_needed {
            role.fetched.clear();
            role.check_quorum_deadline_ms = self.now_ms + timeout_ms;
        }
    }

    /// The end that a majority of the voters has flushed, once it covers a record of this epoch.
    ///
    /// Waits for this node's own flush too, even where a majority did without it, so that what is
    /// shown here survives here.
    pub(crate) fn leader_advance_high_watermark(&mut self) {
        let (node_id, flushed) = (self.config.node_id, self.leader_flushed());
        let counts_older_epochs = self.makes(Mistake::CommitsOlderEpoch);
        let spared = usize::from(self.makes(Mistake::CommitsWithMinority));
        let majority = (self.voters.voters().majority() - spared).max(1);
        let Role::Leader(role) = &mut self.role else { return };
        let mut ends: Vec<i64> = role
            .voters
            .values()
            .map(|voter| if voter.key.id == node_id { flushed } else { voter.log_end })
            .collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        let Some(end) = ends.get(majority - 1) else { return };
        let reached = flushed.min(*end);
        let is_own = reached > role.epoch_start || (counts_older_epochs && reached > 0);
        if is_own && self.high_watermark.is_none_or(|known| known < reached) {
            role.has_committed = true;
            self.high_watermark = Some(reached);
            self.outbox.push(Effect::AdvanceHighWatermark { high_watermark: reached });
            self.answer_parked_fetches(|_| true);
        }
    }

    fn leader_flushed(&self) -> i64 {
        if self.makes(Mistake::CountsUnflushed) { self.log.end() } else { self.log.flushed() }
    }

    /// The high watermark as this leader may claim it, -1 before its epoch has committed anything.
    pub(crate) fn leader_high_watermark(&self) -> i64 {
        match &self.role {
            Role::Leader(role) if role.has_committed => self.high_watermark.unwrap_or(-1),
            _ => -1,
        }
    }

    pub(crate) fn tick_leader(&mut self) {
        let Role::Leader(role) = &self.role else { return };
        if !self.is_alone() && self.now_ms >= role.check_quorum_deadline_ms {
            let timeout_ms = self.check_quorum_timeout_ms();
            self.report(Report::QuorumLost { epoch: self.epoch, timeout_ms });
            self.become_resigned();
            return self.tick_resigned();
        }
        self.tick_voter_change();
        if self.is_removed() {
            self.report(Report::Removed { epoch: self.epoch });
            self.become_resigned();
            return self.tick_resigned();
        }
        let Role::Leader(role) = &self.role else { return };
        if self.now_ms >= role.begin_quorum_deadline_ms {
            self.send_begin_quorum_epoch();
        }
        let now_ms = self.now_ms;
        self.answer_parked_fetches(|parked| parked.deadline_ms <= now_ms);
    }

    /// Introduces this leader to the voters that don't read from it.
    fn send_begin_quorum_epoch(&mut self) {
        let (now_ms, interval_ms) = (self.now_ms, self.config.fetch_timeout_ms / 2);
        let Role::Leader(role) = &mut self.role else { return };
        role.begin_quorum_deadline_ms = now_ms + interval_ms;
        let silent: Vec<_> = role
            .voters
            .values()
            .filter(|voter| voter.last_fetch_ms.is_none_or(|last| now_ms >= last + interval_ms))
            .map(|voter| voter.key)
            .filter(|key| key.id != self.config.node_id)
            .collect();
        for key in silent {
            let Some(peer) = self.voter_peer(key.id) else { continue };
            let request = BeginQuorumEpochRequest {
                voter: Some(key),
                leader_id: self.config.node_id,
                epoch: self.epoch,
                leader_endpoints: self.config.endpoints.clone(),
            };
            self.send(peer, RequestKind::BeginQuorumEpoch, Request::BeginQuorumEpoch(request));
        }
    }

    fn check_quorum_timeout_ms(&self) -> u64 {
        self.config.fetch_timeout_ms * 3 / 2
    }

    /// What DescribeQuorum shows. A leader that the log has just removed is an observer already.
    pub(crate) fn describe_quorum(&self, role: &Leader) -> QuorumDescription {
        let own = |mut description: ReplicaDescription| {
            if description.key.id == self.config.node_id {
                description.log_end = self.log.end();
                description.last_fetch_ms = Some(self.now_ms);
                description.last_caught_up_ms = Some(self.now_ms);
            }
            description
        };
        let voters = role.voters.values().map(|voter| {
            let endpoints = self.voters.voters().endpoints(voter.key.id).to_vec();
            own(ReplicaDescription { endpoints, ..voter.describe() })
        });
        let former = (!self.is_voter()).then(|| own(Progress::new(self.config.key()).describe()));
        let observers = role.observers.values().filter(|observer| observer.is_active(self.now_ms));
        QuorumDescription {
            leader_id: self.config.node_id,
            epoch: self.epoch,
            high_watermark: self.leader_high_watermark(),
            voters: voters.collect(),
            observers: observers.map(Progress::describe).chain(former).collect(),
        }
    }

    /// The leadership is over: whoever waits for something hears of it.
    pub(crate) fn leader_refuse_waiting(&mut self) {
        self.end_voter_change(Err(ChangeFault::SteppedDown));
        let Role::Leader(role) = &mut self.role else { return };
        for parked in std::mem::take(&mut role.parked) {
            self.refuse_fetch(parked.id, Refusal::NotLeaderOrFollower);
        }
    }
}
