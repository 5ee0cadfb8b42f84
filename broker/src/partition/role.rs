//! Who leads, and how far the in-sync replicas are.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use metadata::image;

use super::{Partition, State};

/// Leader epoch while another broker leads.
pub(crate) const NOT_LEADER: i32 = -1;

/// This broker's leadership of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leadership {
    /// Rises with every change of the leader.
    pub(crate) epoch: i32,
    /// In-sync replicas, this one included.
    pub(crate) isr: Vec<i32>,
    /// Replicas, this one included.
    pub(crate) replicas: usize,
}

impl Leadership {
    /// The leadership that the metadata gives to `node`, if it gives any.
    pub(crate) fn of(partition: &image::Partition, node: i32) -> Option<Self> {
        (partition.leader() == node).then(|| Self {
            epoch: partition.leader_epoch(),
            isr: partition.isr().to_vec(),
            replicas: partition.replicas().len(),
        })
    }

    /// The end of what all in-sync replicas have. Alone, that is what the leader has; while others
    /// are in sync it moves with what they fetch.
    fn replicated_end(&self, log_end: i64, high_watermark: i64) -> i64 {
        if self.isr.len() <= 1 { log_end } else { high_watermark }
    }
}

impl Partition {
    /// Takes over what the metadata says about the partition's leader. Requests that wait for a
    /// leadership that has ended are woken.
    pub(crate) fn lead(&self, leadership: Option<Leadership>) {
        let mut state = self.state.lock();
        let epoch = leadership.as_ref().map_or(NOT_LEADER, |leadership| leadership.epoch);
        if epoch != NOT_LEADER && state.log.latest_epoch().is_none_or(|latest| latest < epoch) {
            state.log.assign_epoch(epoch);
        }
        state.leadership = leadership;
        self.marks.leader_epoch.store(epoch, Ordering::Release);
        self.advance(&mut state);
        drop(state);
        self.waiters.changed();
    }

    /// Epoch in which this broker leads; [`NOT_LEADER`] when it does not.
    pub(crate) fn leader_epoch(&self) -> i32 {
        self.marks.leader_epoch.load(Ordering::Acquire)
    }

    /// Moves the high watermark as far as the in-sync replicas and the disk allow. True when it
    /// moved: the caller wakes who waits once it has let go of the lock.
    pub(super) fn advance(&self, state: &mut State) -> bool {
        let (log_end, before) = (state.log.log_end(), self.high_watermark());
        let Some(leadership) = &state.leadership else { return false };
        let replicated = leadership.replicated_end(log_end, before);
        let promised = state.flush.limit(state.log.recovery_point(), log_end);
        let high_watermark = replicated.min(promised).max(before).max(state.log.log_start());
        assert!(high_watermark <= log_end, "the high watermark is within the log");
        state.log.on_high_watermark(high_watermark);
        let last_stable = state.log.last_stable_offset(high_watermark);
        self.marks.last_stable.store(last_stable, Ordering::Release);
        self.marks.high_watermark.store(high_watermark, Ordering::Release);
        high_watermark > before
    }

    /// Tells a coordinator that the high watermark moved, not as part of its own append.
    pub(super) fn tell_listener(&self) {
        if let Some(listener) = &self.listener {
            Arc::clone(listener).high_watermark_moved(self.name.index, self.high_watermark());
        }
    }
}
