//! Apache's own programs and this crate take turns on one log directory.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use kraftlog_log_store::directory::{DirectoryError, LogDirectories, LogDirectory, MetaProperties};
use kraftlog_log_store::io::{BlockingIo, Io};
use wire::Uuid;

const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";

fn java(class: &str, arguments: &[&str]) -> Command {
    let libs = std::env::var("KRAFTLOG_KAFKA_LIBS")
        .expect("KRAFTLOG_KAFKA_LIBS is not set: run ./check, which fetches Apache Kafka's jars and sets it");
    let mut command = Command::new("java");
    command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", &format!("{libs}/*"), class]).args(arguments);
    command
}

/// Runs one of Apache's programs and returns whether it succeeded and all it printed.
fn run(class: &str, arguments: &[&str]) -> (bool, String) {
    let output = java(class, arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn configuration(dir: &Path, log_dirs: &[PathBuf]) -> PathBuf {
    let dirs: Vec<_> = log_dirs.iter().map(|dir| dir.to_str().unwrap()).collect();
    let text = format!(
        "process.roles=broker,controller\nnode.id=7\ncontroller.quorum.voters=7@127.0.0.1:9093\n\
         listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n\
         controller.listener.names=CONTROLLER\nlog.dirs={}\n",
        dirs.join(",")
    );
    let path = dir.join("server.properties");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn storage_tool_reads_our_meta_properties_and_we_read_its() {
    let root = tempfile::tempdir().unwrap();
    let dirs = ["a", "b"].map(|name| root.path().join(name));
    let config = configuration(root.path(), &dirs);
    let config = config.to_str().unwrap();
    let io: Arc<dyn Io> = Arc::new(BlockingIo::new());
    let meta = MetaProperties {
        cluster_id: CLUSTER.into(),
        node_id: 7,
        directory_id: Some(Uuid::from(0x1234_5678u128 << 80)),
    };
    for (number, dir) in dirs.iter().enumerate() {
        let directory = LogDirectory::open(Arc::clone(&io), dir).unwrap();
        let id = Some(Uuid::from((0x1234_5678 + number as u128) << 80));
        directory.write_meta_properties(&MetaProperties { directory_id: id, ..meta.clone() }).unwrap();
    }
    let first = meta.directory_id.unwrap();
    let (done, text) = run("kafka.tools.StorageTool", &["info", "-c", config]);
    assert!(done, "{text}");
    assert!(
        text.contains(&format!("cluster.id={CLUSTER}, directory.id={first}, node.id=7, version=1")),
        "{text}"
    );

    dirs.iter().for_each(|dir| fs::remove_dir_all(dir).unwrap());
    let (done, text) = run("kafka.tools.StorageTool", &["format", "-t", CLUSTER, "-c", config]);
    assert!(done, "{text}");
    let opened = LogDirectories::open(&io, &dirs).unwrap();
    let found: Vec<_> = opened.meta_properties().map(|(_, meta)| meta.clone()).collect();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|meta| meta.cluster_id == CLUSTER && meta.node_id == 7), "{found:?}");
    assert_ne!(found[0].directory_id, found[1].directory_id);
}

/// Ends a program of Apache's also when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _already_over = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Apache's metadata shell takes the lock of the log directory as a broker does, and holds it
/// until its input ends.
#[test]
fn apache_and_this_crate_keep_each_other_off_a_directory() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a");
    let config = configuration(root.path(), std::slice::from_ref(&dir));
    let arguments = ["format", "-t", CLUSTER, "-c", config.to_str().unwrap()];
    let (done, text) = run("kafka.tools.StorageTool", &arguments);
    assert!(done, "{text}");
    let log = dir.join("__cluster_metadata-0");
    fs::create_dir_all(&log).unwrap();
    let snapshot = log.join("00000000000000000000-0000000000.checkpoint");
    fs::copy(dir.join("bootstrap.checkpoint"), &snapshot).unwrap();
    let shell = ["--snapshot", snapshot.to_str().unwrap()];
    let class = "org.apache.kafka.shell.MetadataShell";
    let io: Arc<dyn Io> = Arc::new(BlockingIo::new());

    let ours = LogDirectory::open(Arc::clone(&io), &dir).unwrap();
    let (done, text) = run(class, &shell);
    assert!(!done && text.contains("Unable to lock"), "{text}");
    drop(ours);

    let mut command = java(class, &shell);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut theirs = Running(command.spawn().unwrap());
    let output = BufReader::new(theirs.0.stdout.take().unwrap());
    let loading = output.lines().map_while(Result::ok).any(|line| line.contains("Loading"));
    assert!(loading, "the shell says that it has the lock");
    let refused = LogDirectory::open(Arc::clone(&io), &dir).unwrap_err();
    assert!(matches!(refused, DirectoryError::Locked { .. }), "{refused}");
    drop(theirs);
    LogDirectory::open(io, &dir).unwrap();
}
