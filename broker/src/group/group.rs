//! One classic group: its members, its generation and the state of its rebalance.

use std::collections::{BTreeMap, BTreeSet};

use wire::embedded::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use wire::messages::sync_group_response::SyncGroupResponse;
use wire::{ErrorCode, Message, Reader};

use super::effects::{Responder, join_refused};
use super::member::{Member, MemberTerms};
use super::offsets::Offsets;

/// The protocol type that consumers name; only their subscriptions can be read here.
const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// States of a classic group, named as Kafka shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No members; offsets may remain.
    Empty,
    /// Waiting for members to (re)join.
    PreparingRebalance,
    /// Waiting for the leader's assignment.
    CompletingRebalance,
    /// Every member has its assignment.
    Stable,
}

impl State {
    /// Kafka's name of the state.
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }

    /// The states from which `self` can be entered.
    fn entered_from(self) -> &'static [State] {
        match self {
            State::Empty => &[State::PreparingRebalance],
            State::PreparingRebalance => &[State::Stable, State::CompletingRebalance, State::Empty],
            State::CompletingRebalance => &[State::PreparingRebalance],
            State::Stable => &[State::CompletingRebalance],
        }
    }
}

/// The wait for more members before the first rebalance of an empty group.
#[derive(Debug, Clone, Copy)]
pub(super) struct InitialDelay {
    /// The delay that is running.
    pub(super) delay_ms: u64,
    /// What may still be added to it.
    pub(super) remaining_ms: u64,
}

/// One classic group.
///
/// Invariant: a leader is one of `members` unless there are none; `static_members` maps to `members`.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) state: State,
    /// The state before `state`; an initial rebalance is one that came from Empty.
    pub(super) previous: State,
    /// When `state` was entered, in wall milliseconds; absent when an old record did not say.
    pub(super) state_since_ms: Option<i64>,
    /// Rises with each completed join phase.
    pub(super) generation: i32,
    /// Set by the first member; absent in a group that only ever had offsets committed.
    pub(super) protocol_type: Option<String>,
    /// The protocol chosen for the generation.
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member>,
    /// How many members support each protocol, so that nobody counts them again for each JoinGroup.
    supported: BTreeMap<String, usize>,
    /// `group.instance.id` to member id.
    pub(super) static_members: BTreeMap<String, String>,
    /// Member ids that were handed out and have not joined yet (KIP-394).
    pub(super) pending_join: BTreeSet<String>,
    /// Members of the generation that have not sent SyncGroup yet.
    pub(super) pending_sync: BTreeSet<String>,
    /// A member came during the initial delay, which may therefore be extended.
    pub(super) new_member_added: bool,
    pub(super) initial_delay: Option<InitialDelay>,
    /// What all consumers of the generation subscribe to; absent when that cannot be read.
    pub(super) subscribed: Option<BTreeSet<String>>,
    pub(super) offsets: Offsets,
}

impl Group {
    /// An empty group.
    pub(super) fn new(id: &str, now_ms: i64) -> Self {
        Group {
            id: id.to_owned(),
            state: State::Empty,
            previous: State::Empty,
            state_since_ms: Some(now_ms),
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            supported: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending_join: BTreeSet::new(),
            pending_sync: BTreeSet::new(),
            new_member_added: false,
            initial_delay: None,
            subscribed: None,
            offsets: Offsets::default(),
        }
    }

    /// Enters `state`.
    pub(super) fn enter(&mut self, state: State, now_ms: i64) {
        assert!(state.entered_from().contains(&self.state), "{} from {:?} to {state:?}", self.id, self.state);
        self.previous = self.state;
        self.state = state;
        self.state_since_ms = Some(now_ms);
    }

    /// True when a rebalance may begin in the current state.
    pub(super) fn can_rebalance(&self) -> bool {
        State::PreparingRebalance.entered_from().contains(&self.state)
    }

