//! Which broker settings stand behind a topic or group setting.

use std::collections::BTreeMap;

use super::def::Default;
use super::table;

/// Factor between a broker setting and the topic setting it stands behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The value is taken as it is.
    Same,
    /// Minutes become milliseconds.
    Minutes,
    /// Hours become milliseconds.
    Hours,
}

impl Unit {
    fn convert(self, raw: &str) -> String {
        let factor = match self {
            Self::Same => return raw.to_owned(),
            Self::Minutes => 60_000,
            Self::Hours => 3_600_000,
        };
        match raw.trim().parse::<i64>() {
            Ok(number) => number.saturating_mul(factor).to_string(),
            Err(_) => raw.to_owned(),
        }
    }
}

/// A broker setting that gives a topic setting its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicSynonym {
    /// Name of the broker setting.
    pub broker: &'static str,
    /// How its value is converted.
    pub unit: Unit,
}

const fn same(broker: &'static str) -> TopicSynonym {
    TopicSynonym { broker, unit: Unit::Same }
}

const fn minutes(broker: &'static str) -> TopicSynonym {
    TopicSynonym { broker, unit: Unit::Minutes }
}

const fn hours(broker: &'static str) -> TopicSynonym {
    TopicSynonym { broker, unit: Unit::Hours }
}

/// Topic setting, and the broker settings behind it: the first one that is set wins.
const TOPIC_SYNONYMS: &[(&str, &[TopicSynonym])] = &[
    ("cleanup.policy", &[same("log.cleanup.policy")]),
    ("compression.gzip.level", &[same("compression.gzip.level")]),
    ("compression.lz4.level", &[same("compression.lz4.level")]),
    ("compression.type", &[same("compression.type")]),
    ("compression.zstd.level", &[same("compression.zstd.level")]),
    ("delete.retention.ms", &[same("log.cleaner.delete.retention.ms")]),
    ("file.delete.delay.ms", &[same("log.segment.delete.delay.ms")]),
    ("flush.messages", &[same("log.flush.interval.messages")]),
    ("flush.ms", &[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")]),
    ("index.interval.bytes", &[same("log.index.interval.bytes")]),
    ("local.retention.bytes", &[same("log.local.retention.bytes")]),
    ("local.retention.ms", &[same("log.local.retention.ms")]),
    ("max.compaction.lag.ms", &[same("log.cleaner.max.compaction.lag.ms")]),
    ("max.message.bytes", &[same("message.max.bytes")]),
    ("message.timestamp.after.max.ms", &[same("log.message.timestamp.after.max.ms")]),
    ("message.timestamp.before.max.ms", &[same("log.message.timestamp.before.max.ms")]),
    ("message.timestamp.type", &[same("log.message.timestamp.type")]),
    ("min.cleanable.dirty.ratio", &[same("log.cleaner.min.cleanable.ratio")]),
    ("min.compaction.lag.ms", &[same("log.cleaner.min.compaction.lag.ms")]),
    ("min.insync.replicas", &[same("min.insync.replicas")]),
    ("preallocate", &[same("log.preallocate")]),
    ("retention.bytes", &[same("log.retention.bytes")]),
    (
        "retention.ms",
        &[same("log.retention.ms"), minutes("log.retention.minutes"), hours("log.retention.hours")],
    ),
    ("segment.bytes", &[same("log.segment.bytes")]),
    ("segment.index.bytes", &[same("log.index.size.max.bytes")]),
    ("segment.jitter.ms", &[same("log.roll.jitter.ms"), hours("log.roll.jitter.hours")]),
    ("segment.ms", &[same("log.roll.ms"), hours("log.roll.hours")]),
    ("unclean.leader.election.enable", &[same("unclean.leader.election.enable")]),
];

/// The broker settings behind a topic setting, the first one that is set winning. Empty where there are none.
pub fn topic_synonyms(name: &str) -> &'static [TopicSynonym] {
    match TOPIC_SYNONYMS.binary_search_by_key(&name, |row| row.0) {
        Ok(at) => TOPIC_SYNONYMS[at].1,
        Err(_) => &[],
    }
}

/// The values that topics have without settings of their own, on a broker whose explicit settings `set` returns.
/// A setting without any value is left out.
pub fn topic_defaults(set: impl Fn(&str) -> Option<String>) -> BTreeMap<&'static str, String> {
    let value = |name| inherited_topic_value(name, &set).or_else(|| default_topic_value(name));
    let names = table::topic().iter().map(|def| def.name);
    names.filter_map(|name| Some((name, value(name)?))).collect()
}

/// The value that a topic setting inherits from what a broker sets explicitly, converted to the topic's unit.
pub fn inherited_topic_value(name: &str, set: impl Fn(&str) -> Option<String>) -> Option<String> {
    let synonyms = topic_synonyms(name).iter();
    let value = synonyms.filter_map(|s| set(s.broker).map(|raw| s.unit.convert(&raw))).next()?;
    Some(unlimited_is_minus_one(name, value))
}

/// The value that a topic setting has when nobody sets anything.
pub fn default_topic_value(name: &str) -> Option<String> {
    let synonyms = topic_synonyms(name).iter();
    let of_broker = synonyms.filter_map(|s| default_text(s.broker).map(|raw| s.unit.convert(raw))).next();
    of_broker.or_else(|| match table::topic().get(name)?.default {
        Default::Value(text) => Some(text.to_owned()),
        Default::Null | Default::Required => None,
    })
}

fn default_text(broker: &str) -> Option<&'static str> {
    match table::broker().get(broker)?.default {
        Default::Value(text) => Some(text),
        Default::Null | Default::Required => None,
    }
}

/// Any negative retention time of a broker means no limit, but a topic accepts only -1 for that.
fn unlimited_is_minus_one(name: &str, value: String) -> String {
    if name == "retention.ms" && value.starts_with('-') { "-1".to_owned() } else { value }
}

const ROLL: &[&str] = &["log.roll.ms", "log.roll.hours"];
const ROLL_JITTER: &[&str] = &["log.roll.jitter.ms", "log.roll.jitter.hours"];
const RETENTION: &[&str] = &["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
const FLUSH: &[&str] = &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];

/// Settings of a listener and SASL mechanism, which carry the mechanism's name in front.
const LISTENER_MECHANISM: &[&str] = &[
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
];

/// The names under which a broker setting may be given, the strongest first, the name itself among them. A
/// `listener.name.<listener>.` setting falls back to the one without the prefix.
pub fn broker_synonyms(name: &str) -> Vec<&str> {
    let family = [ROLL, ROLL_JITTER, RETENTION].into_iter().find(|family| family.contains(&name));
    if let Some(family) = family {
        return family.to_vec();
    }
    if name == FLUSH[0] {
        return FLUSH.to_vec();
    }
    match without_listener(name) {
        Some(base) => {
            let mechanism = LISTENER_MECHANISM.iter().find(|setting| base.ends_with(**setting));
            vec![name, mechanism.copied().unwrap_or(base)]
        }
        None => vec![name],
    }
}

/// `listener.name.<listener>.<setting>` without its prefix.
pub(crate) fn without_listener(name: &str) -> Option<&str> {
    Some(name.strip_prefix("listener.name.")?.split_once('.')?.1)
}

/// The broker setting behind a group setting, where there is one.
pub fn group_synonym(name: &str) -> Option<String> {
    if matches!(name, "share.auto.offset.reset" | "share.isolation.level" | "share.renew.acknowledge.enable")
    {
        return None;
    }
    table::group().get(name).map(|_| format!("group.{name}"))
}
