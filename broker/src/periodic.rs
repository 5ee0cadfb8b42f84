//! What a broker does from time to time, on its background threads.

use std::sync::Arc;
use std::time::Duration;

use log_store::directory::CheckpointKind;

use crate::broker::Broker;
use crate::config::Settings;
use crate::partitions::PartitionManager;

/// One task: how often, and what. It may block.
struct Task {
    interval: Duration,
    work: fn(&PartitionManager),
}

fn tasks(settings: &Settings) -> Vec<Task> {
    let every = |setting: &str, work| Task { interval: settings.duration_ms(setting), work };
    vec![
        every("log.retention.check.interval.ms", PartitionManager::apply_retention as fn(&PartitionManager)),
        every("log.flush.offset.checkpoint.interval.ms", |partitions| {
            partitions.write_checkpoint(CheckpointKind::RecoveryPoint);
        }),
        every("log.flush.start.offset.checkpoint.interval.ms", |partitions| {
            partitions.write_checkpoint(CheckpointKind::LogStart);
        }),
        every("replica.high.watermark.checkpoint.interval.ms", |partitions| {
            partitions.write_checkpoint(CheckpointKind::Replication);
        }),
        every("producer.id.expiration.check.interval.ms", PartitionManager::expire_producers),
        every("log.flush.scheduler.interval.ms", PartitionManager::flush_late),
    ]
}

/// Starts the tasks; they end with the broker's threads.
pub(crate) fn start(broker: &Broker) {
    for Task { interval, work } in tasks(&broker.settings()) {
        let (partitions, pool) = (Arc::clone(broker.partitions()), broker.background().clone());
        broker.background().spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                let partitions = Arc::clone(&partitions);
                if let Err(error) = pool.spawn_blocking(move || work(&partitions)).await {
                    tracing::error!(%error, "a periodic task panicked");
                }
            }
        });
    }
}
