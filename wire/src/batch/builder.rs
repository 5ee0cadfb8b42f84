//! Building a batch.

use super::control::ControlType;
use super::header::TimestampType;
use super::layout::*;
use super::varint::{nullable_bytes_size, put_nullable_bytes, put_varint, put_varlong, varlong_size};
use crate::compression::{Compression, compress};

/// Builds one batch: settings first, then records in the order of their offsets, then the bytes.
///
/// ```
/// use wire::batch::{BatchBuilder, BatchView};
/// use wire::compression::Compression;
/// # use kraftlog_wire as wire;
///
/// let mut builder = BatchBuilder::new(100).compression(Compression::Zstd, None);
/// builder.push(1_700_000_000_000, None, Some(b"value"), &[]);
/// let bytes = builder.build();
/// let batch = BatchView::parse(&bytes).expect("a whole batch");
/// assert_eq!(batch.last_offset(), 100);
/// ```
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    base_offset: i64,
    leader_epoch: i32,
    attributes: i16,
    compression: Compression,
    level: Option<i32>,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    append_time: Option<i64>,
    delete_horizon_ms: Option<i64>,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    last_offset_delta: i32,
    record_count: i32,
    /// The header's place, then the records, uncompressed.
    out: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch that starts at `base_offset`: no compression, no producer, producers' timestamps.
    pub fn new(base_offset: i64) -> BatchBuilder {
        BatchBuilder {
            base_offset,
            leader_epoch: NO_PARTITION_LEADER_EPOCH,
            attributes: 0,
            compression: Compression::None,
            level: None,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            base_sequence: NO_SEQUENCE,
            append_time: None,
            delete_horizon_ms: None,
            base_timestamp: None,
            max_timestamp: NO_TIMESTAMP,
            last_offset_delta: -1,
            record_count: 0,
            out: vec![0; HEADER_SIZE],
        }
    }

    /// Compresses the records, at the codec's default level if none is given.
    pub fn compression(mut self, kind: Compression, level: Option<i32>) -> Self {
        self.compression = kind;
        self.level = level;
        self
    }

    /// Sets the partition leader epoch.
    pub fn leader_epoch(mut self, leader_epoch: i32) -> Self {
        self.leader_epoch = leader_epoch;
        self
    }

    /// Sets the idempotent producer and the sequence of the first record.
    pub fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        self.producer_id = id;
        self.producer_epoch = epoch;
        self.base_sequence = base_sequence;
        self
    }

    /// Makes the batch part of its producer's transaction.
    pub fn transactional(mut self) -> Self {
        self.attributes |= TRANSACTIONAL_FLAG;
        self
    }

    /// Makes it a control batch; see [`BatchBuilder::push_control`].
    pub fn control(mut self) -> Self {
        self.attributes |= CONTROL_FLAG;
        self
    }

    /// Stamps the batch with the broker's time, ms.
    pub fn log_append_time(mut self, now_ms: i64) -> Self {
        self.attributes |= TimestampType::LogAppendTime.flag();
        self.append_time = Some(now_ms);
        self
    }

    /// Sets when tombstones may go, ms (KIP-534); the records' timestamps count from it.
    ///
    /// # Panics
    /// If a record was pushed already.
    pub fn delete_horizon(mut self, horizon_ms: i64) -> Self {
        assert!(self.record_count == 0, "the horizon is what timestamps count from");
        self.attributes |= DELETE_HORIZON_FLAG;
        self.delete_horizon_ms = Some(horizon_ms);
        self.base_timestamp = Some(horizon_ms);
        self
    }

    /// Adds a record at the next offset.
    pub fn push(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) {
        let offset = self.base_offset + i64::from(self.last_offset_delta) + 1;
        self.push_at(offset, timestamp, key, value, headers);
    }

    /// Adds a record at `offset`, which may leave a gap as compaction does.
    ///
    /// # Panics
    /// If `offset` is not behind the last record, or more than `i32::MAX` from the first.
    pub fn push_at(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) {
        let delta = i32::try_from(offset - self.base_offset).expect("a batch spans fewer than 2^31 offsets");
        assert!(delta > self.last_offset_delta, "records come in the order of their offsets");
        let base_timestamp = *self.base_timestamp.get_or_insert(timestamp);
        let timestamp_delta = timestamp.wrapping_sub(base_timestamp);
        let body_size = record_body_size(timestamp_delta, delta, key, value, headers);
        put_varlong(&mut self.out, body_size as i64);
        self.out.push(0);
        put_varlong(&mut self.out, timestamp_delta);
        put_varint(&mut self.out, delta);
        put_nullable_bytes(&mut self.out, key);
        put_nullable_bytes(&mut self.out, value);
        put_varlong(&mut self.out, headers.len() as i64);
        for (key, value) in headers {
            put_nullable_bytes(&mut self.out, Some(key));
            put_nullable_bytes(&mut self.out, *value);
        }
        self.last_offset_delta = delta;
        self.record_count += 1;
        self.max_timestamp = self.max_timestamp.max(timestamp);
    }

    /// Adds a control record; the batch must be a control batch.
    pub fn push_control(&mut self, timestamp: i64, kind: ControlType, value: &[u8]) {
        assert!(self.attributes & CONTROL_FLAG != 0, "control records belong in control batches");
        self.push(timestamp, Some(&kind.key()), Some(value), &[]);
    }

    /// Makes the batch end at `last_offset` though its last record may lie before, as compaction leaves it.
    pub fn last_offset(mut self, last_offset: i64) -> Self {
        let delta = i32::try_from(last_offset - self.base_offset).expect("within a batch's span");
        assert!(delta >= self.last_offset_delta, "the last record lies within the batch");
        self.last_offset_delta = delta;
        self
    }

    /// Records pushed so far.
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// Bytes so far, before compression.
    pub fn size(&self) -> usize {
        self.out.len()
    }

    /// The batch, checksum included.
    ///
    /// # Panics
    /// If it is longer than the length field can say.
    pub fn build(mut self) -> Vec<u8> {
        if self.compression != Compression::None {
            let mut packed = Vec::with_capacity(HEADER_SIZE + self.out.len() / 2);
            packed.resize(HEADER_SIZE, 0);
            compress(self.compression, self.level, &self.out[HEADER_SIZE..], &mut packed)
                .expect("compression into memory does not fail");
            self.out = packed;
        }
        let mut out = std::mem::take(&mut self.out);
        self.write_header(&mut out);
        out
    }

    fn write_header(&self, out: &mut [u8]) {
        let length = i32::try_from(out.len() - LENGTH_PREFIX_SIZE).expect("a batch is below 2 GiB");
        let attributes = self.attributes | i16::from(self.compression.code());
        put(out, BASE_OFFSET, self.base_offset.to_be_bytes());
        put(out, LENGTH, length.to_be_bytes());
        put(out, LEADER_EPOCH, self.leader_epoch.to_be_bytes());
        put(out, MAGIC, MAGIC_V2.to_be_bytes());
        put(out, ATTRIBUTES, attributes.to_be_bytes());
        put(out, LAST_OFFSET_DELTA, self.last_offset_delta.to_be_bytes());
        put(out, BASE_TIMESTAMP, self.base_timestamp.unwrap_or(NO_TIMESTAMP).to_be_bytes());
        put(out, MAX_TIMESTAMP, self.append_time.unwrap_or(self.max_timestamp).to_be_bytes());
        put(out, PRODUCER_ID, self.producer_id.to_be_bytes());
        put(out, PRODUCER_EPOCH, self.producer_epoch.to_be_bytes());
        put(out, BASE_SEQUENCE, self.base_sequence.to_be_bytes());
        put(out, RECORD_COUNT, self.record_count.to_be_bytes());
        let crc = checksum(out, &out[HEADER_SIZE..]);
        put(out, CRC, crc.to_be_bytes());
    }
}

fn record_body_size(
    timestamp_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[(&[u8], Option<&[u8]>)],
) -> usize {
    let headers_size: usize =
        headers.iter().map(|(key, value)| nullable_bytes_size(Some(key)) + nullable_bytes_size(*value)).sum();
    let fixed = 1 + varlong_size(timestamp_delta) + varlong_size(i64::from(offset_delta));
    fixed
        + nullable_bytes_size(key)
        + nullable_bytes_size(value)
        + varlong_size(headers.len() as i64)
        + headers_size
}
