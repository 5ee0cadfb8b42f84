//! UpdateFeatures: finalised feature levels go up and down.

use std::collections::BTreeMap;

use wire::ErrorCode;
use wire::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};
use wire::messages::update_features_response::{UpdatableFeatureResult, UpdateFeaturesResponse};
use wire::metadata_records::feature_level_record::FeatureLevelRecord;

use super::error::ApiError;
use super::plan::{Plan, Planned, Planning, View};
use crate::features::{ELIGIBLE_LEADER_REPLICAS_VERSION, KRAFT_VERSION, METADATA_VERSION, MetadataVersion};
use crate::image::{ConfigResource, ConfigResourceType, SupportedRange, config_record};
use crate::record::Record;

/// How a level may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UpgradeType {
    Upgrade,
    SafeDowngrade,
    UnsafeDowngrade,
}

impl UpgradeType {
    fn from_code(code: i8) -> Option<Self> {
        match code {
            1 => Some(Self::Upgrade),
            2 => Some(Self::SafeDowngrade),
            3 => Some(Self::UnsafeDowngrade),
            _ => None,
        }
    }
}

pub(crate) fn plan(
    p: &Planning<'_>,
    request: &UpdateFeaturesRequest<'_>,
) -> Plan<UpdateFeaturesResponse<'static>> {
    let mut records = Vec::new();
    for update in &request.feature_updates {
        match plan_update(p, &update) {
            Ok(record) => records.extend(record),
            Err(error) => return Ok(Planned::answer(refusal(error))),
        }
    }
    let enables_elr = request
        .feature_updates
        .iter()
        .any(|update| update.feature == ELIGIBLE_LEADER_REPLICAS_VERSION && update.max_version_level > 0);
    if enables_elr {
        records.splice(0..0, settings_for_elr(p.view()));
    }
    if request.validate_only {
        records.clear();
    }
    Ok(Planned::new(records, success(p, request)))
}

fn refusal(error: ApiError) -> UpdateFeaturesResponse<'static> {
    let reason = error.message.unwrap_or_default();
    let message =
        format!("The update failed for all features since the following feature had an error: {reason}");
    UpdateFeaturesResponse {
        error_code: error.code.code(),
        error_message: Some(message.into()),
        ..UpdateFeaturesResponse::default()
    }
}

fn success(p: &Planning<'_>, request: &UpdateFeaturesRequest<'_>) -> UpdateFeaturesResponse<'static> {
    let mut response = UpdateFeaturesResponse { error_message: None, ..UpdateFeaturesResponse::default() };
    if p.context.api_version <= 1 {
        let results = request.feature_updates.iter().map(|update| UpdatableFeatureResult {
            feature: update.feature.into_owned().into(),
            error_code: 0,
            error_message: None,
        });
        response.results = results.collect();
    }
    response
}

fn refuse(feature: &str, level: i16, reason: impl std::fmt::Display) -> ApiError {
    let message = format!("Invalid update version {level} for feature {feature}. {reason}");
    ApiError::new(ErrorCode::InvalidUpdateVersion, message)
}

fn plan_update(p: &Planning<'_>, update: &FeatureUpdateKey<'_>) -> Result<Option<Record>, ApiError> {
    let (feature, level) = (update.feature.as_ref(), update.max_version_level);
    let Some(upgrade) = upgrade_type(p, update) else {
        let reason = "The controller does not support the given upgrade type.";
        return Err(refuse(feature, level, reason));
    };
    let present = match feature {
        METADATA_VERSION => p.version().level(),
        KRAFT_VERSION => p.config.kraft_version,
        _ => p.image().features().level(feature),
    };
    if level < 0 {
        return Err(refuse(feature, level, "A feature version cannot be less than 0."));
    }
    check_support(p.view(), feature, level)?;
    if level < present && upgrade == UpgradeType::Upgrade {
        let reason = "Can't downgrade the version of this feature without setting the upgrade type to either safe or \
                      unsafe downgrade.";
        return Err(refuse(feature, level, reason));
    }
    if level > present && upgrade != UpgradeType::Upgrade {
        return Err(refuse(feature, level, "Can't downgrade to a newer version."));
    }
    match feature {
        METADATA_VERSION => plan_metadata_version(p.version(), level, upgrade).map(Some),
        KRAFT_VERSION if level == present => Ok(None),
        KRAFT_VERSION if level < present => {
            Err(refuse(feature, level, "Can't downgrade the version of this feature."))
        }
        KRAFT_VERSION => {
            Err(refuse(feature, level, "Raft finalises this feature when the quorum is formatted with it."))
        }
        _ => Ok(Some(feature_record(feature, level))),
    }
}

