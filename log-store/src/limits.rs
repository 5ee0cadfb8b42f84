//! Every bound of this crate, in one place, with what it costs.

/// Threads of the blocking backend that flush and read in the background. Each costs a stack
/// (virtual) and is started by the first work that finds all others busy.
pub const BACKGROUND_THREADS_MAX: usize = 8;
