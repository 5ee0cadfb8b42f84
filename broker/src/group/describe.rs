//! ListGroups, DescribeGroups and DeleteGroups.

use wire::ErrorCode;
use wire::messages::delete_groups_response::DeletableGroupResult;
use wire::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use wire::messages::list_groups_response::ListedGroup;

use super::effects::{Effects, OnCommit, Responder};
use super::group::{Group, State};
use super::member::Member;
use super::records;
use super::shard::Shard;

/// From this version DescribeGroups says that a group is not there; before, it is shown as dead.
const GROUP_ID_NOT_FOUND_VERSION: i16 = 6;
/// The kind of every group here, as ListGroups filters and shows it.
const CLASSIC: &str = "classic";

/// Which groups ListGroups shows; an empty list stands for all.
#[derive(Debug, Default)]
pub(crate) struct GroupFilter {
    /// States, in lower case.
    pub(crate) states: Vec<String>,
    /// Kinds of groups, in lower case.
    pub(crate) types: Vec<String>,
}

impl GroupFilter {
    fn shows(&self, group: &Group) -> bool {
        let is_named = |names: &[String], name: &str| names.is_empty() || names.iter().any(|n| n == name);
        is_named(&self.states, &group.state.name().to_lowercase()) && is_named(&self.types, CLASSIC)
    }
}

impl Shard {
    /// The groups that `filter` lets through.
    pub(super) fn list(&self, filter: &GroupFilter) -> Vec<ListedGroup<'static>> {
        let listed = |group: &Group| ListedGroup {
            group_id: group.id.clone().into(),
            protocol_type: group.protocol_type.clone().unwrap_or_default().into(),
            group_state: group.state.name().into(),
            group_type: CLASSIC.into(),
        };
        self.groups.values().filter(|group| filter.shows(group)).map(listed).collect()
    }

    /// One group with its members.
    pub(super) fn describe(&self, id: &str, version: i16) -> DescribedGroup<'static> {
        let described = DescribedGroup { group_id: id.to_owned().into(), ..DescribedGroup::default() };
        let Some(group) = self.groups.get(id) else {
            let is_told = version >= GROUP_ID_NOT_FOUND_VERSION;
            return DescribedGroup {
                group_state: "Dead".into(),
                error_code: if is_told { ErrorCode::GroupIdNotFound.code() } else { 0 },
                error_message: is_told.then(|| format!("Group {id} not found.").into()),
                ..described
            };
        };
        // Subscriptions and assignments mean something only while they belong to one generation.
        let protocol = group.protocol.as_deref().filter(|_| group.state == State::Stable);
        DescribedGroup {
            group_state: group.state.name().into(),
            protocol_type: group.protocol_type.clone().unwrap_or_default().into(),
            protocol_data: protocol.unwrap_or_default().to_owned().into(),
            members: group.members.values().map(|m| describe_member(m, protocol)).collect::<Vec<_>>().into(),
            ..described
        }
    }

    /// DeleteGroups, for the groups of this shard: answered when the tombstones are committed.
    pub(super) fn delete_groups(
        &self,
        ids: &[String],
        reply: Responder<Vec<DeletableGroupResult<'static>>>,
        out: &mut Effects,
    ) {
        let mut results = Vec::with_capacity(ids.len());
        for id in ids {
            let error = self.delete_group(id, out).err().unwrap_or(ErrorCode::None);
            results.push(DeletableGroupResult { group_id: id.clone().into(), error_code: error.code() });
        }
        out.then.push(OnCommit::GroupsDeleted { reply, results });
    }

    fn delete_group(&self, id: &str, out: &mut Effects) -> Result<(), ErrorCode> {
        let group = self.groups.get(id).ok_or(ErrorCode::GroupIdNotFound)?;
        if group.state != State::Empty {
            return Err(ErrorCode::NonEmptyGroup);
        }
        self.forget_when_committed(id, group.offsets.keys().cloned().collect(), out);
        out.records.push(records::group_tombstone(id));
        out.then.push(OnCommit::ForgetGroup { group: id.to_owned() });
        Ok(())
    }
}

fn describe_member(member: &Member, protocol: Option<&str>) -> DescribedGroupMember<'static> {
    let metadata = protocol.map(|name| member.metadata(name).to_vec()).unwrap_or_default();
    let assignment = protocol.map(|_| member.assignment.clone()).unwrap_or_default();
    DescribedGroupMember {
        member_id: member.id.clone().into(),
        group_instance_id: member.instance.clone().map(Into::into),
        client_id: member.client_id.clone().into(),
        client_host: member.client_host.clone().into(),
        member_metadata: metadata.into(),
        member_assignment: assignment.into(),
    }
}
