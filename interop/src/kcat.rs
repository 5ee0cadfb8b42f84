//! kcat, the command line over librdkafka.

use crate::tool::Tool;

/// kcat against `bootstrap`, quiet about the ends of partitions.
pub fn kcat(bootstrap: &str) -> Tool {
    Tool::new("kcat", "kcat").words(&format!("-b {bootstrap} -q"))
}
