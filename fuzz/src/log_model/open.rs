//! Stops, crashes and openings.

use std::path::Path;
use std::sync::Arc;

use log_store::io::{Crash, Faults, Io, MemoryIo};
use log_store::log::{Log, LogConfig, Recovery};
use wire::batch::batches;

use super::{DIR, Run};
use crate::input::Input;

pub(super) const CLEAN: Recovery = Recovery { clean: true, recovery_point: 0, log_start: 0 };

/// A disk with the log directory that the partition's lies in, which is durable before any partition is made.
pub(super) fn disk() -> MemoryIo {
    let io = MemoryIo::new();
    let parent = Path::new(DIR).parent().expect("a directory in another");
    io.create_dir_all(parent).expect("a disk without faults");
    io.sync_dir(Path::new("/")).expect("a disk without faults");
    io
}

pub(super) fn open(io: &MemoryIo, config: &Arc<LogConfig>, recovery: Recovery, now_ms: i64) -> Log {
    Log::open(Arc::new(io.clone()), Path::new(DIR), Arc::clone(config), recovery, now_ms)
        .expect("a disk without faults")
}

impl Run {
    /// Opens what is on `io` in the place of the log that was.
    fn reopen(&mut self, io: MemoryIo, clean: bool) {
        io.set_faults(Faults::default());
        self.io = io;
        self.faulty = false;
        self.half_cut = false;
        let recovery = Recovery { clean, recovery_point: self.recovery_point, log_start: self.model.start() };
        self.log = open(&self.io, &self.config, recovery, self.now_ms);
        self.model.end_in_gap(self.log.log_end());
    }

    /// Stops in order; if that fails, what is on the disk is recovered.
    pub(super) fn close_and_open(&mut self) {
        // A log that has nothing to write takes the place of the one that is closed.
        let placeholder = open(&MemoryIo::new(), &self.config, CLEAN, self.now_ms);
        let log = std::mem::replace(&mut self.log, placeholder);
        let io = self.io.clone();
        match log.close() {
            Ok(point) => {
                assert_eq!(point, self.model.end(), "a stop makes everything durable");
                self.recovery_point = point;
                self.model.flushed(point);
                self.reopen(io, true);
            }
            Err(_) => {
                self.failed();
                self.recover(io.crash(Crash::Process));
            }
        }
    }

    pub(super) fn crash_and_open(&mut self, input: &mut Input<'_>) {
        let seed = u64::from(input.byte());
        let crash = input.choose(&[Crash::Process, Crash::Power, Crash::Torn { seed }]);
        if crash == Crash::Process && !self.faulty {
            self.reopen(self.io.crash(crash), false);
            self.judge();
            return self.judge_content();
        }
        self.recover(self.io.crash(crash));
    }

    /// Opens the disk that a crash left, judges what is there and lets the model go on from it.
    fn recover(&mut self, io: MemoryIo) {
        let durable = self.model.durable();
        let expected = self.model.durable_bytes();
        self.reopen(io, false);
        let (start, end) = (self.log.log_start(), self.log.log_end());
        assert!(start >= self.model.start(), "the log start never goes back: {start}");
        assert!(end >= durable, "offset {durable} was durable, the log ends at {end}");
        let found = self.read_all();
        for batch in &found {
            assert!(self.model.was_attempted(batch), "a batch that nobody wrote");
        }
        let survivors = found.iter().take_while(|batch| super::model::end_of(batch) <= durable);
        let survivors: Vec<u8> = survivors.flatten().copied().collect();
        assert!(expected.ends_with(&survivors), "durable batches changed");
        assert!(start > self.model.start() || expected == survivors, "durable batches are gone");
        self.model.replace(start, end, found);
        self.recovery_point = self.recovery_point.min(self.log.recovery_point());
        self.epoch = self.epoch.max(self.log.latest_epoch().unwrap_or(0));
    }

    fn read_all(&self) -> Vec<Vec<u8>> {
        let (mut all, mut out) = (Vec::new(), Vec::new());
        let mut offset = self.log.log_start();
        while offset < self.log.log_end() {
            let next =
                self.log.reader().read_batches(offset, 1 << 16, i64::MAX, &mut out).expect("recovered");
            if out.is_empty() {
                // An empty last segment may begin behind a gap.
                break;
            }
            assert!(next > offset, "reading moves on from {offset}");
            all.extend(batches(&out).map(|batch| batch.expect("recovered").bytes().to_vec()));
            offset = next;
        }
        all
    }
}
