//! Settings of a topic.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "cleanup.policy" List = "delete" Medium [each_of(&["compact", "delete"])]
        "Whether old segments are deleted, compacted, or both.";
    "compression.gzip.level" Int = "-1" Medium [gzip_level]
        "Level used when `compression.type` is gzip; -1 is the library's default.";
    "compression.lz4.level" Int = "9" Medium [between(1.0, 17.0)]
        "Level used when `compression.type` is lz4.";
    "compression.type" String = "producer" Medium [one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])]
        "Compression of stored batches; `producer` keeps what the producer chose.";
    "compression.zstd.level" Int = "3" Medium [between(-131072.0, 22.0)]
        "Level used when `compression.type` is zstd.";
    "delete.retention.ms" Long = "86400000" Medium [at_least(0)]
        "How long tombstones stay readable in a compacted topic.";
    "file.delete.delay.ms" Long = "60000" Medium [at_least(0)]
        "Delay between a file's removal from the log and from the disk.";
    "flush.messages" Long = "9223372036854775807" Medium [at_least(1)]
        "Records after which a partition is flushed to disk.";
    "flush.ms" Long = "9223372036854775807" Medium [at_least(0)]
        "Longest time a record stays unflushed.";
    "follower.replication.throttled.replicas" List = "" Medium [throttled_replicas]
        "Replicas whose fetching is throttled, as partition:broker entries or `*`.";
    "index.interval.bytes" Int = "4096" Medium [at_least(0)]
        "Bytes of log between two index entries.";
    "internal.segment.bytes" Int = null Medium [internal]
        "Segment size without a lower bound, for tests.";
    "leader.replication.throttled.replicas" List = "" Medium [throttled_replicas]
        "Replicas whose serving is throttled, as partition:broker entries or `*`.";
    "local.retention.bytes" Long = "-2" Medium [at_least(-2)]
        "Bytes of a tiered partition kept locally; -2 follows `retention.bytes`.";
    "local.retention.ms" Long = "-2" Medium [at_least(-2)]
        "Age of a tiered partition kept locally; -2 follows `retention.ms`.";
    "max.compaction.lag.ms" Long = "9223372036854775807" Medium [at_least(1)]
        "Longest time a record may stay out of compaction.";
    "max.message.bytes" Int = "1048588" Medium [at_least(0)]
        "Largest record batch, after compression.";
    "message.timestamp.after.max.ms" Long = "3600000" Medium [at_least(0)]
        "How far a record's timestamp may lie in the broker's future.";
    "message.timestamp.before.max.ms" Long = "9223372036854775807" Medium [at_least(0)]
        "How far a record's timestamp may lie in the broker's past.";
    "message.timestamp.type" String = "CreateTime" Medium [one_of(&["CreateTime", "LogAppendTime"])]
        "Whether the producer or the broker gives a record its time.";
    "min.cleanable.dirty.ratio" Double = "0.5" Medium [between(0.0, 1.0)]
        "Share of uncompacted log at which cleaning starts.";
    "min.compaction.lag.ms" Long = "0" Medium [at_least(0)]
        "Shortest time a record stays uncompacted.";
    "min.insync.replicas" Int = "1" Medium [at_least(1)]
        "In-sync replicas that a write with acks=all needs.";
    "preallocate" Boolean = "false" Medium []
        "Whether segment files are allocated in full when they are created.";
    "remote.log.copy.disable" Boolean = "false" Medium []
        "Whether a tiered topic stops copying new segments and stays readable.";
    "remote.log.delete.on.disable" Boolean = "false" Medium []
        "Whether remote data is deleted when tiering is switched off.";
    "remote.storage.enable" Boolean = "false" Medium []
        "Whether segments of this topic are tiered.";
    "retention.bytes" Long = "-1" Medium []
        "Size of a partition beyond which old segments are deleted; -1 has no limit.";
    "retention.ms" Long = "604800000" Medium [at_least(-1)]
        "Age beyond which segments are deleted; -1 has no limit.";
    "segment.bytes" Int = "1073741824" Medium [at_least(1048576)]
        "Size at which a segment is rolled.";
    "segment.index.bytes" Int = "10485760" Medium [at_least(4)]
        "Largest index of a segment.";
    "segment.jitter.ms" Long = "0" Medium [at_least(0)]
        "Most milliseconds taken off the roll time at random.";
    "segment.ms" Long = "604800000" Medium [at_least(1)]
        "Age at which a segment is rolled.";
    "unclean.leader.election.enable" Boolean = "false" Medium []
        "Whether a replica outside the in-sync set may become leader, losing data.";
}
