//! What an operator reads when something is wrong: the whole text and the exit code, situation by situation.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use interop::free_port;

const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qg";

/// A directory with a configuration file in it, where the program runs.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn with(properties: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("server.properties"), properties).expect("it can be written");
        Self { directory }
    }

    /// A node of its own, not formatted, on ports that were free a moment ago.
    fn node() -> Self {
        let (clients, controllers) = (free_port(), free_port());
        Self::with(&format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=127.0.0.1:{controllers}\n\
             listeners=PLAINTEXT://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controllers}\n\
             controller.listener.names=CONTROLLER\nlog.dirs=d1,d2\n"
        ))
    }

    fn formatted() -> Self {
        let place = Self::node();
        let output =
            place.run(&["storage", "format", "-t", CLUSTER, "-c", "server.properties", "--standalone"]);
        assert!(output.status.success(), "{}", complaint(&output));
        place
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kraftlog"));
        command.args(arguments).current_dir(self.path()).env_remove("KRAFTLOG_LOG").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Starts the node, which refuses; its last words, and that it failed.
    fn start_refused(&self) -> String {
        let output = self.run(&["server-start", "server.properties"]);
        assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
        complaint(&output)
    }
}

/// A node that is killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Starts the node and waits for the line that container tests wait for.
    fn start(place: &Place) -> Self {
        Self::start_with(place, &[])
    }

    /// Like [`Running::start`], with settings that replace the file's.
    fn start_with(place: &Place, overrides: &[&str]) -> Self {
        use std::io::{BufRead, BufReader};
        let mut command = place.command(&["server-start", "server.properties"]);
        overrides.iter().for_each(|setting| _ = command.args(["--override", setting]));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let node = Self(child);
        let mut lines = output.lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains("Kafka Server started")),
            "the node ended before it was ready"
        );
        // Whatever else it says is read, so that the pipe does not fill.
        std::thread::spawn(move || lines.for_each(drop));
        node
    }
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_node_id_that_is_no_number() {
    let place = Place::with(
        "process.roles=broker,controller\nnode.id=x\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
         listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\n",
    );
    assert_eq!(
        place.start_refused(),
        "server.properties:2: node.id: expected a whole number ≥ 0, got \"x\"\n"
    );
}

#[test]
fn a_listener_without_a_security_protocol() {
    let place = Place::with(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
         listeners=PLAINTEXT://:9092,CTRL://:9093\ncontroller.listener.names=CTRL\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT\n",
    );
    assert_eq!(
        place.start_refused(),
        "server.properties:4: listeners: listener CTRL has no security protocol: listener.security.protocol.map maps \
         PLAINTEXT:PLAINTEXT; add it with listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CTRL:PLAINTEXT\n"
    );
}

#[test]
fn a_mistyped_key() {
    let place = Place::with(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
         listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.listener.name=CONTROLLER\n",
    );
    let said = place.start_refused();
    let first = said.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "server.properties:5: controller.listener.name: unknown key, did you mean controller.listener.names?"
    );
    assert!(said.contains("server.properties: controller.listener.names: required, and not set"), "{said}");
}

#[test]
fn a_file_that_is_not_there() {
    let place = Place::with("");
    let output = place.run(&["server-start", "conf.properties"]);
    assert_eq!(output.status.code(), Some(1));
    let directory = place.path().canonicalize().unwrap();
    assert_eq!(
        complaint(&output),
        format!(
            "conf.properties: no such file (the current directory is {}); there are: server.properties\n",
            directory.display()
        )
    );
}

#[test]
fn a_cluster_id_that_is_none() {
    let place = Place::node();
    let format = ["storage", "format", "-c", "server.properties", "--standalone", "-t", "bad"];
    let output = place.run(&format);
    assert_eq!(output.status.code(), Some(1));
    let said = complaint(&output);
    assert!(said.starts_with("--cluster-id \"bad\" is not an id as `random-uuid` prints them"), "{said}");
    assert!(said.ends_with("say so with --any-cluster-id\n"), "{said}");
    assert!(!place.path().join("d1").exists());
    let output = place.run(&[&format[..], &["--any-cluster-id"]].concat());
    assert!(output.status.success(), "{}", complaint(&output));
}

