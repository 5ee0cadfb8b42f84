//! The group coordinator as a part of the broker: its topic, its clock, its sweeps.

use std::sync::{Arc, Weak};
use std::time::Duration;

use log_store::log::AppendRules;
use parking_lot::Mutex;
use rand_core::Rng;
use rand_pcg::Pcg64Mcg;
use tokio::runtime::Handle;
use wire::{ErrorCode, Uuid};

use super::coordinator::{AppendedOffsets, GroupCoordinator, OffsetsLog};
use super::{GroupConfig, Now};
use crate::config::Settings;
use crate::errors::Fault;
use crate::partition::{HighWatermarkListener, Partition, UpTo};
use crate::partitions::{Coordinator, PartitionManager};
use crate::time::{monotonic_ms, now_ms};
use crate::topic_names::CONSUMER_OFFSETS;

/// How long the clock of the groups rests when no deadline is set.
const IDLE: Duration = Duration::from_secs(3_600);

/// The partitions of `__consumer_offsets` on this broker. Weak: they know their coordinator.
struct OffsetsTopic(Weak<PartitionManager>);

impl OffsetsTopic {
    fn partition(&self, index: i32) -> Result<Arc<Partition>, ErrorCode> {
        let partitions = self.0.upgrade().ok_or(ErrorCode::NotCoordinator)?;
        partitions.by_name(CONSUMER_OFFSETS, index).map_err(|fault| Fault::from(fault).code())
    }
}

impl OffsetsLog for OffsetsTopic {
    fn append(&self, partition: i32, batch: &[u8]) -> Result<AppendedOffsets, ErrorCode> {
        let partition = self.partition(partition)?;
        let accepted = partition
            .append(batch, true, now_ms(), &AppendRules::COORDINATOR)
            .map_err(|fault| Fault::from(fault).code())?;
        let end = accepted.appended.last_offset + 1;
        // Without a goal left, what a commit promises holds already.
        let high_watermark = if accepted.goal.is_none() { end } else { partition.high_watermark() };
        Ok(AppendedOffsets { end, high_watermark })
    }

    fn read(
        &self,
        partition: i32,
        offset: i64,
        bytes_max: usize,
    ) -> Result<Option<(Vec<u8>, i64)>, ErrorCode> {
        let partition = self.partition(partition)?;
        let mut batches = Vec::new();
        let next = partition
            .read_batches(offset, bytes_max, UpTo::LogEnd, &mut batches)
            .map_err(|fault| Fault::from(fault).code())?;
        Ok((next > offset).then_some((batches, next)))
    }

    fn log_start(&self, partition: i32) -> Result<i64, ErrorCode> {
        Ok(self.partition(partition)?.log_start())
    }
}

/// Makes the coordinator of `partitions` and makes it known to them.
pub(crate) fn make(
    settings: &Settings,
    partitions: &Arc<PartitionManager>,
    seed: u64,
) -> Arc<GroupCoordinator> {
    let generator = Mutex::new(Pcg64Mcg::new(u128::from(seed)));
    let member_ids = Arc::new(move || {
        let mut id = [0; 16];
        generator.lock().fill_bytes(&mut id);
        id
    });
    let topic = Arc::new(OffsetsTopic(Arc::downgrade(partitions)));
    let coordinator = Arc::new(GroupCoordinator::new(GroupConfig::resolve(settings), topic, member_ids));
    partitions.set_groups(Arc::clone(&coordinator) as _);
    coordinator
}

/// Runs the coordinator's deadlines and its sweep for unused offsets, on `background`, until it ends.
pub(crate) fn run(coordinator: &Arc<GroupCoordinator>, background: &Handle) {
    background.spawn(run_deadlines(Arc::clone(coordinator)));
    background.spawn(run_expiry(Arc::clone(coordinator), background.clone()));
}

async fn run_deadlines(coordinator: Arc<GroupCoordinator>) {
    loop {
        let next = coordinator.fire_timers(now());
        let rest =
            next.map_or(IDLE, |next| Duration::from_millis(next.saturating_sub(monotonic_ms()).max(1)));
        // Whether the deadline has come or moved, the next turn looks.
        let _ = tokio::time::timeout(rest, coordinator.deadline_moved()).await;
    }
}

async fn run_expiry(coordinator: Arc<GroupCoordinator>, pool: Handle) {
    let interval = Duration::from_millis(coordinator.config().offsets_retention_check_interval_ms);
    loop {
        tokio::time::sleep(interval).await;
        let coordinator = Arc::clone(&coordinator);
        // A sweep that panicked is reported by the runtime, and the next one is tried all the same.
        let _ = pool.spawn_blocking(move || coordinator.expire_offsets(now())).await;
    }
}

impl HighWatermarkListener for GroupCoordinator {
    fn high_watermark_moved(&self, partition: i32, high_watermark: i64) {
        self.committed_to(now(), partition, high_watermark);
    }
}

impl Coordinator for GroupCoordinator {
    fn elected(&self, partition: i32, leader_epoch: i32) {
        self.load_partition(now(), partition, leader_epoch);
    }

    fn resigned(&self, partition: i32, leader_epoch: i32) {
        self.unload_partition(partition, leader_epoch);
    }

    fn topic_deleted(&self, name: &str, topic_id: Uuid) {
        self.forget_topic(now(), name, topic_id);
    }
}

/// This moment on both clocks.
fn now() -> Now {
    Now { monotonic_ms: monotonic_ms(), wall_ms: now_ms() }
}
