//! One partition of which this broker holds a replica.
//!
//! ```text
//! append   epoch, min ISR ─▶ log.append_as_leader ─▶ high watermark ─▶ waiting requests   (one writer at a time)
//! read     epoch ─▶ LogReader                                                           (any thread, no lock)
//! flush    one fsync for all that was appended before it began                          (a thread of the pool)
//! ```
//!
//! | offset | meaning | moved by |
//! |---|---|---|
//! | `log_start` | first readable | retention, DeleteRecords |
//! | `last_stable` | transactions before are decided | high watermark, markers |
//! | `high_watermark` | what the ISR has; consumers read up to here | appends, followers, flushes |
//! | `log_end` | the next to be written | appends |
//!
//! Invariant: `log_start ≤ last_stable ≤ high_watermark ≤ log_end`, and `recovery_point ≤ log_end`.
//! When a topic asks for a flush (`flush.messages`), the high watermark waits for it: what consumers
//! see and what producers were promised is on the disk.

mod append;
mod flush;
mod read;
mod role;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering};

use log_store::directory::TopicPartition;
use log_store::log::{FlushError, Log, LogReader};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use wire::Uuid;

use crate::disks::{Disk, Progress};
use crate::topic_config::TopicConfig;
use crate::waiting::WaitList;

pub(crate) use append::{Accepted, AppendFault, Goal};
pub(crate) use read::{Fetched, ReadFault, UpTo};
pub(crate) use role::Leadership;

use role::NOT_LEADER;

/// Names a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionName {
    /// Topic.
    pub(crate) topic: Arc<str>,
    /// Id of the topic.
    pub(crate) topic_id: Uuid,
    /// Index in the topic.
    pub(crate) index: i32,
}

/// What is known of a replica before its log is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// High watermark in the checkpoint.
    pub(crate) high_watermark: i64,
    /// The directory is there and names its topic.
    pub(crate) has_directory: bool,
}

/// Told when the high watermark of a partition has moved for another reason than an append by the
/// one who listens.
pub(crate) trait HighWatermarkListener: Send + Sync {
    /// `partition` of the topic that is listened to has reached `high_watermark`.
    fn high_watermark_moved(&self, partition: i32, high_watermark: i64);
}

/// A replica on this broker.
pub(crate) struct Partition {
    name: PartitionName,
    disk: Arc<Disk>,
    reader: LogReader,
    marks: Marks,
    waiters: Arc<WaitList>,
    /// Threads that may block.
    pool: Handle,
    listener: Option<Arc<dyn HighWatermarkListener>>,
    state: Mutex<State>,
}

/// What readers need without waiting for the writer. Written under the lock of [`State`].
#[derive(Debug)]
struct Marks {
    /// Epoch in which this broker leads; [`NOT_LEADER`] when it does not.
    leader_epoch: AtomicI32,
    high_watermark: AtomicI64,
    last_stable: AtomicI64,
    /// The log's recovery point.
    durable: AtomicI64,
    /// A write or flush failed: nothing more is taken, what is there can be read.
    failed: AtomicBool,
    /// A read failed, and that was said.
    unreadable: AtomicBool,
}

/// What the writer needs.
struct State {
    log: Log,
    /// The directory is there and names its topic.
    has_directory: bool,
    config: Arc<TopicConfig>,
    leadership: Option<Leadership>,
    flush: flush::FlushState,
}

impl Partition {
    /// A replica over an open log, leading nothing yet.
    pub(crate) fn new(
        name: PartitionName,
        log: Log,
        config: Arc<TopicConfig>,
        disk: Arc<Disk>,
        pool: Handle,
        seen: Seen,
    ) -> Self {
        let high_watermark = seen.high_watermark.clamp(log.log_start(), log.log_end());
        let marks = Marks {
            leader_epoch: AtomicI32::new(NOT_LEADER),
            high_watermark: AtomicI64::new(high_watermark),
            last_stable: AtomicI64::new(log.last_stable_offset(high_watermark)),
            durable: AtomicI64::new(log.recovery_point()),
            failed: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
        };
        let flush = flush::FlushState::default();
        Self {
            name,
            disk,
            reader: log.reader(),
            marks,
            waiters: Arc::default(),
            pool,
            listener: None,
            state: Mutex::new(State {
                log,
                has_directory: seen.has_directory,
                config,
                leadership: None,
                flush,
            }),
        }
    }

