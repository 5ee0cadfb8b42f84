//! Reading, on any thread and without waiting for the writer.

use std::io;
use std::sync::atomic::Ordering;

use log_store::AbortedTxn;
use log_store::io::FileRegion;
use log_store::log::{OffsetSpec, ReadError, TimestampedOffset};
use thiserror::Error;
use wire::batch::NO_TIMESTAMP;

use super::{NOT_LEADER, Partition};
use crate::fetch_sessions::FetchWish;

/// Why nothing was read.
#[derive(Debug, Error)]
pub(crate) enum ReadFault {
    /// Another broker leads.
    #[error("this broker does not lead the partition")]
    NotLeader,
    /// The client knows an older leader epoch.
    #[error("the client's leader epoch is older than the partition's")]
    FencedLeaderEpoch,
    /// The client knows a newer leader epoch than this broker.
    #[error("the client's leader epoch is newer than the partition's")]
    UnknownLeaderEpoch,
    /// The log refused it.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The offset is not in the log, or the epoch before it is not.
    #[error("the offset is out of range")]
    OffsetOutOfRange,
    /// Records of a compacted topic are not deleted by offset.
    #[error("the topic's cleanup policy does not allow records to be deleted")]
    Policy,
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// How far a reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpTo {
    /// The high watermark: consumers.
    HighWatermark,
    /// The last stable offset: read_committed consumers.
    LastStable,
    /// The end of the log: followers.
    LogEnd,
}

/// What a fetch found.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// Batches; absent when there are none to return.
    pub(crate) region: Option<FileRegion>,
    /// High watermark.
    pub(crate) high_watermark: i64,
    /// Last stable offset.
    pub(crate) last_stable: i64,
    /// First readable offset.
    pub(crate) log_start: i64,
    /// For read_committed: aborted transactions that touch what is returned.
    pub(crate) aborted: Option<Vec<AbortedTxn>>,
    /// Where the client's log departs from this one: epoch and its end. No records then.
    pub(crate) diverging: Option<(i32, i64)>,
}

impl Partition {
    /// Checks that this broker leads and that the client's idea of the epoch (-1 for none) is the
    /// leader's (KIP-320).
    ///
    /// # Errors
    /// `FencedLeaderEpoch`, `UnknownLeaderEpoch`, `NotLeader`.
    pub(crate) fn check_epoch(&self, client_epoch: i32) -> Result<i32, ReadFault> {
        match self.leader_epoch() {
            NOT_LEADER => Err(ReadFault::NotLeader),
            epoch if client_epoch >= 0 && client_epoch < epoch => Err(ReadFault::FencedLeaderEpoch),
            epoch if client_epoch > epoch => Err(ReadFault::UnknownLeaderEpoch),
            epoch => Ok(epoch),
        }
    }

    /// The exclusive end of what a reader may see.
    pub(crate) fn readable_end(&self, up_to: UpTo) -> i64 {
        match up_to {
            UpTo::HighWatermark => self.high_watermark(),
            UpTo::LastStable => self.last_stable_offset(),
            UpTo::LogEnd => self.log_end(),
        }
    }

