//! `kafka-storage info`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use log_store::directory::{MetaProperties, read_meta_properties};
use log_store::io::BlockingIo;

use super::super::Failure;
use crate::config::NodeConfig;

/// Get information about the Kafka log directories on this node
#[derive(Debug, Args)]
pub(super) struct Info {
    /// The Kafka configuration file to use
    #[arg(long, short, value_name = "CONFIG")]
    config: PathBuf,
}

/// What was found, directory by directory.
#[derive(Default)]
struct Findings {
    directories: Vec<PathBuf>,
    metadata: Option<MetaProperties>,
    problems: Vec<String>,
}

impl Info {
    pub(super) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = NodeConfig::load(&self.config, &[])?;
        let mut findings = Findings::default();
        for directory in config.all_directories() {
            findings.look_at(&directory);
        }
        findings.print(out)?;
        if findings.problems.is_empty() { Ok(()) } else { Err(Failure::quiet()) }
    }
}

impl Findings {
    fn look_at(&mut self, directory: &Path) {
        let shown = directory.display();
        if !directory.is_dir() {
            let what = if directory.exists() { "is not a directory" } else { "does not exist" };
            self.problems.push(format!("{shown} {what}"));
            return;
        }
        self.directories.push(directory.to_owned());
        match read_meta_properties(&BlockingIo::new(), directory) {
            Ok(Some(meta)) => self.compare(meta),
            Ok(None) => self.problems.push(format!("{shown} is not formatted.")),
            Err(error) => self.problems.push(format!("Error loading {error}")),
        }
    }

    fn compare(&mut self, meta: MetaProperties) {
        let Some(first) = &self.metadata else {
            self.metadata = Some(meta);
            return;
        };
        if first.cluster_id != meta.cluster_id {
            let both = format!("{} and {}", first.cluster_id, meta.cluster_id);
            self.problems.push(format!("Mismatched cluster IDs between storage directories: {both}."));
        } else if first.node_id != meta.node_id {
            let both = format!("{} and {}", first.node_id, meta.node_id);
            self.problems.push(format!("Mismatched node IDs between storage directories: {both}."));
        }
    }

    fn print(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let directories: Vec<String> =
            self.directories.iter().map(|path| path.display().to_string()).collect();
        print_section("Found log directory:", "Found log directories:", &directories, out)?;
        if let Some(meta) = &self.metadata {
            writeln!(out, "Found metadata: {}\n", as_map(meta))?;
        }
        print_section("Found problem:", "Found problems:", &self.problems, out)
    }
}

fn print_section(one: &str, many: &str, lines: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", if lines.len() == 1 { one } else { many })?;
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    Ok(writeln!(out)?)
}

/// As Java prints a sorted map.
fn as_map(meta: &MetaProperties) -> String {
    let mut entries = BTreeMap::from([
        ("version", "1".to_owned()),
        ("cluster.id", meta.cluster_id.clone()),
        ("node.id", meta.node_id.to_string()),
    ]);
    entries.extend(meta.directory_id.map(|id| ("directory.id", id.to_string())));
    let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{{{}}}", entries.join(", "))
}
