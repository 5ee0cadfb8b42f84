//! A broker: the parts that the handlers share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::{ArcSwap, Guard};
use log_store::directory::{DirectoryError, LogDirectory};
use metadata::config_defs::ConfigError;
use metadata::delta::MetadataDelta;
use metadata::image::{ConfigResource, MetadataImage};
use thiserror::Error;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, watch};
use wire::Uuid;

use crate::authorise::Authoriser;
use crate::auto_create::InFlight;
use crate::config::{BrokerConfig, Settings};
use crate::controller::ControllerChannel;
use crate::disks::Disk;
use crate::dispatch::Dispatcher;
use crate::fetch_sessions::SessionCache;
use crate::group::{GroupCoordinator, service as groups};
use crate::lifecycle::{Lifecycle, Readiness};
use crate::net::{Server, Service};
use crate::partitions::PartitionManager;
use crate::producer_ids::ProducerIds;

/// Why a broker cannot be made.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting has a value that it cannot have.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A log directory fails.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] io::Error),
}

/// A broker.
pub struct Broker {
    config: BrokerConfig,
    settings: Arc<ArcSwap<Settings>>,
    image: Arc<ArcSwap<MetadataImage>>,
    authoriser: Arc<dyn Authoriser>,
    controller: Arc<dyn ControllerChannel>,
    partitions: Arc<PartitionManager>,
    sessions: SessionCache,
    groups: Arc<GroupCoordinator>,
    auto_creations: InFlight,
    producer_ids: ProducerIds,
    /// Given by the controller; -1 before.
    epoch: AtomicI64,
    /// End of the metadata that is in force.
    metadata_end: watch::Sender<i64>,
    readiness: watch::Sender<Readiness>,
    leave: Arc<Notify>,
    /// Where work without a connection runs, and work that may block.
    background: Background,
}

