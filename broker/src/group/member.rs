//! One member of a classic group.

use std::collections::BTreeSet;

use wire::messages::join_group_response::JoinGroupResponse;
use wire::messages::sync_group_response::SyncGroupResponse;

use super::effects::Responder;

/// One assignment strategy that a member supports, with its subscription as the strategy writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protocol {
    /// The strategy's name, such as `range`.
    pub(crate) name: String,
    /// Opaque to the coordinator, except that consumers put a ConsumerProtocolSubscription here.
    pub(crate) metadata: Vec<u8>,
}

/// What a member asks for each time it joins.
#[derive(Debug, Clone)]
pub(crate) struct MemberTerms {
    /// How long it may stay silent.
    pub(crate) session_timeout_ms: i32,
    /// How long a rebalance waits for it to rejoin.
    pub(crate) rebalance_timeout_ms: i32,
    /// In the member's order of preference.
    pub(crate) protocols: Vec<Protocol>,
}

/// One member of a classic group.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub(super) instance: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) protocol_type: String,
    pub(super) terms: MemberTerms,
    /// What the leader assigned in the current generation; empty before.
    pub(super) assignment: Vec<u8>,
    /// True until its first JoinGroup is answered: it cannot send heartbeats before.
    pub(super) is_new: bool,
    /// The parked JoinGroup. Moved only by [`super::group::Group`], which counts them.
    pub(super) join_reply: Option<Responder<JoinGroupResponse<'static>>>,
    /// The parked SyncGroup.
    pub(super) sync_reply: Option<Responder<SyncGroupResponse<'static>>>,
}

impl Member {
    /// True while a parked request proves that the member is alive.
    ///
    /// A new member proves nothing by waiting: it has no id yet to send heartbeats with, and its
    /// client may have gone.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.join_reply.is_some() || self.sync_reply.is_some())
    }

    /// The subscription under the protocol `name`; empty when the member does not support it.
    pub(super) fn metadata(&self, name: &str) -> &[u8] {
        self.terms.protocols.iter().find(|protocol| protocol.name == name).map_or(&[], |p| &p.metadata)
    }

    /// The first of the member's protocols that is among `candidates`.
    pub(super) fn vote(&self, candidates: &BTreeSet<&str>) -> Option<&str> {
        self.terms
            .protocols
            .iter()
            .map(|protocol| protocol.name.as_str())
            .find(|name| candidates.contains(name))
    }
}
