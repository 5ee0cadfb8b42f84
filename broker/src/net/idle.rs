//! Closing connections that did nothing for `connections.max.idle.ms`.
//!
//! A connection notes the tick of its thread when bytes move, which costs no system call and no
//! timer; the thread compares the notes once per tick.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use slab::Slab;
use tokio::task::AbortHandle;

use crate::limits::{FRAME_STALL_MS, IDLE_SWEEP_MS_MAX, IDLE_SWEEP_MS_MIN};

/// When a connection was last active, noted by the connection and read by the sweep.
#[derive(Debug)]
pub(super) struct Activity {
    clock: Rc<Cell<u64>>,
    last: Cell<u64>,
    /// Whether an incomplete frame holds a share of the budget for queued bytes.
    pub(super) holds_budget: Cell<bool>,
}

impl Activity {
    /// Notes that bytes moved.
    pub(super) fn touch(&self) {
        self.last.set(self.clock.get());
    }
}

/// The connections of one thread.
#[derive(Debug)]
pub(super) struct IdleSweep {
    clock: Rc<Cell<u64>>,
    tick: Duration,
    idle_ticks: u64,
    stall_ticks: u64,
    connections: RefCell<Slab<(Rc<Activity>, Option<AbortHandle>)>>,
}

impl IdleSweep {
    /// A sweep that closes what was idle for `idle`.
    pub(super) fn new(idle: Duration) -> Self {
        let tick_ms = (idle.as_millis() as u64 / 8).clamp(IDLE_SWEEP_MS_MIN, IDLE_SWEEP_MS_MAX);
        Self {
            clock: Rc::default(),
            tick: Duration::from_millis(tick_ms),
            idle_ticks: (idle.as_millis() as u64).div_ceil(tick_ms),
            stall_ticks: FRAME_STALL_MS.div_ceil(tick_ms),
            connections: RefCell::default(),
        }
    }

    /// Time between two sweeps.
    pub(super) fn tick(&self) -> Duration {
        self.tick
    }

    /// Adds a connection and returns its key and its note.
    pub(super) fn add(&self) -> (usize, Rc<Activity>) {
        let activity = Rc::new(Activity {
            clock: Rc::clone(&self.clock),
            last: Cell::new(self.clock.get()),
            holds_budget: Cell::new(false),
        });
        (self.connections.borrow_mut().insert((Rc::clone(&activity), None)), activity)
    }

    /// Says how to end a connection's task.
    pub(super) fn set_task(&self, key: usize, task: AbortHandle) {
        if let Some(entry) = self.connections.borrow_mut().get_mut(key) {
            entry.1 = Some(task);
        }
    }

    /// Removes a connection that ended.
    pub(super) fn remove(&self, key: usize) {
        self.connections.borrow_mut().remove(key);
    }

    /// Moves the clock on and ends the tasks of the connections that are due.
    pub(super) fn sweep(&self) {
        let now = self.clock.get() + 1;
        self.clock.set(now);
        for (_, (activity, task)) in &*self.connections.borrow() {
            let idle = now - activity.last.get();
            let stalled = activity.holds_budget.get() && idle > self.stall_ticks;
            if let Some(task) = task
                && (idle > self.idle_ticks || stalled)
            {
                task.abort();
            }
        }
    }
}
