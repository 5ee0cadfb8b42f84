//! Every bound of this crate, with what happens at it.

/// Largest record batch of the metadata log in bytes, as in Kafka; a proposal above it is refused.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most records that one atomic batch may hold; a proposal above it is refused.
pub const BATCH_RECORDS_MAX: usize = 1_000_000;

/// Proposals share a batch up to this many bytes.
pub const SHARED_BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of proposals that may wait for the driver; a proposal above it is refused as busy.
pub const QUEUED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most bytes that the records of one batch may decompress to.
pub const BATCH_RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most record bytes in one answer to Fetch, beside the one batch that is always sent.
pub const FETCH_MAX_BYTES: i32 = 8 * 1024 * 1024;

/// How long a follower lets the leader wait for news, in milliseconds.
pub const FETCH_MAX_WAIT_MS: i32 = 500;

/// Most bytes of a snapshot in one answer to FetchSnapshot.
pub const FETCH_SNAPSHOT_MAX_BYTES: i32 = 1024 * 1024;

/// No log gets as far; a leader that names a snapshot beyond it is not believed.
pub const OFFSET_MAX: i64 = i64::MAX / 2;

/// Fetches that may wait at the leader; one above it is answered at once.
pub const PARKED_FETCHES_MAX: usize = 10_000;

/// Observers that the leader remembers; one above it reads without being shown.
pub const OBSERVERS_MAX: usize = 10_000;

/// An observer that has not fetched for so long is forgotten, in milliseconds.
pub const OBSERVER_SESSION_TIMEOUT_MS: u64 = 300_000;

/// A replica that is to vote must have caught up, and have fetched within this time, in milliseconds.
pub const CAUGHT_UP_TIMEOUT_MS: u64 = 3_600_000;

/// Requests, answers and wishes that may wait for the driver; one above it is refused as busy.
pub const COMMANDS_MAX: usize = 16_384;

/// How many of them one round takes in before it writes and flushes.
pub const COMMANDS_PER_ROUND: usize = 1_024;

/// Bytes of committed batches that one round shows to the state machine, beside one whole batch.
pub const DELIVERY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How often old snapshots are looked for, in milliseconds, as in Kafka.
pub const CLEANING_INTERVAL_MS: u64 = 60_000;

/// How long a leader that shuts down waits for another to be elected, in milliseconds.
pub const SHUTDOWN_TIMEOUT_MS: u64 = 5_000;

/// Requests to one peer that may wait for its connection; one above it fails at once.
pub const REQUESTS_PER_PEER_MAX: usize = 8;

/// Largest answer that is taken from a peer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long a peer is left alone after a connection failed, at first and at most, in milliseconds; it
/// doubles with each failure.
pub const RECONNECT_BACKOFF_MS: (u64, u64) = (50, 1_000);

const _: () = {
    assert!(SHARED_BATCH_BYTES_MAX <= BATCH_BYTES_MAX);
    assert!(QUEUED_BYTES_MAX >= 2 * BATCH_BYTES_MAX);
    assert!(FETCH_MAX_BYTES as usize >= BATCH_BYTES_MAX);
    // One fetch beside the batch that is always sent.
    assert!(ANSWER_BYTES_MAX >= FETCH_MAX_BYTES as usize + BATCH_BYTES_MAX);
    assert!(RECONNECT_BACKOFF_MS.0 <= RECONNECT_BACKOFF_MS.1);
};
