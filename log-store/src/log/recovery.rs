//! What a crash leaves: batches checked one by one, producers read back.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use wire::batch::BatchView;

use super::Log;
use super::open::Loader;
use crate::epochs::Epochs;
use crate::producers::{AppliedBatch, Producers, Snapshots};
use crate::segment::Segment;
use crate::segment::recover::{Recovered, recover};
use crate::segment::scan::ScannedBatch;

impl Loader {
    /// Producers as of the end of a log that was closed: the snapshot has them all.
    pub(super) fn load_producers(&mut self) -> io::Result<()> {
        // Without any snapshot, a scan of the whole log would only find what has long expired.
        if !self.snapshots.is_empty() {
            let (log_start, log_end) = (self.log_start(), self.log_end()?);
            self.producers =
                producers_at(&self.segments, &mut self.snapshots, log_start.min(log_end), log_end)?;
        }
        self.producers.expire(self.now_ms, self.config.producer_id_expiration_ms);
        Ok(())
    }

    /// Checks every batch from the segment of the recovery point on, and cuts the log behind the last whole
    /// one. Indexes, epochs and producers behind the recovery point are built from the batches.
    pub(super) fn recover(&mut self) -> io::Result<()> {
        let recovery_point = self.recovery.recovery_point;
        // A segment that ends at the recovery point may have been sealed after the flush that moved it there:
        // its batches are durable then, its indexes are not.
        let until = self.segments.partition_point(|segment| segment.base_offset() < recovery_point);
        let first = until.saturating_sub(1);
        let Some(start) = self.segments.get(first).map(|segment| segment.base_offset()) else {
            return Ok(());
        };
        let log_start = self.log_start().min(start);
        self.producers = producers_at(&self.segments[..first], &mut self.snapshots, log_start, start)?;
        self.epochs.truncate_from_end(start);
        self.recover_segments(first)?;
        self.producers.expire(self.now_ms, self.config.producer_id_expiration_ms);
        Ok(())
    }

    /// Recovers the segments from `first` on, and removes those that are no longer part of the log.
    fn recover_segments(&mut self, first: usize) -> io::Result<()> {
        let (mut index, mut epoch) = (first, -1);
        while index < self.segments.len() {
            tracing::info!(
                "Recovering unflushed segment {} of {}, {} to go",
                self.segments[index].base_offset(),
                self.place.dir().display(),
                self.segments.len() - index
            );
            let recovered = self.recover_segment(&Arc::clone(&self.segments[index]))?;
            epoch = recovered.epoch.max(epoch);
            let goes_on = recovered.cut == 0 && self.joins(index + 1, epoch)?;
            if self.is_needless(index, goes_on)? {
                self.remove_segments(index..index + 1)?;
            } else {
                index += 1;
            }
            if !goes_on {
                break;
            }
        }
        self.remove_segments(index..self.segments.len())
    }

    fn remove_segments(&mut self, range: Range<usize>) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        for segment in self.segments.drain(range) {
            if segment.size() > 0 {
                tracing::error!(dir = %self.place.dir().display(), base = segment.base_offset(), bytes = segment.size(),
                    "removing a segment that a crash has cut off from the log");
            }
            segment.remove_files()?;
        }
        self.place.io.sync_dir(&self.place.dir())
    }

    /// Whether the segment at `index` holds nothing and is not where the log goes on: there is another behind
    /// it, or it begins behind the end of the one before.
    fn is_needless(&self, index: usize, goes_on: bool) -> io::Result<bool> {
        let followed = goes_on && index + 1 < self.segments.len();
        Ok(self.segments[index].size() == 0 && (followed || (index > 0 && self.is_lost_before(index)?)))
    }

    /// Whether the segment at `index` goes on where the ones before end, in leader epoch `epoch`. If they
    /// reach further or are of a later epoch, a cut did not get to the disk. Offsets that are missing in between
    /// were lost, or compacted away; what lies behind them is kept, as Kafka does, except in a log that
    /// cannot be read with a hole.
    fn joins(&self, index: usize, epoch: i32) -> io::Result<bool> {
        let Some(next) = self.segments.get(index) else {
            return Ok(true);
        };
        let before = &self.segments[index - 1];
        let (end, base) = (before.next_offset()?, next.base_offset());
        if end > base || (0..epoch).contains(&next.first_leader_epoch()?) {
            return Ok(false);
        }
        let lost = !self.config.compact && self.is_lost_before(index)?;
        if lost && !self.config.contiguous {
            tracing::error!(dir = %self.place.dir().display(), from = end, to = base,
                "a crash has lost the offsets in between; what lies behind them is kept");
        }
        // Without a recovery point the hole may come from a deletion that is half undone, unless the segment
        // before it is empty.
        let telling = before.size() == 0 || self.recovery.recovery_point > 0;
        Ok(!(lost && telling && self.config.contiguous))
    }

    /// Whether what was not flushed yet is missing before the segment at `index`. A gap that reaches below
    /// the recovery point is the work of compaction, or of a deletion that came half undone.
    fn is_lost_before(&self, index: usize) -> io::Result<bool> {
        let end = self.segments[index - 1].next_offset()?;
        Ok((self.recovery.recovery_point..self.segments[index].base_offset()).contains(&end))
    }

    fn recover_segment(&mut self, segment: &Segment) -> io::Result<Recovered> {
        if segment.base_offset() > self.log_start() {
            self.snapshots.write(&self.producers, segment.base_offset())?;
        }
        self.rebuilt.push(segment.base_offset());
        let Loader { epochs, producers, .. } = self;
        recover(segment, |batch| take_in(segment, epochs, producers, batch))
    }
}

