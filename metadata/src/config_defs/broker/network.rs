//! Listeners, connections and requests.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "advertised.listeners" List = null High [distinct, non_empty, nullable]
        "Addresses that clients and other brokers are told to connect to, where they differ from `listeners`.";
    "background.threads" Int = "10" High [at_least(1), cluster_wide]
        "Threads for background work.";
    "connection.failed.authentication.delay.ms" Int = "100" Low [at_least(0)]
        "Delay before a connection that failed to authenticate is closed.";
    "connections.max.idle.ms" Long = "600000" Medium []
        "Idle time after which a connection is closed.";
    "connections.max.reauth.ms" Long = "0" Medium []
        "Longest session before SASL clients must authenticate again; 0 asks for none.";
    "delete.records.purgatory.purge.interval.requests" Int = "1" Medium []
        "Completed DeleteRecords requests kept before the waiting list is purged.";
    "early.start.listeners" List = null High [distinct, nullable]
        "Listeners that open before the authorizer has finished starting.";
    "fetch.max.bytes" Int = "57671680" Medium [at_least(1024)]
        "Most bytes returned for one fetch request.";
    "fetch.purgatory.purge.interval.requests" Int = "1000" Medium []
        "Completed fetches kept before the waiting list is purged.";
    "inter.broker.listener.name" String = null Medium []
        "Listener that brokers use among themselves.";
    "listener.security.protocol.map" String = "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT" Low [per_broker]
        "Security protocol of each listener name.";
    "listeners" List = "PLAINTEXT://:9092" High [distinct, non_empty, per_broker]
        "Addresses to listen on, as NAME://host:port entries.";
    "max.connection.creation.rate" Int = "2147483647" Medium [at_least(0), cluster_wide]
        "Most new connections per second.";
    "max.connections" Int = "2147483647" Medium [at_least(0), cluster_wide]
        "Most connections at one time.";
    "max.connections.per.ip" Int = "2147483647" Medium [at_least(0), cluster_wide]
        "Most connections from one address.";
    "max.connections.per.ip.overrides" String = "" Medium [cluster_wide]
        "Limits for single hosts, as host:count entries.";
    "max.incremental.fetch.session.cache.slots" Int = "1000" Medium [at_least(0)]
        "Incremental fetch sessions kept in all.";
    "max.request.partition.size.limit" Int = "2000" Medium [at_least(1)]
        "Most partitions in one answer to DescribeTopicPartitions.";
    "num.io.threads" Int = "8" High [at_least(1), cluster_wide]
        "Threads that process requests, disk I/O included.";
    "num.network.threads" Int = "3" High [at_least(1), cluster_wide]
        "Threads per listener that read requests and write answers.";
    "producer.purgatory.purge.interval.requests" Int = "1000" Medium []
        "Completed produce requests kept before the waiting list is purged.";
    "queued.max.request.bytes" Long = "-1" Medium []
        "Bytes of queued requests beyond which reading stops; -1 has no limit.";
    "queued.max.requests" Int = "500" High [at_least(1)]
        "Queued requests beyond which reading stops.";
    "request.timeout.ms" Int = "30000" High []
        "Longest wait for an answer to the node's own requests.";
    "security.inter.broker.protocol" String = "PLAINTEXT" Medium [one_of(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])]
        "Security protocol between brokers when no listener name is given for it.";
    "socket.connection.setup.timeout.max.ms" Long = "30000" Medium []
        "Longest wait for one of the node's own connections to be established.";
    "socket.connection.setup.timeout.ms" Long = "10000" Medium []
        "First wait for one of the node's own connections to be established.";
    "socket.listen.backlog.size" Int = "50" Medium [at_least(1)]
        "Connections that may wait to be accepted.";
    "socket.receive.buffer.bytes" Int = "102400" High []
        "SO_RCVBUF of server sockets; -1 leaves the system's default.";
    "socket.request.max.bytes" Int = "104857600" High [at_least(1)]
        "Largest request frame.";
    "socket.send.buffer.bytes" Int = "102400" High []
        "SO_SNDBUF of server sockets; -1 leaves the system's default.";
}