#[test]
fn a_directory_of_another_cluster_is_not_formatted_again() {
    let place = Place::formatted();
    let other = "AkU3OEVBNTcwNTJENDM2Qg";
    for ignore in [&["-g"][..], &[]] {
        let format = ["storage", "format", "-c", "server.properties", "--standalone", "-t", other];
        let output = place.run(&[&format[..], ignore].concat());
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            complaint(&output),
            format!(
                "d1 belongs to cluster {CLUSTER}, and {other} is asked for. To let this node join the cluster of its \
                 directory, format with --cluster-id {CLUSTER}; to give up what is in the directory, remove it and format \
                 again.\n"
            )
        );
    }
}

#[test]
fn a_segment_that_is_not_there() {
    let output = Place::with("").run(&["dump-log", "--files", "nonexistent"]);
    assert_eq!((output.status.code(), complaint(&output).as_str()), (Some(1), "no such file: nonexistent\n"));
}

#[test]
fn a_broker_that_is_not_there() {
    let server = format!("127.0.0.1:{}", free_port());
    let place = Place::with("");
    for tool in [
        &["topics", "--list", "--bootstrap-server", &server][..],
        &["consumer-groups", "--list", "--bootstrap-server", &server],
        &["metadata-quorum", "--bootstrap-server", &server, "describe", "--status"],
        &["consume", "t", "--bootstrap-server", &server],
        &["produce", "t", "--bootstrap-server", &server],
    ] {
        let output = place.run(tool);
        assert_eq!(output.status.code(), Some(3), "{tool:?}");
        let expected =
            format!("cannot reach a broker at {server}: connection refused: nothing listens on this port\n");
        assert_eq!(complaint(&output), expected, "{tool:?}");
    }
}

