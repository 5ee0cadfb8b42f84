//! Settings for a Java machine, which scripts around Kafka set and nobody needs here.

use std::env;

/// Variables that only mean something to a Java machine.
const VARIABLES: [&str; 5] =
    ["KAFKA_HEAP_OPTS", "KAFKA_JVM_PERFORMANCE_OPTS", "KAFKA_GC_LOG_OPTS", "KAFKA_OPTS", "KAFKA_JMX_OPTS"];

/// Says once which of them are set, so that nobody wonders whether they work.
pub(super) fn note_settings() {
    let set: Vec<&str> = VARIABLES.into_iter().filter(|name| env::var_os(name).is_some()).collect();
    if !set.is_empty() {
        tracing::info!("{} are for a Java machine and have no effect: there is none", set.join(", "));
    }
    if env::var_os("JMX_PORT").is_some() {
        tracing::info!("JMX_PORT has no effect: there is no Java machine");
    }
}
