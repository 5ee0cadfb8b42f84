//! Refusals as Kafka's codes, in the one place that knows both.

use wire::ErrorCode;

use crate::engine::Refusal;

/// The code for a refusal, 0 for none.
pub(super) fn code(refusal: Option<Refusal>) -> i16 {
    let Some(refusal) = refusal else { return ErrorCode::None.code() };
    match refusal {
        Refusal::BrokerNotAvailable => ErrorCode::BrokerNotAvailable.code(),
        Refusal::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch.code(),
        Refusal::UnknownLeaderEpoch => ErrorCode::UnknownLeaderEpoch.code(),
        Refusal::NotLeaderOrFollower => ErrorCode::NotLeaderOrFollower.code(),
        Refusal::InvalidVoterKey => ErrorCode::InvalidVoterKey.code(),
        Refusal::InvalidRequest => ErrorCode::InvalidRequest.code(),
        Refusal::SnapshotNotFound => ErrorCode::SnapshotNotFound.code(),
        Refusal::PositionOutOfRange => ErrorCode::PositionOutOfRange.code(),
        Refusal::UnsupportedVersion => ErrorCode::UnsupportedVersion.code(),
        Refusal::InconsistentClusterId => ErrorCode::InconsistentClusterId.code(),
        Refusal::RequestTimedOut => ErrorCode::RequestTimedOut.code(),
        Refusal::DuplicateVoter => ErrorCode::DuplicateVoter.code(),
        Refusal::VoterNotFound => ErrorCode::VoterNotFound.code(),
        Refusal::InvalidUpdateVersion => ErrorCode::InvalidUpdateVersion.code(),
        Refusal::Other(code) => code,
    }
}

/// The refusal that a peer's code means.
pub(super) fn refusal(code: i16) -> Option<Refusal> {
    const KNOWN: [Refusal; 14] = [
        Refusal::BrokerNotAvailable,
        Refusal::FencedLeaderEpoch,
        Refusal::UnknownLeaderEpoch,
        Refusal::NotLeaderOrFollower,
        Refusal::InvalidVoterKey,
        Refusal::InvalidRequest,
        Refusal::SnapshotNotFound,
        Refusal::PositionOutOfRange,
        Refusal::UnsupportedVersion,
        Refusal::InconsistentClusterId,
        Refusal::RequestTimedOut,
        Refusal::DuplicateVoter,
        Refusal::VoterNotFound,
        Refusal::InvalidUpdateVersion,
    ];
    if code == ErrorCode::None.code() {
        return None;
    }
    let known = KNOWN.into_iter().find(|known| self::code(Some(*known)) == code);
    Some(known.unwrap_or(Refusal::Other(code)))
}
