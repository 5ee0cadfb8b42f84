//! Settings of the group coordinator, under Kafka's names.

/// Settings of the group coordinator; each field is named after its Kafka key.
#[derive(Debug, Clone)]
pub struct GroupConfig {
    /// `group.min.session.timeout.ms`: the shortest session a member may ask for.
    pub session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`: the longest session a member may ask for.
    pub session_timeout_max_ms: i32,
    /// `group.initial.rebalance.delay.ms`: how long the first rebalance of an empty group waits for more members.
    pub initial_rebalance_delay_ms: i32,
    /// `group.max.size`: members a group accepts.
    pub size_max: usize,
    /// `offset.metadata.max.bytes`: the longest text beside a committed offset, in UTF-16 units as Kafka counts.
    pub offset_metadata_max: usize,
    /// `offsets.retention.minutes`, in milliseconds: how long an unused offset is kept.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`: how often unused offsets are looked for.
    pub offsets_retention_check_interval_ms: u64,
}

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
