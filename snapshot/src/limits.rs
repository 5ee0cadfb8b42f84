//! Every bound of this crate, in one place.

/// The largest batch a reader takes. Apache's raft client refuses more than 8 MiB.
pub const BATCH_BYTES_MAX: usize = 8 << 20;

/// A writer closes a batch when its records reach this size.
pub const BATCH_BYTES_TARGET: usize = 256 << 10;

/// The largest record a writer takes, so that a batch stays readable.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// The most that the records of one batch may decompress to.
pub const BATCH_RECORDS_BYTES_MAX: usize = 64 << 20;

const _: () = assert!(BATCH_BYTES_TARGET + RECORD_BYTES_MAX < BATCH_BYTES_MAX);
const _: () = assert!(BATCH_BYTES_MAX <= BATCH_RECORDS_BYTES_MAX);
