//! Apache Kafka's own programs, unmodified, from the directory of jars that `./check` fetches.

use std::path::PathBuf;

use crate::tool::Tool;

/// The environment variable that names the directory of Apache Kafka's jars.
const LIBS_VARIABLE: &str = "KRAFTLOG_KAFKA_LIBS";

/// Small heaps, and the quick compiler only: most runs are over before the good one pays.
const SHORT_RUN: &str = "-Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto";

/// The directory of Apache Kafka's jars: the one that is named, else the one that `./check` filled last.
///
/// # Panics
/// When there is neither.
pub(crate) fn libs() -> PathBuf {
    let named = std::env::var_os(LIBS_VARIABLE).map(PathBuf::from);
    named.or_else(fetched_libs).unwrap_or_else(|| {
        panic!("{LIBS_VARIABLE} is not set: run ./check, which fetches Apache Kafka's jars and sets it")
    })
}

fn fetched_libs() -> Option<PathBuf> {
    let cache = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent()?.join(".cache");
    let fetched = std::fs::read_dir(cache).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let whole = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with("kafka-libs-") && !name.ends_with(".part"));
        whole.then_some((entry.metadata().ok()?.modified().ok()?, entry.path()))
    });
    fetched.max().map(|(_, path)| path)
}

/// Apache's program `class`; a name without a dot is one of `org.apache.kafka.tools`.
pub fn java(class: &str) -> Tool {
    java_with(SHORT_RUN, class)
}

/// Like [`java`], with other options for the virtual machine, separated by single spaces.
pub(crate) fn java_with(options: &str, class: &str) -> Tool {
    let class =
        if class.contains('.') { class.to_owned() } else { format!("org.apache.kafka.tools.{class}") };
    Tool::new(&class, "java").words(options).arg("-cp").arg(libs().join("*")).arg(&class)
}

/// `ConsoleProducer` for `topic`, acknowledged by all replicas.
pub fn console_producer(bootstrap: &str, topic: &str) -> Tool {
    java("ConsoleProducer").words(&format!("--bootstrap-server {bootstrap} --topic {topic}"))
}

/// `ConsoleConsumer` for `topic` from the beginning, until `records` have been read.
pub fn console_consumer(bootstrap: &str, topic: &str, records: usize) -> Tool {
    java("org.apache.kafka.tools.consumer.ConsoleConsumer").words(&format!(
        "--bootstrap-server {bootstrap} --topic {topic} --from-beginning --max-messages {records} --timeout-ms 60000"
    ))
}
