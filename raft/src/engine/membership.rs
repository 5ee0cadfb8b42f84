//! Changes of the voters: what is asked, and why it is refused (KIP-853).

use super::message::Refusal;
use super::types::{Endpoint, ReplicaKey};
use super::voters::VoterSet;

/// AddRaftVoter (api 80).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddVoterRequest {
    /// Who shall vote; `None` when the request names nobody.
    pub voter: Option<ReplicaKey>,
    /// Where it listens as a controller.
    pub endpoints: Vec<Endpoint>,
    /// Whether the answer waits for the commit; else it comes with the append.
    pub ack_when_committed: bool,
}

/// RemoveRaftVoter (api 81).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoveVoterRequest {
    /// Who shall vote no more; `None` when the request names nobody.
    pub voter: Option<ReplicaKey>,
}

/// UpdateRaftVoter (api 82).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateVoterRequest {
    /// The epoch that the voter follows.
    pub epoch: i32,
    /// The voter; `None` when the request names nobody.
    pub voter: Option<ReplicaKey>,
    /// Where it listens as a controller.
    pub endpoints: Vec<Endpoint>,
    /// The `kraft.version`s that it understands.
    pub kraft_versions: SupportedVersions,
}

/// The controller's wish to finalise a `kraft.version`, as UpdateFeatures has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeKRaftVersionRequest {
    /// The epoch that the controller believes to lead.
    pub epoch: i32,
    /// The version.
    pub kraft_version: i16,
    /// Only tell whether it could be.
    pub validate_only: bool,
}

/// The `kraft.version`s that a node understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SupportedVersions {
    /// Lowest.
    pub min: i16,
    /// Highest.
    pub max: i16,
}

impl SupportedVersions {
    /// Whether `version` is among them.
    #[must_use]
    pub fn contains(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

/// Why the voters, or the `kraft.version`, were not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFault {
    /// Only the leader changes the voters.
    #[error("this node does not lead the quorum")]
    NotLeader,
    /// The leadership ended before the change was decided.
    #[error("the leader stepped down before the change was committed; it may still be")]
    SteppedDown,
    /// The request does not name a node and a directory.
    #[error("the request names no voter, or no directory of it")]
    NoVoter,
    /// The voter could not be reached by the other controllers.
    #[error("the request names no endpoint of the voter on the listener {listener}")]
    NoEndpoint {
        /// The listener that controllers talk on.
        listener: String,
    },
    /// One change at a time.
    #[error("an earlier change of the voters is not decided yet")]
    Pending,
    /// The first record of the leader's epoch is not committed.
    #[error("the leader has not committed a record of its epoch yet")]
    NothingCommitted,
    /// The newest voter set may still be lost.
    #[error(
        "the voters at offset {voters_offset:?} are not committed yet: the high watermark is {high_watermark}"
    )]
    Uncommitted {
        /// Where they stand in the log; `None` for those of the configuration.
        voters_offset: Option<i64>,
        /// The leader's high watermark.
        high_watermark: i64,
    },
    /// Static voters are changed in the configuration.
    #[error("kraft.version is {0}; voters can be added and removed from version 1 on")]
    StaticVoters(i16),
    /// The node votes already.
    #[error("node {id} is a voter already, the voters being {voters}")]
    Duplicate {
        /// The node.
        id: i32,
        /// Who votes.
        voters: VoterSet,
    },
    /// The replica does not vote, or is the only one that does.
    #[error("{key} cannot be removed from the voters {voters}")]
    NotRemovable {
        /// The replica.
        key: ReplicaKey,
        /// Who votes.
        voters: VoterSet,
    },
    /// The new voter did not answer.
    #[error("{0} could not be asked which versions it supports")]
    Unreachable(ReplicaKey),
    /// The new voter is too old or too new.
    #[error(
        "{key} supports kraft.version {} to {}, but {finalized} is finalized", versions.min, versions.max
    )]
    OtherVersions {
        /// The replica.
        key: ReplicaKey,
        /// What it understands.
        versions: SupportedVersions,
        /// What it would have to.
        finalized: i16,
    },
    /// The new voter would hold up every commit.
    #[error("{0} has not caught up with the leader: start it and let it fetch before it is added")]
    Lagging(ReplicaKey),
    /// No majority took the change in time.
    #[error("the change was not committed in time; it may still be")]
    TimedOut,
    /// A finalised version stays.
    #[error("kraft.version {from} cannot be taken back to {to}")]
    Downgrade {
        /// Now.
        from: i16,
        /// Asked for.
        to: i16,
    },
    /// Some voter does not know the version, or has not told the leader that it does.
    #[error("kraft.version {0} is not supported, as far as the leader was told, by every one of {1}")]
    NotSupported(i16, VoterSet),
}

impl ChangeFault {
    /// What the asker is told in a code.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::NotLeader | Self::SteppedDown => Refusal::NotLeaderOrFollower,
            Self::NoVoter | Self::NoEndpoint { .. } | Self::OtherVersions { .. } => Refusal::InvalidRequest,
            Self::Pending
            | Self::NothingCommitted
            | Self::Uncommitted { .. }
            | Self::Unreachable(_)
            | Self::Lagging(_)
            | Self::TimedOut => Refusal::RequestTimedOut,
            Self::StaticVoters(_) => Refusal::UnsupportedVersion,
            Self::Duplicate { .. } => Refusal::DuplicateVoter,
            Self::NotRemovable { .. } => Refusal::VoterNotFound,
            Self::Downgrade { .. } | Self::NotSupported(..) => Refusal::InvalidUpdateVersion,
        }
    }
}
