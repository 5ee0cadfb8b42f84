//! Broker settings that exist only dynamically: they are in no configuration file and no default listing.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "follower.replication.throttled.rate" Long = "9223372036854775807" Medium [at_least(0), cluster_wide]
        "Bytes per second that throttled replicas may use as followers.";
    "leader.replication.throttled.rate" Long = "9223372036854775807" Medium [at_least(0), cluster_wide]
        "Bytes per second that throttled replicas may use as leaders.";
    "replica.alter.log.dirs.io.max.bytes.per.second" Long = "9223372036854775807" Medium [at_least(0), cluster_wide]
        "Bytes per second for moves between log directories of one broker.";
}
