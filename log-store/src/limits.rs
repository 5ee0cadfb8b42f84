//! Every bound of this crate, in one place, with what it costs.

/// Threads of the blocking backend that flush and read in the background. Each costs a stack
/// (virtual) and is started by the first work that finds all others busy.
pub const BACKGROUND_THREADS_MAX: usize = 8;

/// Entries of one ring: flushes or reads that one submission carries.
pub const RING_ENTRIES: u32 = 64;

/// Kernel threads that one ring may keep busy with flushes.
pub const RING_WORKERS_MAX: u32 = 32;

/// Rings kept for the next batch. Each is a descriptor and about 10 KiB of locked memory; a
/// batch that finds none makes one.
pub const RINGS_IDLE_MAX: usize = 4;

/// Files that the descriptor cache keeps open. A process commonly has 20,000 descriptors; the
/// rest is for connections and for regions being sent.
pub const DESCRIPTORS_DEFAULT: usize = 8_000;

const _: () = assert!(RING_ENTRIES.is_power_of_two());
const _: () = assert!(RING_WORKERS_MAX <= RING_ENTRIES);

/// What the records of one batch may decompress to. Costs as much per thread that validates one.
pub const DECOMPRESSED_BATCH_BYTES_MAX: usize = 128 << 20;

/// Decompressed bytes that a thread keeps for its next batch.
pub const SCRATCH_BYTES_KEPT: usize = 1 << 20;

/// Entries of an index that are kept in memory before they go to its file: 4 KiB and 6 KiB for each
/// segment that is being written.
pub const INDEX_TAIL_ENTRIES: usize = 512;

/// Bytes that a recovery reads at once; a larger batch is read whole.
pub const SCAN_CHUNK_BYTES: usize = 1 << 20;

/// Batches per producer that a retry is recognised against: as many as a client may have in flight.
pub const PRODUCER_BATCHES_MAX: usize = 5;

/// Faulty records that are named one by one when a batch is refused.
pub const RECORD_FAULTS_MAX: usize = 100;

const _: () = assert!(SCRATCH_BYTES_KEPT <= DECOMPRESSED_BATCH_BYTES_MAX);
