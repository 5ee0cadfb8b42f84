//! The life of a broker: heartbeats, fencing, controlled shutdown, leaving for good.

use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::metadata_records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use wire::metadata_records::unregister_broker_record::UnregisterBrokerRecord;
use wire::{ErrorCode, Uuid};

use super::directories;
use super::error::ApiError;
use super::heartbeats::Heartbeats;
use super::plan::{Planned, Planning, View};
use super::sweep::{Sweep, SweepReason};
use crate::image::BrokerRegistration;
use crate::record::Record;

/// A plan, and what remains to be swept once its records are appended.
pub(crate) type PlanWithSweep<T> = Result<(Planned<T>, Option<Sweep>), ApiError>;

/// Where a broker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

/// How a broker's registration is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Fence,
    Unfence,
    BeginControlledShutdown,
}

pub(crate) fn plan_heartbeat(
    p: &Planning<'_>,
    heartbeats: &Heartbeats,
    request: &BrokerHeartbeatRequest<'_>,
) -> PlanWithSweep<BrokerHeartbeatResponse> {
    let view = p.view();
    let broker = view.check_broker_epoch(request.broker_id, request.broker_epoch)?;
    let registration_offset = p.state.registration_offset(broker.id).unwrap_or(broker.epoch);
    let present = standing(heartbeats, broker);
    let next = next_standing(p, heartbeats, present, request, registration_offset);
    let (mut records, sweep) = match next {
        _ if next == present => (Vec::new(), None),
        Standing::Fenced | Standing::ShutdownNow => leave(view, broker, Change::Fence),
        Standing::Unfenced => come_back(view, broker),
        Standing::ControlledShutdown => leave(view, broker, Change::BeginControlledShutdown),
    };
    records.extend(directories::plan_reported(view, broker, request));
    let response = BrokerHeartbeatResponse {
        is_caught_up: request.current_metadata_offset >= registration_offset,
        is_fenced: matches!(next, Standing::Fenced | Standing::ShutdownNow),
        should_shut_down: next == Standing::ShutdownNow,
        ..BrokerHeartbeatResponse::default()
    };
    Ok((Planned::new(records, response), sweep))
}

/// Whether a heartbeat of this broker leaves it in controlled shutdown.
pub(crate) fn is_shutting_down(view: View<'_>, id: i32) -> bool {
    view.broker(id).is_some_and(|broker| broker.in_controlled_shutdown && !broker.fenced)
}

fn standing(heartbeats: &Heartbeats, broker: &BrokerRegistration) -> Standing {
    let shutdown = heartbeats.get(broker.id).and_then(|heartbeat| heartbeat.controlled_shutdown_offset);
    match (shutdown, broker.fenced) {
        (Some(_), false) => Standing::ControlledShutdown,
        (_, true) => Standing::Fenced,
        (None, false) => Standing::Unfenced,
    }
}

fn next_standing(
    p: &Planning<'_>,
    heartbeats: &Heartbeats,
    present: Standing,
    request: &BrokerHeartbeatRequest<'_>,
    registration_offset: i64,
) -> Standing {
    let has_leaderships = p.state.indexes().has_leaderships(request.broker_id);
    match present {
        Standing::Fenced if request.want_shut_down => Standing::ShutdownNow,
        Standing::Fenced if request.want_fence => Standing::Fenced,
        Standing::Fenced if request.current_metadata_offset >= registration_offset => Standing::Unfenced,
        Standing::Fenced => Standing::Fenced,
        Standing::Unfenced if request.want_fence && request.want_shut_down => Standing::ShutdownNow,
        Standing::Unfenced if request.want_fence => Standing::Fenced,
        Standing::Unfenced if request.want_shut_down && has_leaderships => Standing::ControlledShutdown,
        Standing::Unfenced if request.want_shut_down => Standing::ShutdownNow,
        Standing::Unfenced => Standing::Unfenced,
        Standing::ControlledShutdown if has_leaderships => Standing::ControlledShutdown,
        Standing::ControlledShutdown => {
            let heartbeat = heartbeats.get(request.broker_id);
            let offset = heartbeat.and_then(|heartbeat| heartbeat.controlled_shutdown_offset);
            if offset.is_none_or(|offset| offset <= heartbeats.lowest_active_offset()) {
                Standing::ShutdownNow
            } else {
                Standing::ControlledShutdown
            }
        }
        Standing::ShutdownNow => Standing::ShutdownNow,
    }
}

/// Fences a broker whose session ran out.
pub(crate) fn fence_expired(view: View<'_>, id: i32, epoch: i64) -> (Vec<Record>, Option<Sweep>) {
    match view.broker(id) {
        Some(broker) if broker.epoch == epoch && !broker.fenced => leave(view, broker, Change::Fence),
        _ => (Vec::new(), None),
    }
}

