//! A broker's life in its cluster: it registers, catches up, serves, and leaves.
//!
//! ```text
//! register ─▶ see the own registration ─▶ recover logs ─▶ heartbeats ─▶ unfenced ─▶ running
//!                                                            └──▶ wants to stop ─▶ let go ─▶ closed
//! ```

use std::sync::Arc;
use std::time::Duration;

use log_store::directory::CheckpointKind;
use metadata::Publisher;
use metadata::controller::supported_features;
use metadata::delta::MetadataDelta;
use metadata::image::MetadataImage;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::{BrokerRegistrationRequest, Feature, Listener};
use wire::{ErrorCode, Uuid};

use crate::broker::Broker;
use crate::limits::{LEAVE_TIMEOUT, REGISTRATION_PAUSE};
use crate::partitions::PartitionManager;

/// Where a broker is in its life, and how far it has followed the metadata.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    /// Offset of the last metadata record that is in force; -1 before the first.
    followed: watch::Sender<i64>,
    stage: watch::Sender<Stage>,
}

/// The stages, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Not serving yet.
    Starting,
    /// Unfenced.
    Running,
    /// Wants to be let go.
    Leaving,
    /// The controller has let it go.
    Left,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { followed: watch::Sender::new(-1), stage: watch::Sender::new(Stage::Starting) }
    }
}

impl Broker {
    /// What puts committed metadata in force on this broker.
    pub fn publisher(self: &Arc<Self>) -> Box<dyn Publisher> {
        Box::new(Follower { broker: Arc::clone(self) })
    }

    /// Registers with the controller and sends heartbeats from here on; returns at once. `running` is
    /// called when the broker is unfenced: its logs are recovered, and clients are sent to it.
    pub fn join_cluster(self: &Arc<Self>, running: impl FnOnce() + Send + 'static) {
        self.background().spawn(live(Arc::clone(self), running));
    }

    /// Asks the controller to move leaderships away and waits until it lets go, at most [`LEAVE_TIMEOUT`].
    pub fn leave_cluster(&self) {
        let stage = &self.lifecycle().stage;
        if *stage.borrow() != Stage::Running {
            return;
        }
        tracing::info!("asking the controller for a controlled shutdown");
        let mut left = stage.subscribe();
        stage.send_replace(Stage::Leaving);
        let wait = async { left.wait_for(|stage| *stage == Stage::Left).await.is_ok() };
        let granted = self.background().block_on(async { tokio::time::timeout(LEAVE_TIMEOUT, wait).await });
        if granted.is_err() {
            tracing::warn!("the controller has not let go within {LEAVE_TIMEOUT:?}; stopping all the same");
        }
    }

    /// Ends the use of all logs, after the network has been shut down. What was written is durable on
    /// return, and directories that did not fail are marked as cleanly stopped.
    pub fn close(&self) {
        self.lifecycle().stage.send_replace(Stage::Left);
        self.partitions().close(self.epoch());
    }
}

/// Follows the metadata.
struct Follower {
    broker: Arc<Broker>,
}

impl Publisher for Follower {
    fn publish(&mut self, delta: &MetadataDelta, image: &Arc<MetadataImage>) {
        self.broker.publish(delta, image);
        self.broker.lifecycle().followed.send_replace(image.provenance().end_offset - 1);
    }
}

/// The whole life, up to the end of the process.
async fn live(broker: Arc<Broker>, running: impl FnOnce() + Send + 'static) {
    let epoch = register(&broker).await;
    broker.set_epoch(epoch);
    let mut followed = broker.lifecycle().followed.subscribe();
    if followed.wait_for(|offset| *offset >= epoch).await.is_err() {
        return;
    }
    // The own registration is in force, and with it everything before: whatever the metadata does
    // not name now is really gone.
    let partitions = Arc::clone(broker.partitions());
    if spawn_blocking(move || partitions.recover()).await.is_err() {
        tracing::error!("recovering the logs failed; this broker stays fenced");
        return;
    }
    start_sweeps(&broker);
    beat(&broker, epoch, running).await;
}

/// Registers until it works; the broker's epoch.
async fn register(broker: &Arc<Broker>) -> i64 {
    loop {
        let response = broker.controller().broker_registration(registration(broker)).await;
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => {
                let id = broker.config().node_id;
                tracing::info!(
                    "[BrokerLifecycleManager id={id}] registered with epoch {}",
                    response.broker_epoch
                );
                return response.broker_epoch;
            }
            error => {
                tracing::debug!(?error, "the controller has not registered this broker; trying again");
                tokio::time::sleep(REGISTRATION_PAUSE).await;
            }
        }
    }
}

