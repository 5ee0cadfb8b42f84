//! SyncGroup: the leader's assignment and those who wait for it.

use std::collections::BTreeMap;

use tracing::{info, warn};
use wire::ErrorCode;
use wire::messages::sync_group_request::SyncGroupRequest;
use wire::messages::sync_group_response::SyncGroupResponse;

use super::effects::{Effects, Now, OnCommit, Responder};
use super::group::{Group, State, sync_refused};
use super::records;
use super::shard::{Shard, append_error};
use super::timers::Timer;

/// Where the answer to a SyncGroup goes.
pub(super) type SyncReply = Responder<SyncGroupResponse<'static>>;

impl Shard {
    /// SyncGroup: the reply comes once the leader's assignment is committed, or at once.
    pub(super) fn sync(&mut self, request: &SyncGroupRequest<'_>, reply: SyncReply, out: &mut Effects) {
        let Some(group) = self.groups.get_mut(&*request.group_id) else {
            return reply.send(sync_refused(ErrorCode::UnknownMemberId));
        };
        if let Err(error) = validate(group, request) {
            return reply.send(sync_refused(error));
        }
        let member = &*request.member_id;
        match group.state {
            State::Empty => reply.send(sync_refused(ErrorCode::UnknownMemberId)),
            State::PreparingRebalance => reply.send(sync_refused(ErrorCode::RebalanceInProgress)),
            State::Stable => {
                reply.send(assigned(group, &group.members[member].assignment));
                self.synced(&request.group_id, member);
            }
            State::CompletingRebalance => {
                group.member_mut(member).sync_reply = Some(reply);
                if group.is_leader(member) {
                    let assignment = complete_assignment(group, request);
                    out.records.push(records::group(group, &assignment));
                    let generation = group.generation;
                    out.then.push(OnCommit::Assign { group: group.id.clone(), generation, assignment });
                }
                self.synced(&request.group_id, member);
            }
        }
    }

    /// Notes that a member has sent SyncGroup; the last one ends the wait.
    fn synced(&mut self, group_id: &str, member: &str) {
        let group = self.group_mut(group_id);
        group.pending_sync.remove(member);
        if group.pending_sync.is_empty() {
            let timer = Timer::Sync { group: group_id.to_owned(), generation: group.generation };
            self.timers.cancel(&timer);
        }
    }

    /// The assignment is committed: everybody gets their part.
    ///
    /// Nothing happens when the group has gone on to another generation meanwhile.
    pub(super) fn assign(
        &mut self,
        now: Now,
        group_id: &str,
        generation: i32,
        assignment: &BTreeMap<String, Vec<u8>>,
    ) {
        let Some(group) = self.groups.get_mut(group_id) else { return };
        if group.state != State::CompletingRebalance || group.generation != generation {
            return;
        }
        for member in group.members.values_mut() {
            member.assignment = assignment.get(&member.id).cloned().unwrap_or_default();
        }
        group.enter(State::Stable, now.wall_ms);
        let answered = propagate(group, ErrorCode::None);
        answered.iter().for_each(|member| self.expect_heartbeat(now, group_id, member));
    }

    /// The assignment could not be written: the members are told to rejoin.
    pub(super) fn assignment_lost(
        &mut self,
        now: Now,
        group_id: &str,
        generation: i32,
        error: ErrorCode,
        out: &mut Effects,
    ) {
        let Some(group) = self.groups.get_mut(group_id) else { return };
        if group.state != State::CompletingRebalance || group.generation != generation {
            return;
        }
        warn!("group {group_id}: the assignment was not written: {}", error.name());
        drop_assignment(group, append_error(error));
        self.rebalance_or_complete(now, group_id, "the assignment was not written", out);
    }

    /// Members that have not sent SyncGroup in time are out, and the rest rebalances.
    pub(super) fn expire_sync(&mut self, now: Now, group_id: &str, generation: i32, out: &mut Effects) {
        let Some(group) = self.groups.get_mut(group_id) else { return };
        let is_awaited = matches!(group.state, State::CompletingRebalance | State::Stable);
        if group.generation != generation || !is_awaited || group.pending_sync.is_empty() {
            return;
        }
        let late: Vec<String> = group.pending_sync.iter().cloned().collect();
        info!("group {group_id}: {late:?} have not sent SyncGroup in time and are removed");
        for member in &late {
            self.group_mut(group_id).remove(member);
            self.timers.cancel(&super::shard::heartbeat_timer(group_id, member));
        }
        self.prepare_rebalance(now, group_id, "members have not sent SyncGroup in time", out);
    }
}

/// Takes the assignment back from all, and refuses those who wait for it with `error`.
pub(super) fn drop_assignment(group: &mut Group, error: ErrorCode) {
    group.members.values_mut().for_each(|member| member.assignment.clear());
    propagate(group, error);
}

/// Answers every parked SyncGroup, and names the members that were answered.
fn propagate(group: &mut Group, error: ErrorCode) -> Vec<String> {
    let waiting: Vec<String> =
        group.members.values().filter(|m| m.sync_reply.is_some()).map(|m| m.id.clone()).collect();
    for id in &waiting {
        let response = match error {
            ErrorCode::None => assigned(group, &group.members[id].assignment),
            error => sync_refused(error),
        };
        if let Some(reply) = group.member_mut(id).sync_reply.take() {
            reply.send(response);
        }
    }
    waiting
}

fn assigned(group: &Group, assignment: &[u8]) -> SyncGroupResponse<'static> {
    SyncGroupResponse {
        protocol_type: group.protocol_type.clone().map(Into::into),
        protocol_name: group.protocol.clone().map(Into::into),
        assignment: assignment.to_vec().into(),
        ..SyncGroupResponse::default()
    }
}

/// What the leader assigned, with nothing for those it forgot.
fn complete_assignment(group: &Group, request: &SyncGroupRequest<'_>) -> BTreeMap<String, Vec<u8>> {
    let mut assignment: BTreeMap<String, Vec<u8>> =
        group.members.keys().map(|member| (member.clone(), Vec::new())).collect();
    for part in request.assignments.iter() {
        if let Some(slot) = assignment.get_mut(&*part.member_id) {
            *slot = part.assignment.into_owned();
        }
    }
    assignment
}

fn validate(group: &Group, request: &SyncGroupRequest<'_>) -> Result<(), ErrorCode> {
    group.validate_member(&request.member_id, request.group_instance_id.as_deref())?;
    if request.generation_id != group.generation {
        return Err(ErrorCode::IllegalGeneration);
    }
    let differs = |named: Option<&str>, own: &Option<String>| named.is_some() && named != own.as_deref();
    if differs(request.protocol_type.as_deref(), &group.protocol_type)
        || differs(request.protocol_name.as_deref(), &group.protocol)
    {
        return Err(ErrorCode::InconsistentGroupProtocol);
    }
    Ok(())
}
