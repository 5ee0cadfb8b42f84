//! JoinGroup, and the join phase of a rebalance.

use std::net::IpAddr;

use tracing::info;
use wire::ErrorCode;
use wire::messages::join_group_request::JoinGroupRequest;
use wire::messages::join_group_response::JoinGroupResponse;

use super::effects::{Effects, Now, Responder, join_refused};
use super::group::{Group, InitialDelay, State};
use super::member::{Member, MemberTerms, Protocol};
use super::records;
use super::shard::{Shard, heartbeat_timer, join_timer};
use super::timers::Timer;

/// From this JoinGroup version a new dynamic member is first given an id and has to come back with it (KIP-394).
const MEMBER_ID_REQUIRED_VERSION: i16 = 4;
/// From this version a static leader that came back can be told to keep its assignment (KIP-814).
pub(super) const SKIP_ASSIGNMENT_VERSION: i16 = 9;
/// How long a new member's JoinGroup may stay parked: its client may have gone, and it has no session yet.
const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 5 * 60 * 1_000;
/// As much of the reason that a client gives as is logged; Kafka's clients send no more.
const REASON_CHARS_MAX: usize = 255;
/// Least time between two looks at a join phase that nobody has joined: members may ask for no rebalance timeout
/// at all, and the looks must not be all that the coordinator does.
const ABSENT_MEMBERS_RETRY_MS_MIN: u64 = 100;

/// A JoinGroup request, owned, and who sent it.
#[derive(Debug)]
pub(crate) struct Joiner {
    pub(super) group: String,
    /// Empty for a client that has no member id yet.
    pub(super) member: String,
    pub(super) instance: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) protocol_type: String,
    pub(super) terms: MemberTerms,
    pub(super) version: i16,
    pub(super) reason: String,
}

impl Joiner {
    /// Takes what the coordinator needs from a request.
    pub(crate) fn new(request: &JoinGroupRequest<'_>, version: i16, client_id: &str, client: IpAddr) -> Self {
        let protocol = |p: wire::messages::join_group_request::JoinGroupRequestProtocol<'_>| Protocol {
            name: p.name.into_owned(),
            metadata: p.metadata.into_owned(),
        };
        // Version 0 has no rebalance timeout: the session's stands for it.
        let rebalance_timeout_ms =
            if version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms };
        Joiner {
            group: request.group_id.to_string(),
            member: request.member_id.to_string(),
            instance: request.group_instance_id.as_deref().map(str::to_owned),
            client_id: client_id.to_owned(),
            client_host: format!("/{client}"),
            protocol_type: request.protocol_type.to_string(),
            terms: MemberTerms {
                session_timeout_ms: request.session_timeout_ms,
                rebalance_timeout_ms,
                protocols: request.protocols.iter().map(protocol).collect(),
            },
            version,
            reason: one_line(request.reason.as_deref().unwrap_or("not provided")),
        }
    }

    fn into_member(self, id: &str, reply: JoinReply) -> Member {
        Member {
            id: id.to_owned(),
            instance: self.instance,
            client_id: self.client_id,
            client_host: self.client_host,
            protocol_type: self.protocol_type,
            terms: self.terms,
            assignment: Vec::new(),
            is_new: true,
            join_reply: Some(reply),
            sync_reply: None,
        }
    }
}

/// Where the answer to a JoinGroup goes.
pub(super) type JoinReply = Responder<JoinGroupResponse<'static>>;

impl Shard {
    /// JoinGroup: the reply comes when the join phase is over, or at once with a refusal.
    pub(super) fn join(&mut self, now: Now, joiner: Joiner, reply: JoinReply, out: &mut Effects) {
        let sessions = self.config.session_timeout_min_ms..=self.config.session_timeout_max_ms;
        if !sessions.contains(&joiner.terms.session_timeout_ms) {
            return reply.send(join_refused(&joiner.member, ErrorCode::InvalidSessionTimeout));
        }
        let is_unknown = joiner.member.is_empty();
        let is_new_group = !self.groups.contains_key(&joiner.group);
        if is_new_group && !is_unknown {
            return reply.send(join_refused(&joiner.member, ErrorCode::UnknownMemberId));
        }
        let group_id = joiner.group.clone();
        let size_max = self.config.size_max;
        let group = self.group_or_new(&group_id, now);
        if !accepts(group, &joiner.member, size_max) {
            group.remove(&joiner.member);
            reply.send(join_refused("", ErrorCode::GroupMaxSizeReached));
        } else if !group.supports(&joiner.protocol_type, &joiner.terms) {
            reply.send(join_refused(&joiner.member, ErrorCode::InconsistentGroupProtocol));
        } else if is_unknown {
            self.join_new_member(now, joiner, reply, out);
        } else {
            self.join_known_member(now, joiner, reply, out);
        }
        if is_new_group && out.records.is_empty() {
            // The group outlives this node from here on, as an empty one.
            out.records.push(records::empty_group(&group_id, now.wall_ms));
        }
    }

