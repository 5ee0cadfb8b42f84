//! What a topic's settings mean for its partitions on this broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use log_store::log::LogConfig;
use metadata::config_defs::{self, Value};
use wire::batch::TimestampType;
use wire::compression::Compression;

use crate::config::Settings;

/// The settings of a topic that its partitions obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicConfig {
    /// What the log obeys.
    pub(crate) log: Arc<LogConfig>,
    /// `min.insync.replicas`.
    pub(crate) min_insync_replicas: usize,
    /// `flush.messages`: records after which a flush precedes the acknowledgement.
    pub(crate) flush_messages: i64,
    /// `flush.ms`: longest time a record stays unflushed.
    pub(crate) flush_ms: i64,
    /// `file.delete.delay.ms`: time between a file's removal from the log and from the disk.
    pub(crate) file_delete_delay_ms: u64,
}

impl TopicConfig {
    /// The settings of a topic that has set `own`, on a broker with `settings`. A value that is not
    /// what its setting wants, which validation keeps out of the metadata, counts as not set.
    pub(crate) fn resolve(own: &BTreeMap<String, String>, settings: &Settings) -> Self {
        let read = Read { own, defaults: &settings.topic_defaults };
        let policy = read.value("cleanup.policy");
        let has_policy = |name: &str| policy.as_list().is_some_and(|list| list.iter().any(|one| one == name));
        let compression = read.compression();
        let log = LogConfig {
            segment_bytes: read.unsigned("segment.bytes"),
            segment_ms: read.integer("segment.ms"),
            segment_jitter_ms: read.integer("segment.jitter.ms"),
            segment_index_bytes: read.unsigned("segment.index.bytes"),
            index_interval_bytes: read.unsigned("index.interval.bytes"),
            retention_ms: read.integer("retention.ms"),
            retention_bytes: read.integer("retention.bytes"),
            delete: has_policy("delete"),
            compact: has_policy("compact"),
            max_message_bytes: read.unsigned("max.message.bytes"),
            timestamp_type: match read.value("message.timestamp.type").as_str() {
                Some("LogAppendTime") => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_max_ms: read.integer("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: read.integer("message.timestamp.after.max.ms"),
            compression,
            compression_level: read.compression_level(compression),
            producer_id_expiration_ms: settings.producer_id_expiration_ms,
            contiguous: false,
        };
        Self {
            log: Arc::new(log),
            min_insync_replicas: read.integer("min.insync.replicas").max(1) as usize,
            flush_messages: read.integer("flush.messages"),
            flush_ms: read.integer("flush.ms"),
            file_delete_delay_ms: read.integer("file.delete.delay.ms").max(0).unsigned_abs(),
        }
    }
}

/// Reads the values of one topic.
struct Read<'a> {
    own: &'a BTreeMap<String, String>,
    defaults: &'a BTreeMap<&'static str, String>,
}

impl Read<'_> {
    fn value(&self, name: &str) -> Value {
        let table = config_defs::topic();
        let parse = |raw: Option<&String>| raw.and_then(|raw| table.parse(name, Some(raw)).ok());
        parse(self.own.get(name))
            .or_else(|| parse(self.defaults.get(name)))
            .or_else(|| table.parse(name, None).ok())
            .unwrap_or(Value::Null)
    }

    fn integer(&self, name: &str) -> i64 {
        self.value(name).as_integer().expect("the table gives the setting a number")
    }

    fn unsigned(&self, name: &str) -> u32 {
        u32::try_from(self.integer(name).max(0)).unwrap_or(u32::MAX)
    }

    fn compression(&self) -> Option<Compression> {
        match self.value("compression.type").as_str()? {
            "uncompressed" => Some(Compression::None),
            "gzip" => Some(Compression::Gzip),
            "snappy" => Some(Compression::Snappy),
            "lz4" => Some(Compression::Lz4),
            "zstd" => Some(Compression::Zstd),
            _ => None,
        }
    }

    fn compression_level(&self, kind: Option<Compression>) -> Option<i32> {
        let name = match kind? {
            Compression::Gzip => "compression.gzip.level",
            Compression::Lz4 => "compression.lz4.level",
            Compression::Zstd => "compression.zstd.level",
            Compression::None | Compression::Snappy => return None,
        };
        i32::try_from(self.integer(name)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(own: &[(&str, &str)], file: &[(&str, &str)]) -> TopicConfig {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let none = BTreeMap::new();
        let settings = Settings::resolve(&map(file), &none, &none).expect("valid");
        TopicConfig::resolve(&map(own), &settings)
    }

    #[test]
    fn without_settings_a_topic_has_kafkas_defaults() {
        let config = resolve(&[], &[]);
        assert_eq!(*config.log, LogConfig::default());
        assert_eq!(config.min_insync_replicas, 1);
        assert_eq!(config.flush_messages, i64::MAX);
    }

    #[test]
    fn a_topic_overrides_its_broker() {
        let file =
            [("log.retention.hours", "1"), ("log.flush.interval.messages", "5"), ("message.max.bytes", "9")];
        let config = resolve(&[("retention.ms", "77"), ("cleanup.policy", "compact,delete")], &file);
        assert_eq!(config.log.retention_ms, 77);
        assert!(config.log.compact && config.log.delete);
        assert_eq!(config.flush_messages, 5);
        assert_eq!(config.log.max_message_bytes, 9);
        assert_eq!(resolve(&[], &file).log.retention_ms, 3_600_000);
    }

    #[test]
    fn compression_has_the_level_of_its_kind() {
        let config = resolve(&[("compression.type", "zstd"), ("compression.zstd.level", "7")], &[]);
        assert_eq!(
            (config.log.compression, config.log.compression_level),
            (Some(Compression::Zstd), Some(7))
        );
        assert_eq!(resolve(&[], &[]).log.compression, None);
    }
}
