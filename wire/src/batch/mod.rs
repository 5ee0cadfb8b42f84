//! Record batches, magic 2, as views over bytes and as something to build.
//!
//! ```text
//! batches(bytes) ─▶ BatchView ─▶ records(scratch, limit) ─▶ Record ─▶ headers()
//!                     │ header fields, check_crc()
//! BatchHeader ◀───────┘ the first 61 bytes alone, as a scan of a file reads them
//! BatchBuilder ─▶ bytes ─▶ stamp(): offset and leader epoch, outside the checksum
//! ```
//!
//! Magic 0 and 1 are recognised and refused: Kafka 4 writes neither.

mod builder;
mod control;
mod header;
mod layout;
mod record;
mod varint;
mod view;

#[cfg(test)]
mod tests;

pub use builder::BatchBuilder;
pub use control::{ControlType, EndTransactionMarker};
pub use header::{BatchError, BatchHeader, TimestampType};
pub use layout::{
    HEADER_SIZE, LENGTH_PREFIX_SIZE, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID,
    NO_SEQUENCE, NO_TIMESTAMP, checksum, set_max_timestamp, stamp, stamp_log_append_time,
};
pub use record::{Record, RecordError, RecordHeader, RecordHeaders, RecordIter};
pub use view::{BatchIter, BatchView, batches};