    /// Finds what a fetch wishes, at most `bytes_max` of it; with `min_one` a first batch that is
    /// larger is returned whole. No record is read.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub(crate) fn fetch(
        &self,
        wish: &FetchWish,
        up_to: UpTo,
        bytes_max: usize,
        min_one: bool,
    ) -> Result<Fetched, ReadFault> {
        self.check_epoch(wish.current_leader_epoch)?;
        let mut fetched = Fetched {
            region: None,
            high_watermark: self.high_watermark(),
            last_stable: self.last_stable_offset(),
            log_start: self.log_start(),
            aborted: None,
            diverging: self.diverging(wish)?,
        };
        if fetched.diverging.is_some() {
            return Ok(fetched);
        }
        let end = self.readable_end(up_to);
        let read = self.reader.read(wish.fetch_offset, bytes_max, end, min_one);
        fetched.region = read.map_err(|error| self.read_fault(error))?.region;
        if up_to == UpTo::LastStable {
            let aborted = match fetched.region {
                Some(_) => self.reader.aborted_transactions(wish.fetch_offset, end),
                None => Ok(Vec::new()),
            };
            fetched.aborted = Some(aborted.map_err(|error| self.read_fault(error))?);
        }
        Ok(fetched)
    }

    /// What a failed read means: the files of a partition that was deleted meanwhile are gone, which is no
    /// failure of the disk. Others are said once, since clients ask again and again; the rest of the
    /// directory is served as before.
    fn read_fault(&self, error: ReadError) -> ReadFault {
        match &error {
            ReadError::Io(_) if self.leader_epoch() == NOT_LEADER => return ReadFault::NotLeader,
            ReadError::Io(reason) if !self.marks.unreadable.swap(true, Ordering::Relaxed) => tracing::error!(
                "{} in {} cannot be read: {reason}. If the disk works, the file is damaged: restore it, or delete \
                 the records up to there",
                self.place(),
                self.disk.path().display()
            ),
            _ => {}
        }
        error.into()
    }

    /// Where the client's log departs from this one, by the epoch of its last record (KIP-595).
    fn diverging(&self, wish: &FetchWish) -> Result<Option<(i32, i64)>, ReadFault> {
        if wish.last_fetched_epoch < 0 {
            return Ok(None);
        }
        let found = self.state.lock().log.epoch_end_offset(wish.last_fetched_epoch);
        let (epoch, end) = found.ok_or(ReadFault::OffsetOutOfRange)?;
        let diverges = epoch < wish.last_fetched_epoch || end < wish.fetch_offset;
        Ok(diverges.then_some((epoch, end)))
    }

    /// The largest epoch up to `epoch` and the end of its records; `None` when it is unknown.
    ///
    /// # Errors
    /// As [`Partition::check_epoch`].
    pub(crate) fn epoch_end(&self, client_epoch: i32, epoch: i32) -> Result<Option<(i32, i64)>, ReadFault> {
        self.check_epoch(client_epoch)?;
        Ok(self.state.lock().log.epoch_end_offset(epoch))
    }

    /// Finds an offset by its place or time; `None` when no readable record fits.
    ///
    /// # Errors
    /// As [`Partition::check_epoch`]; a disk error.
    pub(crate) fn offset_for(
        &self,
        client_epoch: i32,
        spec: OffsetSpec,
        up_to: UpTo,
    ) -> Result<Option<TimestampedOffset>, ReadFault> {
        let epoch = self.check_epoch(client_epoch)?;
        let end = self.readable_end(up_to);
        match spec {
            OffsetSpec::Latest => Ok(Some(TimestampedOffset {
                timestamp: NO_TIMESTAMP,
                offset: end,
                leader_epoch: Some(epoch),
            })),
            OffsetSpec::Earliest => Ok(self.state.lock().log.offset_for_time(spec)?),
            OffsetSpec::MaxTimestamp | OffsetSpec::At(_) => {
                let found = self.state.lock().log.offset_for_time(spec)?;
                Ok(found.filter(|found| found.offset < end))
            }
        }
    }

    /// Deletes the records before `offset` (-1 for the high watermark) and returns the first that
    /// is left. The segments go with the next round of retention.
    ///
    /// # Errors
    /// `NotLeader`; `Policy`; `OffsetOutOfRange` behind the high watermark.
    pub(crate) fn delete_records(&self, offset: i64) -> Result<i64, ReadFault> {
        self.check_epoch(-1)?;
        let mut state = self.state.lock();
        if state.config.log.compact && !state.config.log.delete {
            return Err(ReadFault::Policy);
        }
        let high_watermark = self.high_watermark();
        let offset = if offset == -1 { high_watermark } else { offset };
        if !(0..=high_watermark).contains(&offset) {
            return Err(ReadFault::OffsetOutOfRange);
        }
        if offset > state.log.log_start() {
            state.log.advance_log_start(offset);
        }
        self.advance(&mut state);
        Ok(state.log.log_start())
    }

    /// Reads whole batches from `offset` on into `out`, up to the high watermark, and returns the
    /// offset after the last; `offset` itself when there are none.
    ///
    /// # Errors
    /// The offset is not in the log, or the disk failed.
    pub(crate) fn read_batches(
        &self,
        offset: i64,
        bytes_max: usize,
        up_to: UpTo,
        out: &mut Vec<u8>,
    ) -> Result<i64, ReadFault> {
        Ok(self.reader.read_batches(offset, bytes_max, self.readable_end(up_to), out)?)
    }
}
