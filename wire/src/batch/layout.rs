//! Where each field of a batch lies, and the few that a broker writes in place.
//!
//! ```text
//!  0 base offset  i64 ┐ outside the checksum: the broker that appends
//!  8 length       i32 │ fills in offset and leader epoch
//! 12 leader epoch i32 │
//! 16 magic        i8  │
//! 17 crc          u32 ┘
//! 21 attributes   i16 ┐ CRC-32C over all from here to the end
//! 23 last offset delta i32
//! 27 base timestamp i64      35 max timestamp i64
//! 43 producer id  i64        51 producer epoch i16
//! 53 base sequence i32       57 record count  i32
//! 61 records      ┘
//! ```

use super::header::TimestampType;

pub(super) const BASE_OFFSET: usize = 0;
pub(super) const LENGTH: usize = BASE_OFFSET + 8;
pub(super) const LEADER_EPOCH: usize = LENGTH + 4;
pub(super) const MAGIC: usize = LEADER_EPOCH + 4;
pub(super) const CRC: usize = MAGIC + 1;
pub(super) const ATTRIBUTES: usize = CRC + 4;
pub(super) const LAST_OFFSET_DELTA: usize = ATTRIBUTES + 2;
pub(super) const BASE_TIMESTAMP: usize = LAST_OFFSET_DELTA + 4;
pub(super) const MAX_TIMESTAMP: usize = BASE_TIMESTAMP + 8;
pub(super) const PRODUCER_ID: usize = MAX_TIMESTAMP + 8;
pub(super) const PRODUCER_EPOCH: usize = PRODUCER_ID + 8;
pub(super) const BASE_SEQUENCE: usize = PRODUCER_EPOCH + 2;
pub(super) const RECORD_COUNT: usize = BASE_SEQUENCE + 4;

/// Bytes before the records of a batch.
pub const HEADER_SIZE: usize = RECORD_COUNT + 4;
/// Bytes that the length field does not count: the base offset and the length itself.
pub const LENGTH_PREFIX_SIZE: usize = LENGTH + 4;
const _: () = assert!(HEADER_SIZE == 61 && LENGTH_PREFIX_SIZE == 12);

/// Magic byte of the only format that is read and written.
pub(super) const MAGIC_V2: i8 = 2;

pub(super) const COMPRESSION_MASK: i16 = 0b111;
pub(super) const TIMESTAMP_TYPE_FLAG: i16 = 1 << 3;
pub(super) const TRANSACTIONAL_FLAG: i16 = 1 << 4;
pub(super) const CONTROL_FLAG: i16 = 1 << 5;
pub(super) const DELETE_HORIZON_FLAG: i16 = 1 << 6;

/// A batch without an idempotent producer.
pub const NO_PRODUCER_ID: i64 = -1;
/// Producer epoch of a batch without an idempotent producer.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// Base sequence of a batch without one, control batches among them.
pub const NO_SEQUENCE: i32 = -1;
/// Leader epoch of a batch that no leader has appended.
pub const NO_PARTITION_LEADER_EPOCH: i32 = -1;
/// Timestamp of a record without one.
pub const NO_TIMESTAMP: i64 = -1;

pub(super) fn get<const N: usize>(bytes: &[u8; HEADER_SIZE], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

pub(super) fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}

/// Writes the base offset and the partition leader epoch into a batch or into its first
/// [`HEADER_SIZE`] bytes. Both lie outside the checksum, so it stays valid.
///
/// # Panics
/// If `header` is shorter than [`HEADER_SIZE`].
pub fn stamp(header: &mut [u8], base_offset: i64, leader_epoch: i32) {
    assert!(header.len() >= HEADER_SIZE, "a header has {HEADER_SIZE} bytes");
    assert!(base_offset >= 0, "offsets are not negative");
    put(header, BASE_OFFSET, base_offset.to_be_bytes());
    put(header, LEADER_EPOCH, leader_epoch.to_be_bytes());
}

/// Marks a batch as stamped with the time of its append (`message.timestamp.type=LogAppendTime`): sets
/// the timestamp type and the max timestamp in `header` and computes the checksum over it and `records`.
///
/// # Panics
/// If `header` is shorter than [`HEADER_SIZE`].
pub fn stamp_log_append_time(header: &mut [u8], records: &[u8], now_ms: i64) {
    let attributes = i16::from_be_bytes([header[ATTRIBUTES], header[ATTRIBUTES + 1]]);
    put(header, ATTRIBUTES, (attributes | TimestampType::LogAppendTime.flag()).to_be_bytes());
    set_max_timestamp(header, records, now_ms);
}

/// Corrects the max timestamp of a batch whose producer got it wrong, and its checksum.
///
/// # Panics
/// If `header` is shorter than [`HEADER_SIZE`].
pub fn set_max_timestamp(header: &mut [u8], records: &[u8], max_timestamp: i64) {
    put(header, MAX_TIMESTAMP, max_timestamp.to_be_bytes());
    let crc = checksum(&header[..HEADER_SIZE], records);
    put(header, CRC, crc.to_be_bytes());
}

/// The checksum that belongs into `header` when `records` follow it: CRC-32C from the attributes on.
pub fn checksum(header: &[u8], records: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&header[ATTRIBUTES..HEADER_SIZE]), records)
}
