//! Deadlines of a shard, each under a key, so that a new deadline replaces the old one.

use std::collections::{BTreeMap, BTreeSet};

/// What a deadline is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A member, joined or pending, has to be heard from.
    Heartbeat { group: String, member: String },
    /// The join phase of a rebalance ends.
    Join { group: String },
    /// Every member of the generation has to have sent SyncGroup.
    Sync { group: String, generation: i32 },
}

/// At most one deadline per [`Timer`], on the monotonic clock, in milliseconds.
///
/// Invariant: `queue` holds exactly the pairs of `deadlines`, ordered by time.
#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: BTreeMap<Timer, u64>,
    queue: BTreeSet<(u64, Timer)>,
}

impl Timers {
    /// Sets the deadline of `timer`, replacing an earlier one.
    pub(super) fn schedule(&mut self, timer: Timer, deadline_ms: u64) {
        if let Some(previous) = self.deadlines.insert(timer.clone(), deadline_ms) {
            self.queue.remove(&(previous, timer.clone()));
        }
        self.queue.insert((deadline_ms, timer));
        debug_assert_eq!(self.deadlines.len(), self.queue.len());
    }

    /// Forgets `timer`, if it is set.
    pub(super) fn cancel(&mut self, timer: &Timer) {
        if let Some(deadline) = self.deadlines.remove(timer) {
            self.queue.remove(&(deadline, timer.clone()));
        }
        debug_assert_eq!(self.deadlines.len(), self.queue.len());
    }

    /// The earliest deadline, if any is set.
    pub(super) fn next_deadline_ms(&self) -> Option<u64> {
        self.queue.first().map(|(deadline, _)| *deadline)
    }

    /// Takes the earliest timer whose deadline is not after `now_ms`.
    pub(super) fn pop_due(&mut self, now_ms: u64) -> Option<Timer> {
        if self.next_deadline_ms()? > now_ms {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        self.deadlines.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_deadline_replaces_the_old_one() {
        let mut timers = Timers::default();
        let join = Timer::Join { group: "g".into() };
        timers.schedule(join.clone(), 10);
        timers.schedule(join.clone(), 30);
        assert_eq!(timers.pop_due(29), None);
        assert_eq!(timers.pop_due(30), Some(join.clone()));
        assert_eq!(timers.next_deadline_ms(), None);

        timers.schedule(join.clone(), 5);
        timers.cancel(&join);
        assert_eq!(timers.pop_due(100), None);
    }
}
