//! IncrementalAlterConfigs and AlterConfigs: dynamic settings of topics, brokers, groups and client metrics.

use std::collections::{BTreeMap, BTreeSet};

use wire::ErrorCode;
use wire::messages::alter_configs_request::{AlterConfigsRequest, AlterableConfig as LegacyConfig};
use wire::messages::alter_configs_response::{
    AlterConfigsResourceResponse as LegacyResult, AlterConfigsResponse,
};
use wire::messages::incremental_alter_configs_request::{AlterableConfig, IncrementalAlterConfigsRequest};
use wire::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};
use wire::metadata_records::clear_elr_record::ClearElrRecord;

use super::config_rules;
use super::error::ApiError;
use super::plan::{Plan, Planned, Planning, View};
use crate::config_defs::{self, ConfigType, Default as ConfigDefault};
use crate::image::{ConfigResource, ConfigResourceType, ConfigValues, config_record};
use crate::limits::RECORDS_PER_REQUEST;
use crate::record::Record;

const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";

/// Operations of IncrementalAlterConfigs.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// New values of settings, `None` taking one away.
pub(super) type Changes = BTreeMap<String, Option<String>>;

pub(crate) fn plan_incremental(
    p: &Planning<'_>,
    request: &IncrementalAlterConfigsRequest<'_>,
) -> Plan<IncrementalAlterConfigsResponse<'static>> {
    let resources = request.resources.iter().map(|resource| {
        let kind = ConfigResourceType(resource.resource_type);
        let resource_key = ConfigResource::new(kind, &resource.resource_name);
        (resource_key, resource.configs.to_vec())
    });
    let change = |resource: &ConfigResource, configs: &Vec<AlterableConfig<'_>>| {
        changes_of_operations(p.view(), resource, configs)
    };
    let (records, results) = plan_resources(p.view(), &resources.collect::<Vec<_>>(), change)?;
    let responses = results.into_iter().map(|(resource, error)| {
        let (error_code, error_message) = error.map_or((0, None), ApiError::fields);
        let resource_name = resource.name.to_string().into();
        AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type: resource.kind.0,
            resource_name,
        }
    });
    let response = IncrementalAlterConfigsResponse { throttle_time_ms: 0, responses: responses.collect() };
    Ok(Planned::new(unless_validating(records, request.validate_only), response))
}

pub(crate) fn plan_legacy(
    p: &Planning<'_>,
    request: &AlterConfigsRequest<'_>,
) -> Plan<AlterConfigsResponse<'static>> {
    let resources = request.resources.iter().map(|resource| {
        let kind = ConfigResourceType(resource.resource_type);
        (ConfigResource::new(kind, &resource.resource_name), resource.configs.to_vec())
    });
    let change = |resource: &ConfigResource, configs: &Vec<LegacyConfig<'_>>| {
        changes_of_replacement(p.view(), resource, configs)
    };
    let (records, results) = plan_resources(p.view(), &resources.collect::<Vec<_>>(), change)?;
    let responses = results.into_iter().map(|(resource, error)| {
        let (error_code, error_message) = error.map_or((0, None), ApiError::fields);
        let resource_name = resource.name.to_string().into();
        LegacyResult { error_code, error_message, resource_type: resource.kind.0, resource_name }
    });
    let response = AlterConfigsResponse { throttle_time_ms: 0, responses: responses.collect() };
    Ok(Planned::new(unless_validating(records, request.validate_only), response))
}

fn unless_validating(records: Vec<Record>, validate_only: bool) -> Vec<Record> {
    if validate_only { Vec::new() } else { records }
}

type Results = Vec<(ConfigResource, Option<ApiError>)>;

/// Plans each resource once; `change` says what a resource's part of the request amounts to.
fn plan_resources<T>(
    view: View<'_>,
    resources: &[(ConfigResource, T)],
    change: impl Fn(&ConfigResource, &T) -> Result<Changes, ApiError>,
) -> Result<(Vec<Record>, Results), ApiError> {
    let mut records = Vec::new();
    let mut results = Results::new();
    for (resource, wanted) in resources {
        let outcome = if resource.kind.name() == "UNKNOWN" {
            Err(ApiError::invalid_request(format!("Unknown resource type {}", resource.kind.0)))
        } else if resources.iter().filter(|(other, _)| other == resource).count() > 1 {
            Err(ApiError::invalid_request("Each resource must appear at most once."))
        } else {
            change(resource, wanted).and_then(|changes| plan_changes(view, resource, &changes, false))
        };
        match outcome {
            Ok(planned) => {
                records.extend(planned);
                results.push((resource.clone(), None));
            }
            Err(error) => results.push((resource.clone(), Some(error))),
        }
        if records.len() > RECORDS_PER_REQUEST {
            return Err(ApiError::too_many_records());
        }
    }
    Ok((records, results))
}

/// Each setting must be named once, and have a value unless it is taken away.
fn check_values<'c>(configs: impl Iterator<Item = (&'c str, bool)>) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    let mut without_value = Vec::new();
    for (name, is_complete) in configs {
        if !names.insert(name) {
            return Err(ApiError::invalid_request("Error due to duplicate config keys"));
        }
        if !is_complete {
            without_value.push(name);
        }
    }
    if without_value.is_empty() {
        return Ok(());
    }
    let message = format!("Null value not supported for : {}", without_value.join(", "));
    Err(ApiError::invalid_request(message))
}

