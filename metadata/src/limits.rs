//! Limits, and how they relate.

/// Records that one request may write, as in Kafka.
pub(crate) const RECORDS_PER_REQUEST: usize = 10_000;

/// Partitions that one request may create, as in Kafka.
pub(crate) const PARTITIONS_PER_REQUEST: usize = 10_000;

/// Records of one step of a sweep over partitions: about 20 ms of planning, appending and replaying.
pub(crate) const SWEEP_RECORDS_PER_STEP: usize = 2_000;

/// Partitions that one step of a sweep looks at.
pub(crate) const SWEEP_PARTITIONS_PER_STEP: usize = 20_000;

/// Leaders moved back to their preferred replicas, or elected uncleanly, in one go, as in Kafka.
pub(crate) const ELECTIONS_PER_ROUND: usize = 1_000;

/// Producer ids in a block, as in Kafka.
pub(crate) const PRODUCER_ID_BLOCK: i64 = 1_000;

/// Longest value of a setting in characters, as in Kafka.
pub(crate) const CONFIG_VALUE_LENGTH: usize = i16::MAX as usize;

/// Longest topic name, as in Kafka.
pub(crate) const TOPIC_NAME_LENGTH: usize = 249;

/// Requests that may wait for the controller's thread; more are told to try again.
pub(crate) const QUEUED_EVENTS: usize = 10_000;

const _: () = assert!(SWEEP_RECORDS_PER_STEP <= RECORDS_PER_REQUEST);
const _: () = assert!(SWEEP_RECORDS_PER_STEP <= SWEEP_PARTITIONS_PER_STEP);

/// Records of one batch of a snapshot, as in Kafka.
pub(crate) const SNAPSHOT_BATCH_RECORDS: usize = 1024;

/// Batches of a snapshot that wait to be replayed, which bounds the memory of loading one.
pub(crate) const QUEUED_SNAPSHOT_BATCHES: usize = 4;

/// Events of raft that wait for the metadata thread; raft waits when there are more.
pub(crate) const QUEUED_RAFT_EVENTS: usize = 1024;

/// Requests that are handled before raft is listened to again.
pub(crate) const CALLS_PER_TURN: usize = 64;

/// Pause before records are offered again to a log that was too busy for them.
pub(crate) const BUSY_RETRY_MS: u64 = 5;
