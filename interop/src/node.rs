//! One combined node (broker and controller) in a directory of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::ports::free_port;
use crate::probe::answers_metadata;
use crate::process::Running;
use crate::server::Server;
use crate::wait::until;

/// A virtual machine on a busy box of two cores takes its time.
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(60);

const CLUSTER_ID: &str = "5L6g3nShT-eMCtK--X86sw";

/// A node that is formatted and, unless stopped, serves. It dies with this value; its directory
/// stays when the test fails.
pub struct Node {
    server: Server,
    dir: Option<TempDir>,
    properties: PathBuf,
    port: u16,
    launcher: Option<PathBuf>,
    process: Option<Running>,
}

/// A node to be: which server, and the settings that differ from the harness's own.
pub struct NodeBuilder {
    server: Server,
    settings: BTreeMap<String, String>,
    launcher: Option<PathBuf>,
    metadata_apart: bool,
}

impl NodeBuilder {
    /// Sets a line of `server.properties`.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Keeps the metadata log in a directory of its own, outside `log.dirs`.
    #[must_use]
    pub fn metadata_apart(mut self) -> Self {
        self.metadata_apart = true;
        self
    }

    /// Has `launcher` start the server: a program that becomes the command line which it is given.
    #[must_use]
    pub fn launched_by(mut self, launcher: PathBuf) -> Self {
        self.launcher = Some(launcher);
        self
    }

    /// Formats a new directory, starts the node on it and waits until it is ready.
    ///
    /// # Panics
    /// When the server cannot be formatted or started.
    pub fn start(self) -> Node {
        let mut node = self.format();
        node.start_again();
        node
    }

    /// Formats a new directory and starts nothing.
    ///
    /// # Panics
    /// When the server's format command fails.
    pub fn format(mut self) -> Node {
        let dir = tempfile::Builder::new().prefix("kraftlog-interop-").tempdir();
        let dir = dir.expect("the temporary directory can be written");
        let port = free_port();
        self.address_settings(dir.path(), port);
        let lines: Vec<String> =
            self.settings.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        let properties = dir.path().join("server.properties");
        std::fs::write(&properties, lines.concat()).expect("a node's directory can be written");
        self.server.format(CLUSTER_ID, &properties).run();
        Node { server: self.server, dir: Some(dir), properties, port, launcher: self.launcher, process: None }
    }

    fn address_settings(&mut self, dir: &Path, port: u16) {
        let controller = free_port();
        if self.metadata_apart {
            self.settings.insert("metadata.log.dir".to_owned(), dir.join("metadata").display().to_string());
        }
        let settings = [
            ("log.dirs", dir.join("data").display().to_string()),
            ("listeners", format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}")),
            ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{port}")),
            ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ];
        for (key, value) in settings {
            self.settings.entry(key.to_owned()).or_insert(value);
        }
    }
}

impl Node {
    /// A ready node of the server under test.
    pub fn start() -> Self {
        Self::of(Server::under_test()).start()
    }

    /// A node of `server`, to be configured further.
    pub fn of(server: Server) -> NodeBuilder {
        let settings = [
            ("process.roles", "broker,controller"),
            ("node.id", "1"),
            ("controller.listener.names", "CONTROLLER"),
            ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
            ("offsets.topic.replication.factor", "1"),
            ("transaction.state.log.replication.factor", "1"),
            ("transaction.state.log.min.isr", "1"),
            ("share.coordinator.state.topic.replication.factor", "1"),
            ("share.coordinator.state.topic.min.isr", "1"),
            ("group.initial.rebalance.delay.ms", "0"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
        NodeBuilder { server, settings: settings.into(), launcher: None, metadata_apart: false }
    }

    /// Starts the stopped or killed node again, on the same ports; returns the time until it was ready.
    ///
    /// # Panics
    /// When it is not ready in time; shows the end of its log.
    pub fn start_again(&mut self) -> Duration {
        let start = self.spawn();
        self.wait_ready();
        start.elapsed()
    }

    /// Starts the process and returns at once, with the moment of the start.
    ///
    /// # Panics
    /// When it runs already.
    pub fn spawn(&mut self) -> Instant {
        assert!(self.process.is_none(), "the node runs already");
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log can be made");
        let errors = log.try_clone().expect("a descriptor can be cloned");
        let serve = self.server.serve(&self.properties);
        let serve = match &self.launcher {
            Some(launcher) => serve.under(launcher),
            None => serve,
        };
        let mut command = serve.into_command();
        command.stdin(Stdio::null()).stdout(log).stderr(errors).current_dir(self.dir());
        let start = Instant::now();
        self.process = Some(Running::start(command));
        start
    }

    /// Waits until the node answers and has been let in by the controller.
    ///
    /// # Panics
    /// When it ends instead, or is not ready in time; shows the end of its log.
    pub fn wait_ready(&mut self) {
        let (port, mut ended) = (self.port, false);
        let process = self.process.as_mut().expect("the node has been spawned");
        let ready = until(READY_WITHIN, || {
            ended = !process.alive();
            ended || answers_metadata(port)
        });
        assert!(!ended, "{:?} ended instead of serving; its log ends:\n{}", self.server, self.log_ending());
        assert!(ready.is_some(), "{:?} is not ready; its log ends:\n{}", self.server, self.log_ending());
    }

    /// SIGKILL: what only the process knew is lost.
    pub fn kill(&mut self) {
        self.process.take().expect("the node runs").kill();
    }

    /// SIGTERM, and waits for the clean end.
    ///
    /// # Panics
    /// When the node doesn't end in time.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("the node runs");
        process.terminate();
        let status = process.wait(STOP_WITHIN);
        assert!(status.is_some(), "{:?} ignores SIGTERM; its log ends:\n{}", self.server, self.log_ending());
    }

    /// Puts another server on the directory of this stopped node.
    ///
    /// # Panics
    /// When the node runs.
    pub fn hand_over_to(&mut self, server: Server) {
        assert!(self.process.is_none(), "stop the node first");
        self.server = server;
    }

    /// `host:port` for clients.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port for clients, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server that runs (or last ran) on the directory.
    pub fn server(&self) -> Server {
        self.server
    }

    /// The process id of the running server.
    ///
    /// # Panics
    /// When it doesn't run.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("the node runs").id()
    }

    /// The node's `server.properties`.
    pub fn properties(&self) -> &Path {
        &self.properties
    }

    /// The log directory (`log.dirs`).
    pub fn data_dir(&self) -> PathBuf {
        self.dir().join("data")
    }

    /// The directory of one partition.
    pub fn partition_dir(&self, topic: &str, partition: i32) -> PathBuf {
        self.data_dir().join(format!("{topic}-{partition}"))
    }

    /// Whether the server runs.
    pub fn is_alive(&mut self) -> bool {
        self.process.as_mut().is_some_and(Running::alive)
    }

    /// All that the server has logged, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read(self.log_file())
            .map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    fn dir(&self) -> &Path {
        self.dir.as_ref().expect("the directory lives until drop").path()
    }

    fn log_file(&self) -> PathBuf {
        self.dir().join("server.log")
    }

    fn log_ending(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Node {
    #[expect(clippy::print_stderr, reason = "a failed test tells where the evidence lies")]
    fn drop(&mut self) {
        self.process = None;
        if std::thread::panicking() {
            eprintln!("--- the log of {:?} ends:\n{}", self.server, self.log_ending());
            let kept = self.dir.take().expect("dropped once").keep();
            eprintln!("--- the node's directory is kept: {}", kept.display());
        }
    }
}
