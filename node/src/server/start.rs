//! The ladder from a configuration to a node that serves, and down again.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use broker::net::Server;
use broker::{AllowAll, Broker, BrokerConfig, ControllerChannel, LocalController, Readiness};
use log_store::io::probe;
use metadata::delta::MetadataDelta;
use metadata::image::MetadataImage;
use metadata::{ControllerHandle, Publisher};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::watch;

use super::directories::{Directories, DirectoriesError};
use super::ending::{Ending, Endings};
use super::quorum::{Quorum, seed64};
use super::{jvm, listeners, logging};
use crate::config::{NodeConfig, Role};
use crate::random;

/// Kafka's version whose behaviour this is; tests and tools look for the line.
const KAFKA_VERSION: &str = "4.3.1";

/// How long a node that stops waits for the controller to move leaderships away.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a node has not started.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    /// The configuration asks for what this program does not do.
    #[error("{0}")]
    Unsupported(String),
    /// The directories are not this node's to use.
    #[error(transparent)]
    Directories(#[from] DirectoriesError),
    /// An address cannot be listened on.
    #[error("{0}")]
    Listen(String),
    /// The metadata log cannot be opened.
    #[error("{0}")]
    Quorum(String),
    /// The broker cannot be made.
    #[error(transparent)]
    Broker(#[from] broker::StartError),
    /// The system refuses a thread, a signal handler or the like.
    #[error("the system refuses what a node needs: {0}")]
    System(#[from] io::Error),
}

/// Starts a node and serves until something ends it; `ready` is called once clients are served.
///
/// On return everything that was acknowledged is on disk as the configuration promises, and after a
/// clean ending the directories say so.
///
/// # Errors
/// The node has not started.
pub(crate) fn serve(
    config: &NodeConfig,
    ready: impl FnOnce() + Send + 'static,
) -> Result<Ending, StartError> {
    let started = Instant::now();
    logging::start();
    tracing::info!("Kafka version: {KAFKA_VERSION}");
    tracing::info!("Kafka commitId: kraftlog-{}", env!("CARGO_PKG_VERSION"));
    jvm::note_settings();
    config.notes.iter().for_each(|note| tracing::warn!("{note}"));
    check_supported(config)?;
    let endings = Endings::watch()?;
    let node_id = config.node_id;
    let node = Node::start(config, &endings, move || {
        tracing::info!("[KafkaRaftServer nodeId={node_id}] Kafka Server started");
        tracing::info!("ready after {} ms", started.elapsed().as_millis());
        ready();
    })?;
    let ending = endings.wait();
    tracing::info!("stopping: {ending}");
    node.stop(&ending);
    tracing::info!("stopped: {ending}");
    Ok(ending)
}

/// What comes with later releases is refused, not half done.
fn check_supported(config: &NodeConfig) -> Result<(), StartError> {
    let unsupported = |text: String| Err(StartError::Unsupported(text));
    if !(config.has(Role::Broker) && config.has(Role::Controller)) {
        return unsupported(
            "this release runs combined nodes only: set process.roles=broker,controller".to_owned(),
        );
    }
    let others: Vec<i32> =
        config.quorum.voters.iter().map(|voter| voter.id).filter(|id| *id != config.node_id).collect();
    if !others.is_empty() {
        return unsupported(format!(
            "controller.quorum.voters names {others:?} besides this node: this release runs a quorum of one"
        ));
    }
    Ok(())
}

/// The parts of a running node, in the order of their start.
struct Node {
    server: Arc<Mutex<Server>>,
    broker: Arc<Broker>,
    quorum: Quorum,
    /// Held for their locks.
    _directories: Directories,
}

impl Node {
    fn start(
        config: &NodeConfig,
        endings: &Endings,
        running: impl FnOnce() + Send + 'static,
    ) -> Result<Self, StartError> {
        let disk = probe(None)?;
        tracing::info!("file I/O: {} ({})", disk.backend, disk.reason);
        let directories = Directories::open(&disk.io, config)?;
        tracing::info!("cluster {}, node {}", directories.cluster_id, config.node_id);
        let server = listeners::bind(config).map_err(StartError::Listen)?;
        let (controller, calls) = ControllerHandle::channel();
        let opened = Arc::new(OnceLock::new());
        let channel: Arc<dyn ControllerChannel> =
            Arc::new(LocalController::new(controller, Arc::clone(&opened), Arc::new(AllowAll)));
        let broker_config = broker_config(config, &directories, &server);
        let broker = Broker::new(broker_config, directories.logs.clone(), channel, Arc::new(AllowAll))?;
        let publishers = vec![Box::new(Follower(Arc::clone(&broker))) as Box<dyn Publisher>];
        let quorum = Quorum::start(config, &directories, calls, publishers, &endings.sender())?;
        opened.get_or_init(|| quorum.handle().clone());
        let readiness = Waiter::new(broker.readiness())?;
        broker.join();
        let server = Arc::new(Mutex::new(server));
        let (serving, served, ended) = (Arc::clone(&broker), Arc::clone(&server), endings.sender());
        // Clients can connect before; an answer of a broker that is not in the cluster yet would tell them
        // that the cluster has no brokers and no topics.
        readiness.when(Readiness::Running, move || match serving.serve(&mut served.lock()) {
            Ok(()) => running(),
            // Nobody listens any more once the node stops.
            Err(error) => _ = ended.send(Ending::Server(error.to_string())),
        })?;
        Ok(Self { server, broker, quorum, _directories: directories })
    }

    /// Has the controller move leaderships away first, for as long as that is worth waiting for.
    fn leave(&self) {
        let Ok(waiter) = Waiter::new(self.broker.readiness()) else { return };
        if *waiter.readiness.borrow() != Readiness::Running {
            return;
        }
        self.broker.leave();
        if !waiter.wait(Readiness::Gone, LEAVE_TIMEOUT) {
            tracing::warn!(
                "the controller has not let this broker go in {LEAVE_TIMEOUT:?}; stopping all the same"
            );
        }
    }

    /// Leaves the cluster, closes connections, then logs, then the metadata log.
    fn stop(self, ending: &Ending) {
        if ending.is_clean() {
            self.leave();
        }
        self.server.lock().shutdown();
        self.broker.close();
        self.quorum.stop();
    }
}

/// Puts committed metadata in force on the broker.
struct Follower(Arc<Broker>);

impl Publisher for Follower {
    fn publish(&mut self, delta: &MetadataDelta, image: &Arc<MetadataImage>) {
        self.0.publish(delta, image);
    }
}

/// Waits, without a runtime around it, until the broker has got somewhere.
struct Waiter {
    runtime: tokio::runtime::Runtime,
    readiness: watch::Receiver<Readiness>,
}

impl Waiter {
    fn new(readiness: watch::Receiver<Readiness>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Self { runtime, readiness })
    }

    /// Whether the broker gets to `wanted` within `limit`.
    fn wait(mut self, wanted: Readiness, limit: Duration) -> bool {
        let reached = self.readiness.wait_for(|state| *state == wanted);
        self.runtime
            .block_on(async { tokio::time::timeout(limit, reached).await })
            .is_ok_and(|seen| seen.is_ok())
    }

    /// Calls `then` on a thread of its own once the broker gets to `wanted`.
    fn when(self, wanted: Readiness, then: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let wait = move || {
            if self.wait(wanted, Duration::MAX) {
                then();
            }
        };
        std::thread::Builder::new().name("ready".to_owned()).spawn(wait).map(drop)
    }
}

fn broker_config(config: &NodeConfig, directories: &Directories, server: &Server) -> BrokerConfig {
    BrokerConfig {
        node_id: config.node_id,
        cluster_id: directories.cluster_id.clone(),
        incarnation_id: random::uuid(),
        rack: config.values.text("broker.rack"),
        advertised_listeners: listeners::advertised(config, server),
        properties: config.values.given().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        seed: seed64(),
    }
}