    /// Adds a member that has just sent JoinGroup; the first one leads.
    pub(super) fn add(&mut self, member: Member) {
        if self.members.is_empty() {
            self.protocol_type = Some(member.protocol_type.clone());
        }
        self.leader.get_or_insert_with(|| member.id.clone());
        if let Some(instance) = &member.instance {
            self.static_members.insert(instance.clone(), member.id.clone());
        }
        self.pending_join.remove(&member.id);
        self.count_support(&member.terms);
        let replaced = self.members.insert(member.id.clone(), member);
        assert!(replaced.is_none(), "a member joins under a new id");
    }

    /// Removes a member or a pending member; parked requests of it must have been answered.
    pub(super) fn remove(&mut self, member: &str) {
        if let Some(removed) = self.members.remove(member) {
            self.withdraw_support(&removed.terms);
            if let Some(instance) = &removed.instance
                && self.static_members.get(instance).is_some_and(|id| id == member)
            {
                self.static_members.remove(instance);
            }
        }
        if self.is_leader(member) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending_join.remove(member);
        self.pending_sync.remove(member);
    }

    /// Puts `new` in the place of the static member `old`, and refuses what `old` still waits for.
    pub(super) fn replace_static(&mut self, instance: &str, old: &str, new: &str) {
        let mut member = self.members.remove(old).expect("the static member map names members only");
        if let Some(reply) = member.join_reply.take() {
            reply.send(join_refused(old, ErrorCode::FencedInstanceId));
        }
        if let Some(reply) = member.sync_reply.take() {
            reply.send(sync_refused(ErrorCode::FencedInstanceId));
        }
        member.id = new.to_owned();
        member.is_new = false;
        self.members.insert(new.to_owned(), member);
        if self.is_leader(old) {
            self.leader = Some(new.to_owned());
        }
        self.static_members.insert(instance.to_owned(), new.to_owned());
    }

    /// Takes over what a member asks for on rejoining, and parks its request.
    pub(super) fn update(
        &mut self,
        member: &str,
        terms: MemberTerms,
        reply: Option<Responder<JoinGroupResponse<'static>>>,
    ) {
        self.count_support(&terms);
        let member = self.member_mut(member);
        let before = std::mem::replace(&mut member.terms, terms);
        member.join_reply = reply;
        self.withdraw_support(&before);
    }

    fn count_support(&mut self, terms: &MemberTerms) {
        for protocol in &terms.protocols {
            *self.supported.entry(protocol.name.clone()).or_default() += 1;
        }
    }

    fn withdraw_support(&mut self, terms: &MemberTerms) {
        for protocol in &terms.protocols {
            let count = self.supported.get_mut(&protocol.name).expect("it was counted with its member");
            *count -= 1;
            if *count == 0 {
                self.supported.remove(&protocol.name);
            }
        }
    }

    /// A member that is known to be there.
    pub(super) fn member_mut(&mut self, id: &str) -> &mut Member {
        self.members.get_mut(id).expect("the caller has looked the member up")
    }

    pub(super) fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    /// Members whose JoinGroup is parked.
    pub(super) fn awaiting_join(&self) -> usize {
        self.members.values().filter(|member| member.join_reply.is_some()).count()
    }

    /// True when nobody is left to wait for in the join phase.
    pub(super) fn all_joined(&self) -> bool {
        self.pending_join.is_empty() && self.members.values().all(|member| member.join_reply.is_some())
    }

    /// The longest time that any member gives a rebalance.
    pub(super) fn rebalance_timeout_ms(&self) -> u64 {
        let longest = self.members.values().map(|member| member.terms.rebalance_timeout_ms).max();
        longest.unwrap_or(0).max(0).unsigned_abs().into()
    }

    /// Checks that `member` belongs to the group, and is the one that owns `instance` if one is named.
    ///
    /// # Errors
    /// `UnknownMemberId`: no such member; `FencedInstanceId`: another member owns the instance id by now.
    pub(super) fn validate_member(&self, member: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.static_members.get(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(owner) if owner != member => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// True when a member of this type with these protocols could take part in the group.
    pub(super) fn supports(&self, protocol_type: &str, terms: &MemberTerms) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !terms.protocols.is_empty();
        }
        // Of a group whose members have all left before the join phase ended, any protocol is common.
        let is_common = |name: &str| self.supported.get(name).copied().unwrap_or(0) == self.members.len();
        self.protocol_type.as_deref() == Some(protocol_type)
            && terms.protocols.iter().any(|protocol| is_common(&protocol.name))
    }

