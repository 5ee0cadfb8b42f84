//! Settings of a client metrics subscription (KIP-714).

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "interval.ms" Int = "300000" Medium []
        "Time between two pushes of a client.";
    "match" List = "" Medium [distinct]
        "Clients that push, as selector=regular-expression entries; empty matches all.";
    "metrics" List = "" Medium [distinct]
        "Prefixes of the metrics to push; `*` pushes all, empty none.";
}