    fn join_new_member(&mut self, now: Now, joiner: Joiner, reply: JoinReply, out: &mut Effects) {
        let id = self.new_member_id(&joiner);
        if let Some(instance) = &joiner.instance {
            match self.group_mut(&joiner.group).static_members.get(instance).cloned() {
                Some(existing) => self.replace_static_member(now, joiner, &existing, &id, reply, out),
                None => self.add_member(now, joiner, &id, reply, out),
            }
        } else if joiner.version >= MEMBER_ID_REQUIRED_VERSION {
            self.group_mut(&joiner.group).pending_join.insert(id.clone());
            self.expect_heartbeat_within(now, &joiner.group, &id, joiner.terms.session_timeout_ms);
            reply.send(join_refused(&id, ErrorCode::MemberIdRequired));
        } else {
            self.add_member(now, joiner, &id, reply, out);
        }
    }

    fn join_known_member(&mut self, now: Now, joiner: Joiner, reply: JoinReply, out: &mut Effects) {
        let group = self.group_mut(&joiner.group);
        if joiner.instance.is_none() && group.pending_join.contains(&joiner.member) {
            let id = joiner.member.clone();
            return self.add_member(now, joiner, &id, reply, out);
        }
        if let Err(error) = group.validate_member(&joiner.member, joiner.instance.as_deref()) {
            return reply.send(join_refused(&joiner.member, error));
        }
        let is_unchanged = group.members[&joiner.member].terms.protocols == joiner.terms.protocols;
        let is_answered = match group.state {
            State::Empty => return reply.send(join_refused(&joiner.member, ErrorCode::UnknownMemberId)),
            State::PreparingRebalance => false,
            // The reply of the running generation was lost on its way.
            State::CompletingRebalance => is_unchanged,
            // A leader that rejoins asks for a rebalance: the topics may have changed.
            State::Stable => is_unchanged && !group.is_leader(&joiner.member),
        };
        if is_answered {
            return reply.send(group.join_response(&joiner.member));
        }
        let reason = format!("member {} rejoins; client reason: {}", joiner.member, joiner.reason);
        group.update(&joiner.member, joiner.terms, Some(reply));
        self.rebalance_or_complete(now, &joiner.group, &reason, out);
    }

