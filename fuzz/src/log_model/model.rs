//! What the log must be: a map of batches.

use std::collections::{BTreeMap, BTreeSet};

use wire::batch::{BatchView, HEADER_SIZE, stamp};

/// The batches by base offset, and what is known of the disk.
#[derive(Debug, Default)]
pub(super) struct Model {
    batches: BTreeMap<i64, Vec<u8>>,
    start: i64,
    end: i64,
    /// All before survives a power loss.
    durable: i64,
    /// Every batch that ever was, or may have been, written at an offset, and its records, which are read once:
    /// decompressing them for each question would take most of a run.
    attempts: BTreeMap<i64, BTreeMap<Vec<u8>, Vec<RecordAt>>>,
    /// Largest timestamp that the log start hides: its segment may still be there.
    hidden_timestamp: i64,
}

/// `batch` with the offset and epoch that a leader gives it.
pub(super) fn stamped(batch: &[u8], base_offset: i64, epoch: i32) -> Vec<u8> {
    let mut bytes = batch.to_vec();
    stamp(&mut bytes[..HEADER_SIZE], base_offset, epoch);
    bytes
}

fn view(batch: &[u8]) -> BatchView<'_> {
    BatchView::parse(batch).expect("batches of the model are whole")
}

pub(super) fn end_of(batch: &[u8]) -> i64 {
    view(batch).next_offset()
}

/// Timestamp and offset of a record.
type RecordAt = (i64, i64);

fn read_records(batch: &[u8]) -> Vec<RecordAt> {
    let mut scratch = Vec::new();
    let records = view(batch).records(&mut scratch, 1 << 20).expect("batches of the model are good");
    records
        .map(|record| record.expect("a good batch"))
        .map(|record| (record.timestamp, record.offset))
        .collect()
}

impl Model {
    pub(super) fn start(&self) -> i64 {
        self.start
    }

    pub(super) fn end(&self) -> i64 {
        self.end
    }

    pub(super) fn durable(&self) -> i64 {
        self.durable
    }

    /// The batch is about to be written.
    pub(super) fn attempt(&mut self, batch: &[u8]) {
        let known = self.attempts.entry(view(batch).base_offset()).or_default();
        known.entry(batch.to_vec()).or_insert_with(|| read_records(batch));
    }

    /// Whether the batch was ever written at its offset.
    pub(super) fn was_attempted(&self, batch: &[u8]) -> bool {
        self.attempts.get(&view(batch).base_offset()).is_some_and(|known| known.contains_key(batch))
    }

    fn records(&self, batch: &[u8]) -> &[RecordAt] {
        &self.attempts[&view(batch).base_offset()][batch]
    }

    pub(super) fn append(&mut self, batch: Vec<u8>) {
        let base = view(&batch).base_offset();
        assert!(base >= self.end, "offsets rise");
        self.end = end_of(&batch);
        self.batches.insert(base, batch);
    }

    pub(super) fn flushed(&mut self, end: i64) {
        self.durable = end;
    }

    /// What lies at or behind `offset` may now be lost: a cut began.
    pub(super) fn may_lose(&mut self, offset: i64) {
        // In a gap the log may end anywhere: only batches are held to be durable.
        let before = self.batches.values().map(|batch| end_of(batch)).take_while(|end| *end <= offset).last();
        self.durable = self.durable.min(before.unwrap_or(self.start));
    }

    /// Cut before the batch that holds `offset`; behind a gap, to where the log says, anywhere in the gap.
    pub(super) fn truncate_to(&mut self, offset: i64, said: i64) {
        if offset >= self.end {
            return;
        }
        if offset < self.start && self.batches.is_empty() {
            return self.restart_at(offset);
        }
        let held = self.batch_with(offset).map(|(base, _)| base);
        self.batches.split_off(&held.unwrap_or(offset));
        let last = self.batches.last_key_value().map_or(said, |(_, batch)| end_of(batch));
        let from = said.clamp(last, held.unwrap_or(offset));
        self.end = from;
        self.start = self.start.min(from);
        self.durable = self.durable.min(from);
    }

