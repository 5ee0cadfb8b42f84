//! Heartbeat, and members that fall silent.

use tracing::info;
use wire::ErrorCode;
use wire::messages::heartbeat_request::HeartbeatRequest;

use super::effects::{Effects, Now, join_refused};
use super::group::State;
use super::shard::Shard;

impl Shard {
    /// Heartbeat: the error the member is told, `None` when all is well.
    pub(super) fn heartbeat(&mut self, now: Now, request: &HeartbeatRequest<'_>) -> ErrorCode {
        let Some(group) = self.groups.get(&*request.group_id) else { return ErrorCode::UnknownMemberId };
        let instance = request.group_instance_id.as_deref();
        if let Err(error) = group.validate_member(&request.member_id, instance) {
            return error;
        }
        if request.generation_id != group.generation {
            return ErrorCode::IllegalGeneration;
        }
        let state = group.state;
        self.expect_heartbeat(now, &request.group_id, &request.member_id);
        match state {
            State::Empty => ErrorCode::UnknownMemberId,
            State::PreparingRebalance => ErrorCode::RebalanceInProgress,
            State::CompletingRebalance | State::Stable => ErrorCode::None,
        }
    }

    /// A member has been silent for its session timeout.
    pub(super) fn expire_member(&mut self, now: Now, group_id: &str, member: &str, out: &mut Effects) {
        let Some(group) = self.groups.get_mut(group_id) else { return };
        if group.pending_join.contains(member) {
            info!("group {group_id}: member {member} has not come back with its id in time");
            group.remove(member);
            self.complete_join_phase_without(now, group_id, out);
        } else if group.members.get(member).is_some_and(|member| !member.is_excused()) {
            info!("group {group_id}: member {member} has been silent for its session timeout and is removed");
            self.remove_member(group_id, member);
            self.rebalance_without(now, group_id, member, out);
        }
    }

    /// Removes a member; what it waits for is refused, so that a client that lives rejoins.
    pub(super) fn remove_member(&mut self, group_id: &str, member: &str) {
        let group = self.group_mut(group_id);
        if let Some(reply) = group.member_mut(member).join_reply.take() {
            reply.send(join_refused("", ErrorCode::UnknownMemberId));
        }
        if let Some(reply) = group.member_mut(member).sync_reply.take() {
            reply.send(super::group::sync_refused(ErrorCode::UnknownMemberId));
        }
        group.remove(member);
        self.timers.cancel(&super::shard::heartbeat_timer(group_id, member));
    }

    fn rebalance_without(&mut self, now: Now, group_id: &str, member: &str, out: &mut Effects) {
        match self.group_mut(group_id).state {
            State::Stable | State::CompletingRebalance => {
                let reason = format!("member {member} is silent");
                self.prepare_rebalance(now, group_id, &reason, out);
            }
            State::PreparingRebalance => self.complete_join_phase_without(now, group_id, out),
            State::Empty => {}
        }
    }

    /// The join phase may have waited for the member that has gone.
    fn complete_join_phase_without(&mut self, now: Now, group_id: &str, out: &mut Effects) {
        let group = self.group_mut(group_id);
        if group.state == State::PreparingRebalance && group.all_joined() {
            self.complete_join(now, group_id, out);
        }
    }
}
