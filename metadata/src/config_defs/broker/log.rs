//! Partition logs: segments, retention, flushing, cleaning, defaults of topics.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "auto.create.topics.enable" Boolean = "true" High []
        "Whether a client's first use of an absent topic creates it.";
    "compression.gzip.level" Int = "-1" Medium [gzip_level, cluster_wide]
        "Level used when `compression.type` is gzip; -1 is the library's default.";
    "compression.lz4.level" Int = "9" Medium [between(1.0, 17.0), cluster_wide]
        "Level used when `compression.type` is lz4.";
    "compression.type" String = "producer" High [one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), cluster_wide]
        "Compression of stored batches; `producer` keeps what the producer chose.";
    "compression.zstd.level" Int = "3" Medium [between(-131072.0, 22.0), cluster_wide]
        "Level used when `compression.type` is zstd.";
    "cordoned.log.dirs" List = "" Medium [distinct, nullable, per_broker]
        "Log directories that get no new replicas; `*` stands for all.";
    "create.topic.policy.class.name" Class = null Low []
        "Class that may refuse the creation of topics.";
    "default.replication.factor" Int = "1" Medium []
        "Replicas of topics that are created without a replication factor.";
    "delete.topic.enable" Boolean = "true" High []
        "Whether topics can be deleted.";
    "log.cleaner.backoff.ms" Long = "15000" Medium [at_least(0), cluster_wide]
        "Rest of a cleaner thread that found nothing to clean.";
    "log.cleaner.dedupe.buffer.size" Long = "134217728" Medium [cluster_wide]
        "Memory for the key maps of all cleaner threads.";
    "log.cleaner.delete.retention.ms" Long = "86400000" Medium [at_least(0), cluster_wide]
        "How long tombstones stay readable in compacted topics.";
    "log.cleaner.enable" Boolean = "true" Medium []
        "Whether the log cleaner runs.";
    "log.cleaner.io.buffer.load.factor" Double = "0.9" Medium [cluster_wide]
        "How full the cleaner's key map may become.";
    "log.cleaner.io.buffer.size" Int = "524288" Medium [at_least(0), cluster_wide]
        "Memory for the I/O buffers of all cleaner threads.";
    "log.cleaner.io.max.bytes.per.second" Double = "1.7976931348623157E308" Medium [cluster_wide]
        "Bytes per second that cleaning may read and write in all.";
    "log.cleaner.max.compaction.lag.ms" Long = "9223372036854775807" Medium [at_least(1), cluster_wide]
        "Longest time a record may stay out of compaction.";
    "log.cleaner.min.cleanable.ratio" Double = "0.5" Medium [between(0.0, 1.0), cluster_wide]
        "Share of uncompacted log at which cleaning starts.";
    "log.cleaner.min.compaction.lag.ms" Long = "0" Medium [at_least(0), cluster_wide]
        "Shortest time a record stays uncompacted.";
    "log.cleaner.threads" Int = "1" Medium [at_least(0), cluster_wide]
        "Threads that clean compacted logs.";
    "log.cleanup.policy" List = "delete" Medium [each_of(&["compact", "delete"]), cluster_wide]
        "Whether old segments are deleted, compacted, or both.";
    "log.dir" List = "/tmp/kafka-logs" High [distinct, non_empty]
        "One directory for data, used when `log.dirs` is unset.";
    "log.dir.failure.timeout.ms" Long = "30000" Low [at_least(1)]
        "Time to tell the controller of a failed log directory before the broker stops.";
    "log.dirs" List = null High [distinct, non_empty, nullable]
        "Directories for data, separated by commas.";
    "log.flush.interval.messages" Long = "9223372036854775807" High [at_least(1), cluster_wide]
        "Records after which a partition is flushed to disk.";
    "log.flush.interval.ms" Long = null High [cluster_wide]
        "Longest time a record stays unflushed.";
    "log.flush.offset.checkpoint.interval.ms" Int = "60000" High [at_least(0)]
        "Time between writes of the recovery points.";
    "log.flush.scheduler.interval.ms" Long = "9223372036854775807" High []
        "Time between checks for logs that need a flush.";
    "log.flush.start.offset.checkpoint.interval.ms" Int = "60000" High [at_least(0)]
        "Time between writes of the log start offsets.";
    "log.index.interval.bytes" Int = "4096" Medium [at_least(0), cluster_wide]
        "Bytes of log between two index entries.";
    "log.index.size.max.bytes" Int = "10485760" Medium [at_least(4), cluster_wide]
        "Largest index of a segment.";
    "log.initial.task.delay.ms" Long = "30000" Low [at_least(0), internal]
        "Delay before background work on logs starts.";
    "log.local.retention.bytes" Long = "-2" Medium [at_least(-2), cluster_wide]
        "Bytes of a tiered partition kept locally; -2 follows the whole retention.";
    "log.local.retention.ms" Long = "-2" Medium [at_least(-2), cluster_wide]
        "Age of a tiered partition kept locally; -2 follows the whole retention.";
    "log.message.timestamp.after.max.ms" Long = "3600000" Medium [at_least(0), cluster_wide]
        "How far a record's timestamp may lie in the broker's future.";
    "log.message.timestamp.before.max.ms" Long = "9223372036854775807" Medium [at_least(0), cluster_wide]
        "How far a record's timestamp may lie in the broker's past.";
    "log.message.timestamp.type" String = "CreateTime" Medium [one_of(&["CreateTime", "LogAppendTime"]), cluster_wide]
        "Whether the producer or the broker gives a record its time.";
    "log.preallocate" Boolean = "false" Medium [cluster_wide]
        "Whether segment files are allocated in full when they are created.";
    "log.retention.bytes" Long = "-1" High [cluster_wide]
        "Size of a partition beyond which old segments are deleted; -1 has no limit.";
    "log.retention.check.interval.ms" Long = "300000" Medium [at_least(1)]
        "Time between checks for segments to delete.";
    "log.retention.hours" Int = "168" High []
        "Hours before a segment is deleted, after `log.retention.ms` and `log.retention.minutes`.";
    "log.retention.minutes" Int = null High []
        "Minutes before a segment is deleted, after `log.retention.ms`.";
    "log.retention.ms" Long = null High [cluster_wide]
        "Milliseconds before a segment is deleted; -1 has no limit.";
    "log.roll.hours" Int = "168" High [at_least(1)]
        "Hours before a new segment is rolled, after `log.roll.ms`.";
    "log.roll.jitter.hours" Int = "0" High [at_least(0)]
        "Most hours taken off the roll time at random, after `log.roll.jitter.ms`.";
    "log.roll.jitter.ms" Long = null High [cluster_wide]
        "Most milliseconds taken off the roll time at random.";
    "log.roll.ms" Long = null High [cluster_wide]
        "Milliseconds before a new segment is rolled.";
    "log.segment.bytes" Int = "1073741824" High [at_least(1048576), cluster_wide]
        "Size at which a segment is rolled.";
    "log.segment.delete.delay.ms" Long = "60000" High [at_least(0), cluster_wide]
        "Delay between a file's removal from the log and from the disk.";
    "message.max.bytes" Int = "1048588" High [at_least(0), cluster_wide]
        "Largest record batch, after compression.";
    "min.insync.replicas" Int = "1" High [at_least(1), cluster_wide]
        "In-sync replicas that a write with acks=all needs.";
    "num.partitions" Int = "1" Medium [at_least(1)]
        "Partitions of topics that are created without a count.";
    "num.recovery.threads.per.data.dir" Int = "2" High [at_least(1), cluster_wide]
        "Threads per data directory for recovery and flushing at shutdown.";
    "producer.id.expiration.check.interval.ms" Int = "600000" Low [at_least(1), internal]
        "Time between sweeps for expired producer ids.";
    "producer.id.expiration.ms" Int = "86400000" Low [at_least(1), cluster_wide]
        "Idle time after which a partition forgets a producer id.";
    "unclean.leader.election.enable" Boolean = "false" High [cluster_wide]
        "Whether a replica outside the in-sync set may become leader, losing data.";
    "unclean.leader.election.interval.ms" Long = "300000" Medium [at_least(1), internal]
        "Time between searches for partitions that need an unclean election.";
}
