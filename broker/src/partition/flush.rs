//! Making a partition durable: one flush at a time, which covers every append before it began.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Partition, State};

/// Which flushes are wanted.
///
/// Invariant: while `wanted` is beyond the recovery point, a flush is under way.
#[derive(Debug, Default)]
pub(super) struct FlushState {
    /// A thread is flushing, and goes on until all that is wanted is durable.
    running: bool,
    /// End of what somebody wants to be durable.
    wanted: i64,
    /// End of what a topic with `flush.messages` demands to be durable before anybody sees it.
    promised: i64,
    /// When the last flush began, in milliseconds since 1970; for `flush.ms`.
    pub(super) last_ms: i64,
}

impl FlushState {
    /// How far the high watermark may go.
    pub(super) fn limit(&self, recovery_point: i64, log_end: i64) -> i64 {
        if recovery_point < self.promised { recovery_point } else { log_end }
    }
}

impl Partition {
    /// Starts the flush that an append calls for: the topic's interval is full, or the log has a sealed
    /// segment that no flush has covered. True when the append must not be acknowledged before it is durable.
    pub(super) fn flush_after_append(self: &Arc<Self>, state: &mut State) -> bool {
        let end = state.log.log_end();
        let due = end - state.log.recovery_point() >= state.config.flush_messages;
        if due {
            state.flush.promised = end;
        }
        // A flush under way looks for sealed segments itself when it is done.
        if due || (!state.flush.running && state.log.wants_flush()) {
            self.want_flush(state, end);
        }
        due
    }

    /// Starts a flush when the oldest unflushed record may have waited for `flush.ms`.
    pub(crate) fn flush_if_late(self: &Arc<Self>, now_ms: i64) {
        let mut state = self.state.lock();
        let end = state.log.log_end();
        if state.log.is_retired() || state.log.recovery_point() == end {
            state.flush.last_ms = now_ms;
        } else if now_ms.saturating_sub(state.flush.last_ms) >= state.config.flush_ms {
            state.flush.last_ms = now_ms;
            self.want_flush(&mut state, end);
        }
    }

    fn want_flush(self: &Arc<Self>, state: &mut State, end: i64) {
        state.flush.wanted = state.flush.wanted.max(end);
        if !state.flush.running {
            state.flush.running = true;
            let partition = Arc::clone(self);
            self.pool.spawn_blocking(move || partition.flush_wanted());
        }
    }

    /// Flushes until all that is wanted is durable, or the disk fails.
    fn flush_wanted(&self) {
        while self.flush_once() {
            self.tell_listener();
        }
        self.tell_listener();
    }

    /// Flushes once; true when more is wanted by now. Of a deleted partition nothing is, whatever became of
    /// its files.
    fn flush_once(&self) -> bool {
        let begun = {
            let mut state = self.state.lock();
            let begun = state.log.begin_flush();
            self.note_failure(&state);
            begun
        };
        let outcome = begun.map(log_store::log::PendingFlush::run);
        let mut state = self.state.lock();
        let completed = outcome.and_then(|outcome| state.log.complete_flush(outcome));
        self.note_failure(&state);
        let Ok(recovery_point) = completed else {
            state.flush.running = false;
            return false;
        };
        self.marks.durable.store(recovery_point, Ordering::Release);
        self.advance(&mut state);
        let more = state.flush.wanted > recovery_point || state.log.wants_flush();
        state.flush.running = more;
        drop(state);
        self.waiters.advanced_to(recovery_point.max(self.high_watermark()));
        more
    }
}
