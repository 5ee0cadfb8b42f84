//! Bodies of requests and answers as bytes: what a listener decodes, what a connection encodes.

use std::borrow::Cow;

use wire::messages as m;
use wire::{ApiKey, DecodeError, EncodeError, ErrorCode, Message, Reader, Writer};

use super::body::{RequestBody, ResponseBody};

/// Defines how each api's bodies are read and written: its name, and its messages.
macro_rules! bodies {
    ($($api:ident: $request:path, $response:path;)+) => {
        impl RequestBody {
            /// Reads the body of a request that a listener took in.
            ///
            /// # Errors
            /// [`DecodeError`]: the bytes are not such a request, or the api is not one of the quorum's.
            pub fn decode(api: ApiKey, version: i16, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match api {
                    $(ApiKey::$api => Ok(Self::$api(<$request>::decode(reader, version)?.into_owned())),)+
                    _ => Err(DecodeError::Unknown { what: "api of the quorum", code: api.code().into() }),
                }
            }

            /// Puts the body at the end of `writer`.
            ///
            /// # Errors
            /// [`EncodeError`]: the version cannot say what the request says.
            pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
                match self {
                    $(Self::$api(body) => body.encode(writer, version),)+
                }
            }

            /// The answer of a peer that has no version in common which could say this.
            pub(crate) fn unsupported(&self) -> ResponseBody {
                let error_code = ErrorCode::UnsupportedVersion.code();
                match self {
                    $(Self::$api(_) => {
                        let mut response = <$response>::default();
                        response.error_code = error_code;
                        ResponseBody::$api(response)
                    })+
                }
            }
        }

        impl ResponseBody {
            /// Reads the body of an answer.
            pub(crate) fn decode(
                api: ApiKey,
                version: i16,
                reader: &mut Reader<'_>,
            ) -> Result<Self, DecodeError> {
                match api {
                    $(ApiKey::$api => Ok(Self::$api(<$response>::decode(reader, version)?.into_owned())),)+
                    _ => Err(DecodeError::Unknown { what: "api of the quorum", code: api.code().into() }),
                }
            }

            /// Puts the body at the end of `writer`.
            ///
            /// # Errors
            /// [`EncodeError`]: the version cannot say what the answer says.
            pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
                match self {
                    $(Self::$api(body) => body.encode(writer, version),)+
                }
            }
        }
    };
}

/// First version of Fetch that names the replica together with its epoch.
const FETCH_REPLICA_STATE: i16 = 15;

impl RequestBody {
    /// The same request as this version says it: a Fetch names the replica in one of two places.
    pub(crate) fn in_version(&self, version: i16) -> Cow<'_, Self> {
        let Self::Fetch(fetch) = self else { return Cow::Borrowed(self) };
        let mut fetch = fetch.clone();
        if version >= FETCH_REPLICA_STATE {
            fetch.replica_id = -1;
        } else {
            fetch.replica_state = Default::default();
        }
        Cow::Owned(Self::Fetch(fetch))
    }
}

bodies! {
    Vote: m::vote_request::VoteRequest, m::vote_response::VoteResponse;
    BeginQuorumEpoch:
        m::begin_quorum_epoch_request::BeginQuorumEpochRequest,
        m::begin_quorum_epoch_response::BeginQuorumEpochResponse;
    EndQuorumEpoch:
        m::end_quorum_epoch_request::EndQuorumEpochRequest,
        m::end_quorum_epoch_response::EndQuorumEpochResponse;
    Fetch: m::fetch_request::FetchRequest, m::fetch_response::FetchResponse;
    FetchSnapshot:
        m::fetch_snapshot_request::FetchSnapshotRequest,
        m::fetch_snapshot_response::FetchSnapshotResponse;
    DescribeQuorum:
        m::describe_quorum_request::DescribeQuorumRequest,
        m::describe_quorum_response::DescribeQuorumResponse;
    AddRaftVoter:
        m::add_raft_voter_request::AddRaftVoterRequest,
        m::add_raft_voter_response::AddRaftVoterResponse;
    RemoveRaftVoter:
        m::remove_raft_voter_request::RemoveRaftVoterRequest,
        m::remove_raft_voter_response::RemoveRaftVoterResponse;
    UpdateRaftVoter:
        m::update_raft_voter_request::UpdateRaftVoterRequest,
        m::update_raft_voter_response::UpdateRaftVoterResponse;
    ApiVersions: m::api_versions_request::ApiVersionsRequest, m::api_versions_response::ApiVersionsResponse;
}
