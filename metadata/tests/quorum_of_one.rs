//! The metadata of a node on its real log: threads, files, restarts, and what Apache's tools read of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use kraftlog_metadata::controller::{ControllerConfig, bootstrap_records, supported_features};
use kraftlog_metadata::features::MetadataVersion;
use kraftlog_metadata::image::MetadataImage;
use kraftlog_metadata::runtime::{
    MetadataRuntime, MetadataStateMachine, MetadataThread, RaftQuorum, RuntimeConfig, spawn,
};
use kraftlog_metadata::{ControllerContext, ControllerHandle, MetadataCache};
use log_store::io::{BlockingIo, Io};
use raft::{
    Driver, DriverConfig, DriverThread, EngineConfig, Handle, Now, Peer, RequestBody, Transport, VoterSet,
};
use wire::Uuid;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_registration_request::{BrokerRegistrationRequest, Feature, Listener};
use wire::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use wire::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};

const CLUSTER: &str = "5L6g3nShT-eMCtK--X86sw";

/// A quorum of one has nobody to talk to.
struct Nobody;

impl Transport for Nobody {
    fn send(&mut self, to: &Peer, _: u64, _: RequestBody) {
        panic!("nothing is sent to {to:?}");
    }
}

struct Node {
    controller: ControllerHandle,
    cache: MetadataCache,
    raft: Handle,
    raft_thread: DriverThread,
    metadata_thread: MetadataThread,
}

impl Node {
    fn start(directory: &Path, snapshot_bytes_max: usize) -> Self {
        let quorum = Arc::new(RaftQuorum::default());
        let (machine, events) = MetadataStateMachine::channel();
        let (controller, calls) = ControllerHandle::channel();
        let cache = MetadataCache::default();
        let config = RuntimeConfig {
            controller: Some(controller_config()),
            snapshot_bytes_max,
            snapshot_interval_ms: 3_600_000,
            seed: [3; 32],
            // So that what a snapshot holds does not depend on how fast a thread is.
            inline_snapshots: true,
        };
        let runtime = MetadataRuntime::new(config, quorum.clone(), Vec::new(), cache.clone());
        let metadata_thread = spawn(runtime, events, calls, |_| {}).expect("a thread");
        let io: Arc<dyn Io> = Arc::new(BlockingIo::default());
        let started = Instant::now();
        let clock = move || Now {
            monotonic_ms: started.elapsed().as_millis() as u64,
            wall_ms: SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64,
        };
        let opened = Driver::open(io, driver_config(directory), Box::new(machine), Box::new(Nobody), clock());
        quorum.attach(opened.as_ref().ok().map(|(_, handle)| handle.clone()));
        let (driver, raft) = opened.expect("a working disk");
        let raft_thread = raft::spawn(driver, clock, |_| {}).expect("a thread");
        Self { controller, cache, raft, raft_thread, metadata_thread }
    }

    fn image(&self) -> Arc<MetadataImage> {
        self.cache.load()
    }

    fn stop(self) {
        self.raft.shutdown();
        self.raft_thread.join().expect("stops in order");
        self.metadata_thread.join().expect("follows to the end");
    }
}

fn controller_config() -> ControllerConfig {
    ControllerConfig {
        node_id: 1,
        cluster_id: CLUSTER.into(),
        settings: [
            ("process.roles".to_owned(), "broker,controller".to_owned()),
            ("node.id".to_owned(), "1".to_owned()),
        ]
        .into(),
        bootstrap: bootstrap_records(MetadataVersion::LATEST),
        kraft_version: 0,
    }
}

fn driver_config(directory: &Path) -> DriverConfig {
    let engine = EngineConfig::new(1, Uuid([9; 16]), "CONTROLLER", 7);
    let voters = VoterSet::from_static("CONTROLLER", [(1, "localhost".to_owned(), 9093)]);
    DriverConfig::new(directory.join("__cluster_metadata-0"), CLUSTER, engine, voters)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(future)
}

fn context() -> ControllerContext {
    ControllerContext::internal(30_000)
}

