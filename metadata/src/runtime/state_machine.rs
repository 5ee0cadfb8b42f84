//! Raft's side of the metadata thread: it copies what is committed and hands it over.

use crossbeam_channel::{Receiver, Sender, bounded};
use raft::{CommittedBatch, LeaderAndEpoch, SnapshotRecords, StateMachine};

use super::events::{RaftBatch, RaftEvent};
use crate::limits::{QUEUED_RAFT_EVENTS, QUEUED_SNAPSHOT_BATCHES};

/// What raft shows its records to. It waits when the metadata thread is far behind.
#[derive(Debug)]
pub struct MetadataStateMachine {
    events: Sender<RaftEvent>,
}

impl MetadataStateMachine {
    /// A state machine, and the events that it hands over.
    pub fn channel() -> (Self, Receiver<RaftEvent>) {
        let (events, queue) = bounded(QUEUED_RAFT_EVENTS);
        (Self { events }, queue)
    }

    fn hand_over(&self, event: RaftEvent) {
        if self.events.send(event).is_err() {
            tracing::debug!("the metadata thread has ended");
        }
    }
}

impl StateMachine for MetadataStateMachine {
    fn committed(&mut self, batches: &[CommittedBatch<'_>], high_watermark: i64) {
        let own = |batch: &CommittedBatch<'_>| RaftBatch {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset,
            epoch: batch.epoch,
            append_ms: batch.append_time_ms,
            size_bytes: batch.size_bytes,
            records: batch.records.iter().map(|record| record.to_vec()).collect(),
        };
        self.hand_over(RaftEvent::Committed { batches: batches.iter().map(own).collect(), high_watermark });
    }

    fn load_snapshot(&mut self, snapshot: &mut dyn SnapshotRecords) {
        let (records, batches) = bounded(QUEUED_SNAPSHOT_BATCHES);
        let (id, append_ms) = (snapshot.id(), snapshot.last_append_time_ms());
        self.hand_over(RaftEvent::Snapshot { id, append_ms, batches });
        while let Some(batch) = snapshot.next_batch() {
            if records.send(batch).is_err() {
                break;
            }
        }
    }

    fn leader_changed(&mut self, leader: LeaderAndEpoch) {
        self.hand_over(RaftEvent::Leader(leader));
    }

    fn begin_shutdown(&mut self) {
        self.hand_over(RaftEvent::Shutdown);
    }
}
