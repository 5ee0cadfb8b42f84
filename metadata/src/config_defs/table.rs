//! Lookup of settings by name.

use std::sync::LazyLock;

use super::def::{ConfigDef, Default, UpdateMode};
use super::validator::ConfigError;
use super::value::Value;
use super::{
    broker as areas, client_metrics as client_metrics_rows, group as group_rows, topic as topic_rows,
};

/// Settings of one kind of resource, sorted by name.
#[derive(Debug)]
pub struct ConfigTable {
    rows: Vec<&'static ConfigDef>,
}

impl ConfigTable {
    fn new(rows: impl Iterator<Item = &'static ConfigDef>) -> Self {
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable_by_key(|row| row.name);
        assert!(rows.windows(2).all(|pair| pair[0].name < pair[1].name), "a setting is defined twice");
        Self { rows }
    }

    /// The setting of this name.
    pub fn get(&self, name: &str) -> Option<&'static ConfigDef> {
        self.rows.binary_search_by_key(&name, |row| row.name).ok().map(|at| self.rows[at])
    }

    /// All settings by name, internal ones included.
    pub fn iter(&self) -> impl Iterator<Item = &'static ConfigDef> + '_ {
        self.rows.iter().copied()
    }

    /// Parses the value of a setting, or its default when it is not set.
    ///
    /// # Errors
    /// A value Kafka would refuse, a required setting that is absent, or a name that is not in the table.
    pub fn parse(&self, name: &str, raw: Option<&str>) -> Result<Value, ConfigError> {
        let Some(def) = self.get(name) else {
            return Err(ConfigError::new(format!("Unknown configuration: {name}")));
        };
        match (raw, def.default) {
            (None, Default::Required) => Err(ConfigError::missing(name)),
            (None, Default::Null) => def.parse(None),
            (None, Default::Value(default)) => def.parse(Some(default)),
            (raw, _) => def.parse(raw),
        }
    }
}

/// What a node's configuration file may hold: 360 settings.
pub fn broker() -> &'static ConfigTable {
    static TABLE: LazyLock<ConfigTable> =
        LazyLock::new(|| ConfigTable::new(areas::AREAS.iter().flat_map(|area| area.iter())));
    &TABLE
}

/// What may be changed on a running broker: the dynamic ones among [`broker`], and three replication quotas
/// that no file holds.
pub fn dynamic_broker() -> &'static ConfigTable {
    static TABLE: LazyLock<ConfigTable> = LazyLock::new(|| {
        let dynamic = broker().iter().filter(|row| row.update_mode != UpdateMode::ReadOnly);
        ConfigTable::new(dynamic.chain(areas::DYNAMIC_ONLY))
    });
    &TABLE
}

/// Settings of a topic.
pub fn topic() -> &'static ConfigTable {
    static TABLE: LazyLock<ConfigTable> = LazyLock::new(|| ConfigTable::new(topic_rows::SETTINGS.iter()));
    &TABLE
}

/// Settings of a consumer, share or streams group.
pub fn group() -> &'static ConfigTable {
    static TABLE: LazyLock<ConfigTable> = LazyLock::new(|| ConfigTable::new(group_rows::SETTINGS.iter()));
    &TABLE
}

/// Settings of a client metrics subscription (KIP-714).
pub fn client_metrics() -> &'static ConfigTable {
    static TABLE: LazyLock<ConfigTable> =
        LazyLock::new(|| ConfigTable::new(client_metrics_rows::SETTINGS.iter()));
    &TABLE
}
