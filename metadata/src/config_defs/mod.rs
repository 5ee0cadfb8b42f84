//! Kafka's settings as tables: every name with its type, default, validator, importance, update mode and one
//! sentence of documentation, as in Apache Kafka 4.3.1.
//!
//! ```text
//!   def.rs        one row: ConfigDef, and the macro that the tables are written in
//!   value.rs      parsed values and how Kafka prints them
//!   validator.rs  what a value must satisfy, with Kafka's sentence when it does not
//!   table.rs      lookup by name
//!   synonyms.rs   which broker settings stand behind a topic or group setting
//!   rules.rs      rules that span several settings of a topic, group or subscription
//!   broker/…      the 360 settings of a node, by area; topic.rs, group.rs, client_metrics.rs
//! ```

mod broker;
mod client_metrics;
mod def;
mod group;
mod rules;
mod synonyms;
mod table;
#[cfg(test)]
mod tests;
mod topic;
mod validator;
mod value;

pub use def::{ConfigDef, ConfigType, Default, Importance, UpdateMode};
pub use rules::{RuleViolation, validate_client_metrics, validate_group, validate_topic};
pub use synonyms::{
    TopicSynonym, Unit, broker_synonyms, default_topic_value, group_synonym, inherited_topic_value,
    topic_defaults, topic_synonyms,
};
pub use table::{ConfigTable, broker, client_metrics, dynamic_broker, group, topic};
pub use validator::{ConfigError, Validator};
pub use value::Value;

pub(crate) use def::settings;
pub(crate) use synonyms::without_listener;
