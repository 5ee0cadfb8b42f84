//! Followers, and quotas on what they move.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "alter.log.dirs.replication.quota.window.num" Int = "11" Low [at_least(1)]
        "Samples kept for the quota on moves between log directories.";
    "alter.log.dirs.replication.quota.window.size.seconds" Int = "1" Low [at_least(1)]
        "Length of one sample of the quota on moves between log directories.";
    "auto.leader.rebalance.enable" Boolean = "true" High []
        "Whether the controller moves leadership back to preferred replicas periodically.";
    "follower.fetch.last.tiered.offset.enable" Boolean = "false" Medium [cluster_wide]
        "Whether a new follower starts at the last offset that was tiered.";
    "leader.imbalance.check.interval.seconds" Long = "300" High [at_least(1)]
        "Time between the controller's searches for leaders that are not the preferred ones.";
    "num.replica.alter.log.dirs.threads" Int = null High []
        "Threads that move replicas between log directories.";
    "num.replica.fetchers" Int = "1" High [at_least(1), cluster_wide]
        "Fetcher threads towards each source broker.";
    "replica.fetch.backoff.ms" Int = "1000" Medium [at_least(0)]
        "Pause of a follower after a failed fetch.";
    "replica.fetch.max.bytes" Int = "1048576" Medium [at_least(0)]
        "Bytes a follower asks for per partition.";
    "replica.fetch.min.bytes" Int = "1" High []
        "Least bytes for an answer to a follower's fetch before `replica.fetch.wait.max.ms`.";
    "replica.fetch.response.max.bytes" Int = "10485760" Medium [at_least(0)]
        "Bytes a follower asks for in one fetch.";
    "replica.fetch.wait.max.ms" Int = "500" High []
        "Longest wait of a follower's fetch.";
    "replica.high.watermark.checkpoint.interval.ms" Long = "5000" High []
        "Time between writes of the high watermarks.";
    "replica.lag.time.max.ms" Long = "30000" High []
        "Time behind the leader's end after which a follower leaves the in-sync set.";
    "replica.selector.class" String = null Medium []
        "Class that picks the replica a consumer reads from.";
    "replica.socket.receive.buffer.bytes" Int = "65536" High []
        "SO_RCVBUF of follower fetches.";
    "replica.socket.timeout.ms" Int = "30000" High []
        "Socket timeout of follower fetches.";
    "replication.quota.window.num" Int = "11" Low [at_least(1)]
        "Samples kept for replication quotas.";
    "replication.quota.window.size.seconds" Int = "1" Low [at_least(1)]
        "Length of one replication quota sample.";
}