    /// The protocols that every member supports.
    fn common_protocols(&self) -> BTreeSet<&str> {
        let common = self.supported.iter().filter(|(_, count)| **count == self.members.len());
        common.map(|(name, _)| name.as_str()).collect()
    }

    /// The protocol that most members prefer among those that all support.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let candidates = self.common_protocols();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for vote in self.members.values().filter_map(|member| member.vote(&candidates)) {
            *votes.entry(vote).or_default() += 1;
        }
        votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned())
    }

    /// Ends the join phase: the next generation, with its protocol, waits for its assignment.
    pub(super) fn begin_generation(&mut self, now_ms: i64) {
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.pending_sync.clear();
        self.protocol = if self.members.is_empty() { None } else { self.select_protocol() };
        self.subscribed = self.read_subscriptions();
        let next = if self.members.is_empty() { State::Empty } else { State::CompletingRebalance };
        self.enter(next, now_ms);
    }

    /// Elects a leader among those that have rejoined, if the leader has not. False when nobody has.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let joined = |member: &Member| member.join_reply.is_some();
        let Some(leader) = &self.leader else { return false };
        if self.members.get(leader).is_some_and(joined) {
            return true;
        }
        let Some(next) = self.members.values().find(|member| joined(member)) else { return false };
        self.leader = Some(next.id.clone());
        true
    }

    /// The topics that the members subscribe to, where they are consumers whose metadata can be read.
    pub(super) fn read_subscriptions(&self) -> Option<BTreeSet<String>> {
        if self.protocol_type.as_deref() != Some(CONSUMER_PROTOCOL_TYPE) {
            return None;
        }
        let Some(protocol) = &self.protocol else {
            return self.members.is_empty().then(BTreeSet::new);
        };
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(subscription_topics(member.metadata(protocol))?);
        }
        Some(topics)
    }

    /// True when a member may still consume `topic`, whose offsets are then kept.
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.is_consumer_group(),
        }
    }

    /// True when the members are consumers.
    pub(super) fn is_consumer_group(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL_TYPE)
    }

    /// The JoinGroup reply of the current generation for `member`; only the leader sees all members.
    pub(super) fn join_response(&self, member: &str) -> JoinGroupResponse<'static> {
        let members = if self.is_leader(member) { self.member_list() } else { Vec::new() };
        JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone().map(Into::into),
            protocol_name: self.protocol.clone().map(Into::into),
            leader: self.leader.clone().unwrap_or_default().into(),
            member_id: member.to_owned().into(),
            members: members.into(),
            ..JoinGroupResponse::default()
        }
    }

    /// Every member with its subscription under the chosen protocol.
    pub(super) fn member_list(&self) -> Vec<JoinGroupResponseMember<'static>> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let describe = |member: &Member| JoinGroupResponseMember {
            member_id: member.id.clone().into(),
            group_instance_id: member.instance.clone().map(Into::into),
            metadata: member.metadata(protocol).to_vec().into(),
        };
        self.members.values().map(describe).collect()
    }

    /// The assignment of each member.
    pub(super) fn assignment(&self) -> BTreeMap<String, Vec<u8>> {
        self.members.values().map(|member| (member.id.clone(), member.assignment.clone())).collect()
    }
}

/// A SyncGroup reply that refuses with `error`.
pub(super) fn sync_refused(error: ErrorCode) -> SyncGroupResponse<'static> {
    SyncGroupResponse { error_code: error.code(), ..SyncGroupResponse::default() }
}

/// The topics in a consumer's subscription; version 0 is a prefix of every later version.
fn subscription_topics(metadata: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new(metadata);
    reader.i16().ok()?;
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, 0).ok()?;
    Some(subscription.topics.iter().map(|topic| topic.into_owned()).collect())
}
