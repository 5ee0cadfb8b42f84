//! Settings of a consumer, share or streams group.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "consumer.assignment.interval.ms" Int = "1000" Medium [at_least(0)]
        "Least time between two assignments.";
    "consumer.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Heartbeat interval given to members.";
    "consumer.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Silence after which a member is removed.";
    "share.assignment.interval.ms" Int = "1000" Medium [at_least(0)]
        "Least time between two assignments.";
    "share.auto.offset.reset" String = "latest" Medium [offset_reset]
        "Where a share group starts: latest, earliest, or by_duration:<ISO-8601 duration>.";
    "share.delivery.count.limit" Int = "5" Medium [at_least(2)]
        "Deliveries of a record before the group gives it up.";
    "share.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Heartbeat interval given to members.";
    "share.isolation.level" String = "read_uncommitted" Medium [one_of(&["read_committed", "read_uncommitted"])]
        "Whether records of open and aborted transactions are delivered.";
    "share.partition.max.record.locks" Int = "2000" Medium [at_least(100)]
        "Records of a partition that may be locked at once.";
    "share.record.lock.duration.ms" Int = "30000" Medium [at_least(1000)]
        "How long a record stays locked for the consumer that acquired it.";
    "share.renew.acknowledge.enable" Boolean = "true" Medium []
        "Whether consumers may renew the lock of a record.";
    "share.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Silence after which a member is removed.";
    "streams.assignment.interval.ms" Int = "1000" Medium [at_least(0)]
        "Least time between two assignments.";
    "streams.heartbeat.interval.ms" Int = "5000" Medium [at_least(1)]
        "Heartbeat interval given to members.";
    "streams.initial.rebalance.delay.ms" Int = "3000" Medium [at_least(0)]
        "Wait for more members before a new group is first assigned.";
    "streams.num.standby.replicas" Int = "0" Medium [at_least(0)]
        "Standby replicas of each task.";
    "streams.session.timeout.ms" Int = "45000" Medium [at_least(1)]
        "Silence after which a member is removed.";
}
