//! A log on a disk that fails, against a map of batches.
//!
//! Input: a row of operations, see [`Run::step`]. The judge is [`Model`]: batches by base offset, which offsets
//! must survive a power loss, and every batch that ever stood at an offset, since a crash may bring back what
//! was cut and not flushed.
//!
//! ```text
//! mod.rs     operations, drawn from the input and given to both
//! model.rs   what the log must be
//! open.rs    stops, crashes and openings
//! ```

mod model;
mod open;

use std::sync::Arc;

use log_store::io::{Fault, Faults, MemoryIo};
use log_store::log::{AppendError, AppendRules, Log, LogConfig, OffsetSpec};
use wire::batch::{BatchBuilder, ControlType, EndTransactionMarker, NO_SEQUENCE, batches};
use wire::compression::Compression;

use crate::input::Input;
use model::Model;

const DIR: &str = "/data/orders-0";
const START_MS: i64 = 1_700_000_000_000;
/// Operations of one run.
const STEPS_MAX: usize = 160;

/// Judges one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut run = Run::new(&mut input);
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        run.step(&mut input);
        run.judge();
    }
    run.finish();
}

struct Run {
    io: MemoryIo,
    config: Arc<LogConfig>,
    log: Log,
    model: Model,
    epoch: i32,
    now_ms: i64,
    /// What the checkpoint files of the directory would say.
    recovery_point: i64,
    /// A plan of faults is in force: any call may fail, and what succeeds must still be right.
    faulty: bool,
    /// A cut failed half-way: the log is offline, and what it says of itself is void until it is opened anew.
    half_cut: bool,
}

/// Writes the checkpoint that a cut calls for before it cuts; this file never fails.
fn lower_checkpoint(checkpoint: &mut i64) -> impl FnOnce(i64) -> std::io::Result<()> {
    |point| {
        *checkpoint = (*checkpoint).min(point);
        Ok(())
    }
}