    fn add_member(&mut self, now: Now, joiner: Joiner, id: &str, reply: JoinReply, out: &mut Effects) {
        let group_id = joiner.group.clone();
        let reason = format!("member {id} joins; client reason: {}", joiner.reason);
        let group = self.group_mut(&group_id);
        if group.state == State::PreparingRebalance && group.previous == State::Empty {
            group.new_member_added = true;
        }
        group.add(joiner.into_member(id, reply));
        self.expect_heartbeat_within(now, &group_id, id, NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.rebalance_or_complete(now, &group_id, &reason, out);
    }

    /// Starts the join phase: at once, or after a delay when the group was empty.
    pub(super) fn prepare_rebalance(&mut self, now: Now, group_id: &str, reason: &str, out: &mut Effects) {
        let initial_delay_ms = u64::from(self.config.initial_rebalance_delay_ms.max(0).unsigned_abs());
        let group = self.group_mut(group_id);
        if group.state == State::CompletingRebalance {
            super::sync::drop_assignment(group, ErrorCode::RebalanceInProgress);
        }
        group.pending_sync.clear();
        let was_empty = group.state == State::Empty;
        let timeout_ms = group.rebalance_timeout_ms();
        let generation = group.generation;
        group.enter(State::PreparingRebalance, now.wall_ms);
        group.initial_delay = was_empty.then(|| InitialDelay {
            delay_ms: initial_delay_ms,
            remaining_ms: timeout_ms.saturating_sub(initial_delay_ms),
        });
        let is_complete = !was_empty && group.all_joined();
        info!("group {group_id} prepares to rebalance, generation {generation} ends: {reason}");

        self.timers.cancel(&Timer::Sync { group: group_id.to_owned(), generation });
        if is_complete {
            self.complete_join(now, group_id, out);
        } else {
            let wait_ms = if was_empty { initial_delay_ms } else { timeout_ms };
            self.timers.schedule(join_timer(group_id), now.monotonic_ms + wait_ms);
        }
    }

    /// Ends the join phase early when nobody is left to wait for.
    pub(super) fn complete_join_if_all_joined(&mut self, now: Now, group_id: &str, out: &mut Effects) {
        let group = self.group_mut(group_id);
        let is_initial = group.previous == State::Empty;
        if group.state == State::PreparingRebalance && !is_initial && group.all_joined() {
            self.complete_join(now, group_id, out);
        }
    }

    /// The time of the join phase is up.
    pub(super) fn join_phase_timeout(&mut self, now: Now, group_id: &str, out: &mut Effects) {
        let delay_max_ms = u64::from(self.config.initial_rebalance_delay_ms.max(0).unsigned_abs());
        let Some(group) = self.groups.get_mut(group_id) else { return };
        if group.state != State::PreparingRebalance {
            return;
        }
        if let Some(delay) = group.initial_delay.take()
            && group.new_member_added
            && delay.remaining_ms != 0
        {
            group.new_member_added = false;
            let next = InitialDelay {
                delay_ms: delay_max_ms.min(delay.remaining_ms),
                remaining_ms: delay.remaining_ms.saturating_sub(delay.delay_ms),
            };
            group.initial_delay = Some(next);
            self.timers.schedule(join_timer(group_id), now.monotonic_ms + next.delay_ms);
            return;
        }
        self.complete_join(now, group_id, out);
    }

    /// Ends the join phase: members that have not rejoined are out, the others get the next generation.
    pub(super) fn complete_join(&mut self, now: Now, group_id: &str, out: &mut Effects) {
        self.timers.cancel(&join_timer(group_id));
        self.remove_absent_members(group_id);
        let group = self.group_mut(group_id);
        group.initial_delay = None;
        group.new_member_added = false;
        if !group.members.is_empty() && !group.elect_joined_leader() {
            // Only static members are left, none of them here: their sessions decide.
            let wait_ms = group.rebalance_timeout_ms().max(ABSENT_MEMBERS_RETRY_MS_MIN);
            self.timers.schedule(join_timer(group_id), now.monotonic_ms + wait_ms);
            return;
        }
        group.begin_generation(now.wall_ms);
        if group.state == State::Empty {
            info!("group {group_id} is empty at generation {}", group.generation);
            out.records.push(records::group(group, &group.assignment()));
        } else {
            self.send_generation(now, group_id);
        }
    }

    /// Answers every parked JoinGroup with the new generation, and expects SyncGroup of each.
    fn send_generation(&mut self, now: Now, group_id: &str) {
        let group = self.group_mut(group_id);
        info!("group {group_id} is at generation {} with {} members", group.generation, group.members.len());
        let ids: Vec<String> = group.members.keys().cloned().collect();
        for id in &ids {
            let response = group.join_response(id);
            let member = group.member_mut(id);
            member.is_new = false;
            if let Some(reply) = member.join_reply.take() {
                reply.send(response);
            }
            group.pending_sync.insert(id.clone());
        }
        let timer = Timer::Sync { group: group_id.to_owned(), generation: group.generation };
        let deadline = now.monotonic_ms + group.rebalance_timeout_ms();
        self.timers.schedule(timer, deadline);
        ids.iter().for_each(|id| self.expect_heartbeat(now, group_id, id));
    }

    /// Dynamic members that have not rejoined are removed; static ones have until their session ends.
    fn remove_absent_members(&mut self, group_id: &str) {
        let group = self.group_mut(group_id);
        let is_absent = |member: &&Member| member.join_reply.is_none() && member.instance.is_none();
        let absent: Vec<String> = group.members.values().filter(is_absent).map(|m| m.id.clone()).collect();
        for member in absent {
            info!("group {group_id}: member {member} has not rejoined in time and is removed");
            self.group_mut(group_id).remove(&member);
            self.timers.cancel(&heartbeat_timer(group_id, &member));
        }
    }

    fn new_member_id(&self, joiner: &Joiner) -> String {
        let bytes = (self.member_ids)();
        let hex = |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let prefix = joiner.instance.as_deref().unwrap_or(&joiner.client_id);
        let [a, b, c, d, e] = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]].map(hex);
        format!("{prefix}-{a}-{b}-{c}-{d}-{e}")
    }
}

/// What a client says, fit for the log.
fn one_line(reason: &str) -> String {
    reason.escape_debug().take(REASON_CHARS_MAX).collect()
}

/// True when the group has room for `member`, which may be in it already.
fn accepts(group: &Group, member: &str, size_max: usize) -> bool {
    let existing = group.members.get(member);
    match group.state {
        State::Empty => true,
        // The size may be above the limit after the limit was lowered: those who rejoin last are out.
        State::PreparingRebalance => {
            existing.is_some_and(|member| member.join_reply.is_some()) || group.awaiting_join() < size_max
        }
        State::CompletingRebalance | State::Stable => existing.is_some() || group.members.len() < size_max,
    }
}