/// Settings of a topic that is being created.
pub(crate) fn plan_new_resource(
    view: View<'_>,
    resource: &ConfigResource,
    settings: &ConfigValues,
) -> Result<Vec<Record>, ApiError> {
    let changes: Changes = settings.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    plan_changes(view, resource, &changes, true)
}

/// Checks changes and turns them into records. A value of a broker is written even if it is the present one: it
/// makes brokers read key stores again.
fn plan_changes(
    view: View<'_>,
    resource: &ConfigResource,
    changes: &Changes,
    is_new: bool,
) -> Result<Vec<Record>, ApiError> {
    let existing = view.image().configs().of(resource);
    config_rules::check_changes(view, resource, changes)?;
    let mut after = (*existing).clone();
    for (name, value) in changes {
        match value {
            Some(value) => {
                after.insert(name.clone(), value.clone());
            }
            None => {
                after.remove(name);
            }
        }
    }
    config_rules::check_resource(view, resource, &existing, &after)?;
    if !is_new {
        config_rules::check_existence(view, resource)?;
    }
    let is_change = |name: &String, value: &Option<String>| {
        resource.kind == ConfigResourceType::BROKER || existing.get(name) != value.as_ref()
    };
    let written = changes.iter().filter(|(name, value)| is_change(name, value));
    let mut records: Vec<Record> =
        written.map(|(name, value)| config_record(resource, name, value.as_deref())).collect();
    let touches_min_isr =
        changes.iter().any(|(name, value)| name == MIN_INSYNC_REPLICAS && is_change(name, value));
    if touches_min_isr && view.image().features().has_elr() {
        let is_topic = resource.kind == ConfigResourceType::TOPIC;
        let topic_name = if is_topic { resource.name.to_string().into() } else { "".into() };
        records.push(Record::v0(ClearElrRecord { topic_name }));
    }
    Ok(records)
}

/// What the operations of one resource amount to.
fn changes_of_operations(
    view: View<'_>,
    resource: &ConfigResource,
    configs: &[AlterableConfig<'_>],
) -> Result<Changes, ApiError> {
    let is_complete = |c: &AlterableConfig<'_>| c.value.is_some() || c.config_operation == DELETE;
    check_values(configs.iter().map(|config| (config.name.as_ref(), is_complete(config))))?;
    let existing = view.image().configs().of(resource);
    let mut changes = Changes::new();
    for config in configs {
        let name = config.name.as_ref();
        let value = config.value.as_deref();
        let new = match config.config_operation {
            SET => value.map(str::to_owned),
            DELETE => None,
            APPEND => {
                Some(append(&parts(view, resource, &existing, name, "APPEND")?, value.unwrap_or_default()))
            }
            SUBTRACT => {
                Some(subtract(parts(view, resource, &existing, name, "SUBTRACT")?, value.unwrap_or_default()))
            }
            other => {
                return Err(ApiError::invalid_request(format!(
                    "Unknown operation {other} on config {name}."
                )));
            }
        };
        changes.insert(name.to_owned(), new);
    }
    Ok(changes)
}

/// Entries of a list that an operation adds to or takes from.
fn parts(
    view: View<'_>,
    resource: &ConfigResource,
    existing: &ConfigValues,
    name: &str,
    operation: &str,
) -> Result<Vec<String>, ApiError> {
    let def = match resource.kind {
        ConfigResourceType::TOPIC => config_defs::topic().get(name),
        ConfigResourceType::BROKER => {
            config_defs::broker().get(config_defs::without_listener(name).unwrap_or(name))
        }
        ConfigResourceType::GROUP => config_defs::group().get(name),
        ConfigResourceType::CLIENT_METRICS => config_defs::client_metrics().get(name),
        _ => None,
    };
    let Some(def) = def.filter(|def| def.kind == ConfigType::List) else {
        let message = format!("Can't {operation} to key {name} because its type is not LIST.");
        return Err(ApiError::new(ErrorCode::InvalidConfig, message));
    };
    let default = match (resource.kind, def.default) {
        (ConfigResourceType::TOPIC, _) => view.effective_topic_setting(&ConfigValues::new(), name).0,
        (_, ConfigDefault::Value(text)) => Some(text.to_owned()),
        (_, ConfigDefault::Null | ConfigDefault::Required) => None,
    };
    let present = existing.get(name).cloned().or(default).unwrap_or_default();
    Ok(present.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

fn append(parts: &[String], value: &str) -> String {
    let mut parts = parts.to_vec();
    for new in value.split(',') {
        if !parts.iter().any(|part| part == new) {
            parts.push(new.to_owned());
        }
    }
    parts.join(",")
}

fn subtract(mut parts: Vec<String>, value: &str) -> String {
    for gone in value.split(',') {
        if let Some(at) = parts.iter().position(|part| part == gone) {
            parts.remove(at);
        }
    }
    parts.join(",")
}

/// What replacing all settings amounts to: what is not named goes back to its default.
fn changes_of_replacement(
    view: View<'_>,
    resource: &ConfigResource,
    configs: &[LegacyConfig<'_>],
) -> Result<Changes, ApiError> {
    check_values(configs.iter().map(|config| (config.name.as_ref(), config.value.is_some())))?;
    let value = |config: &LegacyConfig<'_>| config.value.as_ref().map(|value| value.to_string());
    let mut changes: Changes =
        configs.iter().map(|config| (config.name.to_string(), value(config))).collect();
    for name in view.image().configs().of(resource).keys() {
        changes.entry(name.clone()).or_insert(None);
    }
    Ok(changes)
}