/// Takes a batch that is in the log into epochs, producers and the transaction index.
fn take_in(
    segment: &Segment,
    epochs: &mut Epochs,
    producers: &mut Producers,
    batch: &BatchView<'_>,
) -> io::Result<()> {
    epochs.assign_if_later(batch.leader_epoch(), batch.base_offset());
    let completed = AppliedBatch::read(batch)?.and_then(|applied| producers.apply(&applied));
    let Some(completed) = completed else {
        return Ok(());
    };
    if completed.aborted {
        segment.txns().append(&completed.aborted_txn(producers.stable_after(&completed)))?;
    }
    producers.complete(&completed);
    Ok(())
}

/// Producers as of `offset`: those of the latest snapshot before it, and the batches since.
fn producers_at(
    segments: &[Arc<Segment>],
    snapshots: &mut Snapshots,
    log_start: i64,
    offset: i64,
) -> io::Result<Producers> {
    let (from, mut producers) = snapshots.load(offset)?.unwrap_or((log_start, Producers::default()));
    for (index, segment) in segments.iter().enumerate() {
        let next_base = segments.get(index + 1).map(|next| next.base_offset());
        if next_base.is_some_and(|next| next <= from) || segment.base_offset() >= offset {
            continue;
        }
        match replay(segment, from, offset, &mut producers) {
            // Reads of the damaged stretch will fail; that is no reason to give up all the rest.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::error!(base = segment.base_offset(), %error, "a flushed segment is damaged");
            }
            other => other?,
        }
    }
    Ok(producers)
}

/// Takes the batches of a segment between two offsets into the producers.
fn replay(segment: &Segment, from: i64, to: i64, producers: &mut Producers) -> io::Result<()> {
    let Some(first) = segment.find(from)? else {
        return Ok(());
    };
    let mut scan = segment.scan(first.position)?;
    while let Some(batch) = scan.next()? {
        if batch.header().base_offset() >= to {
            break;
        }
        if batch.header().base_offset() < from {
            continue;
        }
        let completed = applied(segment, &batch)?.and_then(|applied| producers.apply(&applied));
        if let Some(completed) = completed {
            producers.complete(&completed);
        }
    }
    Ok(())
}

/// What of a scanned batch matters to its producer; only a control batch is read for it.
fn applied(segment: &Segment, batch: &ScannedBatch) -> io::Result<Option<AppliedBatch>> {
    let header = batch.header();
    if !header.has_producer_id() {
        return Ok(None);
    }
    if !header.is_control() {
        return Ok(Some(AppliedBatch::new(&header, None)));
    }
    let mut bytes = vec![0; header.size()];
    segment.file()?.read_exact_at(&mut bytes, batch.position)?;
    AppliedBatch::read(&BatchView::parse(&bytes).map_err(io::Error::other)?)
}

impl Log {
    /// Reads the producers back after the end of the log was cut.
    pub(super) fn reload_producers(&mut self, now_ms: i64) -> io::Result<()> {
        let (log_start, log_end) = self.shared.bounds();
        self.snapshots.remove_if(|offset| offset > log_end)?;
        self.producers = producers_at(&self.shared.segments(), &mut self.snapshots, log_start, log_end)?;
        self.producers.expire(now_ms, self.config.producer_id_expiration_ms);
        Ok(())
    }
}
