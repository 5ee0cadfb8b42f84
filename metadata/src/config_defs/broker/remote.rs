//! Tiered storage.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "remote.fetch.max.wait.ms" Int = "500" Medium [at_least(1), cluster_wide]
        "Longest wait for remote storage in a fetch.";
    "remote.list.offsets.request.timeout.ms" Long = "30000" Medium [at_least(1), cluster_wide]
        "Longest wait for remote storage in ListOffsets.";
    "remote.log.index.file.cache.total.size.bytes" Long = "1073741824" Low [at_least(1), cluster_wide]
        "Local disk space for cached remote indexes.";
    "remote.log.index.file.cache.ttl.ms" Long = "900000" Low [at_least(-1), internal]
        "Idle time after which a cached remote index may be dropped.";
    "remote.log.manager.copier.thread.pool.size" Int = "10" Medium [at_least(1), cluster_wide]
        "Threads that copy segments to remote storage.";
    "remote.log.manager.copy.max.bytes.per.second" Long = "9223372036854775807" Medium [at_least(1), cluster_wide]
        "Bytes per second copied to remote storage.";
    "remote.log.manager.copy.quota.window.num" Int = "11" Medium [at_least(1)]
        "Samples kept for the remote copy quota.";
    "remote.log.manager.copy.quota.window.size.seconds" Int = "1" Medium [at_least(1)]
        "Length of one remote copy quota sample.";
    "remote.log.manager.expiration.thread.pool.size" Int = "10" Medium [at_least(1), cluster_wide]
        "Threads that delete expired remote segments.";
    "remote.log.manager.fetch.max.bytes.per.second" Long = "9223372036854775807" Medium [at_least(1), cluster_wide]
        "Bytes per second fetched from remote storage.";
    "remote.log.manager.fetch.quota.window.num" Int = "11" Medium [at_least(1)]
        "Samples kept for the remote fetch quota.";
    "remote.log.manager.fetch.quota.window.size.seconds" Int = "1" Medium [at_least(1)]
        "Length of one remote fetch quota sample.";
    "remote.log.manager.follower.thread.pool.size" Int = "2" Medium [at_least(1), cluster_wide]
        "Threads for the remote work of followers.";
    "remote.log.manager.task.interval.ms" Long = "30000" Low [at_least(1)]
        "Time between rounds of remote log tasks.";
    "remote.log.manager.task.retry.backoff.max.ms" Long = "30000" Low [at_least(1), internal]
        "Longest pause before a remote log task is retried.";
    "remote.log.manager.task.retry.backoff.ms" Long = "500" Low [at_least(1), internal]
        "First pause before a remote log task is retried.";
    "remote.log.manager.task.retry.jitter" Double = "0.2" Low [between(0.0, 0.5), internal]
        "Random share added to retry pauses of remote log tasks.";
    "remote.log.manager.thread.pool.size" Int = "2" Medium [at_least(1)]
        "Threads that schedule remote log tasks.";
    "remote.log.metadata.custom.metadata.max.bytes" Int = "128" Low [at_least(0)]
        "Largest custom metadata of a remote segment.";
    "remote.log.metadata.manager.class.name" String = "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager" Medium [non_empty_string]
        "Class that keeps the metadata of remote segments.";
    "remote.log.metadata.manager.class.path" String = null Medium []
        "Class path of the remote metadata manager.";
    "remote.log.metadata.manager.impl.prefix" String = "rlmm.config." Medium [non_empty_string]
        "Prefix of settings handed to the remote metadata manager.";
    "remote.log.metadata.manager.listener.name" String = null Medium [non_empty_string]
        "Listener that the remote metadata manager's clients use.";
    "remote.log.reader.max.pending.tasks" Int = "100" Medium [at_least(1)]
        "Remote reads that may wait for a thread.";
    "remote.log.reader.threads" Int = "10" Medium [at_least(1), cluster_wide]
        "Threads that read from remote storage.";
    "remote.log.storage.manager.class.name" String = null Medium [non_empty_string]
        "Class that stores segments remotely.";
    "remote.log.storage.manager.class.path" String = null Medium []
        "Class path of the remote storage manager.";
    "remote.log.storage.manager.impl.prefix" String = "rsm.config." Medium [non_empty_string]
        "Prefix of settings handed to the remote storage manager.";
    "remote.log.storage.system.enable" Boolean = "false" Medium []
        "Whether tiered storage is available on this broker.";
}