impl Run {
    fn new(input: &mut Input<'_>) -> Self {
        let config = Arc::new(LogConfig {
            segment_bytes: input.choose(&[300, 600, 2000]),
            index_interval_bytes: input.choose(&[1, 100, 4096]),
            segment_index_bytes: input.choose(&[48, 10 << 20]),
            compact: input.flag(),
            retention_bytes: 1500,
            retention_ms: -1,
            ..LogConfig::default()
        });
        let io = open::disk();
        let log = open::open(&io, &config, open::CLEAN, START_MS);
        let (epoch, now_ms) = (0, START_MS);
        Self {
            io,
            config,
            log,
            model: Model::default(),
            epoch,
            now_ms,
            recovery_point: 0,
            faulty: false,
            half_cut: false,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        self.now_ms += i64::from(input.byte() & 3) * 10;
        match input.byte() % 20 {
            _ if self.half_cut => self.crash_and_open(input),
            0..=4 => self.append_plain(input),
            5 => self.append_producer(input),
            6 => self.append_marker(input),
            7 => self.append_as_follower(input),
            8 | 9 => self.flush(),
            10 => self.roll(),
            11 => self.truncate(input),
            12 => self.restart(input),
            13 => self.advance_log_start(input),
            14 => self.apply_retention(input),
            15 => self.epoch += i32::from(input.byte() & 1),
            16 => self.plan_fault(input),
            17 => self.close_and_open(),
            _ => self.crash_and_open(input),
        }
    }

    fn builder(&self, input: &mut Input<'_>) -> BatchBuilder {
        let kinds = [Compression::None, Compression::None, Compression::Lz4, Compression::Snappy];
        BatchBuilder::new(0).compression(input.choose(&kinds), None)
    }

    fn fill(&self, builder: &mut BatchBuilder, input: &mut Input<'_>) {
        let value = [input.byte(); 64];
        for _ in 0..=input.below(3) {
            let timestamp = self.now_ms - i64::from(input.byte());
            builder.push(timestamp, Some(b"k"), Some(&value[..input.below(value.len())]), &[]);
        }
    }

    fn append_plain(&mut self, input: &mut Input<'_>) {
        let mut builder = self.builder(input);
        self.fill(&mut builder, input);
        let appended = self.append(&builder.build(), &AppendRules::CLIENT);
        assert!(appended || self.faulty, "a good batch is appended");
    }

    fn append_producer(&mut self, input: &mut Input<'_>) {
        let (id, sequence) = (i64::from(input.byte() & 3), i32::from(input.byte() & 7));
        let mut builder = self.builder(input).producer(id, 0, sequence);
        if input.flag() {
            builder = builder.transactional();
        }
        self.fill(&mut builder, input);
        self.append(&builder.build(), &AppendRules { transaction_verified: true, ..AppendRules::CLIENT });
    }

    fn append_marker(&mut self, input: &mut Input<'_>) {
        let id = i64::from(input.byte() & 3);
        let mut builder = BatchBuilder::new(0).producer(id, 0, NO_SEQUENCE).control().transactional();
        let kind = input.choose(&[ControlType::Abort, ControlType::Commit]);
        builder.push_control(self.now_ms, kind, &EndTransactionMarker { coordinator_epoch: 0 }.encode());
        self.append(&builder.build(), &AppendRules::COORDINATOR);
    }

    /// Appends as the leader; whether it was done.
    fn append(&mut self, batch: &[u8], rules: &AppendRules) -> bool {
        let base = self.log.log_end();
        let stamped = model::stamped(batch, base, self.epoch);
        self.model.attempt(&stamped);
        match self.log.append_as_leader(batch, self.epoch, self.now_ms, rules) {
            Ok(appended) if appended.duplicate => {
                assert!(appended.last_offset < base, "a retry of an older one");
            }
            Ok(appended) => {
                assert_eq!(appended.base_offset, base, "offsets have no gap");
                self.model.append(stamped);
            }
            Err(AppendError::Io(_) | AppendError::Offline(_)) => {
                self.failed();
                return false;
            }
            Err(_) => return false,
        }
        true
    }

    fn append_as_follower(&mut self, input: &mut Input<'_>) {
        let mut bytes = Vec::new();
        let mut next = self.log.log_end();
        for _ in 0..=input.below(3) {
            // Only compaction leaves gaps; elsewhere one is taken for a lost segment.
            next += i64::from(self.config.compact) * i64::from(input.byte() & 3);
            let mut builder = self.builder(input);
            self.fill(&mut builder, input);
            let batch = model::stamped(&builder.build(), next, self.epoch);
            self.model.attempt(&batch);
            next = model::end_of(&batch);
            bytes.extend_from_slice(&batch);
        }
        let appended = self.log.append_as_follower(&bytes, self.epoch, self.now_ms);
        let end = self.log.log_end();
        for batch in batches(&bytes).map(|batch| batch.expect("just built")) {
            if batch.next_offset() <= end {
                self.model.append(batch.bytes().to_vec());
            }
        }
        if appended.is_err() {
            self.failed();
        }
    }

    fn flush(&mut self) {
        match self.log.flush() {
            Ok(point) => {
                assert_eq!(point, self.log.log_end(), "a flush reaches the end");
                self.recovery_point = point;
                self.model.flushed(point);
            }
            Err(_) => self.failed(),
        }
    }

    fn roll(&mut self) {
        if self.log.roll(self.now_ms).is_err() {
            self.failed();
        }
    }

    fn truncate(&mut self, input: &mut Input<'_>) {
        let span = self.log.log_end() - self.log.log_start();
        let offset = self.log.log_end() + 1 - i64::from(input.byte()) % (span + 2);
        self.model.may_lose(offset);
        let lower = lower_checkpoint(&mut self.recovery_point);
        match self.log.truncate_to(offset, self.now_ms, lower) {
            Ok(_) => self.model.truncate_to(offset, self.log.log_end()),
            Err(_) => self.cut_failed(),
        }
    }

    fn restart(&mut self, input: &mut Input<'_>) {
        // Kafka moves a log only forward this way: to its leader's log start, or to a snapshot.
        let offset = self.log.log_end() + i64::from(input.byte() & 15);
        self.model.may_lose(self.log.log_start());
        let lower = lower_checkpoint(&mut self.recovery_point);
        match self.log.truncate_fully_and_start_at(offset, self.now_ms, lower) {
            Ok(()) => self.model.restart_at(offset),
            Err(_) => self.cut_failed(),
        }
    }

    fn advance_log_start(&mut self, input: &mut Input<'_>) {
        let span = self.log.log_end() - self.log.log_start();
        let offset = self.log.log_start() + i64::from(input.byte()) % (span + 1);
        self.log.advance_log_start(offset);
        self.model.start_at(offset);
    }

    fn apply_retention(&mut self, input: &mut Input<'_>) {
        let upper = self.log.log_end() - i64::from(input.byte() & 7);
        let before = self.log.log_start();
        let removed = self.log.apply_retention(self.now_ms, upper).map(|files| files.remove());
        let start = self.log.log_start();
        assert!(start == before || start <= upper, "only what is committed goes: {start} > {upper}");
        self.model.start_at(start);
        if !matches!(removed, Ok(Ok(()))) {
            self.failed();
        }
    }

    fn plan_fault(&mut self, input: &mut Input<'_>) {
        let faults = [
            Fault::InputOutput,
            Fault::StorageFull,
            Fault::TornWrite { bytes: 70 },
            Fault::TornWrite { bytes: 9 },
        ];
        let fault = input.choose(&faults);
        self.io.set_faults(Faults::call(u64::from(input.byte()) % 24, fault));
        self.faulty = true;
    }

    /// Something was refused that a good disk would have done.
    fn failed(&self) {
        assert!(self.faulty, "refused on a disk without faults");
    }

    fn cut_failed(&mut self) {
        self.failed();
        assert!(self.log.is_offline(), "nobody knows what is on the disk");
        self.half_cut = true;
    }

    /// The log is what the model says.
    fn judge(&self) {
        if self.half_cut {
            return;
        }
        assert_eq!(self.log.log_start(), self.model.start(), "log start");
        assert_eq!(self.log.log_end(), self.model.end(), "log end");
        assert!(self.log.recovery_point() <= self.log.log_end());
        let stable = self.log.last_stable_offset(self.log.log_end());
        assert!((self.log.log_start()..=self.log.log_end()).contains(&stable), "last stable offset");
        if let Some((base, epoch)) = self.model.latest_epoch() {
            assert_eq!(self.log.epoch_for_offset(base), Some(epoch), "leader epoch of {base}");
        }
    }

    /// Reads all of it, when the disk allows.
    fn judge_content(&self) {
        if self.half_cut {
            return;
        }
        let mut out = Vec::new();
        let mut offset = self.log.log_start();
        while offset < self.log.log_end() {
            let limit = 1 + (offset.unsigned_abs() as usize % 5) * 200;
            let Ok(next) = self.log.reader().read_batches(offset, limit, i64::MAX, &mut out) else {
                return self.failed();
            };
            let expected = self.model.bytes_from(offset);
            assert!(expected.starts_with(&out), "what is read at {offset} is not what was written");
            if expected.is_empty() {
                break;
            }
            assert!(next > offset, "reading moves on from {offset}");
            offset = next;
        }
        self.judge_times();
    }

    fn judge_times(&self) {
        for timestamp in self.model.timestamps() {
            match self.log.offset_for_time(OffsetSpec::At(timestamp)) {
                Ok(Some(found)) => {
                    assert_eq!(
                        Some(found.offset),
                        self.model.first_at(timestamp),
                        "the first at {timestamp}"
                    );
                }
                Ok(None) => assert!(self.model.start_hides(timestamp), "nothing at {timestamp}"),
                Err(_) => self.failed(),
            }
        }
    }

    fn finish(mut self) {
        self.judge_content();
        self.close_and_open();
        self.judge();
        self.judge_content();
    }
}