    /// The same, with somebody to be told when the high watermark moves.
    pub(crate) fn with_listener(self, listener: Option<Arc<dyn HighWatermarkListener>>) -> Self {
        Self { listener, ..self }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &PartitionName {
        &self.name
    }

    /// Its name in directories and checkpoints.
    pub(crate) fn place(&self) -> TopicPartition {
        TopicPartition { topic: self.name.topic.to_string(), partition: self.name.index }
    }

    /// The log directory it lies in.
    pub(crate) fn disk(&self) -> &Arc<Disk> {
        &self.disk
    }

    /// The requests that wait for it.
    pub(crate) fn waiters(&self) -> &Arc<WaitList> {
        &self.waiters
    }

    /// What consumers may read ends here.
    pub(crate) fn high_watermark(&self) -> i64 {
        self.marks.high_watermark.load(Ordering::Acquire)
    }

    /// What read_committed consumers may read ends here.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        self.marks.last_stable.load(Ordering::Acquire)
    }

    /// First readable offset.
    pub(crate) fn log_start(&self) -> i64 {
        self.reader.log_start()
    }

    /// The next offset to be written.
    pub(crate) fn log_end(&self) -> i64 {
        self.reader.log_end()
    }

    /// Everything before is on the disk.
    pub(crate) fn recovery_point(&self) -> i64 {
        self.marks.durable.load(Ordering::Acquire)
    }

    /// Bytes of all batches.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.state.lock().log.size_bytes()
    }

    /// Puts other settings of the topic in force.
    pub(crate) fn set_config(&self, config: Arc<TopicConfig>) {
        let mut state = self.state.lock();
        state.log.set_config(Arc::clone(&config.log));
        state.config = config;
    }

    /// Does something with the log that no request waits for (retention, producers); `None` once the
    /// partition is deleted.
    pub(crate) fn with_log<R>(&self, work: impl FnOnce(&mut Log) -> R) -> Option<R> {
        let mut state = self.state.lock();
        if state.log.is_retired() {
            return None;
        }
        let result = work(&mut state.log);
        self.note_failure(&state);
        Some(result)
    }

    /// Ends the use of a deleted partition: it leads nothing, its directory is called `to`, and whatever fails
    /// in it from here on is no failure of the disk. Returns whether there was a directory.
    ///
    /// # Errors
    /// The directory cannot be renamed.
    pub(crate) fn retire(&self, to: &Path) -> io::Result<bool> {
        self.lead(None);
        self.state.lock().log.retire(to)
    }

    /// Tells the directory how far the partition is, unless it is deleted.
    pub(crate) fn note_progress(&self) {
        let state = self.state.lock();
        if !state.log.is_retired() {
            let progress = Progress {
                recovery_point: state.log.recovery_point(),
                log_start: state.log.log_start(),
                high_watermark: self.high_watermark(),
            };
            // Under the lock: a deletion makes the directory forget the partition afterwards.
            self.disk.note(&self.place(), progress);
        }
    }

    /// `file.delete.delay.ms` of the topic.
    pub(crate) fn file_delete_delay_ms(&self) -> u64 {
        self.state.lock().config.file_delete_delay_ms
    }

    /// Ends the use of the log: everything is durable on return, and the next opening needs no
    /// recovery. Returns how far the partition got.
    ///
    /// # Errors
    /// The disk failed, now or before.
    pub(crate) fn close(self) -> Result<Progress, FlushError> {
        let (log_start, high_watermark) = (self.log_start(), self.high_watermark());
        let recovery_point = self.state.into_inner().log.close()?;
        Ok(Progress { recovery_point, log_start, high_watermark })
    }

    /// Takes the directory offline when the log has failed.
    fn note_failure(&self, state: &State) {
        if state.log.is_offline() && !self.marks.failed.swap(true, Ordering::AcqRel) {
            self.disk.fail(state.log.failure().unwrap_or("a write or flush failed"));
            self.waiters.changed();
        }
    }

    /// Whether nothing more is taken, here or in the whole directory.
    fn has_failed(&self) -> bool {
        self.marks.failed.load(Ordering::Acquire) || self.disk.has_failed()
    }
}
