//! Changes of the voters on the wire (KIP-853): AddRaftVoter, RemoveRaftVoter, UpdateRaftVoter, and the
//! ApiVersions that a leader asks of a future voter.

use wire::messages::add_raft_voter_request as add_wire;
use wire::messages::add_raft_voter_response::AddRaftVoterResponse;
use wire::messages::api_versions_request::ApiVersionsRequest;
use wire::messages::api_versions_response::ApiVersionsResponse;
use wire::messages::remove_raft_voter_request::RemoveRaftVoterRequest;
use wire::messages::remove_raft_voter_response::RemoveRaftVoterResponse;
use wire::messages::update_raft_voter_request as update_wire;
use wire::messages::update_raft_voter_response as update_response;
use wire::{ErrorCode, Uuid};

use super::codes::{code, refusal};
use super::replies::ReplyContext;
use crate::engine::{
    AddVoterRequest, ChangeFault, Endpoint, EpochResponse, LeaderAndEpoch, Refusal, RemoveVoterRequest,
    ReplicaKey, SupportedVersions, UpdateVoterRequest,
};

/// Name of the feature whose versions decide how the quorum is described.
const KRAFT_VERSION_FEATURE: &str = "kraft.version";

/// What this program calls itself in ApiVersions.
const SOFTWARE: (&str, &str) = ("kraftlog", env!("CARGO_PKG_VERSION"));

fn voter(id: i32, directory_id: Uuid) -> Option<ReplicaKey> {
    (id >= 0).then(|| ReplicaKey::of(id, directory_id))
}

fn id_and_directory(voter: Option<ReplicaKey>) -> (i32, Uuid) {
    voter.map_or((-1, Uuid::ZERO), |key| (key.id, key.directory_id.unwrap_or(Uuid::ZERO)))
}

fn other_cluster(claimed: &str, cluster_id: &str) -> String {
    format!("the request is for cluster {claimed}, this is {cluster_id}")
}

/// The request, or the answer to one that is for another cluster.
pub(super) fn read_add(
    request: &add_wire::AddRaftVoterRequest<'_>,
    cluster_id: &str,
) -> Result<AddVoterRequest, AddRaftVoterResponse<'static>> {
    if let Some(claimed) = request.cluster_id.as_deref().filter(|claimed| *claimed != cluster_id) {
        return Err(AddRaftVoterResponse {
            error_code: ErrorCode::InconsistentClusterId.code(),
            error_message: Some(other_cluster(claimed, cluster_id).into()),
            ..Default::default()
        });
    }
    let endpoint = |listener: add_wire::Listener<'_>| Endpoint {
        listener: listener.name.into_owned(),
        host: listener.host.into_owned(),
        port: listener.port,
    };
    Ok(AddVoterRequest {
        voter: voter(request.voter_id, request.voter_directory_id),
        endpoints: request.listeners.iter().map(endpoint).collect(),
        ack_when_committed: request.ack_when_committed,
    })
}

pub(super) fn write_add(
    request: &AddVoterRequest,
    cluster_id: &str,
    timeout_ms: i32,
) -> add_wire::AddRaftVoterRequest<'static> {
    let (voter_id, voter_directory_id) = id_and_directory(request.voter);
    let listener = |endpoint: &Endpoint| add_wire::Listener {
        name: endpoint.listener.clone().into(),
        host: endpoint.host.clone().into(),
        port: endpoint.port,
    };
    add_wire::AddRaftVoterRequest {
        cluster_id: Some(cluster_id.to_owned().into()),
        timeout_ms,
        voter_id,
        voter_directory_id,
        listeners: request.endpoints.iter().map(listener).collect(),
        ack_when_committed: request.ack_when_committed,
    }
}

fn code_and_message(result: &Result<(), ChangeFault>) -> (i16, Option<String>) {
    match result {
        Ok(()) => (code(None), None),
        Err(fault) => (code(Some(fault.refusal())), Some(fault.to_string())),
    }
}

pub(super) fn write_add_reply(result: &Result<(), ChangeFault>) -> AddRaftVoterResponse<'static> {
    let (error_code, message) = code_and_message(result);
    AddRaftVoterResponse { error_code, error_message: message.map(Into::into), ..Default::default() }
}

/// The request, or the answer to one that is for another cluster.
pub(super) fn read_remove(
    request: &RemoveRaftVoterRequest<'_>,
    cluster_id: &str,
) -> Result<RemoveVoterRequest, RemoveRaftVoterResponse<'static>> {
    if let Some(claimed) = request.cluster_id.as_deref().filter(|claimed| *claimed != cluster_id) {
        return Err(RemoveRaftVoterResponse {
            error_code: ErrorCode::InconsistentClusterId.code(),
            error_message: Some(other_cluster(claimed, cluster_id).into()),
            ..Default::default()
        });
    }
    Ok(RemoveVoterRequest { voter: voter(request.voter_id, request.voter_directory_id) })
}

