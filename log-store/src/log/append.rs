//! Appending as the leader.

use std::io::{self, IoSlice};

use wire::batch::{
    BatchError, BatchHeader, BatchView, HEADER_SIZE, NO_TIMESTAMP, TimestampType, batches, set_max_timestamp,
    stamp, stamp_log_append_time,
};

use super::{AppendError, Log};
use crate::producers::{AppliedBatch, BatchMetadata, Checked, Marker, read_marker};
use crate::validate::{self, InvalidBatch};

/// Who appends, which decides how much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A producer: everything.
    Client,
    /// A coordinator of this broker: control batches and producers without sequences are allowed.
    Coordinator,
    /// The leader of the metadata log: its batches are not bound by `max.message.bytes` either.
    RaftLeader,
}

/// How an append is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendRules {
    /// Who appends.
    pub origin: AppendOrigin,
    /// Whether the transaction coordinator is known to have the partition in the batch's transaction
    /// (KIP-890), or verification is switched off. Without a transaction it does not matter.
    pub transaction_verified: bool,
    /// Version of the transaction protocol, for markers: from 2 on each raises the producer's epoch.
    pub transaction_version: i16,
}

impl AppendRules {
    /// For a client's produce request.
    pub const CLIENT: AppendRules =
        AppendRules { origin: AppendOrigin::Client, transaction_verified: false, transaction_version: 0 };
    /// For records of a coordinator of this broker.
    pub const COORDINATOR: AppendRules =
        AppendRules { origin: AppendOrigin::Coordinator, transaction_verified: true, transaction_version: 0 };
    /// For the metadata log.
    pub const RAFT_LEADER: AppendRules =
        AppendRules { origin: AppendOrigin::RaftLeader, transaction_verified: true, transaction_version: 0 };
}

/// What an append has done. Nothing of it is durable before [`Log::flush`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// The time stamped on the records if the topic wants that, else [`NO_TIMESTAMP`], ms.
    pub log_append_time: i64,
    /// Whether the batch is a retry of one that was in the log already: the offsets are that one's.
    pub duplicate: bool,
    /// First readable offset of the log.
    pub log_start_offset: i64,
    /// Bytes written.
    pub bytes: usize,
}

impl Log {
    /// Appends one batch as the leader of `leader_epoch`: checks it, gives it the next offsets, and writes
    /// it with one call, its records untouched unless the topic wants another compression.
    ///
    /// On return readers see it and the buffer may be reused; it is durable after the next flush.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was appended.
    pub fn append_as_leader(
        &mut self,
        bytes: &[u8],
        leader_epoch: i32,
        now_ms: i64,
        rules: &AppendRules,
    ) -> Result<Appended, AppendError> {
        self.check_online()?;
        self.check_leader_epoch(leader_epoch)?;
        let batch = self.parse_one(bytes, rules)?;
        let validated = validate::validate(&batch, &self.config, rules.origin, now_ms)?;
        let batch = match &validated.rebuilt {
            Some(rebuilt) => BatchView::parse(rebuilt).expect("just built"),
            None => batch,
        };
        self.check_size(batch.size(), rules)?;
        let marker = match self.check_producer(&batch, rules)? {
            Ok(marker) => marker,
            Err(duplicate) => return Ok(self.duplicate(&duplicate)),
        };
        let mut header = *batch.header().bytes();
        stamp(&mut header, self.log_end(), leader_epoch);
        if self.config.timestamp_type == TimestampType::LogAppendTime {
            stamp_log_append_time(&mut header, batch.record_bytes(), now_ms);
        } else if batch.max_timestamp() != validated.max_timestamp {
            set_max_timestamp(&mut header, batch.record_bytes(), validated.max_timestamp);
        }
        let written = self.append_stamped(&header, batch.record_bytes(), marker, now_ms);
        self.guard(written).map_err(AppendError::Io)
    }

    fn check_leader_epoch(&self, epoch: i32) -> Result<(), AppendError> {
        match self.latest_epoch() {
            Some(latest) if latest > epoch => Err(AppendError::StaleLeaderEpoch { epoch, latest }),
            _ => Ok(()),
        }
    }

