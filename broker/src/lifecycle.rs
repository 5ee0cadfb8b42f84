//! A broker's place in the cluster: registered, fenced, unfenced, on its way out.
//!
//! ```text
//! STARTING ──registered──▶ RECOVERY ──unfenced──▶ RUNNING ──▶ PENDING_CONTROLLED_SHUTDOWN ──▶ gone
//! ```
//! While it is fenced no client is sent to it. It is unfenced when it has followed the metadata up
//! to its own registration and its logs are whole.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use wire::ErrorCode;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::{BrokerRegistrationRequest, Feature, Listener};

use crate::api::api_versions::supported_levels;
use crate::broker::Broker;
use crate::limits::{REGISTRATION_RETRY_MAX, REGISTRATION_RETRY_MIN};
use crate::periodic;

/// How far a broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not registered yet.
    Starting,
    /// Registered and fenced.
    Recovery,
    /// Clients are sent to it.
    Running,
    /// It has asked to leave.
    Leaving,
    /// It may end.
    Gone,
}

/// Speaks to the controller for a broker.
pub(crate) struct Lifecycle {
    broker: Arc<Broker>,
    /// Clean stop before this one: the epoch it had; -1 after a crash.
    previous_epoch: i64,
    state: watch::Sender<Readiness>,
    leave: Arc<Notify>,
}

impl Lifecycle {
    pub(crate) fn new(broker: Arc<Broker>, state: watch::Sender<Readiness>, leave: Arc<Notify>) -> Self {
        let previous_epoch = broker.partitions().previous_epoch();
        Self { broker, previous_epoch, state, leave }
    }

    /// Registers the broker and keeps it alive until it may end.
    pub(crate) async fn run(self) {
        self.register().await;
        if !self.recover().await {
            return;
        }
        self.state.send_replace(Readiness::Recovery);
        tracing::info!("{} Transitioning from STARTING to RECOVERY.", self.prefix());
        let interval = self.broker.settings().duration_ms("broker.heartbeat.interval.ms");
        let mut metadata = self.broker.metadata_end();
        let mut next = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = self.leave.notified() => self.start_leaving(),
                _ = metadata.changed(), if self.state() == Readiness::Recovery => {}
            }
            if self.heartbeat().await {
                return;
            }
            next =
                Instant::now() + if self.state() == Readiness::Leaving { LEAVING_INTERVAL } else { interval };
        }
    }

    /// Recovers the logs once the own registration is in force, and with it all metadata before: what the
    /// metadata does not name then is really gone. False when the broker cannot go on.
    async fn recover(&self) -> bool {
        let epoch = self.broker.epoch();
        if self.broker.metadata_end().wait_for(|end| *end > epoch).await.is_err() {
            return false;
        }
        let broker = Arc::clone(&self.broker);
        let recovered = tokio::task::spawn_blocking(move || {
            broker.partitions().recover();
            periodic::start(&broker);
        });
        recovered.await.inspect_err(|error| tracing::error!(%error, "recovering the logs failed")).is_ok()
    }

    fn state(&self) -> Readiness {
        *self.state.borrow()
    }

    fn prefix(&self) -> String {
        format!("[BrokerLifecycleManager id={}]", self.broker.config().node_id)
    }

    fn start_leaving(&self) {
        tracing::info!("{} Beginning controlled shutdown.", self.prefix());
        self.state.send_replace(Readiness::Leaving);
    }

    /// Registers, again and again until the controller agrees.
    async fn register(&self) {
        let mut pause = REGISTRATION_RETRY_MIN;
        loop {
            let response = self.broker.controller().broker_registration(self.registration()).await;
            match ErrorCode::from_code(response.error_code) {
                Some(ErrorCode::None) => {
                    self.broker.set_epoch(response.broker_epoch);
                    return;
                }
                // Every start begins before its controller is active.
                Some(ErrorCode::NotController) if pause < REGISTRATION_RETRY_MAX => {
                    tracing::debug!("{} No controller is active yet.", self.prefix());
                }
                Some(error) => tracing::warn!("{} Unable to register: {}.", self.prefix(), error.name()),
                None => {
                    tracing::warn!("{} Unable to register: error {}.", self.prefix(), response.error_code);
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(REGISTRATION_RETRY_MAX);
        }
    }

    fn registration(&self) -> BrokerRegistrationRequest<'static> {
        let config = self.broker.config();
        let listeners = config.advertised_listeners.iter().map(|listener| Listener {
            name: listener.name.clone().into(),
            host: listener.host.clone().into(),
            port: listener.port,
            security_protocol: listener.security_protocol,
        });
        let features = supported_levels().map(|(name, min_supported_version, max_supported_version)| {
            Feature { name: name.into(), min_supported_version, max_supported_version }
        });
        let mut log_dirs: Vec<_> = self.broker.partitions().disks().iter().map(|disk| disk.id()).collect();
        log_dirs.sort_unstable();
        BrokerRegistrationRequest {
            broker_id: config.node_id,
            cluster_id: config.cluster_id.clone().into(),
            incarnation_id: config.incarnation_id,
            listeners: listeners.collect(),
            features: features.collect(),
            rack: config.rack.clone().map(Into::into),
            log_dirs: log_dirs.into(),
            previous_broker_epoch: self.previous_epoch,
            ..BrokerRegistrationRequest::default()
        }
    }

    /// Tells that the broker lives, and takes over what the controller says. True when it may end.
    async fn heartbeat(&self) -> bool {
        let request = BrokerHeartbeatRequest {
            broker_id: self.broker.config().node_id,
            broker_epoch: self.broker.epoch(),
            current_metadata_offset: self.broker.image().provenance().end_offset - 1,
            want_fence: false,
            want_shut_down: self.state() == Readiness::Leaving,
            ..BrokerHeartbeatRequest::default()
        };
        let response = self.broker.controller().broker_heartbeat(request).await;
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => self.take_over(&response),
            Some(ErrorCode::StaleBrokerEpoch | ErrorCode::BrokerIdNotRegistered) => {
                tracing::warn!(
                    "{} The controller does not know this incarnation; registering again.",
                    self.prefix()
                );
                self.register().await;
                false
            }
            error => {
                tracing::warn!("{} Broker heartbeat failed: {error:?}.", self.prefix());
                false
            }
        }
    }

    fn take_over(&self, response: &BrokerHeartbeatResponse) -> bool {
        match self.state() {
            Readiness::Recovery if !response.is_fenced => {
                tracing::info!(
                    "{} The broker has been unfenced. Transitioning from RECOVERY to RUNNING.",
                    self.prefix()
                );
                self.state.send_replace(Readiness::Running);
            }
            Readiness::Running if response.is_fenced => {
                tracing::warn!("{} The broker has been fenced.", self.prefix());
                self.state.send_replace(Readiness::Recovery);
            }
            Readiness::Leaving if response.should_shut_down => {
                tracing::info!("{} The controller has asked us to exit controlled shutdown.", self.prefix());
                self.state.send_replace(Readiness::Gone);
                return true;
            }
            _ => {}
        }
        false
    }
}

/// Time between heartbeats of a broker that waits to be let go.
const LEAVING_INTERVAL: Duration = Duration::from_millis(50);