impl Broker {
    /// A broker on open log directories, each with its id. It has no metadata yet and serves
    /// nothing.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(
        config: BrokerConfig,
        directories: Vec<(Arc<LogDirectory>, Uuid)>,
        controller: Arc<dyn ControllerChannel>,
        authoriser: Arc<dyn Authoriser>,
    ) -> Result<Arc<Self>, StartError> {
        let settings = Settings::resolve(&config.properties, &Default::default(), &Default::default())?;
        let disks = directories.into_iter().map(|(directory, id)| Disk::load(directory, id).map(Arc::new));
        let disks = disks.collect::<Result<Vec<_>, _>>()?;
        let background = Background::start(settings.integer("background.threads").max(1) as usize)?;
        let sessions =
            SessionCache::new(settings.fetch_session_slots, FETCH_SESSION_EVICTION_MS, config.seed);
        let settings = Arc::new(ArcSwap::from_pointee(settings));
        let image = Arc::new(ArcSwap::default());
        let pool = background.handle.clone();
        let partitions =
            PartitionManager::new(&config, Arc::clone(&image), Arc::clone(&settings), disks, pool);
        let partitions = Arc::new(partitions);
        let groups = groups::make(&settings.load(), &partitions, config.seed);
        groups::run(&groups, &background.handle);
        Ok(Arc::new(Self {
            config,
            settings,
            image,
            authoriser,
            controller,
            partitions,
            sessions,
            groups,
            auto_creations: InFlight::default(),
            producer_ids: ProducerIds::default(),
            epoch: AtomicI64::new(-1),
            metadata_end: watch::Sender::new(0),
            readiness: watch::Sender::new(Readiness::Starting),
            leave: Arc::default(),
            background,
        }))
    }

    /// Serves requests on the listeners of `server`.
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn serve(self: &Arc<Self>, server: &mut Server) -> io::Result<()> {
        let service: Arc<dyn Service> = Arc::new(Dispatcher::new(Arc::clone(self)));
        server.start(&service)
    }

    /// Follows the metadata: every request that is handled from here on sees `image`, and what
    /// `delta` changed is in force on return. Called for one delta after the other.
    pub fn publish(&self, delta: &MetadataDelta, image: &Arc<MetadataImage>) {
        let settings_changed = self.reconfigure(delta, image);
        self.partitions.follow(delta, image, settings_changed);
        self.metadata_end.send_replace(image.provenance().end_offset);
    }

    /// Joins the cluster: registers, recovers the logs once the metadata has been followed up to the
    /// registration, and lives until [`Broker::leave`]. Periodic work starts, too. Returns at once.
    pub fn join(self: &Arc<Self>) {
        let lifecycle = Lifecycle::new(Arc::clone(self), self.readiness.clone(), Arc::clone(&self.leave));
        self.background.handle.spawn(lifecycle.run());
    }

    /// How far the broker is; changes can be waited for.
    pub fn readiness(&self) -> watch::Receiver<Readiness> {
        self.readiness.subscribe()
    }

    /// Asks the controller to let the broker go: its leaderships move first. `Readiness::Gone` says
    /// that it may end.
    pub fn leave(&self) {
        self.leave.notify_one();
    }

    /// Closes all logs. Everything is durable on return and the next start finds a clean stop. The
    /// server must have been shut down before.
    pub fn close(&self) {
        self.partitions.close(self.epoch());
    }

    /// Puts dynamic settings of this broker in force; true when there are other ones.
    fn reconfigure(&self, delta: &MetadataDelta, image: &MetadataImage) -> bool {
        let (all, this) = (ConfigResource::broker_default(), ConfigResource::broker(self.config.node_id));
        let changed = delta.configs().changed();
        if !changed.contains_key(&all) && !changed.contains_key(&this) {
            return false;
        }
        let configs = image.configs();
        match Settings::resolve(&self.config.properties, &configs.of(&all), &configs.of(&this)) {
            Ok(settings) => self.settings.store(Arc::new(settings)),
            Err(error) => tracing::error!(%error, "dynamic settings are left as they were"),
        }
        true
    }

    /// What it was started with.
    pub(crate) fn config(&self) -> &BrokerConfig {
        &self.config
    }

    /// The settings that hold now.
    pub(crate) fn settings(&self) -> Guard<Arc<Settings>> {
        self.settings.load()
    }

    /// The metadata as far as this broker has followed it.
    pub(crate) fn image(&self) -> Guard<Arc<MetadataImage>> {
        self.image.load()
    }

    /// Who decides what a client may do.
    pub(crate) fn authoriser(&self) -> &dyn Authoriser {
        &*self.authoriser
    }

    /// The active controller.
    pub(crate) fn controller(&self) -> &dyn ControllerChannel {
        &*self.controller
    }

    /// The partitions.
    pub(crate) fn partitions(&self) -> &Arc<PartitionManager> {
        &self.partitions
    }

    /// The fetch sessions.
    pub(crate) fn sessions(&self) -> &SessionCache {
        &self.sessions
    }

    /// The groups.
    pub(crate) fn groups(&self) -> &GroupCoordinator {
        &self.groups
    }

    /// Topics that are being created because clients asked for them.
    pub(crate) fn auto_creations(&self) -> &InFlight {
        &self.auto_creations
    }

    /// Ids for idempotent producers.
    pub(crate) fn producer_ids(&self) -> &ProducerIds {
        &self.producer_ids
    }

    /// Its epoch: the offset of the record that registered it; -1 before.
    pub(crate) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// End of the metadata that is in force; changes can be waited for.
    pub(crate) fn metadata_end(&self) -> watch::Receiver<i64> {
        self.metadata_end.subscribe()
    }

    /// Takes over the epoch that the controller gave.
    pub(crate) fn set_epoch(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Where work without a connection runs, and (`spawn_blocking`) work that may block.
    pub(crate) fn background(&self) -> &Handle {
        &self.background.handle
    }
}

/// How long a fetch session keeps its place against others after its last use: Kafka's
/// `min.incremental.fetch.session.eviction.ms`, which cannot be configured.
const FETCH_SESSION_EVICTION_MS: i64 = 120_000;

/// Threads for work without a connection, and for work that may block.
struct Background {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Background {
    fn start(blocking_threads: usize) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(blocking_threads)
            .thread_name("kraftlog-background")
            .enable_time()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }
}

impl Drop for Background {
    /// Does not wait: the last reference to a broker may be dropped on one of its own threads.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
