//! LeaveGroup, also for members that an administrator removes by their instance id.

use wire::ErrorCode;
use wire::messages::leave_group_request::MemberIdentity;
use wire::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};

use super::effects::{Effects, Now, OnCommit, Responder};
use super::group::State;
use super::shard::{Shard, heartbeat_timer};

/// Where the answer to a LeaveGroup goes.
pub(super) type LeaveReply = Responder<LeaveGroupResponse<'static>>;

impl Shard {
    /// LeaveGroup: the members are out, and the rest rebalances.
    pub(super) fn leave(
        &mut self,
        now: Now,
        group_id: &str,
        members: &[MemberIdentity<'_>],
        reply: LeaveReply,
        out: &mut Effects,
    ) {
        let mut responses = Vec::with_capacity(members.len());
        for identity in members {
            let error = self.leave_one(group_id, identity).err().unwrap_or(ErrorCode::None);
            responses.push(MemberResponse {
                member_id: identity.member_id.clone().into_owned().into(),
                group_instance_id: identity.group_instance_id.as_deref().map(|id| id.to_owned().into()),
                error_code: error.code(),
            });
        }
        if responses.iter().any(|response| response.error_code == ErrorCode::None.code()) {
            match self.group_mut(group_id).state {
                State::Empty => {}
                _ => self.rebalance_or_complete(now, group_id, "members have left", out),
            }
        }
        let response = LeaveGroupResponse { members: responses.into(), ..LeaveGroupResponse::default() };
        out.then.push(OnCommit::Left { reply, response });
    }

    fn leave_one(&mut self, group_id: &str, identity: &MemberIdentity<'_>) -> Result<(), ErrorCode> {
        let group = self.groups.get_mut(group_id).ok_or(ErrorCode::UnknownMemberId)?;
        let member = &*identity.member_id;
        let instance = identity.group_instance_id.as_deref();
        if member.is_empty() {
            let owner = instance.and_then(|instance| group.static_members.get(instance)).cloned();
            self.remove_member(group_id, &owner.ok_or(ErrorCode::UnknownMemberId)?);
        } else if group.pending_join.contains(member) {
            group.remove(member);
            self.timers.cancel(&heartbeat_timer(group_id, member));
        } else {
            group.validate_member(member, instance)?;
            self.remove_member(group_id, member);
        }
        Ok(())
    }
}
