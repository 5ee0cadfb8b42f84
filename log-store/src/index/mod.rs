//! The three indexes of a segment.
//!
//! ```text
//! offset   .index      8 bytes   offset - base i32, position i32   one per log.index.interval.bytes
//! time     .timeindex 12 bytes   timestamp i64, offset - base i32  largest timestamp so far
//! txn      .txnindex  34 bytes   aborted transactions
//!            │
//!         entries: sorted, most in a file, the youngest in memory
//! ```
//!
//! Files grow as entries come; nothing is preallocated or mapped (docs/decisions/0003-index-files.md).
//! The entries in memory reach the file when there are many, when the segment is sealed and on close.
//! After a crash the index of every segment that was not flushed is built anew, so they are not
//! needed before.

mod entries;
mod offset;
mod time;
mod txn;

pub(crate) use offset::OffsetIndex;
pub(crate) use time::{TimeIndex, TimestampOffset};
pub use txn::AbortedTxn;
pub(crate) use txn::TxnIndex;