#[test]
fn help_is_no_failure_and_no_arguments_are_one() {
    let place = Place::with("");
    let tools = [
        "storage",
        "server-start",
        "server-stop",
        "topics",
        "consumer-groups",
        "metadata-quorum",
        "dump-log",
        "produce",
        "consume",
        "dev",
    ];
    for tool in tools {
        let output = place.run(&[tool, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{tool}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("Usage: "), "{tool}");
    }
    assert_eq!(place.run(&["--help"]).status.code(), Some(0));
    for arguments in [&["server-start"][..], &["topics"], &["storage"], &[]] {
        assert_eq!(place.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn options_are_case_exact_and_not_abbreviated() {
    let place = Place::with("");
    for option in ["--Bootstrap-server", "--bootstrap"] {
        let output = place.run(&["topics", "--list", option, "localhost:1"]);
        assert_eq!(output.status.code(), Some(2), "{option}");
    }
}

#[test]
fn a_directory_that_nobody_formatted() {
    let said = Place::node().start_refused();
    assert_eq!(
        said,
        "d1 is not formatted. Make a cluster id with `kafka-storage random-uuid` and format it with `kafka-storage format \
         -t <cluster id> -c <this file>`\n"
    );
}

#[test]
fn a_directory_of_another_node() {
    let place = Place::formatted();
    let output = place.run(&["server-start", "server.properties", "--override", "node.id=2"]);
    assert_eq!(output.status.code(), Some(1));
    let said = complaint(&output);
    assert!(
        said.contains(
            "d1 belongs to node 1, and node.id is 2: two nodes must not share an id or a directory"
        ),
        "{said}"
    );
}

#[test]
fn directories_of_two_clusters() {
    let place = Place::formatted();
    let file = place.path().join("d2/meta.properties");
    let text = fs::read_to_string(&file).unwrap().replace(CLUSTER, "AkU3OEVBNTcwNTJENDM2Qg");
    fs::write(&file, text).unwrap();
    let said = place.start_refused();
    assert!(said.contains(CLUSTER) && said.contains("AkU3OEVBNTcwNTJENDM2Qg"), "{said}");
}

#[test]
fn a_damaged_meta_properties() {
    let place = Place::formatted();
    fs::write(place.path().join("d1/meta.properties"), "version=1\nnode.id=one\ncluster.id=x\n").unwrap();
    let said = place.start_refused();
    assert_eq!(said, "d1/meta.properties:2: node.id: expected a whole number ≥ 0, got \"one\"\n");
}

#[test]
fn a_damaged_quorum_state() {
    let place = Place::formatted();
    for (text, fault) in [
        ("{", "not JSON: EOF while parsing an object at line 1 column 1"),
        (
            r#"{"leaderId":1,"leaderEpoch":"x","votedId":-1,"data_version":1}"#,
            "leaderEpoch is \"x\", expected a 32-bit integer",
        ),
    ] {
        fs::write(place.path().join("d1/__cluster_metadata-0/quorum-state"), text).unwrap();
        assert_eq!(
            place.start_refused(),
            format!(
                "d1/__cluster_metadata-0/quorum-state: {fault}; restore the file, or remove this voter from the quorum \
                 and format its directory anew\n"
            )
        );
    }
}

/// Turns one bit of a file around.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).expect("a checkpoint can be replaced");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // A snapshot is read-only, so another file takes its place.
    fs::remove_file(path).expect("a checkpoint can be replaced");
    fs::write(path, bytes).expect("a checkpoint can be replaced");
}

#[test]
fn a_damaged_bootstrap_checkpoint() {
    let place = Place::formatted();
    damage(&place.path().join("d1/bootstrap.checkpoint"));
    let said = place.start_refused();
    assert!(said.starts_with("d1/bootstrap.checkpoint: at byte "), "{said}");
    assert!(said.contains("stored checksum 0x"), "{said}");
}

#[test]
fn a_damaged_first_snapshot() {
    let place = Place::formatted();
    let name = "d1/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint";
    damage(&place.path().join(name));
    let said = place.start_refused();
    assert!(said.starts_with(&format!("snapshot {name}: at byte ")), "{said}");
    assert!(said.contains("stored checksum 0x"), "{said}");
}

#[test]
fn a_damaged_snapshot() {
    let place = Place::formatted();
    let quorum = place.path().join("d1/__cluster_metadata-0");
    let newest = || {
        let names =
            fs::read_dir(&quorum).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".checkpoint") && !name.starts_with("00000000000000000000-")).max()
    };
    let mut node = Running::start_with(&place, &["metadata.log.max.record.bytes.between.snapshots=100"]);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while newest().is_none() {
        assert!(std::time::Instant::now() < deadline, "no snapshot is written");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    node.0.kill().unwrap();
    node.0.wait().unwrap();
    let name = newest().unwrap();
    damage(&quorum.join(&name));
    let said = place.start_refused();
    assert!(said.starts_with(&format!("snapshot d1/__cluster_metadata-0/{name}: at byte ")), "{said}");
}

#[test]
fn a_port_in_use() {
    let place = Place::formatted();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let listeners = format!("listeners=PLAINTEXT://{address},CONTROLLER://127.0.0.1:{}", free_port());
    let output = place.run(&["server-start", "server.properties", "--override", &listeners]);
    assert_eq!(output.status.code(), Some(1));
    let said = complaint(&output);
    assert!(said.contains(&format!("{address} is in use by another process")), "{said}");
}

#[test]
fn a_second_process_on_a_directory() {
    let place = Place::formatted();
    let _first = Running::start(&place);
    let (clients, controllers) = (free_port(), free_port());
    let listeners = format!("listeners=PLAINTEXT://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controllers}");
    let output = place.run(&["server-start", "server.properties", "--override", &listeners]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(complaint(&output), "d1: another process uses this directory (its lock is held)\n");
}

#[test]
fn a_signal_stops_a_node_in_good_order() {
    let place = Place::formatted();
    let mut node = Running::start(&place);
    let pid = rustix::process::Pid::from_raw(node.0.id().cast_signed()).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(node.0.wait().unwrap().code(), Some(0));
    assert!(place.path().join("d1/.kafka_cleanshutdown").exists());
}

#[test]
fn a_node_is_stopped_by_its_id() {
    let place = Place::formatted();
    let mut node = Running::start(&place);
    // An id that no other test's node has.
    let output = place.run(&["server-stop", "--node-id", "987654"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(complaint(&output), "No kafka server to stop with node id 987654\n");
    assert!(node.0.try_wait().unwrap().is_none(), "it still runs");
}

#[test]
fn links_under_kafkas_names_know_their_version_and_what_is_not_there() {
    let place = Place::with("");
    let linked = |name: &str, argument: &str| {
        let link = place.path().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kraftlog"), &link).expect("a link");
        Command::new(&link).arg(argument).output().expect("the program starts")
    };
    let version = linked("kafka-topics.sh", "--version");
    let expected = format!("kafka-topics {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (version.status.code(), String::from_utf8_lossy(&version.stdout).into_owned()),
        (Some(0), expected)
    );
    let absent = linked("kafka-configs.sh", "--help");
    assert_eq!(absent.status.code(), Some(2));
    assert!(complaint(&absent).contains("kraftlog has no kafka-configs;"), "{}", complaint(&absent));
}