/// Fences a broker or begins its controlled shutdown, and gives its leaderships away. As in Kafka, a fencing is
/// written after the partitions it changes; if those are more than one step, before them, so that nothing new
/// comes to the broker while the others are gone through.
fn leave(view: View<'_>, broker: &BrokerRegistration, change: Change) -> (Vec<Record>, Option<Sweep>) {
    let mut sweep = Sweep::new(SweepReason::Leaves(broker.id), view);
    let mut first = sweep.step(view);
    let is_known = change == Change::BeginControlledShutdown && broker.in_controlled_shutdown;
    let changed = (!is_known).then(|| registration_change(broker, change));
    if !first.is_last {
        let whole = Sweep::new(SweepReason::Leaves(broker.id), view);
        return (changed.into_iter().collect(), Some(whole));
    }
    let at = if change == Change::Fence { first.records.len() } else { 0 };
    first.records.splice(at..at, changed);
    (first.records, None)
}

/// Unfences a broker; partitions without a leader may have one again.
fn come_back(view: View<'_>, broker: &BrokerRegistration) -> (Vec<Record>, Option<Sweep>) {
    let mut sweep = Sweep::new(SweepReason::Returns(broker.id), view);
    let first = sweep.step(view);
    let mut records = vec![registration_change(broker, Change::Unfence)];
    records.extend(first.records);
    (records, (!first.is_last).then_some(sweep))
}

fn registration_change(broker: &BrokerRegistration, change: Change) -> Record {
    let mut record = BrokerRegistrationChangeRecord {
        broker_id: broker.id,
        broker_epoch: broker.epoch,
        ..BrokerRegistrationChangeRecord::default()
    };
    match change {
        Change::Fence => record.fenced = 1,
        Change::Unfence => record.fenced = -1,
        Change::BeginControlledShutdown => record.in_controlled_shutdown = 1,
    }
    let version = i16::from(change == Change::BeginControlledShutdown);
    Record::new(record, version)
}

/// A plan, or the sweep that must come before it can be made.
pub(crate) type PlanAfterSweep<T> = Result<Result<Planned<T>, Sweep>, ApiError>;

/// What a new incarnation's registration must come after: the partitions of the earlier one are given away, or,
/// if it ended uncleanly, taken out of every ISR and ELR. `None` if that takes more than one step; the sweep must
/// then be done first.
pub(crate) fn end_earlier_incarnation(
    view: View<'_>,
    id: i32,
    ended_cleanly: bool,
    is_swept: bool,
) -> Result<Vec<Record>, Sweep> {
    if is_swept {
        return Ok(Vec::new());
    }
    let elr = view.image().features().has_elr();
    let reason =
        if elr && !ended_cleanly { SweepReason::EndedUncleanly(id) } else { SweepReason::Leaves(id) };
    let mut sweep = Sweep::new(reason, view);
    let step = sweep.step(view);
    if step.is_last { Ok(step.records) } else { Err(Sweep::new(reason, view)) }
}

/// Fences a broker before a long sweep, if it isn't fenced already.
pub(crate) fn fence_before_sweep(view: View<'_>, id: i32) -> Vec<Record> {
    match view.broker(id) {
        Some(broker) if !broker.fenced => vec![registration_change(broker, Change::Fence)],
        _ => Vec::new(),
    }
}

/// Forgets a broker, or says which sweep must come first.
pub(crate) fn plan_unregister(
    view: View<'_>,
    id: i32,
    is_swept: bool,
) -> PlanAfterSweep<UnregisterBrokerResponse<'static>> {
    let Some(broker) = view.broker(id) else {
        let message = format!("Broker ID {id} is not currently registered");
        return Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, message));
    };
    let mut records = match end_earlier_incarnation(view, id, true, is_swept) {
        Ok(records) => records,
        Err(sweep) => return Ok(Err(sweep)),
    };
    records.push(Record::v0(UnregisterBrokerRecord { broker_id: id, broker_epoch: broker.epoch }));
    let response = UnregisterBrokerResponse { error_message: None, ..UnregisterBrokerResponse::default() };
    Ok(Ok(Planned::new(records, response)))
}

/// Brokers that are fenced or shutting down, but still in some ISR: a controller that becomes active goes through
/// their partitions once more, in case its predecessor did not finish.
pub(crate) fn unfinished_sweeps(view: View<'_>) -> Vec<Sweep> {
    let inactive = view.image().cluster().brokers().filter(|broker| !view.is_active(broker.id));
    let with_partitions =
        inactive.filter(|broker| view.state.indexes().topics_of(broker.id, Uuid::ZERO).next().is_some());
    with_partitions.map(|broker| Sweep::new(SweepReason::Leaves(broker.id), view)).collect()
}
