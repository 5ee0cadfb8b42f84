//! Offsets by time (ListOffsets).

use std::io;

use wire::batch::NO_TIMESTAMP;

use super::Log;
use crate::segment::FoundRecord;

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The start of the log (-2).
    Earliest,
    /// The end of the log (-1).
    Latest,
    /// The record with the largest timestamp (-3, KIP-734).
    MaxTimestamp,
    /// The first record whose timestamp is at least this, ms.
    At(i64),
}

/// An offset, with the timestamp of its record if it was found by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampedOffset {
    /// Timestamp, ms; [`NO_TIMESTAMP`] for the start and the end.
    pub timestamp: i64,
    /// The offset.
    pub offset: i64,
    /// The leader epoch it was written in, if known.
    pub leader_epoch: Option<i32>,
}

impl Log {
    /// Finds an offset; `None` when no record is that young. The search ends at the end of the log: what
    /// a consumer may see of it is for the caller to say.
    ///
    /// # Errors
    /// A disk error, or damaged batches.
    pub fn offset_for_time(&self, spec: OffsetSpec) -> io::Result<Option<TimestampedOffset>> {
        match spec {
            OffsetSpec::Earliest => {
                let start = self.log_start();
                let epoch = self.epochs.earliest().filter(|entry| entry.start_offset <= start);
                Ok(Some(bound(start, epoch.map(|entry| entry.epoch))))
            }
            OffsetSpec::Latest => Ok(Some(bound(self.log_end(), self.latest_epoch()))),
            OffsetSpec::MaxTimestamp => self.offset_of_max_timestamp(),
            OffsetSpec::At(timestamp) => self.offset_at(timestamp),
        }
    }

    fn offset_of_max_timestamp(&self) -> io::Result<Option<TimestampedOffset>> {
        let mut latest: Option<(i64, _)> = None;
        for segment in self.shared.segments() {
            let timestamp = segment.largest_timestamp()?.timestamp;
            if latest.as_ref().is_none_or(|(largest, _)| timestamp > *largest) {
                latest = Some((timestamp, segment));
            }
        }
        match latest {
            Some((timestamp, segment)) if timestamp > NO_TIMESTAMP => {
                Ok(segment.find_largest()?.map(Into::into))
            }
            _ => Ok(None),
        }
    }

    fn offset_at(&self, timestamp: i64) -> io::Result<Option<TimestampedOffset>> {
        for segment in self.shared.segments() {
            if segment.largest_timestamp()?.timestamp >= timestamp {
                return Ok(segment.find_by_time(timestamp, self.log_start())?.map(Into::into));
            }
        }
        Ok(None)
    }
}

impl From<FoundRecord> for TimestampedOffset {
    fn from(record: FoundRecord) -> TimestampedOffset {
        let FoundRecord { timestamp, offset, leader_epoch } = record;
        TimestampedOffset { timestamp, offset, leader_epoch: (leader_epoch >= 0).then_some(leader_epoch) }
    }
}

fn bound(offset: i64, leader_epoch: Option<i32>) -> TimestampedOffset {
    TimestampedOffset { timestamp: NO_TIMESTAMP, offset, leader_epoch }
}
