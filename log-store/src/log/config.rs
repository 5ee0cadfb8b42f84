//! The settings of a topic that the log obeys.

use wire::batch::TimestampType;
use wire::compression::Compression;

/// Settings of one partition's log, under Kafka's names. The defaults are Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: a segment is sealed before it grows past this.
    pub segment_bytes: u32,
    /// `segment.ms`: or when its first batch is older than this, ms.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: up to this much earlier, so that partitions don't roll all at once.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: or when an index would grow past this.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`: bytes of batches between two index entries.
    pub index_interval_bytes: u32,
    /// `retention.ms`: how long segments are kept; -1 for ever.
    pub retention_ms: i64,
    /// `retention.bytes`: how much is kept; -1 for all.
    pub retention_bytes: i64,
    /// `cleanup.policy` has `delete`.
    pub delete: bool,
    /// `cleanup.policy` has `compact`.
    pub compact: bool,
    /// `max.message.bytes`: largest batch that is taken, after compression.
    pub max_message_bytes: u32,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a timestamp may lie behind the broker's clock.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: and how far ahead.
    pub timestamp_after_max_ms: i64,
    /// `compression.type`; absent for `producer`: as the batch comes.
    pub compression: Option<Compression>,
    /// `compression.gzip.level` and the like, of the kind in `compression`.
    pub compression_level: Option<i32>,
    /// `producer.id.expiration.ms`: how long an idle producer is remembered.
    pub producer_id_expiration_ms: i64,
    /// Each offset depends on all before it (the metadata log): what a crash leaves behind a hole is void.
    pub contiguous: bool,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            retention_ms: 7 * 24 * 3_600_000,
            retention_bytes: -1,
            delete: true,
            compact: false,
            max_message_bytes: 1_048_588,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compression: None,
            compression_level: None,
            producer_id_expiration_ms: 86_400_000,
            contiguous: false,
        }
    }
}

impl LogConfig {
    /// How much earlier the segment at `base_offset` is sealed, ms. The same on every run: the
    /// offset spreads it, no clock or generator.
    pub(crate) fn jitter_ms(&self, base_offset: i64) -> i64 {
        let range = self.segment_jitter_ms.min(self.segment_ms);
        if range <= 0 {
            return 0;
        }
        // Fibonacci hashing: neighbouring offsets land far from each other.
        let spread = base_offset.cast_unsigned().wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        i64::try_from((u128::from(spread) * u128::from(range.cast_unsigned())) >> 64)
            .expect("below the range")
    }
}
