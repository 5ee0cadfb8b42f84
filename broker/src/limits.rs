//! Every bound of this crate, so that the worst case can be added up in one place.

/// Requests of one connection whose answers are outstanding; more are left in the socket.
pub(crate) const IN_FLIGHT_PER_CONNECTION_MAX: usize = 128;

/// Answer bytes a connection gathers from pipelined requests before it writes.
pub(crate) const GATHERED_ANSWER_BYTES_MAX: usize = 256 * 1024;

/// First capacity of a read buffer. An idle connection has none.
pub(crate) const READ_BUFFER_BYTES: usize = 64 * 1024;

/// A read buffer that grew beyond this is freed after use instead of being kept for reuse.
pub(crate) const READ_BUFFER_KEPT_BYTES_MAX: usize = 512 * 1024;

/// Read buffers that one network thread keeps for reuse.
pub(crate) const READ_BUFFERS_KEPT_MAX: usize = 16;

/// Frames up to this size need no share of the budget for queued request bytes.
pub(crate) const UNBUDGETED_FRAME_BYTES_MAX: usize = 128 * 1024;

/// Budget for the bytes of incomplete large frames when `queued.max.request.bytes` is -1.
pub(crate) const QUEUED_REQUEST_BYTES_DEFAULT: usize = 128 * 1024 * 1024;

/// Unit in which the budget is counted; a semaphore counts to 2^29 in 32 bits.
pub(crate) const QUEUED_REQUEST_UNIT_BYTES: usize = 1024;

/// A frame that holds a share of the budget and does not grow for this long is given up.
pub(crate) const FRAME_STALL_MS: u64 = 30_000;

/// Bytes given to one `sendfile` call, so that one reader does not hold its thread.
pub(crate) const SENDFILE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes copied at a time when a region has no descriptor.
pub(crate) const COPIED_REGION_BYTES_MAX: usize = 64 * 1024;

/// How often a network thread looks for idle connections, at most and at least.
pub(crate) const IDLE_SWEEP_MS_MAX: u64 = 5_000;
/// See [`IDLE_SWEEP_MS_MAX`].
pub(crate) const IDLE_SWEEP_MS_MIN: u64 = 10;

/// Pause after `accept` failed for want of descriptors or memory.
pub(crate) const ACCEPT_RETRY_MS: u64 = 100;

/// Length of the queue of connections that wait to be accepted, as `socket.listen.backlog.size`
/// has it by default.
pub(crate) const LISTEN_BACKLOG_DEFAULT: u32 = 50;

const _: () = assert!(READ_BUFFER_BYTES <= READ_BUFFER_KEPT_BYTES_MAX);
const _: () = assert!(UNBUDGETED_FRAME_BYTES_MAX <= READ_BUFFER_KEPT_BYTES_MAX);
const _: () = assert!(QUEUED_REQUEST_BYTES_DEFAULT / QUEUED_REQUEST_UNIT_BYTES < 1 << 29);

/// Parts into which the fetch sessions are divided, each with its lock.
pub(crate) const FETCH_SESSION_SHARDS: usize = 8;

/// Bytes of the records of one OffsetCommit: far more than a batch of `__consumer_offsets` takes by default.
pub(crate) const OFFSET_COMMIT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What the record of a committed offset has beside names and metadata, at most.
pub(crate) const OFFSET_RECORD_BYTES: usize = 64;

/// How often a stopping broker looks whether a flush has let go of a partition.
pub(crate) const CLOSE_ATTEMPTS: usize = 2_000;
/// Time between two looks.
pub(crate) const CLOSE_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// Pause after a registration was refused; it doubles up to [`REGISTRATION_RETRY_MAX`].
pub(crate) const REGISTRATION_RETRY_MIN: std::time::Duration = std::time::Duration::from_millis(10);
/// See [`REGISTRATION_RETRY_MIN`].
pub(crate) const REGISTRATION_RETRY_MAX: std::time::Duration = std::time::Duration::from_secs(1);
