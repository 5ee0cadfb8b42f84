//! Registration of brokers and controllers.

use std::collections::{BTreeMap, BTreeSet};

use wire::messages::broker_registration_request::{BrokerRegistrationRequest, Feature};
use wire::messages::broker_registration_response::BrokerRegistrationResponse;
use wire::messages::controller_registration_request::ControllerRegistrationRequest;
use wire::messages::controller_registration_response::ControllerRegistrationResponse;
use wire::{ErrorCode, Uuid};

use super::error::ApiError;
use super::heartbeats::Heartbeats;
use super::lifecycle::{self, PlanAfterSweep};
use super::plan::{Plan, Planned, Planning};
use crate::features::{KRAFT_VERSION, METADATA_VERSION};
use crate::image::{BrokerRegistration, ControllerRegistration, Listener, SupportedRange, directory_id};

/// The version from which a broker tells the epoch it had before it stopped cleanly.
const PREVIOUS_EPOCH_SINCE: i16 = 3;

/// Registers a broker, fenced. The offset of its record, which follows `next_offset`, becomes the epoch of a new
/// incarnation. `is_swept` says that the earlier incarnation's partitions have been gone through already.
pub(crate) fn plan_broker(
    p: &Planning<'_>,
    heartbeats: &Heartbeats,
    next_offset: i64,
    is_swept: bool,
    request: &BrokerRegistrationRequest<'_>,
) -> PlanAfterSweep<BrokerRegistrationResponse> {
    check_cluster(p, request)?;
    let existing = p.view().broker(request.broker_id);
    check_session(p, heartbeats, existing, request)?;
    if request.is_migrating_zk_broker {
        let message = "Controller does not support registering ZK brokers.";
        return Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, message));
    }
    check_directories(p, request)?;
    check_features(p, request)?;
    let mut registration = registration(p, request);
    let mut records = Vec::new();
    match existing.filter(|existing| existing.incarnation_id == request.incarnation_id) {
        Some(same) => {
            registration.epoch = same.epoch;
            registration.fenced = same.fenced;
            registration.in_controlled_shutdown = same.in_controlled_shutdown;
        }
        None => {
            let is_clean = p.context.api_version >= PREVIOUS_EPOCH_SINCE
                && existing.is_some_and(|existing| existing.epoch == request.previous_broker_epoch);
            match lifecycle::end_earlier_incarnation(p.view(), request.broker_id, is_clean, is_swept) {
                Ok(changes) => records = changes,
                Err(sweep) => return Ok(Err(sweep)),
            }
            registration.epoch = next_offset + records.len() as i64;
        }
    }
    let broker_epoch = registration.epoch;
    records.push(registration.to_record(p.version()));
    let response = BrokerRegistrationResponse { broker_epoch, ..BrokerRegistrationResponse::default() };
    Ok(Ok(Planned::new(records, response)))
}

fn check_cluster(p: &Planning<'_>, request: &BrokerRegistrationRequest<'_>) -> Result<(), ApiError> {
    let (expected, given) = (&p.config.cluster_id, &request.cluster_id);
    if expected == given {
        return Ok(());
    }
    let message = format!("Expected cluster ID {expected}, but got cluster ID {given}");
    Err(ApiError::new(ErrorCode::InconsistentClusterId, message))
}

/// A live incarnation shuts out another one under the same id.
fn check_session(
    p: &Planning<'_>,
    heartbeats: &Heartbeats,
    existing: Option<&BrokerRegistration>,
    request: &BrokerRegistrationRequest<'_>,
) -> Result<(), ApiError> {
    let Some(existing) = existing else { return Ok(()) };
    let is_own = p.context.local && request.broker_id == p.config.node_id;
    let has_session = heartbeats.has_session(existing.id, existing.epoch, p.now_ms);
    if is_own || !has_session || existing.incarnation_id == request.incarnation_id {
        return Ok(());
    }
    let message = "Another broker is registered with that broker id. If the broker was recently restarted this \
                   should self-resolve once the heartbeat manager expires the broker's session.";
    Err(ApiError::new(ErrorCode::DuplicateBrokerRegistration, message))
}