    /// An end that lay in a gap is forgotten with the log that knew it: no file says so.
    pub(super) fn end_in_gap(&mut self, said: i64) {
        let last = self.batches.last_key_value().map_or(self.start, |(_, batch)| end_of(batch));
        self.end = said.clamp(last, self.end);
        self.durable = self.durable.min(self.end);
    }

    pub(super) fn restart_at(&mut self, offset: i64) {
        self.batches.clear();
        (self.start, self.end, self.durable) = (offset, offset, offset);
        self.hidden_timestamp = 0;
    }

    /// Nothing before `offset` is readable any more.
    pub(super) fn start_at(&mut self, offset: i64) {
        self.start = self.start.max(offset);
        let gone: Vec<i64> = self
            .batches
            .iter()
            .filter(|(_, batch)| end_of(batch) <= self.start)
            .map(|(base, _)| *base)
            .collect();
        for base in gone {
            let batch = self.batches.remove(&base).expect("just listed");
            self.hide(&batch);
        }
        if let Some((_, batch)) = self.batch_with(self.start) {
            let batch = batch.to_vec();
            self.hide(&batch);
        }
        self.durable = self.durable.max(self.start.min(self.end));
    }

    fn hide(&mut self, batch: &[u8]) {
        let hidden = self.records(batch).iter().filter(|(_, offset)| *offset < self.start);
        let latest = hidden.map(|(timestamp, _)| *timestamp).max().unwrap_or(0);
        self.hidden_timestamp = self.hidden_timestamp.max(latest);
    }

    /// The batch that holds `offset`.
    fn batch_with(&self, offset: i64) -> Option<(i64, &[u8])> {
        let (base, batch) = self.batches.range(..=offset).next_back()?;
        (end_of(batch) > offset).then_some((*base, batch.as_slice()))
    }

    /// All bytes from the batch that holds `offset`, or the first behind it.
    pub(super) fn bytes_from(&self, offset: i64) -> Vec<u8> {
        let from = self.batch_with(offset).map_or(offset, |(base, _)| base);
        self.batches.range(from..).flat_map(|(_, batch)| batch.iter().copied()).collect()
    }

    /// All readable bytes that must survive.
    pub(super) fn durable_bytes(&self) -> Vec<u8> {
        let durable = self.batches.values().filter(|batch| end_of(batch) <= self.durable);
        durable.flatten().copied().collect()
    }

    /// Takes over what a crash left, all of which was judged.
    pub(super) fn replace(&mut self, start: i64, end: i64, batches: Vec<Vec<u8>>) {
        self.batches = batches.into_iter().map(|batch| (view(&batch).base_offset(), batch)).collect();
        (self.start, self.end) = (start, end);
        self.durable = self.durable.min(end);
        // Segments before the start may be back, as they once were.
        let ghosts: Vec<Vec<u8>> =
            self.attempts.range(..start).flat_map(|(_, known)| known.keys()).cloned().collect();
        ghosts.iter().for_each(|batch| self.hide(batch));
    }

    /// The last batch's base offset and leader epoch.
    pub(super) fn latest_epoch(&self) -> Option<(i64, i32)> {
        let (base, batch) = self.batches.last_key_value()?;
        (*base >= self.start).then(|| (*base, view(batch).leader_epoch()))
    }

    /// Timestamps worth asking for: some of those there are, and their neighbours.
    pub(super) fn timestamps(&self) -> Vec<i64> {
        let known =
            self.batches.values().flat_map(|batch| self.records(batch)).map(|(timestamp, _)| *timestamp);
        let all: BTreeSet<i64> = known.flat_map(|timestamp| [timestamp, timestamp + 1]).collect();
        let step = 1 + all.len() / 8;
        all.into_iter().step_by(step).collect()
    }

    /// The first readable offset whose record is at least this young.
    pub(super) fn first_at(&self, timestamp: i64) -> Option<i64> {
        let mut all = self.batches.values().flat_map(|batch| self.records(batch));
        all.find(|(time, offset)| *time >= timestamp && *offset >= self.start).map(|(_, offset)| *offset)
    }

    /// Whether there is no such record, or the log start hides one, with which a search may have ended.
    pub(super) fn start_hides(&self, timestamp: i64) -> bool {
        self.first_at(timestamp).is_none() || self.hidden_timestamp >= timestamp
    }
}
