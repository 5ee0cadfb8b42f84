//! `kafka-server-stop`: finds the nodes on this machine and asks them to stop.
//!
//! A node is a process of this program with the tool `server-start`; which one it is stands in the
//! configuration file that its command line names.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use log_store::properties;
use rustix::process::{Pid, Signal, kill_process};

use super::{Failure, program_name};

/// Stop the nodes that run on this machine
#[derive(Debug, Parser)]
pub(crate) struct ServerStop {
    /// Only nodes of this role: broker or controller
    #[arg(long, value_name = "role", conflicts_with = "node_id", value_parser = ["broker", "controller"])]
    process_role: Option<String>,
    /// Only the node with this id
    #[arg(long, value_name = "id")]
    node_id: Option<i32>,
}

/// A node that runs here.
#[derive(Debug, PartialEq, Eq)]
struct Running {
    pid: i32,
    node_id: Option<i32>,
    roles: Vec<String>,
}

impl ServerStop {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let wanted: Vec<Running> = running()?.into_iter().filter(|node| self.means(node)).collect();
        if wanted.is_empty() {
            return Err(Failure::refused(match (&self.process_role, self.node_id) {
                (Some(role), _) => format!("No kafka server to stop with role {role}"),
                (None, Some(id)) => format!("No kafka server to stop with node id {id}"),
                (None, None) => "No kafka server to stop".to_owned(),
            }));
        }
        for node in wanted {
            let name = node.node_id.map_or_else(|| "a node".to_owned(), |id| format!("node {id}"));
            let pid = Pid::from_raw(node.pid).ok_or_else(|| Failure::refused("process ids are above 0"))?;
            kill_process(pid, Signal::TERM).map_err(|error| {
                Failure::refused(format!("{name} (process {}) cannot be stopped: {error}", node.pid))
            })?;
            writeln!(out, "Stopping {name} (process {})", node.pid)?;
        }
        Ok(())
    }

    fn means(&self, node: &Running) -> bool {
        let role = self.process_role.as_ref().is_none_or(|role| node.roles.contains(role));
        role && self.node_id.is_none_or(|id| node.node_id == Some(id))
    }
}

/// All nodes that this user can see.
fn running() -> Result<Vec<Running>, Failure> {
    let processes = std::fs::read_dir("/proc").map_err(|error| {
        Failure::refused(format!("/proc, where processes are listed, cannot be read: {error}"))
    })?;
    let mut found = Vec::new();
    for entry in processes.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that ended meanwhile has no command line any more.
        let Ok(command_line) = std::fs::read(entry.path().join("cmdline")) else { continue };
        let Some(start) = Start::read(&command_line) else { continue };
        let directory = std::fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        let (node_id, roles) = start.identity(&directory);
        found.push(Running { pid, node_id, roles });
    }
    found.sort_by_key(|node| node.pid);
    Ok(found)
}

/// What the command line of a node says.
#[derive(Debug, PartialEq, Eq)]
struct Start {
    file: PathBuf,
    overrides: Vec<(String, String)>,
}

impl Start {
    /// Reads a command line as `/proc` shows it; `None` for other programs and tools.
    fn read(command_line: &[u8]) -> Option<Self> {
        let words: Vec<&str> = command_line
            .split(|byte| *byte == 0)
            .map(|word| std::str::from_utf8(word).unwrap_or_default())
            .collect();
        let (program, rest) = words.split_first()?;
        let rest = match program_name(OsStr::new(program)).as_str() {
            "kafka-server-start" => rest,
            "kraftlog" => rest.strip_prefix(&["server-start"])?,
            _ => return None,
        };
        let mut start = Self { file: PathBuf::new(), overrides: Vec::new() };
        let mut rest = rest.iter();
        while let Some(word) = rest.next() {
            let pair = match *word {
                "--override" => rest.next().copied(),
                word => word.strip_prefix("--override="),
            };
            match pair {
                Some(pair) => {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    start.overrides.push((key.to_owned(), value.to_owned()));
                }
                None if word.starts_with('-') || word.is_empty() => {}
                None => start.file = PathBuf::from(word),
            }
        }
        Some(start)
    }

    /// Id and roles, from the file and what overrides it.
    fn identity(&self, directory: &Path) -> (Option<i32>, Vec<String>) {
        let file = std::fs::read(directory.join(&self.file)).unwrap_or_default();
        let settings = properties::parse(&file).unwrap_or_default();
        let value = |key: &str| {
            let overridden =
                self.overrides.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value);
            let written =
                || settings.iter().rev().find(|setting| setting.key == key).map(|setting| &setting.value);
            overridden.or_else(written).map(|value| value.trim().to_owned())
        };
        let roles = value("process.roles").unwrap_or_default();
        let roles = roles.split(',').map(|role| role.trim().to_owned()).collect();
        (value("node.id").and_then(|id| id.parse().ok()), roles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Vec<u8> {
        words.iter().flat_map(|word| word.bytes().chain([0])).collect()
    }

    #[test]
    fn nodes_are_told_from_other_programs() {
        assert_eq!(Start::read(&line(&["/usr/bin/java", "kafka.Kafka", "server.properties"])), None);
        assert_eq!(Start::read(&line(&["kraftlog", "topics", "server-start"])), None);
        assert_eq!(Start::read(&[]), None);
        let start = Start::read(&line(&["./kraftlog", "server-start", "--daemon", "a.properties"])).unwrap();
        assert_eq!(start.file, Path::new("a.properties"));
        assert!(Start::read(&line(&["/opt/bin/kafka-server-start.sh", "a.properties"])).is_some());
    }

    #[test]
    fn a_node_is_known_by_its_file_and_its_overrides() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join("a.properties"),
            "process.roles=broker, controller\nnode.id=3\n",
        )
        .unwrap();
        let start = Start::read(&line(&["kraftlog", "server-start", "a.properties"])).unwrap();
        let both = vec!["broker".to_owned(), "controller".to_owned()];
        assert_eq!(start.identity(directory.path()), (Some(3), both.clone()));
        let words = ["kraftlog", "server-start", "a.properties", "--override", "node.id=4"];
        assert_eq!(Start::read(&line(&words)).unwrap().identity(directory.path()), (Some(4), both));
    }

    #[test]
    fn options_choose_among_nodes() {
        let node = Running { pid: 1, node_id: Some(3), roles: vec!["broker".to_owned()] };
        let stop =
            |role: Option<&str>, node_id| ServerStop { process_role: role.map(str::to_owned), node_id };
        assert!(stop(None, None).means(&node));
        assert!(stop(Some("broker"), None).means(&node) && !stop(Some("controller"), None).means(&node));
        assert!(stop(None, Some(3)).means(&node) && !stop(None, Some(4)).means(&node));
    }
}
