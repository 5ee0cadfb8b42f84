//! What a broker is configured with: who it is, what its file says, and what was changed since.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metadata::config_defs::{self, ConfigError, Value};
use wire::Uuid;

/// Where clients reach a listener, as the cluster is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvertisedListener {
    /// Its name in `listeners`, in upper case.
    pub name: String,
    /// Host clients connect to.
    pub host: String,
    /// Port clients connect to.
    pub port: u16,
    /// Code of the security protocol: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// What a broker needs to know to start.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: i32,
    /// The cluster it belongs to, from `meta.properties`.
    pub cluster_id: String,
    /// Made anew for each start of the process; tells a restart from a late message.
    pub incarnation_id: Uuid,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// `advertised.listeners`, without the controllers'.
    pub advertised_listeners: Vec<AdvertisedListener>,
    /// The settings of the configuration file that were given, validated, by name.
    pub properties: BTreeMap<String, String>,
    /// Seed for ids that only have to be unlikely to repeat.
    pub seed: u64,
}

/// The settings that hold now. Replaced as a whole when a dynamic setting changes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What was set anywhere, the strongest value of each name: for this broker, for all
    /// brokers, in the file.
    explicit: BTreeMap<String, String>,
    /// What a topic has when it sets nothing itself.
    pub(crate) topic_defaults: Arc<BTreeMap<&'static str, String>>,
    /// `auto.create.topics.enable`.
    pub(crate) auto_create_topics_enable: bool,
    /// `fetch.max.bytes`.
    pub(crate) fetch_max_bytes: usize,
    /// `max.incremental.fetch.session.cache.slots`.
    pub(crate) fetch_session_slots: usize,
    /// `max.request.partition.size.limit`.
    pub(crate) request_partitions_max: usize,
    /// `producer.id.expiration.ms`.
    pub(crate) producer_id_expiration_ms: i64,
}

impl Settings {
    /// The settings that follow from the file and the dynamic ones.
    ///
    /// # Errors
    /// The first value that is not what its setting wants, in Kafka's words.
    pub fn resolve(
        file: &BTreeMap<String, String>,
        all_brokers: &BTreeMap<String, String>,
        this_broker: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let mut explicit = file.clone();
        explicit
            .extend(all_brokers.iter().chain(this_broker).map(|(name, value)| (name.clone(), value.clone())));
        let read = Read { explicit: &explicit };
        let settings = Self {
            topic_defaults: Arc::new(config_defs::topic_defaults(|name| explicit.get(name).cloned())),
            auto_create_topics_enable: read.flag("auto.create.topics.enable")?,
            fetch_max_bytes: read.size("fetch.max.bytes")?,
            fetch_session_slots: read.size("max.incremental.fetch.session.cache.slots")?,
            request_partitions_max: read.size("max.request.partition.size.limit")?,
            producer_id_expiration_ms: read.integer("producer.id.expiration.ms")?,
            explicit: BTreeMap::new(),
        };
        Ok(Self { explicit, ..settings })
    }

    /// The value of a setting where it was set, as it was written.
    pub(crate) fn explicit(&self, name: &str) -> Option<&str> {
        self.explicit.get(name).map(String::as_str)
    }

    /// A whole number, from where it was set or from the default.
    ///
    /// # Panics
    /// For a name that is not a number's: the caller is at fault.
    pub(crate) fn integer(&self, name: &str) -> i64 {
        let read = Read { explicit: &self.explicit };
        read.integer(name).expect("numbers of a validated file can be read")
    }

    /// A time in milliseconds. Negative is none.
    ///
    /// # Panics
    /// As [`Settings::integer`].
    pub(crate) fn duration_ms(&self, name: &str) -> Duration {
        Duration::from_millis(self.integer(name).max(0).unsigned_abs())
    }
}

/// Reads typed values.
struct Read<'a> {
    explicit: &'a BTreeMap<String, String>,
}

impl Read<'_> {
    fn value(&self, name: &str) -> Result<Value, ConfigError> {
        config_defs::broker().parse(name, self.explicit.get(name).map(String::as_str))
    }

    fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        Ok(self.value(name)?.as_bool().expect("the table says it is a flag"))
    }

    fn integer(&self, name: &str) -> Result<i64, ConfigError> {
        Ok(self.value(name)?.as_integer().expect("the table says it is a number"))
    }

    fn size(&self, name: &str) -> Result<usize, ConfigError> {
        Ok(usize::try_from(self.integer(name)?.max(0)).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_narrower_scope_wins() {
        let file = map(&[("fetch.max.bytes", "1111"), ("log.retention.hours", "2")]);
        let all = map(&[("fetch.max.bytes", "2222"), ("num.io.threads", "3")]);
        let this = map(&[("fetch.max.bytes", "3333")]);
        assert_eq!(Settings::resolve(&file, &all, &this).expect("valid").fetch_max_bytes, 3333);
        assert_eq!(Settings::resolve(&file, &all, &map(&[])).expect("valid").fetch_max_bytes, 2222);
        let settings = Settings::resolve(&file, &map(&[]), &map(&[])).expect("valid");
        assert_eq!(settings.fetch_max_bytes, 1111);
        assert_eq!(settings.topic_defaults["retention.ms"], "7200000");
        assert_eq!(settings.integer("num.io.threads"), 8);
        assert_eq!(settings.explicit("num.io.threads"), None);
    }

    #[test]
    fn a_bad_value_is_refused() {
        assert!(Settings::resolve(&map(&[("fetch.max.bytes", "much")]), &map(&[]), &map(&[])).is_err());
    }
}
