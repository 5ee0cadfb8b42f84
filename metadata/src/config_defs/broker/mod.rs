//! The settings of a node, by area.

mod dynamic_only;
mod groups;
mod log;
mod network;
mod node;
mod quorum;
mod remote;
mod replication;
mod sasl;
mod ssl;
mod transactions;

use super::def::ConfigDef;

/// What a configuration file may hold.
pub(super) const AREAS: &[&[ConfigDef]] = &[
    groups::SETTINGS,
    log::SETTINGS,
    network::SETTINGS,
    node::SETTINGS,
    quorum::SETTINGS,
    remote::SETTINGS,
    replication::SETTINGS,
    sasl::SETTINGS,
    ssl::SETTINGS,
    transactions::SETTINGS,
];

pub(super) use dynamic_only::SETTINGS as DYNAMIC_ONLY;
