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
