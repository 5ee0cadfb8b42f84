//! The two servers a scenario can run on, behind one face: format a directory, start on it.

use std::path::{Path, PathBuf};

use crate::java::java_with;
use crate::tool::Tool;

/// The environment variable that chooses the server of a scenario: `kraftlog` (the default) or `apache`.
const SERVER_VARIABLE: &str = "KRAFTLOG_INTEROP_SERVER";
/// The environment variable that names another `kraftlog` program than the release build.
const PROGRAM_VARIABLE: &str = "KRAFTLOG_BIN";

const APACHE_OPTIONS: &str = "-Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto";
/// What `kafka-server-start.sh` gives a broker, for runs that are compared.
const APACHE_PERFORMANCE_OPTIONS: &str = "-Xmx1G -Xms1G -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
     -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true";

/// Logs to standard output from INFO on, without the 360 settings.
const LOG4J: &str = "rootLogger.level=INFO
rootLogger.appenderRef.stdout.ref=STDOUT
appender.stdout.type=Console
appender.stdout.name=STDOUT
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=[%d] %p %m (%c)%n
logger.settings.name=org.apache.kafka.common.config.AbstractConfig
logger.settings.level=WARN
";

/// A server that serves Kafka's clients from a directory in Kafka's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Apache Kafka 4.3.1 on a small heap.
    Apache,
    /// Apache Kafka 4.3.1 with the options of its own start script.
    ApacheAtFullSpeed,
    /// The release build of this workspace.
    Kraftlog,
}

impl Server {
    /// The server that scenarios run on.
    ///
    /// # Panics
    /// When the environment names one that doesn't exist.
    pub fn under_test() -> Self {
        match std::env::var(SERVER_VARIABLE).as_deref() {
            Ok("apache") => Self::Apache,
            Ok("kraftlog") | Err(_) => Self::Kraftlog,
            Ok(other) => panic!("{SERVER_VARIABLE} is \"{other}\", but only apache and kraftlog exist"),
        }
    }

    /// The command that formats the directories which `properties` names.
    pub(crate) fn format(self, cluster_id: &str, properties: &Path) -> Tool {
        let tool = match self {
            Self::Apache | Self::ApacheAtFullSpeed => java_with(APACHE_OPTIONS, "kafka.tools.StorageTool"),
            Self::Kraftlog => Tool::new("kraftlog storage", kraftlog()).arg("storage"),
        };
        tool.words("format -t").arg(cluster_id).arg("-c").arg(properties)
    }

    /// The command that serves until it is stopped.
    pub(crate) fn serve(self, properties: &Path) -> Tool {
        let tool = match self {
            Self::Apache => apache(APACHE_OPTIONS, properties),
            Self::ApacheAtFullSpeed => apache(APACHE_PERFORMANCE_OPTIONS, properties),
            Self::Kraftlog => Tool::new("kraftlog server-start", kraftlog()).arg("server-start"),
        };
        tool.arg(properties)
    }
}

fn apache(options: &str, properties: &Path) -> Tool {
    let log4j = properties.with_file_name("log4j2.properties");
    std::fs::write(&log4j, LOG4J).expect("a node's directory can be written");
    java_with(&format!("{options} -Dlog4j2.configurationFile=file:{}", log4j.display()), "kafka.Kafka")
}

/// One of kraftlog's tools, under the name that `kraftlog --help` gives it.
pub fn kraftlog_tool(name: &str) -> Tool {
    Tool::new(&format!("kraftlog {name}"), kraftlog()).arg(name)
}

/// The `kraftlog` program under test.
///
/// # Panics
/// When it has not been built.
fn kraftlog() -> PathBuf {
    let path = std::env::var_os(PROGRAM_VARIABLE).map_or_else(release_build, PathBuf::from);
    assert!(path.exists(), "{} does not exist: run ./check, which builds it", path.display());
    path
}

fn release_build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    target.join("release/kraftlog")
}