fn check_directories(p: &Planning<'_>, request: &BrokerRegistrationRequest<'_>) -> Result<(), ApiError> {
    if !p.version().has_directory_assignment() {
        return Ok(());
    }
    let refuse = |message: &str| Err(ApiError::new(ErrorCode::InvalidRegistration, message));
    if request.log_dirs.is_empty() {
        return refuse("No directories specified in request");
    }
    if request.log_dirs.iter().any(directory_id::is_reserved) {
        return refuse("Reserved directory ID in request");
    }
    let directories: BTreeSet<Uuid> = request.log_dirs.iter().collect();
    if directories.len() != request.log_dirs.len() {
        return refuse("Duplicate directory ID in request");
    }
    for broker in p.image().cluster().brokers().filter(|broker| broker.id != request.broker_id) {
        if let Some(shared) = broker.directories.iter().find(|directory| directories.contains(directory)) {
            let message = format!("Broker {} is already registered with directory {shared}", broker.id);
            return refuse(&message);
        }
    }
    Ok(())
}

/// A broker must support every feature at the level the cluster has finalised.
fn check_features(p: &Planning<'_>, request: &BrokerRegistrationRequest<'_>) -> Result<(), ApiError> {
    let mut finalised: BTreeMap<String, i16> =
        p.image().features().levels().map(|(name, level)| (name.to_owned(), level)).collect();
    finalised.insert(METADATA_VERSION.to_owned(), p.version().level());
    finalised.insert(KRAFT_VERSION.to_owned(), p.config.kraft_version);
    for feature in &request.features {
        let level = finalised.remove(feature.name.as_ref()).unwrap_or(0);
        check_feature(level, &feature)?;
    }
    if finalised.contains_key(METADATA_VERSION) {
        let message = "Request features do not contain 'metadata.version'";
        return Err(ApiError::new(ErrorCode::InvalidRegistration, message));
    }
    for (name, level) in finalised.into_iter().filter(|(_, level)| *level != 0) {
        check_feature(level, &Feature { name: name.into(), ..Feature::default() })?;
    }
    Ok(())
}

fn check_feature(level: i16, feature: &Feature<'_>) -> Result<(), ApiError> {
    let range = SupportedRange { min: feature.min_supported_version, max: feature.max_supported_version };
    if range.contains(level) {
        return Ok(());
    }
    let message = format!(
        "Unable to register because the broker does not support finalized version {level} of {}. The broker wants a \
         version between {} and {}, inclusive.",
        feature.name, range.min, range.max
    );
    Err(ApiError::new(ErrorCode::UnsupportedVersion, message))
}

fn registration(p: &Planning<'_>, request: &BrokerRegistrationRequest<'_>) -> BrokerRegistration {
    let listeners = request.listeners.iter().map(|listener| Listener {
        name: listener.name.into_owned(),
        host: listener.host.into_owned(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    });
    let features = request.features.iter().map(|feature| {
        let range = SupportedRange { min: feature.min_supported_version, max: feature.max_supported_version };
        (feature.name.into_owned(), range)
    });
    let has_directories = p.version().has_directory_assignment();
    BrokerRegistration {
        id: request.broker_id,
        epoch: -1,
        incarnation_id: request.incarnation_id,
        is_migrating_zk_broker: false,
        listeners: listeners.collect(),
        features: features.collect(),
        rack: request.rack.as_ref().map(|rack| rack.to_string()),
        fenced: true,
        in_controlled_shutdown: false,
        directories: if has_directories { request.log_dirs.to_vec() } else { Vec::new() },
        cordoned_directories: None,
    }
}

/// Registers a controller.
pub(crate) fn plan_controller(
    p: &Planning<'_>,
    request: &ControllerRegistrationRequest<'_>,
) -> Plan<ControllerRegistrationResponse<'static>> {
    if !p.version().has_controller_registration() {
        let message = "The current MetadataVersion is too old to support controller registrations.";
        return Err(ApiError::new(ErrorCode::UnsupportedVersion, message));
    }
    let listeners = request.listeners.iter().map(|listener| Listener {
        name: listener.name.into_owned(),
        host: listener.host.into_owned(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    });
    let features = request.features.iter().map(|feature| {
        let range = SupportedRange { min: feature.min_supported_version, max: feature.max_supported_version };
        (feature.name.into_owned(), range)
    });
    let registration = ControllerRegistration {
        id: request.controller_id,
        incarnation_id: request.incarnation_id,
        zk_migration_ready: false,
        listeners: listeners.collect(),
        features: features.collect(),
    };
    let response =
        ControllerRegistrationResponse { error_message: None, ..ControllerRegistrationResponse::default() };
    Ok(Planned::new(vec![registration.to_record()], response))
}
