//! The groups of one partition of `__consumer_offsets`.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{info, warn};
use wire::ErrorCode;

use super::config::GroupConfig;
use super::effects::{Effects, Now, OnCommit, StaticMemberStored, join_refused};
use super::group::{Group, State, sync_refused};
use super::offsets::PendingOffset;
use super::timers::{Timer, Timers};

/// Makes the random part of a member id.
pub(crate) type MemberIds = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// The groups of one partition of `__consumer_offsets`, as a state machine without I/O.
pub(super) struct Shard {
    pub(super) config: Arc<GroupConfig>,
    pub(super) groups: BTreeMap<String, Group>,
    /// Offsets inside open transactions, by producer id.
    pub(super) transactions: BTreeMap<i64, Vec<PendingOffset>>,
    pub(super) timers: Timers,
    pub(super) member_ids: MemberIds,
}

impl Shard {
    /// A shard without groups.
    pub(super) fn new(config: Arc<GroupConfig>, member_ids: MemberIds) -> Self {
        Shard {
            config,
            groups: BTreeMap::new(),
            transactions: BTreeMap::new(),
            timers: Timers::default(),
            member_ids,
        }
    }

    /// The group, made when it is not there.
    pub(super) fn group_or_new(&mut self, id: &str, now: Now) -> &mut Group {
        self.groups.entry(id.to_owned()).or_insert_with(|| Group::new(id, now.wall_ms))
    }

    /// A group that the caller knows to be there.
    pub(super) fn group_mut(&mut self, id: &str) -> &mut Group {
        self.groups.get_mut(id).expect("the caller has looked the group up")
    }

    /// Performs every timer that is due.
    pub(super) fn fire_timers(&mut self, now: Now, out: &mut Effects) {
        while let Some(timer) = self.timers.pop_due(now.monotonic_ms) {
            match timer {
                Timer::Heartbeat { group, member } => self.expire_member(now, &group, &member, out),
                Timer::Join { group } => self.join_phase_timeout(now, &group, out),
                Timer::Sync { group, generation } => self.expire_sync(now, &group, generation, out),
            }
        }
    }

    /// Expects the member's next sign of life within its session timeout.
    pub(super) fn expect_heartbeat(&mut self, now: Now, group: &str, member: &str) {
        let Some(session_ms) = self.groups.get(group).and_then(|g| g.members.get(member)) else { return };
        let session_ms = session_ms.terms.session_timeout_ms;
        self.expect_heartbeat_within(now, group, member, session_ms);
    }

    /// Expects the member's next sign of life within `timeout_ms`.
    pub(super) fn expect_heartbeat_within(&mut self, now: Now, group: &str, member: &str, timeout_ms: i32) {
        let deadline = now.monotonic_ms + u64::from(timeout_ms.max(0).unsigned_abs());
        self.timers.schedule(heartbeat_timer(group, member), deadline);
    }

    /// Begins a rebalance if the state allows it, else goes on with the one that runs.
    pub(super) fn rebalance_or_complete(&mut self, now: Now, group: &str, reason: &str, out: &mut Effects) {
        if self.group_mut(group).can_rebalance() {
            self.prepare_rebalance(now, group, reason, out);
        } else {
            self.complete_join_if_all_joined(now, group, out);
        }
    }

    /// Applies what follows a committed append.
    pub(super) fn committed(&mut self, now: Now, then: OnCommit) {
        match then {
            OnCommit::Assign { group, generation, assignment } => {
                self.assign(now, &group, generation, &assignment);
            }
            OnCommit::StaticMember(stored) => self.static_member_stored(&stored),
            OnCommit::CommitOffsets { group, offsets, reply, response } => {
                self.group_or_new(&group, now).offsets.extend(offsets);
                reply.send(response);
            }
            OnCommit::ForgetOffsets { group, partitions } => self.forget_offsets(&group, &partitions),
            OnCommit::OffsetsDeleted { reply, response } => reply.send(response),
            OnCommit::ForgetGroup { group } => self.forget_group(&group),
            OnCommit::GroupsDeleted { reply, results } => reply.send(results),
            OnCommit::Left { reply, response } => reply.send(response),
        }
    }

    /// Takes back what an append that failed with `error` was to make true.
    pub(super) fn refused(&mut self, now: Now, then: OnCommit, error: ErrorCode, out: &mut Effects) {
        match then {
            OnCommit::Assign { group, generation, .. } => {
                self.assignment_lost(now, &group, generation, error, out);
            }
            OnCommit::StaticMember(stored) => self.static_member_lost(now, &stored, error),
            OnCommit::CommitOffsets { reply, mut response, .. } => {
                super::offsets::refuse_all(&mut response, error);
                reply.send(response);
            }
            OnCommit::OffsetsDeleted { reply, mut response } => {
                response.error_code = error.code();
                reply.send(response);
            }
            OnCommit::GroupsDeleted { reply, mut results } => {
                results.iter_mut().for_each(|result| result.error_code = error.code());
                reply.send(results);
            }
            OnCommit::Left { reply, mut response } => {
                response.error_code = error.code();
                reply.send(response);
            }
            OnCommit::ForgetOffsets { group, .. } | OnCommit::ForgetGroup { group } => {
                warn!("group {group}: a clean-up was not written ({}) and will be tried again", error.name());
            }
        }
    }

    /// Answers everybody who waits, since this node no longer coordinates these groups.
    pub(super) fn unload(&mut self) {
        for member in self.groups.values_mut().flat_map(|group| group.members.values_mut()) {
            if let Some(reply) = member.join_reply.take() {
                reply.send(join_refused(&member.id, ErrorCode::NotCoordinator));
            }
            if let Some(reply) = member.sync_reply.take() {
                reply.send(sync_refused(ErrorCode::NotCoordinator));
            }
        }
    }

    fn forget_group(&mut self, id: &str) {
        let is_unused = |group: &Group| group.state == State::Empty && group.pending_join.is_empty();
        if self.groups.get(id).is_some_and(is_unused) {
            self.groups.remove(id);
            self.timers.cancel(&join_timer(id));
            info!("group {id} is deleted");
        }
    }

    fn static_member_stored(&mut self, stored: &StaticMemberStored) {
        let Some(group) = self.groups.get_mut(&stored.group) else { return };
        let response = super::static_member::stored_response(group, stored);
        if let Some(reply) = group.members.get_mut(&stored.new_member).and_then(|m| m.join_reply.take()) {
            reply.send(response);
        }
    }
}

/// The timer for a member's silence.
pub(super) fn heartbeat_timer(group: &str, member: &str) -> Timer {
    Timer::Heartbeat { group: group.to_owned(), member: member.to_owned() }
}

/// The timer for the end of a join phase.
pub(super) fn join_timer(group: &str) -> Timer {
    Timer::Join { group: group.to_owned() }
}

/// What a member is told when its group could not be written: an error of the log means nothing to it.
pub(super) fn append_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => {
            ErrorCode::UnknownServerError
        }
        other => other,
    }
}
