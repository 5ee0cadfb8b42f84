//! Rules that span several settings of a topic, a group or a client metrics subscription.

use std::collections::BTreeMap;

use super::table::{self, ConfigTable};
use super::validator::ConfigError;
use super::value::Value;
use super::{broker, group_synonym};

/// Why a set of settings is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleViolation {
    /// Kafka's INVALID_CONFIG.
    #[error("{0}")]
    InvalidConfig(String),
    /// Kafka's INVALID_REQUEST.
    #[error("{0}")]
    InvalidRequest(String),
}

impl From<ConfigError> for RuleViolation {
    fn from(error: ConfigError) -> Self {
        Self::InvalidConfig(error.to_string())
    }
}

fn invalid(message: impl Into<String>) -> RuleViolation {
    RuleViolation::InvalidConfig(message.into())
}

type Settings = BTreeMap<String, String>;
type Parsed = BTreeMap<&'static str, Value>;

/// Parses every setting of a table: what is set, else the node's default, else the table's.
fn parse_all(
    table: &ConfigTable,
    set: &Settings,
    default: impl Fn(&str) -> Option<String>,
) -> Result<Parsed, ConfigError> {
    let mut parsed = Parsed::new();
    for def in table.iter() {
        let raw = set.get(def.name).cloned().or_else(|| default(def.name));
        parsed.insert(def.name, table.parse(def.name, raw.as_deref())?);
    }
    Ok(parsed)
}

fn integer(parsed: &Parsed, name: &str) -> i64 {
    parsed.get(name).and_then(Value::as_integer).unwrap_or_default()
}

