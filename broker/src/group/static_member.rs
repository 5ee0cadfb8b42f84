//! Static members (KIP-345) that come back without their member id.

use tracing::{info, warn};
use wire::ErrorCode;
use wire::messages::join_group_response::JoinGroupResponse;

use super::effects::{Effects, Now, OnCommit, StaticMemberStored, join_refused};
use super::group::{Group, State};
use super::join::{JoinReply, Joiner, SKIP_ASSIGNMENT_VERSION};
use super::records;
use super::shard::{Shard, append_error};

impl Shard {
    /// Puts a returning static member in the place of its former self.
    ///
    /// In a stable group whose protocol does not change by it, this is no rebalance: the new id is
    /// written, and the member goes on with its assignment.
    pub(super) fn replace_static_member(
        &mut self,
        now: Now,
        joiner: Joiner,
        existing: &str,
        id: &str,
        reply: JoinReply,
        out: &mut Effects,
    ) {
        let instance = joiner.instance.clone().expect("only static members are replaced");
        info!("group {}: static member {instance} is back as {id} in the place of {existing}", joiner.group);
        let group = self.group_mut(&joiner.group);
        let leader = group.leader.clone();
        group.replace_static(&instance, existing, id);
        let previous = group.members[id].terms.clone();
        group.update(id, joiner.terms, Some(reply));
        self.expect_heartbeat(now, &joiner.group, id);

        let group = self.group_mut(&joiner.group);
        let reason = format!("static member {id} is back; client reason: {}", joiner.reason);
        if group.state == State::Stable && group.protocol == group.select_protocol() {
            out.records.push(records::group(group, &group.assignment()));
            out.then.push(OnCommit::StaticMember(StaticMemberStored {
                group: joiner.group,
                instance,
                old_member: existing.to_owned(),
                new_member: id.to_owned(),
                leader,
                previous,
                skips_assignment: joiner.version >= SKIP_ASSIGNMENT_VERSION,
            }));
        } else if group.state == State::CompletingRebalance {
            // The leader may have been told of the old id already, and would assign to it.
            self.prepare_rebalance(now, &joiner.group, &reason, out);
        } else {
            self.rebalance_or_complete(now, &joiner.group, &reason, out);
        }
    }

    /// The new id of a static member could not be written: the old one stands.
    pub(super) fn static_member_lost(&mut self, now: Now, stored: &StaticMemberStored, error: ErrorCode) {
        let Some(group) = self.groups.get_mut(&stored.group) else { return };
        let Some(member) = group.members.get_mut(&stored.new_member) else { return };
        warn!("group {}: static member {} was not written: {}", stored.group, stored.instance, error.name());
        let reply = member.join_reply.take();
        group.update(&stored.new_member, stored.previous.clone(), None);
        let refusal = JoinGroupResponse {
            leader: stored.leader.clone().unwrap_or_default().into(),
            ..join_refused("", append_error(error))
        };
        group.replace_static(&stored.instance, &stored.new_member, &stored.old_member);
        self.expect_heartbeat(now, &stored.group, &stored.old_member);
        if let Some(reply) = reply {
            reply.send(refusal);
        }
    }
}

/// The reply to a static member whose new id is written.
pub(super) fn stored_response(group: &Group, stored: &StaticMemberStored) -> JoinGroupResponse<'static> {
    let response = group.join_response(&stored.new_member);
    if stored.skips_assignment {
        return JoinGroupResponse { skip_assignment: group.is_leader(&stored.new_member), ..response };
    }
    // A client that cannot skip the assignment must not think that it leads: it would assign anew.
    let leader = stored.leader.clone().unwrap_or_default().into();
    JoinGroupResponse { leader, members: Vec::new().into(), ..response }
}