pub(super) fn write_remove(request: RemoveVoterRequest, cluster_id: &str) -> RemoveRaftVoterRequest<'static> {
    let (voter_id, voter_directory_id) = id_and_directory(request.voter);
    RemoveRaftVoterRequest { cluster_id: Some(cluster_id.to_owned().into()), voter_id, voter_directory_id }
}

pub(super) fn write_remove_reply(result: &Result<(), ChangeFault>) -> RemoveRaftVoterResponse<'static> {
    let (error_code, message) = code_and_message(result);
    RemoveRaftVoterResponse { error_code, error_message: message.map(Into::into), ..Default::default() }
}

/// The request, or the answer to one that is for another cluster.
pub(super) fn read_update(
    request: &update_wire::UpdateRaftVoterRequest<'_>,
    cluster_id: &str,
) -> Result<UpdateVoterRequest, update_response::UpdateRaftVoterResponse<'static>> {
    if request.cluster_id.as_deref().is_some_and(|claimed| claimed != cluster_id) {
        return Err(update_response::UpdateRaftVoterResponse {
            error_code: ErrorCode::InconsistentClusterId.code(),
            ..Default::default()
        });
    }
    let endpoint = |listener: update_wire::Listener<'_>| Endpoint {
        listener: listener.name.into_owned(),
        host: listener.host.into_owned(),
        port: listener.port,
    };
    let versions = &request.kraft_version_feature;
    Ok(UpdateVoterRequest {
        epoch: request.current_leader_epoch,
        voter: voter(request.voter_id, request.voter_directory_id),
        endpoints: request.listeners.iter().map(endpoint).collect(),
        kraft_versions: SupportedVersions {
            min: versions.min_supported_version,
            max: versions.max_supported_version,
        },
    })
}

pub(super) fn write_update(
    request: &UpdateVoterRequest,
    cluster_id: &str,
) -> update_wire::UpdateRaftVoterRequest<'static> {
    let (voter_id, voter_directory_id) = id_and_directory(request.voter);
    let listener = |endpoint: &Endpoint| update_wire::Listener {
        name: endpoint.listener.clone().into(),
        host: endpoint.host.clone().into(),
        port: endpoint.port,
    };
    update_wire::UpdateRaftVoterRequest {
        cluster_id: Some(cluster_id.to_owned().into()),
        current_leader_epoch: request.epoch,
        voter_id,
        voter_directory_id,
        listeners: request.endpoints.iter().map(listener).collect(),
        kraft_version_feature: update_wire::KRaftVersionFeature {
            min_supported_version: request.kraft_versions.min,
            max_supported_version: request.kraft_versions.max,
        },
    }
}

pub(super) fn write_update_reply(
    response: &EpochResponse,
    context: ReplyContext<'_>,
) -> update_response::UpdateRaftVoterResponse<'static> {
    let node = context.leader_node(response.leader, &response.leader_endpoints);
    let (host, port) = node.map_or_else(Default::default, |(_, host, port)| (host, i32::from(port)));
    update_response::UpdateRaftVoterResponse {
        error_code: code(response.refusal),
        current_leader: update_response::CurrentLeader {
            leader_id: response.leader.leader_id.unwrap_or(-1),
            leader_epoch: response.leader.epoch,
            host: host.into(),
            port,
        },
        ..Default::default()
    }
}

/// All errors of UpdateRaftVoter stand at the top; those that name no leader refuse it as a whole.
pub(super) fn read_update_answer(
    body: &update_response::UpdateRaftVoterResponse<'_>,
    listener: &str,
) -> Result<EpochResponse, Refusal> {
    let (current, refusal) = (&body.current_leader, refusal(body.error_code));
    if let Some(refusal) = refusal.filter(|_| current.leader_epoch < 0) {
        return Err(refusal);
    }
    let port = u16::try_from(current.port).ok().filter(|_| !current.host.is_empty());
    let endpoint = |port| Endpoint { listener: listener.to_owned(), host: current.host.clone().into(), port };
    Ok(EpochResponse {
        refusal,
        leader: LeaderAndEpoch {
            leader_id: (current.leader_id >= 0).then_some(current.leader_id),
            epoch: current.leader_epoch,
        },
        leader_endpoints: port.map(endpoint).into_iter().collect(),
    })
}

pub(crate) fn write_api_versions() -> ApiVersionsRequest<'static> {
    ApiVersionsRequest { client_software_name: SOFTWARE.0.into(), client_software_version: SOFTWARE.1.into() }
}

/// A node that does not know the feature understands version 0 alone.
pub(super) fn read_api_versions(body: &ApiVersionsResponse<'_>) -> Result<SupportedVersions, Refusal> {
    if let Some(refusal) = refusal(body.error_code) {
        return Err(refusal);
    }
    let feature = body.supported_features.iter().find(|feature| feature.name == KRAFT_VERSION_FEATURE);
    Ok(feature.map_or_else(SupportedVersions::default, |feature| SupportedVersions {
        min: feature.min_version,
        max: feature.max_version,
    }))
}