fn flag(parsed: &Parsed, name: &str) -> bool {
    parsed.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// Checks the settings a topic shall have. `existing` are those it has now, `defaults` those of
/// [`topic_defaults`](super::topic_defaults), `tiered` says whether the node has tiered storage.
///
/// # Errors
/// An unknown name, a value out of range, or settings that contradict each other.
pub fn validate_topic(
    existing: &Settings,
    new: &Settings,
    defaults: &BTreeMap<&'static str, String>,
    tiered: bool,
) -> Result<(), RuleViolation> {
    if let Some(name) = new.keys().find(|name| table::topic().get(name).is_none()) {
        return Err(invalid(format!("Unknown topic config name: {name}")));
    }
    let parsed = parse_all(table::topic(), new, |name| defaults.get(name).cloned())?;
    check_compaction_lag(&parsed)?;
    if flag(&parsed, "remote.storage.enable") {
        check_tiering(&parsed, tiered)
    } else {
        check_end_of_tiering(existing, &parsed)
    }
}

fn check_compaction_lag(parsed: &Parsed) -> Result<(), RuleViolation> {
    let (min, max) = (integer(parsed, "min.compaction.lag.ms"), integer(parsed, "max.compaction.lag.ms"));
    if min <= max {
        return Ok(());
    }
    Err(invalid(format!(
        "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
    )))
}

fn check_tiering(parsed: &Parsed, tiered: bool) -> Result<(), RuleViolation> {
    if !tiered {
        return Err(invalid(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log \
             storage.",
        ));
    }
    let policy = parsed.get("cleanup.policy").and_then(Value::as_list).unwrap_or_default();
    if !policy.is_empty() && policy != ["delete"] {
        return Err(invalid(
            "Remote log storage only supports topics with cleanup.policy=delete or cleanup.policy being an empty \
             list.",
        ));
    }
    for (local, whole) in
        [("local.retention.bytes", "retention.bytes"), ("local.retention.ms", "retention.ms")]
    {
        check_local_retention(parsed, local, whole)?;
    }
    Ok(())
}

fn check_local_retention(parsed: &Parsed, local: &str, whole: &str) -> Result<(), RuleViolation> {
    let (kept, limit) = (integer(parsed, local), integer(parsed, whole));
    if limit > -1 && kept == -1 {
        let reason = format!("Value must not be -1 as {whole} value is set as {limit}.");
        return Err(ConfigError::invalid(local, kept, reason).into());
    }
    if limit > -1 && kept > limit {
        let reason = format!("Value must not be more than {whole} property value: {limit}");
        return Err(ConfigError::invalid(local, kept, reason).into());
    }
    if flag(parsed, "remote.log.copy.disable") && kept != -2 && kept != limit {
        return Err(invalid(format!(
            "When `remote.log.copy.disable` is set to true, the `{local}` and `{whole}` must be set to the \
             identical value because there will be no more logs copied to the remote storage."
        )));
    }
    Ok(())
}

fn check_end_of_tiering(existing: &Settings, parsed: &Parsed) -> Result<(), RuleViolation> {
    let was_tiered = existing.get("remote.storage.enable").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    if !was_tiered || flag(parsed, "remote.log.delete.on.disable") {
        return Ok(());
    }
    Err(invalid(
        "It is invalid to disable remote storage without deleting remote data. If you want to keep the remote data \
         and turn to read only, please set `remote.storage.enable=true,remote.log.copy.disable=true`. If you want \
         to disable remote storage and delete all remote data, please set \
         `remote.storage.enable=false,remote.log.delete.on.disable=true`.",
    ))
}

/// Limits of a group setting, by the names of the broker settings that hold them.
struct GroupLimit {
    name: &'static str,
    min: Option<&'static str>,
    max: Option<&'static str>,
    /// The interval between assignments was added later: a broker default out of range does not refuse a change.
    only_when_set: bool,
}

const fn limit(name: &'static str, min: &'static str, max: &'static str) -> GroupLimit {
    GroupLimit { name, min: Some(min), max: Some(max), only_when_set: false }
}

const fn limit_when_set(name: &'static str, min: &'static str, max: &'static str) -> GroupLimit {
    GroupLimit { only_when_set: true, ..limit(name, min, max) }
}

#[rustfmt::skip]
const GROUP_LIMITS: &[GroupLimit] = &[
    limit("consumer.heartbeat.interval.ms", "group.consumer.min.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"),
    limit("consumer.session.timeout.ms", "group.consumer.min.session.timeout.ms", "group.consumer.max.session.timeout.ms"),
    limit_when_set("consumer.assignment.interval.ms", "group.consumer.min.assignment.interval.ms", "group.consumer.max.assignment.interval.ms"),
    limit("share.heartbeat.interval.ms", "group.share.min.heartbeat.interval.ms", "group.share.max.heartbeat.interval.ms"),
    limit("share.session.timeout.ms", "group.share.min.session.timeout.ms", "group.share.max.session.timeout.ms"),
    limit("share.record.lock.duration.ms", "group.share.min.record.lock.duration.ms", "group.share.max.record.lock.duration.ms"),
    limit("share.delivery.count.limit", "group.share.min.delivery.count.limit", "group.share.max.delivery.count.limit"),
    limit("share.partition.max.record.locks", "group.share.min.partition.max.record.locks", "group.share.max.partition.max.record.locks"),
    limit_when_set("share.assignment.interval.ms", "group.share.min.assignment.interval.ms", "group.share.max.assignment.interval.ms"),
    limit("streams.heartbeat.interval.ms", "group.streams.min.heartbeat.interval.ms", "group.streams.max.heartbeat.interval.ms"),
    limit("streams.session.timeout.ms", "group.streams.min.session.timeout.ms", "group.streams.max.session.timeout.ms"),
    GroupLimit { min: None, ..limit("streams.num.standby.replicas", "", "group.streams.max.standby.replicas") },
    limit_when_set("streams.assignment.interval.ms", "group.streams.min.assignment.interval.ms", "group.streams.max.assignment.interval.ms"),
];

/// Checks the settings a group shall have, on a node whose explicit broker settings `set` returns.
///
/// # Errors
/// An unknown name, a value out of its type's range or of the broker's limits, or a session timeout that is not
/// longer than the heartbeat interval.
pub fn validate_group(new: &Settings, set: impl Fn(&str) -> Option<String>) -> Result<(), RuleViolation> {
    if let Some(name) = new.keys().find(|name| table::group().get(name).is_none()) {
        return Err(invalid(format!("Unknown group config name: {name}")));
    }
    let parsed = parse_all(table::group(), new, |name| set(&group_synonym(name)?))?;
    for limit in GROUP_LIMITS {
        if !limit.only_when_set || new.contains_key(limit.name) {
            check_group_limit(limit, integer(&parsed, limit.name), &set)?;
        }
    }
    for kind in ["consumer", "share", "streams"] {
        let (session, heartbeat) =
            (format!("{kind}.session.timeout.ms"), format!("{kind}.heartbeat.interval.ms"));
        if integer(&parsed, &session) <= integer(&parsed, &heartbeat) {
            return Err(invalid(format!("{session} must be greater than {heartbeat}")));
        }
    }
    Ok(())
}

fn check_group_limit(
    limit: &GroupLimit,
    value: i64,
    set: impl Fn(&str) -> Option<String>,
) -> Result<(), RuleViolation> {
    let of_broker = |name: &str| -> Result<i64, ConfigError> {
        Ok(broker().parse(name, set(name).as_deref())?.as_integer().unwrap_or_default())
    };
    if let Some(min) = limit.min
        && value < of_broker(min)?
    {
        return Err(invalid(format!("{} must be greater than or equal to {min}", limit.name)));
    }
    if let Some(max) = limit.max
        && value > of_broker(max)?
    {
        return Err(invalid(format!("{} must be less than or equal to {max}", limit.name)));
    }
    Ok(())
}

/// What a client metrics subscription may match on (KIP-714).
const MATCH_SELECTORS: &[&str] = &[
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// Checks the settings of the client metrics subscription `subscription`.
///
/// # Errors
/// An empty or unknown name, a push interval outside of 100 ms to one hour, or a match entry that is not
/// `selector=pattern`.
pub fn validate_client_metrics(subscription: &str, new: &Settings) -> Result<(), RuleViolation> {
    if subscription.is_empty() {
        return Err(RuleViolation::InvalidRequest("Subscription name can't be empty".to_owned()));
    }
    if let Some(name) = new.keys().find(|name| table::client_metrics().get(name).is_none()) {
        return Err(RuleViolation::InvalidRequest(format!("Unknown client metrics configuration: {name}")));
    }
    let parsed = parse_all(table::client_metrics(), new, |_| None)?;
    let interval_ms = integer(&parsed, "interval.ms");
    if !(100..=3_600_000).contains(&interval_ms) {
        return Err(RuleViolation::InvalidRequest(format!(
            "Invalid value {interval_ms} for interval.ms, interval must be between 100 and 3600000 (1 hour)"
        )));
    }
    for entry in parsed.get("match").and_then(Value::as_list).unwrap_or_default() {
        let selector =
            entry.split_once('=').filter(|(_, pattern)| !pattern.is_empty() && !pattern.contains('='));
        if !selector.is_some_and(|(name, _)| MATCH_SELECTORS.contains(&name.trim())) {
            return Err(invalid(format!("Illegal client matching pattern: {entry}")));
        }
    }
    Ok(())
}
