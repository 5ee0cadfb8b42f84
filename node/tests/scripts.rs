//! `bin/*.sh`, each run as Kafka's guides run it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use interop::free_port;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Above every id that another test or a node of this machine's user would take.
const NODE_ID: i32 = 1_900_000_000;

/// A tree as it is installed: the scripts of this repository, and the program beside them.
struct Tree {
    directory: tempfile::TempDir,
}

impl Tree {
    /// With the scripts alone.
    fn scripts() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let bin = directory.path().join("bin");
        fs::create_dir(&bin).expect("a directory");
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bin");
        for script in fs::read_dir(ours).expect("bin/ is there") {
            let script = script.expect("it can be listed");
            fs::copy(script.path(), bin.join(script.file_name())).expect("it can be copied");
        }
        Self { directory }
    }

    fn installed() -> Self {
        let tree = Self::scripts();
        symlink(env!("CARGO_BIN_EXE_kraftlog"), tree.path("bin/kraftlog")).expect("a link");
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, script: &str, arguments: &str) -> Command {
        let mut command = Command::new(self.path("bin").join(script));
        command.args(arguments.split_whitespace()).current_dir(self.directory.path()).stdin(Stdio::null());
        command.env_remove("LOG_DIR").env_remove("CARGO_TARGET_DIR");
        command
    }

    /// Standard output of a script that does what it is asked to.
    fn run(&self, script: &str, arguments: &str) -> String {
        let output = self.command(script, arguments).output().expect("the script starts");
        assert!(output.status.success(), "{script} {arguments}: {}", complaint(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A process that is killed when the test ends, if it still runs.
struct Daemon(Pid);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

impl Daemon {
    /// From `started as process N, output in …`.
    fn told_by(line: &str) -> Self {
        let number = line.split_whitespace().nth(3).and_then(|word| word.trim_end_matches(',').parse().ok());
        Self(number.and_then(Pid::from_raw).unwrap_or_else(|| panic!("no process id in {line:?}")))
    }

    /// Whether it has ended. As nobody's child it is gone at once; under a parent that does not reap, it
    /// stays as a zombie.
    fn has_ended(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.as_raw_nonzero()));
        test_kill_process(self.0).is_err() || status.is_ok_and(|status| status.contains("State:\tZ"))
    }
}

/// Looks at what another process does until it is done.
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "not seen: {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_node_from_its_format_to_its_end() {
    let tree = Tree::installed();
    let (clients, controllers) = (free_port(), free_port());
    fs::write(
        tree.path("server.properties"),
        format!(
            "process.roles=broker,controller\nnode.id=7\ncontroller.quorum.bootstrap.servers=127.0.0.1:{controllers}\n\
             listeners=PLAINTEXT://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controllers}\n\
             controller.listener.names=CONTROLLER\nlog.dirs={}\n",
            tree.path("data").display()
        ),
    )
    .expect("it can be written");
    // The format reads the same file, but knows no --override: a second file carries the id.
    let text = fs::read_to_string(tree.path("server.properties")).expect("it was written");
    fs::write(tree.path("format.properties"), text.replace("node.id=7", &format!("node.id={NODE_ID}")))
        .expect("it can be written");

    let id = tree.run("kafka-storage.sh", "random-uuid");
    let formatted =
        tree.run("kafka-storage.sh", &format!("format -t {} -c format.properties --standalone", id.trim()));
    assert!(formatted.contains("Formatting dynamic metadata voter directory"), "{formatted}");
    let info = tree.run("kafka-storage.sh", "info -c format.properties");
    assert!(info.contains(id.trim()), "{info}");

    let start = format!("-daemon server.properties --override node.id={NODE_ID}");
    let node = Daemon::told_by(&tree.run("kafka-server-start.sh", &start));
    let log = || fs::read_to_string(tree.path("logs/kafkaServer.out")).unwrap_or_default();
    eventually("the node is ready", || {
        assert!(!node.has_ended(), "it ended: {}", log());
        log().contains("Kafka Server started")
    });

    let server = format!("--bootstrap-server 127.0.0.1:{clients}");
    let topics = |rest: &str| tree.run("kafka-topics.sh", &format!("{server} {rest}"));
    assert_eq!(topics("--create --topic trees --partitions 2"), "Created topic trees.\n");
    assert_eq!(topics("--list"), "trees\n");
    assert_eq!(topics("--alter --topic trees --partitions 3"), "");
    assert!(topics("--describe --topic trees").contains("PartitionCount: 3\t"));
    assert_eq!(topics("--delete --topic trees"), "");
    assert_eq!(topics("--list"), "\n");
    let status = tree.run("kafka-metadata-quorum.sh", &format!("{server} describe --status"));
    assert!(status.contains(&format!("LeaderId:               {NODE_ID}\n")), "{status}");
    let replication = tree.run("kafka-metadata-quorum.sh", &format!("{server} describe --replication"));
    assert!(replication.contains("Leader"), "{replication}");

    let stopped = tree.run("kafka-server-stop.sh", &format!("--node-id {NODE_ID}"));
    assert!(stopped.starts_with(&format!("Stopping node {NODE_ID} (process ")), "{stopped}");
    eventually("the node ends", || node.has_ended());
    assert!(log().contains("stopped: asked to stop (SIGTERM)"), "{}", log());
    assert!(tree.path("data/.kafka_cleanshutdown").exists());
    let again =
        tree.command("kafka-server-stop.sh", &format!("--node-id {NODE_ID}")).output().expect("it starts");
    assert_eq!(again.status.code(), Some(1), "{}", complaint(&again));

    let segment = "data/__cluster_metadata-0/00000000000000000000.log";
    let dump = tree.run("kafka-dump-log.sh", &format!("--cluster-metadata-decoder --files {segment}"));
    assert!(dump.contains("\"name\":\"trees\"") && dump.contains("REMOVE_TOPIC_RECORD"), "{dump}");
}

#[test]
fn a_source_tree_is_built_once_when_there_is_no_program() {
    let tree = Tree::scripts();
    // Stands in for cargo: notes what it was asked for and leaves a program where cargo would.
    let cargo = tree.path("cargo");
    let script = format!(
        "#!/bin/sh\necho \"$PWD: $*\" >> {calls}\nmkdir -p target/release\nln -sf {program} target/release/kraftlog\n",
        calls = tree.path("calls").display(),
        program = env!("CARGO_BIN_EXE_kraftlog"),
    );
    fs::write(&cargo, script).expect("it can be written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
    let path = format!("{}:/usr/bin:/bin", tree.directory.path().display());

    for run in ["first", "second"] {
        let output =
            tree.command("kafka-storage.sh", "random-uuid").env("PATH", &path).output().expect("a shell");
        assert!(output.status.success(), "{}", complaint(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim().len(), 22, "an id and nothing else");
        assert_eq!(complaint(&output).contains("building the release program"), run == "first");
    }
    let root = tree.directory.path().canonicalize().expect("it exists");
    let calls = fs::read_to_string(tree.path("calls")).expect("cargo was called");
    assert_eq!(calls, format!("{}: build --release --quiet --package kraftlog\n", root.display()));
}

#[test]
fn scripts_are_found_through_links() {
    let tree = Tree::installed();
    let link = tree.path("topics");
    symlink("bin/kafka-topics.sh", &link).expect("a link");
    let output = Command::new(link).arg("--help").output().expect("the script starts");
    assert!(output.status.success(), "{}", complaint(&output));
}