    /// The one batch in `bytes`, its size and checksum good.
    fn parse_one<'a>(&self, bytes: &'a [u8], rules: &AppendRules) -> Result<BatchView<'a>, AppendError> {
        let mut iter = batches(bytes);
        let batch = match iter.next() {
            Some(Ok(batch)) => batch,
            Some(Err(error @ (BatchError::OldMagic { .. } | BatchError::UnknownMagic { .. }))) => {
                return Err(AppendError::Format(error));
            }
            Some(Err(error)) => return Err(AppendError::Corrupt(error)),
            None if bytes.is_empty() => return Err(AppendError::NotOneBatch { batches: 0 }),
            None => return Err(AppendError::Corrupt(truncated(bytes))),
        };
        match iter.next() {
            None if iter.remainder().is_empty() => {}
            None => return Err(AppendError::Corrupt(truncated(iter.remainder()))),
            Some(_) => return Err(AppendError::NotOneBatch { batches: 2 }),
        }
        self.check_size(batch.size(), rules)?;
        batch.check_crc().map_err(AppendError::Corrupt)?;
        Ok(batch)
    }

    fn check_size(&self, size: usize, rules: &AppendRules) -> Result<(), AppendError> {
        let limit = self.config.max_message_bytes;
        if rules.origin != AppendOrigin::RaftLeader && size > limit as usize {
            return Err(AppendError::RecordTooLarge { size, limit });
        }
        let limit = self.config.segment_bytes;
        if size > limit as usize {
            return Err(AppendError::RecordBatchTooLarge { size, limit });
        }
        Ok(())
    }

    /// The marker that the batch holds, if it holds one; or the batch in the log that it repeats.
    fn check_producer(
        &self,
        batch: &BatchView<'_>,
        rules: &AppendRules,
    ) -> Result<Result<Option<Marker>, BatchMetadata>, AppendError> {
        if !batch.has_producer_id() {
            return Ok(Ok(None));
        }
        if batch.is_control() {
            let marker = read_marker(batch)
                .map_err(|error| InvalidBatch::Header { reason: error.to_string() })?
                .ok_or_else(|| InvalidBatch::Header { reason: "a control batch without a marker".into() })?;
            self.producers.check_marker(batch, marker.1, rules.transaction_version)?;
            return Ok(Ok(Some(marker)));
        }
        if rules.origin == AppendOrigin::Client {
            return Ok(match self.producers.check_client(batch, rules.transaction_verified)? {
                Checked::New => Ok(None),
                Checked::Duplicate(duplicate) => Err(duplicate),
            });
        }
        self.producers.check_coordinator(batch, rules.transaction_verified)?;
        Ok(Ok(None))
    }

    fn duplicate(&self, batch: &BatchMetadata) -> Appended {
        Appended {
            base_offset: batch.first_offset(),
            last_offset: batch.last_offset,
            log_append_time: batch.timestamp,
            duplicate: true,
            log_start_offset: self.log_start(),
            bytes: 0,
        }
    }

    /// Writes a batch that has its offsets, rolling first if the segment is full.
    fn append_stamped(
        &mut self,
        header: &[u8; HEADER_SIZE],
        records: &[u8],
        marker: Option<Marker>,
        now_ms: i64,
    ) -> io::Result<Appended> {
        let batch = BatchHeader::parse(header).expect("the header of a checked batch");
        assert!(batch.base_offset() == self.log_end(), "offsets follow one another");
        self.roll_if_full(&batch, batch.last_offset(), batch.size() as u64, now_ms)?;
        let slices = [IoSlice::new(header), IoSlice::new(records)];
        let position = self.write(&slices, batch.size() as u64)?;
        self.take_in(&batch, position, batch.has_producer_id().then(|| AppliedBatch::new(&batch, marker)))?;
        self.publish(batch.next_offset());
        let stamped = self.config.timestamp_type == TimestampType::LogAppendTime;
        Ok(Appended {
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            log_append_time: if stamped { batch.max_timestamp() } else { NO_TIMESTAMP },
            duplicate: false,
            log_start_offset: self.log_start(),
            bytes: batch.size(),
        })
    }

    /// Writes behind the last batch; the segment's file comes with the first.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>], size: u64) -> io::Result<u64> {
        if !self.active().has_file() {
            self.unsynced.note();
        }
        self.writer.write(slices, size)
    }

    /// Takes a written batch into indexes, epochs and producers.
    pub(super) fn take_in(
        &mut self,
        batch: &BatchHeader<'_>,
        position: u64,
        applied: Option<AppliedBatch>,
    ) -> io::Result<()> {
        self.writer.index(batch, position)?;
        if batch.leader_epoch() >= 0 {
            self.epochs.assign(batch.leader_epoch(), batch.base_offset());
        }
        let Some(completed) = applied.and_then(|applied| self.producers.apply(&applied)) else {
            return Ok(());
        };
        if completed.aborted {
            let aborted = completed.aborted_txn(self.producers.stable_after(&completed));
            self.writer.segment().txns().append(&aborted)?;
            self.unsynced.note();
        }
        self.producers.complete(&completed);
        Ok(())
    }

    /// Lets readers see what was written up to `log_end`.
    pub(super) fn publish(&mut self, log_end: i64) {
        self.writer.publish();
        self.shared.set_log_end(log_end);
    }
}

fn truncated(bytes: &[u8]) -> BatchError {
    match BatchView::parse(bytes) {
        Err(error) => error,
        Ok(batch) => BatchError::Truncated { needed: batch.size(), available: bytes.len() },
    }
}
