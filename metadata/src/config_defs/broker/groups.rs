//! Consumer, share and streams groups, and the coordinators behind them.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "group.consumer.assignment.interval.ms" Int = "1000" Medium [at_least(0), cluster_wide]
        "Least time between two assignments of a consumer group.";
    "group.consumer.assignors" List = "uniform,range" Medium [distinct, non_empty]
        "Assignors of consumer groups, the first one being the default.";
    "group.consumer.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Heartbeat interval given to members of consumer groups.";
    "group.consumer.max.assignment.interval.ms" Int = "15000" Medium [at_least(0)]
        "Largest assignment interval a consumer group may set.";
    "group.consumer.max.heartbeat.interval.ms" Int = "15000" Medium [at_least(1)]
        "Largest heartbeat interval a consumer group may set.";
    "group.consumer.max.session.timeout.ms" Int = "60000" Medium [at_least(1)]
        "Largest session timeout a consumer group may set.";
    "group.consumer.max.size" Int = "2147483647" Medium [at_least(1)]
        "Most members of a consumer group.";
    "group.consumer.migration.policy" String = "bidirectional" Medium [one_of_ignoring_case(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"])]
        "Which conversions between the classic and the consumer protocol are allowed.";
    "group.consumer.min.assignment.interval.ms" Int = "0" Medium [at_least(0)]
        "Smallest assignment interval a consumer group may set.";
    "group.consumer.min.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Smallest heartbeat interval a consumer group may set.";
    "group.consumer.min.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Smallest session timeout a consumer group may set.";
    "group.consumer.regex.refresh.interval.ms" Int = "600000" Medium [at_least(10000), internal]
        "Time between evaluations of regular-expression subscriptions.";
    "group.consumer.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Silence after which a member of a consumer group is removed.";
    "group.coordinator.append.linger.ms" Int = "-1" Medium [at_least(-1)]
        "Longest time group state waits to be written in one batch; -1 adapts.";
    "group.coordinator.background.threads" Int = "2" High [at_least(1)]
        "Threads for background work of the group coordinator.";
    "group.coordinator.cached.buffer.max.bytes" Int = "1048588" Medium [at_least(524288), cluster_wide]
        "Largest write buffer the group coordinator keeps for reuse.";
    "group.coordinator.rebalance.protocols" List = "classic,consumer,streams" Medium [each_of(&["consumer", "classic", "share", "streams"]), non_empty]
        "Group protocols that are enabled.";
    "group.coordinator.threads" Int = "4" High [at_least(1)]
        "Threads of the group coordinator.";
    "group.initial.rebalance.delay.ms" Int = "3000" Medium []
        "Wait for more members before a new classic group first rebalances.";
    "group.max.session.timeout.ms" Int = "1800000" Medium []
        "Largest session timeout of a classic member.";
    "group.max.size" Int = "2147483647" Medium [at_least(1)]
        "Most members of a classic group.";
    "group.min.session.timeout.ms" Int = "6000" Medium []
        "Smallest session timeout of a classic member.";
    "group.share.assignment.interval.ms" Int = "1000" Medium [at_least(0), cluster_wide]
        "Least time between two assignments of a share group.";
    "group.share.assignors" List = "simple" Medium [distinct, non_empty]
        "Assignors of share groups.";
    "group.share.delivery.count.limit" Int = "5" Medium [between(2.0, 10.0)]
        "Deliveries of a record before a share group gives it up.";
    "group.share.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Heartbeat interval given to members of share groups.";
    "group.share.initialize.retry.interval.ms" Int = "30000" Low [at_least(1), internal]
        "Pause before the state of a share partition is initialised again.";
    "group.share.max.assignment.interval.ms" Int = "15000" Medium [at_least(0)]
        "Largest assignment interval a share group may set.";
    "group.share.max.delivery.count.limit" Int = "10" Medium [between(5.0, 25.0)]
        "Largest delivery limit a share group may set.";
    "group.share.max.heartbeat.interval.ms" Int = "15000" Medium [at_least(1)]
        "Largest heartbeat interval a share group may set.";
    "group.share.max.partition.max.record.locks" Int = "4000" Medium [between(2000.0, 10000.0)]
        "Largest lock limit a share group may set.";
    "group.share.max.record.lock.duration.ms" Int = "60000" Medium [between(30000.0, 3600000.0)]
        "Largest lock duration a share group may set.";
    "group.share.max.session.timeout.ms" Int = "60000" Medium [at_least(1)]
        "Largest session timeout a share group may set.";
    "group.share.max.share.sessions" Int = "2000" Medium [at_least(1)]
        "Most share sessions on a broker.";
    "group.share.max.size" Int = "200" Medium [between(1.0, 1000.0)]
        "Most members of a share group.";
    "group.share.min.assignment.interval.ms" Int = "0" Medium [at_least(0)]
        "Smallest assignment interval a share group may set.";
    "group.share.min.delivery.count.limit" Int = "2" Medium [between(2.0, 5.0)]
        "Smallest delivery limit a share group may set.";
    "group.share.min.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Smallest heartbeat interval a share group may set.";
    "group.share.min.partition.max.record.locks" Int = "100" Medium [between(100.0, 2000.0)]
        "Smallest lock limit a share group may set.";
    "group.share.min.record.lock.duration.ms" Int = "15000" Medium [between(1000.0, 30000.0)]
        "Smallest lock duration a share group may set.";
    "group.share.min.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Smallest session timeout a share group may set.";
    "group.share.partition.max.record.locks" Int = "2000" Medium [between(100.0, 10000.0)]
        "Records of a share partition that may be locked at once.";
    "group.share.persister.class.name" String = "org.apache.kafka.server.share.persister.DefaultStatePersister" Medium [internal]
        "Class that persists the state of share groups.";
    "group.share.record.lock.duration.ms" Int = "30000" Medium [between(1000.0, 3600000.0)]
        "How long a record stays locked for the consumer that acquired it.";
    "group.share.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Silence after which a member of a share group is removed.";
    "group.streams.assignment.interval.ms" Int = "1000" Medium [at_least(0), cluster_wide]
        "Least time between two assignments of a streams group.";
    "group.streams.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Heartbeat interval given to members of streams groups.";
    "group.streams.initial.rebalance.delay.ms" Int = "3000" Medium [at_least(0)]
        "Wait for more members before a new streams group is first assigned.";
    "group.streams.max.assignment.interval.ms" Int = "15000" Medium [at_least(0)]
        "Largest assignment interval a streams group may set.";
    "group.streams.max.heartbeat.interval.ms" Int = "15000" Medium [at_least(1)]
        "Largest heartbeat interval a streams group may set.";
    "group.streams.max.session.timeout.ms" Int = "60000" Medium [at_least(1)]
        "Largest session timeout a streams group may set.";
    "group.streams.max.size" Int = "2147483647" Medium [at_least(1)]
        "Most members of a streams group.";
    "group.streams.max.standby.replicas" Int = "2" Medium [at_least(0)]
        "Most standby replicas a streams group may set.";
    "group.streams.min.assignment.interval.ms" Int = "0" Medium [at_least(0)]
        "Smallest assignment interval a streams group may set.";
    "group.streams.min.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Smallest heartbeat interval a streams group may set.";
    "group.streams.min.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Smallest session timeout a streams group may set.";
    "group.streams.num.standby.replicas" Int = "0" Medium [at_least(0)]
        "Standby replicas of each task of a streams group.";
    "group.streams.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Silence after which a member of a streams group is removed.";
    "offset.metadata.max.bytes" Int = "4096" High []
        "Largest metadata text of a committed offset.";
    "offsets.commit.timeout.ms" Int = "5000" High [at_least(1)]
        "Longest wait for a commit to be replicated.";
    "offsets.load.buffer.size" Int = "5242880" High [at_least(1)]
        "Batch size when committed offsets are loaded.";
    "offsets.retention.check.interval.ms" Long = "600000" High [at_least(1)]
        "Time between sweeps for expired offsets.";
    "offsets.retention.minutes" Int = "10080" High [at_least(1)]
        "Minutes that offsets of an empty group are kept.";
    "offsets.topic.compression.codec" Int = "0" High []
        "Compression of the offsets topic, as Kafka's codec number.";
    "offsets.topic.num.partitions" Int = "50" High [at_least(1)]
        "Partitions of the offsets topic; fixed once it exists.";
    "offsets.topic.replication.factor" Short = "3" High [at_least(1)]
        "Replicas of the offsets topic.";
    "offsets.topic.segment.bytes" Int = "104857600" High [at_least(1)]
        "Segment size of the offsets topic.";
    "share.coordinator.append.linger.ms" Int = "-1" Medium [at_least(-1)]
        "Longest time share state waits to be written in one batch; -1 adapts.";
    "share.coordinator.cached.buffer.max.bytes" Int = "1048588" Medium [at_least(524288), cluster_wide]
        "Largest write buffer the share coordinator keeps for reuse.";
    "share.coordinator.cold.partition.snapshot.interval.ms" Int = "300000" Low [at_least(1), internal]
        "Time between snapshots of idle share partitions.";
    "share.coordinator.load.buffer.size" Int = "5242880" High [at_least(1)]
        "Batch size when share state is loaded.";
    "share.coordinator.snapshot.update.records.per.snapshot" Int = "500" Medium [between(0.0, 500.0)]
        "Update records between two snapshots of a share partition.";
    "share.coordinator.state.topic.compression.codec" Int = "0" High []
        "Compression of the share state topic, as Kafka's codec number.";
    "share.coordinator.state.topic.min.isr" Short = "2" High [at_least(1)]
        "`min.insync.replicas` of the share state topic.";
    "share.coordinator.state.topic.num.partitions" Int = "50" High [at_least(1)]
        "Partitions of the share state topic; fixed once it exists.";
    "share.coordinator.state.topic.prune.interval.ms" Int = "300000" Low [at_least(1), internal]
        "Time between deletions of superseded share state.";
    "share.coordinator.state.topic.replication.factor" Short = "3" High [at_least(1)]
        "Replicas of the share state topic.";
    "share.coordinator.state.topic.segment.bytes" Int = "104857600" High [at_least(1)]
        "Segment size of the share state topic.";
    "share.coordinator.threads" Int = "1" Medium [at_least(1)]
        "Threads of the share coordinator.";
    "share.coordinator.write.timeout.ms" Int = "5000" High [at_least(1)]
        "Longest wait for share state to be replicated.";
    "share.fetch.purgatory.purge.interval.requests" Int = "1000" Medium []
        "Completed share fetches kept before the waiting list is purged.";
}
