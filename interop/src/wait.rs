//! Waiting for what others do, with a deadline and a sentence for when it doesn't happen.

use std::time::{Duration, Instant};

/// How long two looks at another process's work lie apart.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Looks until `condition` holds and returns how long it took; `None` when `within` passes first.
pub fn until(within: Duration, mut condition: impl FnMut() -> bool) -> Option<Duration> {
    let start = Instant::now();
    loop {
        if condition() {
            return Some(start.elapsed());
        }
        if start.elapsed() > within {
            return None;
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// Like [`until`], for tests: fails with `what` when the deadline passes.
///
/// # Panics
/// When `condition` doesn't hold in time.
pub fn eventually(what: &str, within: Duration, condition: impl FnMut() -> bool) -> Duration {
    until(within, condition).unwrap_or_else(|| panic!("not seen within {within:?}: {what}"))
}
