//! Appending as the leader, and when that may be acknowledged.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use log_store::log::{AppendError, AppendRules, Appended, ChangeError};
use thiserror::Error;

use super::{Partition, State};

/// Why an append was refused, or may not be acknowledged.
#[derive(Debug, Error)]
pub(crate) enum AppendFault {
    /// Another broker leads, or led when it was to be acknowledged.
    #[error("this broker does not lead the partition")]
    NotLeader,
    /// acks=all, and fewer replicas are in sync than the topic demands. Nothing was appended.
    #[error("{isr} replicas are in sync; min.insync.replicas is {min}")]
    NotEnoughReplicas {
        /// In-sync replicas.
        isr: usize,
        /// What the topic demands.
        min: usize,
    },
    /// The same after the append: the records may survive.
    #[error("too few replicas were in sync when the records were to be acknowledged")]
    NotEnoughReplicasAfterAppend,
    /// The directory is offline.
    #[error("the log directory is offline")]
    Offline,
    /// The partition's directory cannot be made.
    #[error(transparent)]
    Disk(#[from] ChangeError),
    /// The log refused it.
    #[error(transparent)]
    Log(#[from] AppendError),
}

/// An append that was taken.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// Where the records are.
    pub(crate) appended: Appended,
    /// What must be reached before it is acknowledged; `None` when it may be now.
    pub(crate) goal: Option<Goal>,
}

/// What an acknowledgement waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    /// Offset after the last record.
    pub(crate) end: i64,
    leader_epoch: i32,
    replicated: bool,
    durable: bool,
}

impl Partition {
    /// Appends one batch. With `all_in_sync` (acks=all) the ISR must be large enough, and the
    /// acknowledgement waits until it has the records; whatever the acks, it waits for the disk
    /// when the topic asks for that. On return the buffer may be reused.
    ///
    /// # Errors
    /// [`AppendFault`]; nothing was appended.
    pub(crate) fn append(
        self: &Arc<Self>,
        batch: &[u8],
        all_in_sync: bool,
        now_ms: i64,
        rules: &AppendRules,
    ) -> Result<Accepted, AppendFault> {
        if self.has_failed() {
            return Err(AppendFault::Offline);
        }
        let mut state = self.state.lock();
        let leader_epoch = check_leader(&state, all_in_sync)?;
        if !state.has_directory {
            let created = state.log.create(self.name.topic_id);
            self.note_failure(&state);
            created?;
            state.has_directory = true;
        }
        let appended = state.log.append_as_leader(batch, leader_epoch, now_ms, rules);
        self.note_failure(&state);
        let appended = appended?;
        let durable = self.flush_after_append(&mut state);
        let moved = self.advance(&mut state);
        drop(state);
        let high_watermark = self.high_watermark();
        if moved {
            self.waiters.advanced_to(high_watermark);
        }
        let end = appended.last_offset + 1;
        let replicated = all_in_sync && high_watermark < end;
        let durable = durable && self.recovery_point() < end;
        let goal = Goal { end, leader_epoch, replicated, durable };
        Ok(Accepted { appended, goal: (replicated || durable).then_some(goal) })
    }

    /// Whether a goal has been reached; `None` while it has not.
    ///
    /// # Errors
    /// It will not be: the leader has changed, replicas were lost, or the disk failed.
    pub(crate) fn reached(&self, goal: &Goal) -> Result<Option<()>, AppendFault> {
        let durable = !goal.durable || self.recovery_point() >= goal.end;
        let replicated = !goal.replicated || self.high_watermark() >= goal.end;
        if durable && replicated {
            return if goal.replicated { self.check_replicated().map(Some) } else { Ok(Some(())) };
        }
        if self.marks.failed.load(Ordering::Acquire) {
            return Err(AppendFault::Offline);
        }
        if self.leader_epoch() != goal.leader_epoch {
            return Err(AppendFault::NotLeader);
        }
        Ok(None)
    }

    /// Whether enough replicas are still in sync to acknowledge what they have.
    fn check_replicated(&self) -> Result<(), AppendFault> {
        let state = self.state.lock();
        match &state.leadership {
            Some(leadership) if leadership.isr.len() < min_isr(&state, leadership.replicas) => {
                Err(AppendFault::NotEnoughReplicasAfterAppend)
            }
            _ => Ok(()),
        }
    }
}

/// The epoch in which this broker leads, if the ISR is large enough for the acks.
fn check_leader(state: &State, all_in_sync: bool) -> Result<i32, AppendFault> {
    let leadership = state.leadership.as_ref().ok_or(AppendFault::NotLeader)?;
    let (isr, min) = (leadership.isr.len(), min_isr(state, leadership.replicas));
    if all_in_sync && isr < min {
        return Err(AppendFault::NotEnoughReplicas { isr, min });
    }
    Ok(leadership.epoch)
}

/// `min.insync.replicas`, which asks for no more than there are.
fn min_isr(state: &State, replicas: usize) -> usize {
    state.config.min_insync_replicas.min(replicas)
}
