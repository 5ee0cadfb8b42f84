//! Cluster metadata: what a Kafka cluster knows about itself, and who may change it.
//!
//! ```text
//!   config_defs/  Kafka's settings as tables: types, defaults, validators, synonyms
//! ```

pub mod config_defs;