fn upgrade_type(p: &Planning<'_>, update: &FeatureUpdateKey<'_>) -> Option<UpgradeType> {
    match p.context.api_version {
        0 if update.allow_downgrade => Some(UpgradeType::SafeDowngrade),
        0 => Some(UpgradeType::Upgrade),
        _ => UpgradeType::from_code(update.upgrade_type),
    }
}

/// Every node must support the level.
fn check_support(view: View<'_>, feature: &str, level: i16) -> Result<(), ApiError> {
    let node_id = view.config.node_id;
    let local = (format!("Local controller {node_id}"), view.config.supported_features());
    let brokers = view.image().cluster().brokers();
    let brokers = brokers.map(|broker| (format!("Broker {}", broker.id), broker.features.clone()));
    let controllers = view.image().cluster().controllers().filter(|controller| controller.id != node_id);
    let controllers =
        controllers.map(|controller| (format!("Controller {}", controller.id), controller.features.clone()));
    for (who, features) in std::iter::once(local).chain(brokers).chain(controllers) {
        check_node(&who, &features, feature, level)?;
    }
    Ok(())
}

fn check_node(
    who: &str,
    features: &BTreeMap<String, SupportedRange>,
    feature: &str,
    level: i16,
) -> Result<(), ApiError> {
    let range = features.get(feature).copied().unwrap_or(SupportedRange { min: 0, max: 0 });
    if range.contains(level) {
        return Ok(());
    }
    if range.max == 0 {
        return Err(refuse(feature, level, format!("{who} does not support this feature.")));
    }
    let versions =
        if range.min == range.max { range.min.to_string() } else { format!("{}-{}", range.min, range.max) };
    Err(refuse(feature, level, format!("{who} only supports versions {versions}")))
}

fn plan_metadata_version(
    present: MetadataVersion,
    level: i16,
    upgrade: UpgradeType,
) -> Result<Record, ApiError> {
    let refuse = |message| Err(ApiError::new(ErrorCode::InvalidUpdateVersion, message));
    let Some(wanted) = MetadataVersion::from_level(level) else {
        return refuse(format!(
            "Invalid metadata.version {level}. Valid versions are from {} to {}.",
            MetadataVersion::MINIMUM.level(),
            MetadataVersion::LATEST.level()
        ));
    };
    if wanted < present && present.has_other_records_than(wanted) {
        let reason = if upgrade == UpgradeType::UnsafeDowngrade {
            "Unsafe metadata downgrade is not supported in this version."
        } else {
            "Refusing to perform the requested downgrade because it might delete metadata information."
        };
        return refuse(format!(
            "Unsupported metadata.version downgrade from {} to {level}. {reason}",
            present.level()
        ));
    }
    Ok(feature_record(METADATA_VERSION, level))
}

fn feature_record(name: &str, feature_level: i16) -> Record {
    Record::v0(FeatureLevelRecord { name: name.to_owned().into(), feature_level })
}

/// Eligible leader replicas need one minimum of in-sync replicas for the whole cluster.
fn settings_for_elr(view: View<'_>) -> Vec<Record> {
    const MIN_ISR: &str = "min.insync.replicas";
    let configs = view.image().configs();
    let mut records = Vec::new();
    let cluster = ConfigResource::broker_default();
    if configs.value(&cluster, MIN_ISR).is_none() {
        let value = view.config.integer(MIN_ISR).to_string();
        records.push(config_record(&cluster, MIN_ISR, Some(&value)));
    }
    let brokers = configs.iter().filter(|(resource, values)| {
        let is_broker = resource.kind == ConfigResourceType::BROKER && !resource.name.is_empty();
        is_broker && values.contains_key(MIN_ISR)
    });
    records.extend(brokers.map(|(resource, _)| config_record(resource, MIN_ISR, None)));
    records
}