/// Asks until this node's controller is active: it becomes so a moment after the driver has opened.
async fn register(node: &Node, incarnation: u8) -> i64 {
    let features = supported_features().into_iter().map(|(name, range)| Feature {
        name: name.into(),
        min_supported_version: range.min,
        max_supported_version: range.max,
    });
    let request = BrokerRegistrationRequest {
        broker_id: 1,
        cluster_id: CLUSTER.into(),
        incarnation_id: Uuid([incarnation; 16]),
        listeners: vec![Listener {
            name: "PLAINTEXT".into(),
            host: "localhost".into(),
            port: 9092,
            security_protocol: 0,
        }]
        .into(),
        features: features.collect(),
        rack: None,
        log_dirs: vec![Uuid([7; 16])].into(),
        ..BrokerRegistrationRequest::default()
    };
    loop {
        match node.controller.broker_registration(context(), request.clone()).await {
            Ok(response) => return response.broker_epoch,
            Err(error) => assert_eq!(error.code, wire::ErrorCode::NotController, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

async fn start_broker(node: &Node, incarnation: u8) {
    let broker_epoch = register(node, incarnation).await;
    let heartbeat = BrokerHeartbeatRequest {
        broker_id: 1,
        broker_epoch,
        current_metadata_offset: i64::MAX,
        ..BrokerHeartbeatRequest::default()
    };
    let answer = node.controller.broker_heartbeat(context(), heartbeat).await.expect("lives");
    assert!(!answer.is_fenced);
}

async fn create_topic(node: &Node, name: String, partitions: i32) {
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: 1,
        configs: vec![CreatableTopicConfig { name: "retention.ms".into(), value: Some("1000".into()) }]
            .into(),
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic].into(), ..CreateTopicsRequest::default() };
    let response = node.controller.create_topics(context(), request).await.expect("accepted");
    assert_eq!(response.topics.iter().next().expect("one").error_code, 0);
}

/// Topics that come and go, on a new node.
async fn history(node: &Node) {
    start_broker(node, 1).await;
    for number in 0..20 {
        create_topic(node, format!("topic-{number}"), 3).await;
    }
    let gone = DeleteTopicState { name: Some("topic-7".into()), topic_id: Uuid::ZERO };
    let request = DeleteTopicsRequest { topics: vec![gone].into(), ..DeleteTopicsRequest::default() };
    let response = node.controller.delete_topics(context(), request).await.expect("accepted");
    assert_eq!(response.responses.iter().next().expect("one").error_code, 0);
}

/// What must be the same after a restart: everything but the broker's incarnation.
fn topics(image: &MetadataImage) -> Vec<(String, Uuid, i32)> {
    let topics = image.topics().iter();
    topics.map(|topic| (topic.name().to_string(), topic.id(), topic.partition_count())).collect()
}

fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory.join("__cluster_metadata-0")).expect("readable");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    paths
}

#[test]
fn a_node_comes_back_from_its_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = Node::start(directory.path(), usize::MAX);
    wait(history(&node));
    let before = topics(&node.image());
    assert_eq!(before.len(), 19);
    node.stop();
    let node = Node::start(directory.path(), usize::MAX);
    wait(start_broker(&node, 2));
    assert_eq!(topics(&node.image()), before);
    node.stop();
}

#[test]
fn a_node_comes_back_from_a_snapshot_and_the_rest_of_its_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = Node::start(directory.path(), 2_000);
    wait(history(&node));
    let before = topics(&node.image());
    node.stop();
    assert!(!files(directory.path(), ".checkpoint").is_empty(), "a snapshot by size");
    let node = Node::start(directory.path(), usize::MAX);
    wait(start_broker(&node, 2));
    assert_eq!(topics(&node.image()), before);
    node.stop();
}

fn apache(class: &str, arguments: &[&str]) -> String {
    let libs = std::env::var("KRAFTLOG_KAFKA_LIBS")
        .expect("KRAFTLOG_KAFKA_LIBS is not set: run ./check, which fetches Apache Kafka's jars and sets it");
    let output = Command::new("java")
        .args(["-Xmx256m", "-cp", &format!("{libs}/*"), class])
        .args(arguments)
        .output()
        .expect("java runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{class}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn apaches_tools_read_log_and_snapshot() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = Node::start(directory.path(), 2_000);
    wait(history(&node));
    node.stop();
    let log = files(directory.path(), ".log").pop().expect("a segment");
    let dump = apache(
        "org.apache.kafka.tools.DumpLogSegments",
        &["--cluster-metadata-decoder", "--skip-record-metadata", "--files", log.to_str().expect("UTF-8")],
    );
    for kind in [
        "FEATURE_LEVEL_RECORD",
        "REGISTER_BROKER_RECORD",
        "TOPIC_RECORD",
        "PARTITION_RECORD",
        "REMOVE_TOPIC_RECORD",
    ] {
        assert!(dump.contains(&format!("\"type\":\"{kind}\"")), "{kind} in {dump}");
    }
    assert!(!dump.contains("could not be decoded"), "{dump}");
    let snapshot = files(directory.path(), ".checkpoint").pop().expect("a snapshot");
    let snapshot = snapshot.to_str().expect("UTF-8");
    shell_shows(snapshot, &["ls", "/image/topics/byName"], "topic-0");
    shell_shows(snapshot, &["cat", "/image/topics/byName/topic-0/0"], "replicas=[1]");
}

/// Asks until the answer has `expected` in it: the shell answers from what it has loaded by then, which may be
/// nothing yet.
fn shell_shows(snapshot: &str, command: &[&str], expected: &str) {
    let arguments: Vec<&str> = ["-s", snapshot].into_iter().chain(command.iter().copied()).collect();
    let mut answers = (0..20).map(|_| apache("org.apache.kafka.shell.MetadataShell", &arguments));
    assert!(answers.any(|answer| answer.contains(expected)), "{command:?} never shows {expected}");
}
