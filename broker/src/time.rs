//! The two clocks.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where the monotonic clock of this process starts.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Milliseconds on a clock that never jumps; they mean something within this process only.
pub(crate) fn monotonic_ms() -> u64 {
    START.elapsed().as_millis() as u64
}
