//! New partitions: assignments by hand, and the state a partition begins in.

use wire::ErrorCode;

use super::error::ApiError;
use super::plan::View;
use crate::image::{LeaderRecoveryState, PartitionState};

/// Checks replicas that a request assigns.
///
/// # Errors
/// INVALID_REPLICA_ASSIGNMENT for an empty list, an unknown or repeated broker, or a factor that differs from that
/// of other partitions.
pub(crate) fn check_assignment(
    view: View<'_>,
    replicas: &[i32],
    factor: Option<usize>,
) -> Result<(), ApiError> {
    let refuse = |message| Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
    if replicas.is_empty() {
        return refuse("The manual partition assignment includes an empty replica list.".to_owned());
    }
    let mut sorted = replicas.to_vec();
    sorted.sort_unstable();
    for (at, broker) in sorted.iter().enumerate() {
        if view.broker(*broker).is_none() {
            return refuse(format!(
                "The manual partition assignment includes broker {broker}, but no such broker is registered."
            ));
        }
        if at > 0 && sorted[at - 1] == *broker {
            return refuse(format!(
                "The manual partition assignment includes the broker {broker} more than once."
            ));
        }
    }
    match factor {
        Some(factor) if factor != replicas.len() => refuse(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent \
             with previous partitions, which have {factor} replica(s).",
            replicas.len()
        )),
        _ => Ok(()),
    }
}

/// The state of a new partition: the active replicas are in sync, the first of them leads. `None` if none is
/// active.
pub(crate) fn new_partition(view: View<'_>, replicas: &[i32]) -> Option<PartitionState> {
    let isr: Vec<i32> = replicas.iter().copied().filter(|broker| view.is_active(*broker)).collect();
    Some(PartitionState {
        leader: *isr.first()?,
        directories: replicas.iter().map(|broker| view.default_directory(*broker)).collect(),
        replicas: replicas.to_vec(),
        isr,
        leader_recovery_state: LeaderRecoveryState::Recovered,
        leader_epoch: 0,
        partition_epoch: 0,
        ..PartitionState::default()
    })
}
