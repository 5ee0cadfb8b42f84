//! Reading: what the writer has published, for any number of threads.

use std::io;
use std::sync::Arc;

use parking_lot::RwLock;
use wire::batch::batches;

use super::{Log, ReadError};
use crate::index::AbortedTxn;
use crate::io::FileRegion;
use crate::segment::{FoundBatch, Segment};

/// What writer and readers share. The lock is held for copying a few words, never during I/O.
#[derive(Debug)]
pub(super) struct Shared {
    view: RwLock<View>,
}

#[derive(Debug)]
struct View {
    /// By base offset; the last is the active one. Never empty.
    segments: Vec<Arc<Segment>>,
    log_start: i64,
    log_end: i64,
    /// Bytes of the active segment that lie before `log_end`.
    active_size: u64,
}

/// A segment as a reader found it.
struct Located {
    segment: Arc<Segment>,
    /// Bytes that belong to the log as the reader saw it.
    size: u64,
    /// Where the next segment begins, if there is one.
    next_base: Option<i64>,
}

impl Shared {
    pub(super) fn new(segments: Vec<Arc<Segment>>, log_start: i64, log_end: i64) -> Shared {
        assert!(log_start <= log_end, "a log does not end before it starts");
        let active_size = segments.last().expect("a log has a segment").size();
        Shared { view: RwLock::new(View { segments, log_start, log_end, active_size }) }
    }

    /// First readable offset and the next to be written.
    pub(super) fn bounds(&self) -> (i64, i64) {
        let view = self.view.read();
        (view.log_start, view.log_end)
    }

    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        self.view.read().segments.clone()
    }

    /// The segments and the offsets where they end.
    pub(super) fn segments_with_ends(&self) -> Vec<(Arc<Segment>, i64)> {
        let view = self.view.read();
        let bases = view.segments.iter().skip(1).map(|segment| segment.base_offset());
        let ends = bases.chain([view.log_end]);
        view.segments.iter().cloned().zip(ends).collect()
    }

    pub(super) fn set_log_end(&self, log_end: i64) {
        let mut view = self.view.write();
        view.active_size = view.segments.last().expect("a log has a segment").size();
        view.log_end = log_end;
    }

    pub(super) fn set_log_start(&self, log_start: i64) {
        let mut view = self.view.write();
        assert!(log_start <= view.log_end, "a log does not end before it starts");
        view.log_start = log_start;
    }

    /// Puts a new active segment behind the last, or in its place.
    pub(super) fn start_segment(&self, segment: Arc<Segment>, replace: bool) {
        let mut view = self.view.write();
        if replace {
            view.segments.pop();
        }
        view.active_size = segment.size();
        view.segments.push(segment);
    }

    /// Takes over the bounds after the end was cut.
    pub(super) fn cut(&self, log_start: i64, log_end: i64) {
        let mut view = self.view.write();
        view.active_size = view.segments.last().expect("a log has a segment").size();
        (view.log_start, view.log_end) = (log_start, log_end);
    }

    /// Takes segments out; the rest must not be empty.
    pub(super) fn retain_segments(&self, keep: impl Fn(&Segment) -> bool) -> Vec<Arc<Segment>> {
        let mut view = self.view.write();
        let (kept, removed) = view.segments.drain(..).partition(|segment| keep(segment));
        view.segments = kept;
        view.active_size = view.segments.last().expect("a log has a segment").size();
        removed
    }

    /// Replaces everything.
    pub(super) fn restart(&self, segment: Arc<Segment>, log_start: i64, log_end: i64) -> Vec<Arc<Segment>> {
        let mut view = self.view.write();
        let removed = std::mem::replace(&mut view.segments, vec![segment]);
        (view.log_start, view.log_end, view.active_size) = (log_start, log_end, 0);
        removed
    }

    /// The segment with the largest base offset at or below `offset`; with `above`, the one after it.
    fn locate(&self, offset: i64, above: bool) -> Option<Located> {
        let view = self.view.read();
        let count = view.segments.partition_point(|segment| segment.base_offset() <= offset);
        let index = if above { count } else { count.saturating_sub(1) };
        let segment = view.segments.get(index)?;
        let next_base = view.segments.get(index + 1).map(|segment| segment.base_offset());
        let size = if next_base.is_some() { segment.size() } else { view.active_size };
        Some(Located { segment: Arc::clone(segment), size, next_base })
    }
}

/// Where to find what was asked for.
#[derive(Clone, Debug)]
pub struct ReadSlice {
    /// Batches, the first whole, the last perhaps cut off; absent if there are none to return.
    pub region: Option<FileRegion>,
    /// Base offset of the first batch, at most the offset asked for unless that was compacted away.
    /// Without a region, the offset asked for.
    pub base_offset: i64,
    /// Base offset of the segment that the region lies in.
    pub segment_base_offset: i64,
}

impl ReadSlice {
    fn empty(offset: i64, segment_base_offset: i64) -> ReadSlice {
        ReadSlice { region: None, base_offset: offset, segment_base_offset }
    }

    /// Bytes of the region.
    pub fn len(&self) -> usize {
        self.region.as_ref().map_or(0, |region| region.length as usize)
    }

    /// Whether there is nothing to return.
    pub fn is_empty(&self) -> bool {
        self.region.is_none()
    }
}

/// A view of a log for readers. It sees every append as soon as it is published and holds no writer up.
#[derive(Clone, Debug)]
pub struct LogReader {
    shared: Arc<Shared>,
}

impl LogReader {
    pub(super) fn new(shared: Arc<Shared>) -> LogReader {
        LogReader { shared }
    }

