//! Which calls fail, and the counters that say which call is which.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// What goes wrong in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// EIO, nothing done. On a flush: what was pending will never become durable, though reads
    /// still see it and a second flush says `Ok`, as on Linux.
    InputOutput,
    /// ENOSPC, nothing done.
    StorageFull,
    /// EIO after the first `bytes` bytes of a write. On other calls as [`Fault::InputOutput`].
    TornWrite {
        /// How much of the write is live.
        bytes: usize,
    },
    /// `Ok`, but one bit is wrong: of what a write stores or a read returns. No effect on others.
    BitFlip {
        /// Counted from the start of the bytes, modulo their number.
        bit: u64,
    },
    /// `Ok`, but the write went this many bytes further than asked. No effect on other calls.
    Misdirected {
        /// Distance in bytes.
        by: u64,
    },
    /// `Ok` from a flush or a directory sync that made nothing durable. No effect on other calls.
    Lie,
}

impl Fault {
    pub(super) fn is_error(self) -> bool {
        matches!(self, Self::InputOutput | Self::StorageFull | Self::TornWrite { .. })
    }

    pub(super) fn to_error(self) -> Error {
        match self {
            Self::StorageFull => ErrorKind::StorageFull.into(),
            _ => input_output_error(),
        }
    }
}

pub(super) fn input_output_error() -> Error {
    Error::from_raw_os_error(libc::EIO)
}

/// A plan of faults. The default has none.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// What goes wrong in which call, reads included; the first is 0.
    pub at_call: BTreeMap<u64, Fault>,
    /// What goes wrong in which change (write, flush, name); the first is 0.
    pub at_change: BTreeMap<u64, Fault>,
    /// So many changes are done; from the next one on every call fails, as without power.
    pub power_off_after: Option<u64>,
    /// Every call fails with this probability, in millionths, drawn from [`Faults::seed`].
    pub error_rate_ppm: u32,
    /// Seed of the error rate.
    pub seed: u64,
    /// Live bytes that fit; a write beyond stores what fits and fails with `StorageFull`.
    pub capacity: Option<u64>,
    /// Flushes begun by `flush_later` stay in flight until `release_flushes`.
    pub hold_flushes: bool,
}

impl Faults {
    /// The change with this number goes wrong.
    #[must_use]
    pub fn change(number: u64, fault: Fault) -> Self {
        Self { at_change: BTreeMap::from([(number, fault)]), ..Self::default() }
    }

    /// The call with this number, reads included, goes wrong.
    #[must_use]
    pub fn call(number: u64, fault: Fault) -> Self {
        Self { at_call: BTreeMap::from([(number, fault)]), ..Self::default() }
    }

    /// Only the first `count` changes are done.
    #[must_use]
    pub fn power_off_after(count: u64) -> Self {
        Self { power_off_after: Some(count), ..Self::default() }
    }
}

/// What a call does to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Read,
    Change,
}

/// What all handles of one disk share.
#[derive(Debug, Default)]
pub(super) struct Disk {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    faults: Faults,
    random: Pcg32,
    calls: u64,
    changes: u64,
    /// Live bytes of all files. Invariant: the sum of their live lengths.
    used: u64,
    open_files: u64,
    now_ms: i64,
    locked: BTreeSet<PathBuf>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            faults: Faults::default(),
            random: Pcg32::seed_from_u64(0),
            calls: 0,
            changes: 0,
            used: 0,
            open_files: 0,
            now_ms: 0,
            locked: BTreeSet::new(),
        }
    }
}

impl Disk {
    pub(super) fn set_faults(&self, faults: Faults) {
        let mut state = self.state.lock();
        state.random = Pcg32::seed_from_u64(faults.seed);
        state.faults = faults;
        state.calls = 0;
        state.changes = 0;
    }

    /// Counts a call and says what goes wrong in it; an error when there is no power.
    pub(super) fn begin(&self, call: Call) -> Result<Option<Fault>> {
        let mut state = self.state.lock();
        if state.faults.power_off_after.is_some_and(|last| state.changes > last) {
            return Err(input_output_error());
        }
        let (number, change) = (state.calls, state.changes);
        state.calls += 1;
        let mut fault = state.faults.at_call.get(&number).copied();
        if call == Call::Change {
            state.changes += 1;
            if state.faults.power_off_after.is_some_and(|last| change >= last) {
                return Err(input_output_error());
            }
            fault = fault.or_else(|| state.faults.at_change.get(&change).copied());
        }
        let rate = state.faults.error_rate_ppm;
        if fault.is_none() && rate > 0 && state.random.next_u32() % 1_000_000 < rate {
            fault = Some(Fault::InputOutput);
        }
        Ok(fault)
    }

    /// For calls that either happen or fail.
    pub(super) fn refuse(&self, call: Call) -> Result<()> {
        match self.begin(call)? {
            Some(fault) if fault.is_error() => Err(fault.to_error()),
            _ => Ok(()),
        }
    }

    /// Accounts for a file that grows from `old` towards `new` bytes and returns how far it may.
    pub(super) fn resize(&self, old: u64, new: u64) -> u64 {
        let mut state = self.state.lock();
        let others = state.used - old;
        let granted = match state.faults.capacity {
            Some(capacity) if new > old => new.min(capacity.saturating_sub(others)).max(old),
            _ => new,
        };
        state.used = others + granted;
        granted
    }

    pub(super) fn lock(this: &Arc<Self>, path: &Path) -> Result<HeldLock> {
        if this.state.lock().locked.insert(path.to_owned()) {
            return Ok(HeldLock { disk: Arc::clone(this), path: path.to_owned() });
        }
        Err(Error::new(ErrorKind::WouldBlock, "another process holds the lock"))
    }

    pub(super) fn handle_opened(&self) {
        self.state.lock().open_files += 1;
    }

    pub(super) fn handle_closed(&self) {
        self.state.lock().open_files -= 1;
    }

    pub(super) fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    pub(super) fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    pub(super) fn open_files(&self) -> u64 {
        self.state.lock().open_files
    }

    pub(super) fn used(&self) -> u64 {
        self.state.lock().used
    }

    pub(super) fn capacity(&self) -> Option<u64> {
        self.state.lock().faults.capacity
    }

    pub(super) fn holds_flushes(&self) -> bool {
        self.state.lock().faults.hold_flushes
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.state.lock().now_ms
    }

    pub(super) fn set_now_ms(&self, now_ms: i64) {
        self.state.lock().now_ms = now_ms;
    }
}

/// A lock taken on a disk in memory; a crash gives a disk without it.
#[derive(Debug)]
pub(super) struct HeldLock {
    disk: Arc<Disk>,
    path: PathBuf,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.disk.state.lock().locked.remove(&self.path);
    }
}
