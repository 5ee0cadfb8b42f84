//! What settings a resource may have.

use wire::ErrorCode;

use super::configs::Changes;
use super::error::ApiError;
use super::plan::View;
use super::topic_names::validate_topic_name;
use crate::config_defs::{self, UpdateMode};
use crate::image::{ConfigResource, ConfigResourceType, ConfigValues};
use crate::limits::CONFIG_VALUE_LENGTH;

const CORDONED_LOG_DIRS: &str = "cordoned.log.dirs";
const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidConfig, message)
}

/// Rules about single changes.
pub(crate) fn check_changes(
    view: View<'_>,
    resource: &ConfigResource,
    changes: &Changes,
) -> Result<(), ApiError> {
    for (name, value) in changes {
        if resource.kind == ConfigResourceType::BROKER {
            check_min_isr(view, resource, name, value.as_deref())?;
            check_cordoned(view, name)?;
        }
        let length = value.as_ref().map_or(0, |value| value.encode_utf16().count());
        if length > CONFIG_VALUE_LENGTH {
            return Err(invalid(format!(
                "The configuration value cannot be added because it exceeds the maximum value size of \
                 {CONFIG_VALUE_LENGTH} bytes."
            )));
        }
    }
    Ok(())
}

/// While replicas outside of the ISR can be eligible, every broker must agree on the minimum (KIP-966).
fn check_min_isr(
    view: View<'_>,
    resource: &ConfigResource,
    name: &str,
    value: Option<&str>,
) -> Result<(), ApiError> {
    if name != MIN_INSYNC_REPLICAS || !view.image().features().has_elr() {
        return Ok(());
    }
    if !resource.name.is_empty() {
        return Err(invalid("Broker-level min.insync.replicas cannot be altered while ELR is enabled."));
    }
    if value.is_none() {
        return Err(invalid("Cluster-level min.insync.replicas cannot be removed while ELR is enabled."));
    }
    Ok(())
}

fn check_cordoned(view: View<'_>, name: &str) -> Result<(), ApiError> {
    let version = view.image().features().metadata_version_or_minimum();
    if name != CORDONED_LOG_DIRS || version.has_cordoned_log_dirs() {
        return Ok(());
    }
    Err(invalid(
        "The cordoned.log.dirs configuration value cannot be set because it requires metadata.version >= 4.3-IV0",
    ))
}

/// Rules about all settings that the resource would have.
pub(crate) fn check_resource(
    view: View<'_>,
    resource: &ConfigResource,
    existing: &ConfigValues,
    after: &ConfigValues,
) -> Result<(), ApiError> {
    let name = &*resource.name;
    match resource.kind {
        ConfigResourceType::TOPIC => {
            if name.is_empty() {
                return Err(ApiError::invalid_request("Default topic resources are not allowed."));
            }
            validate_topic_name(name)?;
            let tiered = view.config.flag("remote.log.storage.system.enable");
            config_defs::validate_topic(existing, after, &view.topic_defaults(), tiered)?;
        }
        ConfigResourceType::BROKER => {
            check_broker_name(name)?;
            check_broker_settings(name, after)?;
        }
        ConfigResourceType::CLIENT_METRICS => config_defs::validate_client_metrics(name, after)?,
        ConfigResourceType::GROUP => {
            if name.is_empty() {
                return Err(ApiError::invalid_request("Default group resources are not allowed."));
            }
            config_defs::validate_group(after, |setting| view.broker_setting(setting))?;
        }
        other => {
            let message = format!("Unknown resource type {}", other.name());
            return Err(ApiError::invalid_request(message));
        }
    }
    Ok(())
}

fn check_broker_name(name: &str) -> Result<(), ApiError> {
    if name.is_empty() {
        return Ok(());
    }
    match name.parse::<i32>() {
        Ok(id) if id >= 0 => Ok(()),
        Ok(_) => Err(ApiError::invalid_request("Invalid negative broker ID.")),
        Err(_) => Err(ApiError::invalid_request("Unable to parse broker name as a base 10 number.")),
    }
}

/// Settings that a running broker takes: of Kafka's, only the dynamic ones; names that are none of Kafka's pass,
/// since plug-ins have settings of their own.
fn check_broker_settings(broker: &str, settings: &ConfigValues) -> Result<(), ApiError> {
    let names = || settings.keys().map(String::as_str);
    let fixed = names().filter(|name| {
        config_defs::broker().get(name).is_some_and(|def| def.update_mode == UpdateMode::ReadOnly)
    });
    refuse_if_any(fixed, "Cannot update these configs dynamically")?;
    let without_listener = names().filter(|name| is_store_of_a_listener(name));
    refuse_if_any(
        without_listener,
        "These security configs can be dynamically updated only per-listener using the listener prefix",
    )?;
    for (name, value) in settings {
        let base = config_defs::without_listener(name).unwrap_or(name);
        if let Some(def) = config_defs::dynamic_broker().get(base) {
            def.parse(Some(value)).map_err(|error| ApiError::invalid_request(error.to_string()))?;
        }
    }
    if broker.is_empty() {
        let single = names().filter(|name| is_of_one_broker(name));
        refuse_if_any(
            single,
            "Cannot update these configs at default cluster level, broker id must be specified",
        )?;
    }
    Ok(())
}

fn refuse_if_any<'n>(names: impl Iterator<Item = &'n str>, reason: &str) -> Result<(), ApiError> {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid_request(format!("{reason}: [{}]", names.join(", "))))
}

/// Key and trust stores belong to a listener.
fn is_store_of_a_listener(name: &str) -> bool {
    name.starts_with("ssl.keystore.") || name.starts_with("ssl.truststore.") || name == "ssl.key.password"
}

fn is_of_one_broker(name: &str) -> bool {
    const OF_ALL_LISTENERS: &[&str] =
        &["max.connections", "max.connection.creation.rate", "num.network.threads"];
    match config_defs::without_listener(name) {
        Some(base) => !OF_ALL_LISTENERS.contains(&base),
        None => {
            let def = config_defs::dynamic_broker().get(name);
            def.is_some_and(|def| def.update_mode == UpdateMode::PerBroker)
        }
    }
}

/// Whether what is to be configured exists. Groups and subscriptions may be configured before they do.
pub(crate) fn check_existence(view: View<'_>, resource: &ConfigResource) -> Result<(), ApiError> {
    match resource.kind {
        ConfigResourceType::TOPIC if view.image().topics().by_name(&resource.name).is_none() => {
            let message = format!("The topic '{}' does not exist.", resource.name);
            Err(ApiError::new(ErrorCode::UnknownTopicOrPartition, message))
        }
        ConfigResourceType::BROKER => match resource.name.parse() {
            Ok(id) if view.broker(id).is_none() && view.image().cluster().controller(id).is_none() => {
                let message = format!("No node with id {id} found.");
                Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, message))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
