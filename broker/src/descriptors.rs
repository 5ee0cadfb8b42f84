//! How the process's open-file descriptors are shared out, so that no number of connections keeps a log
//! from opening its files: that would look like a failed disk.

use std::sync::OnceLock;

use log_store::limits::DESCRIPTORS_DEFAULT;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the node itself: listeners, rings, the metadata log, snapshots, files on their way out.
const RESERVE: usize = 256;

/// The shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptors {
    /// Files of logs.
    pub(crate) files: usize,
    /// Connections.
    pub(crate) connections: usize,
}

impl Descriptors {
    /// The shares of this process, whose soft limit is raised to the hard one when it is first asked.
    pub(crate) fn of_process() -> Self {
        static SHARES: OnceLock<Descriptors> = OnceLock::new();
        *SHARES.get_or_init(|| Self::share(raise_limit()))
    }

    fn share(limit: usize) -> Self {
        let left = limit.saturating_sub(RESERVE).max(2);
        let files = DESCRIPTORS_DEFAULT.min(left / 2);
        Self { files, connections: left - files }
    }
}

/// Returns how many descriptors there may be.
fn raise_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let in_force = if raised.is_ok() { limit.maximum } else { limit.current };
    in_force.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_connections_never_exceed_the_limit_together() {
        for limit in [1024, 4096, 20_000, 1 << 20] {
            let shares = Descriptors::share(limit);
            assert_eq!(shares.files + shares.connections + RESERVE, limit);
            assert!(shares.files >= 384 && shares.connections >= 384, "{shares:?}");
        }
        assert_eq!(Descriptors::share(usize::MAX).files, DESCRIPTORS_DEFAULT);
        assert_eq!(Descriptors::share(0), Descriptors { files: 1, connections: 1 });
    }
}
