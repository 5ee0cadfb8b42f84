//! What an operation on a shard asks for: records to append, and what follows once they are committed.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use wire::ErrorCode;
use wire::messages::delete_groups_response::DeletableGroupResult;
use wire::messages::join_group_response::JoinGroupResponse;
use wire::messages::leave_group_response::LeaveGroupResponse;
use wire::messages::offset_commit_response::OffsetCommitResponse;
use wire::messages::offset_delete_response::OffsetDeleteResponse;

use super::offsets::{CommittedOffset, TopicPartition};
use super::records::Record;

/// The two clocks at the moment of an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// Milliseconds on a clock that never jumps: sessions and rebalances are measured with it.
    pub(crate) monotonic_ms: u64,
    /// Milliseconds since 1970: written into records.
    pub(crate) wall_ms: i64,
}

/// Where the reply to a parked request goes. A client that has gone makes sending a no-op.
#[derive(Debug)]
pub(crate) struct Responder<T>(oneshot::Sender<T>);

impl<T> Responder<T> {
    /// A responder and the future that sees its reply.
    pub(crate) fn new() -> (Self, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (Responder(sender), receiver)
    }

    /// Sends the reply.
    pub(crate) fn send(self, reply: T) {
        // A closed channel means that the connection is gone, and nobody waits.
        let _ = self.0.send(reply);
    }
}

/// What one operation asks of the coordinator.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Records to append to the shard's partition, as one batch.
    pub(super) records: Vec<Record>,
    /// What follows once those records are committed; at once when there are none.
    pub(super) then: Vec<OnCommit>,
}

/// What follows once the records of an operation are committed.
#[derive(Debug)]
pub(super) enum OnCommit {
    /// The leader's assignment reaches the members, and the group is stable.
    Assign { group: String, generation: i32, assignment: BTreeMap<String, Vec<u8>> },
    /// A static member that came back under a new member id gets its reply.
    StaticMember(StaticMemberStored),
    /// Offsets take effect.
    CommitOffsets {
        group: String,
        offsets: Vec<(TopicPartition, CommittedOffset)>,
        reply: Responder<OffsetCommitResponse<'static>>,
        response: OffsetCommitResponse<'static>,
    },
    /// Offsets are gone; `reply` is there when a client asked for it.
    ForgetOffsets { group: String, partitions: Vec<TopicPartition> },
    /// OffsetDelete is answered.
    OffsetsDeleted {
        reply: Responder<OffsetDeleteResponse<'static>>,
        response: OffsetDeleteResponse<'static>,
    },
    /// The group is gone, unless somebody has joined it since.
    ForgetGroup { group: String },
    /// DeleteGroups is answered for the groups of this shard.
    GroupsDeleted {
        reply: Responder<Vec<DeletableGroupResult<'static>>>,
        results: Vec<DeletableGroupResult<'static>>,
    },
    /// LeaveGroup is answered.
    Left { reply: Responder<LeaveGroupResponse<'static>>, response: LeaveGroupResponse<'static> },
}

/// A static member whose new member id has been written.
#[derive(Debug)]
pub(super) struct StaticMemberStored {
    pub(super) group: String,
    pub(super) instance: String,
    pub(super) old_member: String,
    pub(super) new_member: String,
    /// The leader before the replacement; older clients are told of it.
    pub(super) leader: Option<String>,
    /// What the member supported before, to go back to when the write fails.
    pub(super) previous: super::member::MemberTerms,
    pub(super) skips_assignment: bool,
}

/// A JoinGroup reply that refuses with `error`.
pub(super) fn join_refused(member: &str, error: ErrorCode) -> JoinGroupResponse<'static> {
    JoinGroupResponse {
        member_id: member.to_owned().into(),
        error_code: error.code(),
        generation_id: -1,
        ..JoinGroupResponse::default()
    }
}
