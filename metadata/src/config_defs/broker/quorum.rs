//! The metadata quorum: controllers, their log, and the life of a broker within it.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "broker.heartbeat.interval.ms" Int = "2000" Medium []
        "Time between a broker's heartbeats to the controller.";
    "broker.id" Int = "-1" High []
        "Older name of `node.id`.";
    "broker.rack" String = null Medium []
        "Rack of this broker, used to place replicas apart and to fetch from the nearest one.";
    "broker.session.timeout.ms" Int = "9000" Medium []
        "Silence after which the controller fences a broker.";
    "controlled.shutdown.enable" Boolean = "true" Medium []
        "Whether a stopping broker hands its leaders over first.";
    "controller.listener.names" List = required High [distinct, non_empty]
        "Names of the listeners that controllers use, separated by commas.";
    "controller.performance.always.log.threshold.ms" Long = "2000" Medium [at_least(0), internal]
        "Controller events slower than this are always logged.";
    "controller.performance.sample.period.ms" Long = "60000" Medium [at_least(100), internal]
        "Period over which the controller samples slow events.";
    "controller.quorum.append.linger.ms" Int = "25" Medium [at_least(0)]
        "Longest time the leader gathers metadata writes before it flushes them.";
    "controller.quorum.auto.join.enable" Boolean = "false" Low []
        "Whether a controller joins a dynamic quorum by itself when it starts.";
    "controller.quorum.bootstrap.servers" List = "" High [host_ports]
        "Addresses, as host:port, through which the metadata quorum is found.";
    "controller.quorum.election.backoff.max.ms" Int = "1000" High [at_least(0)]
        "Longest pause before a failed election is tried again.";
    "controller.quorum.election.timeout.ms" Int = "1000" High [at_least(0)]
        "Longest wait for votes before a new election starts.";
    "controller.quorum.fetch.max.bytes" Int = "1048576" Low [at_least(1)]
        "Most bytes of metadata log in one fetch.";
    "controller.quorum.fetch.snapshot.max.bytes" Int = "1048576" Low [at_least(1)]
        "Most bytes of a metadata snapshot in one fetch.";
    "controller.quorum.fetch.timeout.ms" Int = "2000" High [at_least(0)]
        "Time without a successful fetch after which a voter stands for election.";
    "controller.quorum.request.timeout.ms" Int = "2000" Medium [at_least(0)]
        "Longest wait for an answer within the metadata quorum.";
    "controller.quorum.retry.backoff.ms" Int = "20" Low [at_least(0)]
        "Pause before a failed request within the quorum is sent again.";
    "controller.quorum.voters" List = "" High [quorum_voters]
        "The static voter set, as id@host:port entries.";
    "controller.quota.window.num" Int = "11" Low [at_least(1)]
        "Samples kept for the quota on controller mutations.";
    "controller.quota.window.size.seconds" Int = "1" Low [at_least(1)]
        "Length of one sample of the quota on controller mutations.";
    "controller.socket.timeout.ms" Int = "30000" Medium []
        "Socket timeout towards the controller.";
    "initial.broker.registration.timeout.ms" Int = "60000" Medium []
        "How long a starting broker tries to register before it gives up.";
    "internal.metadata.delete.delay.millis" Long = "60000" Low [internal]
        "Delay before deleted metadata segments and snapshots leave the disk.";
    "internal.metadata.log.segment.bytes" Int = null Low [internal]
        "Segment size of the metadata log, for tests.";
    "internal.metadata.max.batch.size.in.bytes" Int = "8388608" Low [internal]
        "Largest batch in the metadata log.";
    "metadata.log.dir" String = null High []
        "Directory of the metadata log; the first of `log.dirs` when unset.";
    "metadata.log.max.record.bytes.between.snapshots" Long = "20971520" High [at_least(1)]
        "Bytes of new metadata records after which a snapshot is written.";
    "metadata.log.max.snapshot.interval.ms" Long = "3600000" High [at_least(0)]
        "Age of uncovered metadata records after which a snapshot is written; 0 never does.";
    "metadata.log.segment.bytes" Int = "1073741824" High [at_least(8388608)]
        "Size at which a segment of the metadata log is rolled.";
    "metadata.log.segment.ms" Long = "604800000" High []
        "Age at which a segment of the metadata log is rolled.";
    "metadata.max.idle.interval.ms" Int = "500" Low [at_least(0)]
        "Time between the no-op records of an active controller; 0 writes none.";
    "metadata.max.retention.bytes" Long = "104857600" High []
        "Size of metadata log and snapshots beyond which old ones are deleted.";
    "metadata.max.retention.ms" Long = "604800000" High []
        "Age beyond which metadata log segments and snapshots are deleted.";
    "node.id" Int = required High [at_least(0)]
        "Identity of this node, unique in the cluster.";
    "process.roles" List = required High [each_of(&["broker", "controller"]), non_empty]
        "Roles of this node: broker, controller or both.";
    "server.max.startup.time.ms" Long = "9223372036854775807" Medium [at_least(0), internal]
        "Longest time that starting may take.";
}
