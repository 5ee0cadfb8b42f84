//! The clients of others behind four verbs, so that one scenario serves them all.

use std::path::PathBuf;

use crate::kcat::kcat;
use crate::python::python;
use crate::tool::Tool;

/// A client library, with the program through which a scenario uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// kcat with the distribution's librdkafka.
    Kcat,
    /// confluent-kafka, in Python over librdkafka.
    Confluent,
    /// kafka-python, a client of its own.
    KafkaPython,
    /// The `rdkafka` crate.
    Rdkafka,
}

/// The header that every sent record carries, as `read` and `join` show it.
pub const SENT_HEADER: &str = "origin=interop";

impl Client {
    /// Sends lines of `key TAB value` from its input to `topic`, each with [`SENT_HEADER`] and, where
    /// the client can say so, the n-th with the timestamp `first_timestamp + n`.
    pub fn send(self, bootstrap: &str, topic: &str, compression: &str, first_timestamp: i64) -> Tool {
        match self {
            Self::Kcat => kcat(bootstrap).words(&format!(
                "-P -t {topic} -K \\t -H {SENT_HEADER} -X compression.type={compression} \
                 -X enable.idempotence=true -X linger.ms=5"
            )),
            _ => self.program(bootstrap).words(&format!("send {topic} {compression} {first_timestamp}")),
        }
    }

    /// Whether [`Client::send`] sets timestamps.
    pub fn sets_timestamps(self) -> bool {
        self != Self::Kcat
    }

    /// Reads `count` records of `topic` from the beginning: lines of partition, offset, key, headers,
    /// timestamp and value, with tabs between.
    pub fn read(self, bootstrap: &str, topic: &str, count: usize) -> Tool {
        match self {
            Self::Kcat => {
                kcat(bootstrap).words(&format!("-C -t {topic} -o beginning -c {count} -f {KCAT_LINE}"))
            }
            _ => self.program(bootstrap).words(&format!("read {topic} {count}")),
        }
    }

    /// Reads `topic` as a member of `group` until it is killed; prints lines as [`Client::read`] does.
    pub fn join(self, bootstrap: &str, topic: &str, group: &str) -> Tool {
        match self {
            Self::Kcat => kcat(bootstrap).words(&format!(
                "-G {group} -u -f {KCAT_LINE} -X auto.offset.reset=earliest -X session.timeout.ms=6000 \
                 -X heartbeat.interval.ms=500 -X auto.commit.interval.ms=200 {topic}"
            )),
            _ => self.program(bootstrap).words(&format!("join {topic} {group}")),
        }
    }

    /// Sends one record with a value of `length` bytes to `topic`, reads it back and prints
    /// `read LENGTH`; fails when the server refuses it.
    pub fn large(self, bootstrap: &str, topic: &str, length: usize) -> Tool {
        match self {
            Self::Kcat => large_by_kcat(bootstrap, topic, length),
            _ => self.program(bootstrap).words(&format!("large {topic} {length}")),
        }
    }

    fn program(self, bootstrap: &str) -> Tool {
        match self {
            Self::Kcat => unreachable!("kcat has its own command lines"),
            Self::Confluent => python("client_confluent.py", bootstrap),
            Self::KafkaPython => python("client_kafka_python.py", bootstrap),
            Self::Rdkafka => Tool::new("client_rdkafka", example("client_rdkafka")).arg(bootstrap),
        }
    }
}

const KCAT_LINE: &str = "%p\\t%o\\t%k\\t%h\\t%T\\t%s\\n";

/// kcat sends and reads in two runs; a shell joins them into one.
fn large_by_kcat(bootstrap: &str, topic: &str, length: usize) -> Tool {
    let send = format!("kcat -b {bootstrap} -P -t {topic} -X message.max.bytes=12000000");
    let read = format!(
        "kcat -b {bootstrap} -q -C -t {topic} -o beginning -c 1 -f '%S' -X fetch.message.max.bytes=12000000"
    );
    let script = format!(
        "set -e; head -c {length} /dev/zero | tr '\\0' x | {send}; length=$({read}); echo \"read $length\""
    );
    Tool::new("kcat", "sh").arg("-c").arg(script)
}

/// An example of this crate; `cargo test` builds it beside the tests.
///
/// # Panics
/// When it has not been built.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let profile =
        test.parent().and_then(std::path::Path::parent).expect("tests lie in target/<profile>/deps");
    let program = profile.join("examples").join(name);
    assert!(
        program.exists(),
        "{} does not exist: run cargo build -p kraftlog-interop --examples",
        program.display()
    );
    program
}