    /// First readable offset.
    pub fn log_start(&self) -> i64 {
        self.shared.bounds().0
    }

    /// The next offset to be written.
    pub fn log_end(&self) -> i64 {
        self.shared.bounds().1
    }

    /// Finds batches from the one that holds `offset` on: at most `max_bytes` of them, none that ends
    /// behind `upper_bound`, all of one segment. With `min_one` the first batch is returned whole
    /// however large it is; without, a first batch over `max_bytes` gives nothing. No payload is read.
    ///
    /// The region stays readable when its segment is deleted; a truncation may cut it.
    ///
    /// # Errors
    /// [`ReadError::OffsetOutOfRange`] before the start or behind the end of the log; a disk error.
    pub fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        min_one: bool,
    ) -> Result<ReadSlice, ReadError> {
        match self.find(offset, max_bytes, upper_bound, min_one) {
            // Retention took the segment away meanwhile.
            Err(ReadError::Io(_)) if offset < self.log_start() => Err(self.out_of_range(offset)),
            found => found,
        }
    }

    fn out_of_range(&self, offset: i64) -> ReadError {
        let (log_start, log_end) = self.shared.bounds();
        ReadError::OffsetOutOfRange { offset, log_start, log_end }
    }

    fn find(
        &self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        min_one: bool,
    ) -> Result<ReadSlice, ReadError> {
        let (log_start, log_end) = self.shared.bounds();
        if !(log_start..=log_end).contains(&offset) {
            return Err(self.out_of_range(offset));
        }
        let mut located = self.shared.locate(offset, false);
        while let Some(place) = located {
            let base = place.segment.base_offset();
            if offset >= upper_bound.min(log_end) || base >= upper_bound {
                return Ok(ReadSlice::empty(offset, base));
            }
            if let Some(first) = find_within(&place, offset)? {
                let limit = limit_position(&place, upper_bound, log_end)?;
                return Ok(slice(&place.segment, offset, &first, max_bytes, limit, min_one)?);
            }
            // Compaction may have emptied the segment behind the offset.
            located = self.shared.locate(base, true);
        }
        Ok(ReadSlice::empty(offset, log_end))
    }

    /// Reads whole batches into `out` (cleared first), as [`LogReader::read`] finds them, and returns the
    /// offset after the last of them; without any, where there may be some next.
    ///
    /// # Errors
    /// As [`LogReader::read`]; also if the batches are damaged.
    pub fn read_batches(
        &self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        out: &mut Vec<u8>,
    ) -> Result<i64, ReadError> {
        out.clear();
        let Some(region) = self.read(offset, max_bytes, upper_bound, true)?.region else {
            // Nothing is left between here and there.
            return Ok(offset.max(upper_bound.min(self.log_end())));
        };
        out.resize(region.length as usize, 0);
        region.file.read_exact_at(out, region.position)?;
        let mut next_offset = offset;
        let mut iter = batches(out);
        for batch in iter.by_ref() {
            next_offset = batch.map_err(io::Error::other)?.next_offset();
        }
        let whole = out.len() - iter.remainder().len();
        out.truncate(whole);
        Ok(next_offset)
    }

    /// Aborted transactions that touch offsets from `from` to before `to`, in the order of their markers.
    ///
    /// # Errors
    /// A disk error.
    pub fn aborted_transactions(&self, from: i64, to: i64) -> Result<Vec<AbortedTxn>, ReadError> {
        let mut found = Vec::new();
        let mut located = self.shared.locate(from, false);
        while let Some(place) = located {
            let mut complete = false;
            place.segment.txns().for_each(|txn| {
                if txn.last_offset >= from && txn.first_offset < to {
                    found.push(txn);
                }
                complete = txn.last_stable_offset >= to;
                !complete
            })?;
            if complete {
                break;
            }
            located = self.shared.locate(place.segment.base_offset(), true);
        }
        Ok(found)
    }
}

/// The batch that holds `offset`, or the first behind it, among those the reader may see.
fn find_within(place: &Located, offset: i64) -> io::Result<Option<FoundBatch>> {
    if place.size == 0 {
        return Ok(None);
    }
    Ok(place.segment.find(offset)?.filter(|batch| batch.position < place.size))
}

/// Where the batches before `upper_bound` end in the segment.
fn limit_position(place: &Located, upper_bound: i64, log_end: i64) -> io::Result<u64> {
    let next_base = place.next_base.unwrap_or(log_end);
    if upper_bound >= next_base {
        return Ok(place.size);
    }
    let bound = place.segment.find(upper_bound)?;
    Ok(bound.map_or(place.size, |batch| batch.position).min(place.size))
}

fn slice(
    segment: &Segment,
    offset: i64,
    first: &FoundBatch,
    max_bytes: usize,
    limit: u64,
    min_one: bool,
) -> io::Result<ReadSlice> {
    let wanted = if min_one { (max_bytes as u64).max(first.size) } else { max_bytes as u64 };
    let length = wanted.min(limit.saturating_sub(first.position));
    if length < first.size {
        return Ok(ReadSlice::empty(offset, segment.base_offset()));
    }
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let region = FileRegion { file: segment.file()?, position: first.position, length };
    Ok(ReadSlice {
        region: Some(region),
        base_offset: first.base_offset,
        segment_base_offset: segment.base_offset(),
    })
}

impl Log {
    /// As [`LogReader::read`].
    ///
    /// # Errors
    /// As [`LogReader::read`].
    pub fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        min_one: bool,
    ) -> Result<ReadSlice, ReadError> {
        self.reader().read(offset, max_bytes, upper_bound, min_one)
    }
}
