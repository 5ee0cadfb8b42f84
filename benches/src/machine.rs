//! Where and of what the numbers are: the machine, its kernel, and the commit.

use std::fmt;
use std::process::Command;

/// Facts that a table of numbers needs beside it.
pub(crate) struct Machine {
    commit: String,
    processor: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
}

impl Machine {
    /// Asks git and /proc; what cannot be found out is called unknown.
    pub(crate) fn here() -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let memory_kib =
            field(&memory, "MemTotal").and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
        Self {
            commit: commit().unwrap_or_else(unknown),
            processor: field(&cpu, "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: memory_kib.unwrap_or(0) >> 20,
            kernel: kernel.trim().to_owned(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Commit {}; {} cores of {}, {} GiB, Linux {}.",
            self.commit, self.cores, self.processor, self.memory_gib, self.kernel
        )
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_owned())
}

/// The short hash of the checked-out commit, marked when files differ from it.
fn commit() -> Option<String> {
    let output =
        Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=10"]).output().ok()?;
    let described = String::from_utf8(output.stdout).ok()?;
    (!described.trim().is_empty()).then(|| described.trim().to_owned())
}
