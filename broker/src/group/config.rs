//! Settings of the group coordinator, under Kafka's names.

use crate::config::Settings;

/// Settings of the group coordinator; each field is named after its Kafka key.
#[derive(Debug, Clone)]
pub(crate) struct GroupConfig {
    /// `group.min.session.timeout.ms`: the shortest session a member may ask for.
    pub(crate) session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`: the longest session a member may ask for.
    pub(crate) session_timeout_max_ms: i32,
    /// `group.initial.rebalance.delay.ms`: how long the first rebalance of an empty group waits for more members.
    pub(crate) initial_rebalance_delay_ms: i32,
    /// `group.max.size`: members a group accepts.
    pub(crate) size_max: usize,
    /// `offset.metadata.max.bytes`: the longest text beside a committed offset, in UTF-16 units as Kafka counts.
    pub(crate) offset_metadata_max: usize,
    /// `offsets.retention.minutes`, in milliseconds: how long an unused offset is kept.
    pub(crate) offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`: how often unused offsets are looked for.
    pub(crate) offsets_retention_check_interval_ms: u64,
}

impl GroupConfig {
    /// What the broker's settings say.
    pub(crate) fn resolve(settings: &Settings) -> Self {
        let int32 = |name: &str| i32::try_from(settings.integer(name)).unwrap_or(i32::MAX);
        let size = |name: &str| usize::try_from(settings.integer(name)).unwrap_or(0);
        GroupConfig {
            session_timeout_min_ms: int32("group.min.session.timeout.ms"),
            session_timeout_max_ms: int32("group.max.session.timeout.ms"),
            initial_rebalance_delay_ms: int32("group.initial.rebalance.delay.ms"),
            size_max: size("group.max.size"),
            offset_metadata_max: size("offset.metadata.max.bytes"),
            offsets_retention_ms: settings.integer("offsets.retention.minutes") * 60 * 1_000,
            offsets_retention_check_interval_ms: settings
                .integer("offsets.retention.check.interval.ms")
                .unsigned_abs(),
        }
    }
}

#[cfg(test)]
impl Default for GroupConfig {
    /// Kafka 4.3.1's defaults.
    fn default() -> Self {
        GroupConfig {
            session_timeout_min_ms: 6_000,
            session_timeout_max_ms: 1_800_000,
            initial_rebalance_delay_ms: 3_000,
            size_max: i32::MAX as usize,
            offset_metadata_max: 4_096,
            offsets_retention_ms: 7 * 24 * 60 * 60 * 1_000,
            offsets_retention_check_interval_ms: 600_000,
        }
    }
}