fn registration(broker: &Broker) -> BrokerRegistrationRequest<'static> {
    let config = broker.config();
    let listener = |listener: &crate::config::AdvertisedListener| Listener {
        name: listener.name.clone().into(),
        host: listener.host.clone().into(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    };
    let feature = |(name, range): (String, metadata::image::SupportedRange)| Feature {
        name: name.into(),
        min_supported_version: range.min,
        max_supported_version: range.max,
    };
    let mut log_dirs: Vec<Uuid> = broker.partitions().disks().iter().map(|disk| disk.id()).collect();
    log_dirs.sort_unstable();
    BrokerRegistrationRequest {
        broker_id: config.node_id,
        cluster_id: config.cluster_id.clone().into(),
        incarnation_id: config.incarnation_id,
        listeners: config.advertised_listeners.iter().map(listener).collect(),
        features: supported_features().into_iter().map(feature).collect(),
        rack: config.rack.clone().map(Into::into),
        log_dirs: log_dirs.into(),
        ..BrokerRegistrationRequest::default()
    }
}

/// Sends heartbeats until the controller lets this broker go.
async fn beat(broker: &Arc<Broker>, epoch: i64, running: impl FnOnce()) {
    let lifecycle = broker.lifecycle();
    let interval = broker.settings().duration_ms("broker.heartbeat.interval.ms");
    let mut stage = lifecycle.stage.subscribe();
    let mut running = Some(running);
    let mut followed = lifecycle.followed.subscribe();
    loop {
        let leaving = *stage.borrow_and_update() == Stage::Leaving;
        followed.mark_unchanged();
        let response = broker.controller().broker_heartbeat(heartbeat(broker, epoch, leaving)).await;
        if response.should_shut_down {
            lifecycle.stage.send_replace(Stage::Left);
            return;
        }
        if is_unfenced(&response)
            && let Some(running) = running.take()
        {
            announce(broker, running);
        }
        let is_fenced = running.is_some();
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            changed = stage.changed() => if changed.is_err() || *stage.borrow() == Stage::Left { return },
            // While it is fenced or leaving, each step forward may be the one that counts.
            _ = followed.changed(), if is_fenced || leaving => {}
        }
    }
}

fn is_unfenced(response: &BrokerHeartbeatResponse) -> bool {
    response.error_code == ErrorCode::None.code() && !response.is_fenced
}

fn announce(broker: &Broker, running: impl FnOnce()) {
    let id = broker.config().node_id;
    tracing::info!(
        "[BrokerLifecycleManager id={id}] The broker has been unfenced. Transitioning from RECOVERY to RUNNING."
    );
    broker.lifecycle().stage.send_if_modified(|stage| {
        let starts = *stage == Stage::Starting;
        if starts {
            *stage = Stage::Running;
        }
        starts
    });
    running();
}

fn heartbeat(broker: &Broker, epoch: i64, leaving: bool) -> BrokerHeartbeatRequest<'static> {
    let disks = broker.partitions().disks();
    let offline: Vec<Uuid> = disks.iter().filter(|disk| disk.has_failed()).map(|disk| disk.id()).collect();
    BrokerHeartbeatRequest {
        broker_id: broker.config().node_id,
        broker_epoch: epoch,
        current_metadata_offset: *broker.lifecycle().followed.borrow(),
        want_fence: false,
        want_shut_down: leaving,
        offline_log_dirs: offline.into(),
        ..BrokerHeartbeatRequest::default()
    }
}

/// Starts the work that is done now and then, each at its own interval.
fn start_sweeps(broker: &Arc<Broker>) {
    let checkpoint = |kind| move |partitions: &PartitionManager| partitions.write_checkpoint(kind);
    sweep(broker, "log.retention.check.interval.ms", PartitionManager::apply_retention);
    sweep(broker, "log.flush.scheduler.interval.ms", PartitionManager::flush_late);
    sweep(broker, "producer.id.expiration.check.interval.ms", PartitionManager::expire_producers);
    let recovery_points = checkpoint(CheckpointKind::RecoveryPoint);
    sweep(broker, "log.flush.offset.checkpoint.interval.ms", recovery_points);
    let log_starts = checkpoint(CheckpointKind::LogStart);
    sweep(broker, "log.flush.start.offset.checkpoint.interval.ms", log_starts);
    let high_watermarks = checkpoint(CheckpointKind::Replication);
    sweep(broker, "replica.high.watermark.checkpoint.interval.ms", high_watermarks);
}

/// Does `work` each time the interval of a setting has passed, until the broker has left.
fn sweep(
    broker: &Arc<Broker>,
    setting: &'static str,
    work: impl Fn(&PartitionManager) + Copy + Send + 'static,
) {
    let broker = Arc::clone(broker);
    let mut stage = broker.lifecycle().stage.subscribe();
    broker.background().clone().spawn(async move {
        loop {
            let interval = broker.settings().duration_ms(setting).min(INTERVAL_MAX);
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                _ = stage.wait_for(|stage| *stage == Stage::Left) => return,
            }
            let partitions = Arc::clone(broker.partitions());
            // A sweep that panicked is reported by the runtime; the next one is tried all the same.
            let _ = spawn_blocking(move || work(&partitions)).await;
        }
    });
}

/// Stands for "never", which some intervals have by default.
const INTERVAL_MAX: Duration = Duration::from_secs(365 * 24 * 3_600);
