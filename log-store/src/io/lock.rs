//! The lock that keeps a second process, of ours or of Apache's, off a directory.

use std::fmt::{self, Debug, Formatter};
use std::fs::OpenOptions;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Holds an exclusive lock until dropped, or until the process ends.
pub struct LockGuard {
    _holder: Box<dyn Send + Sync>,
}

impl LockGuard {
    /// A guard that releases by dropping `holder`.
    pub(super) fn new(holder: impl Send + Sync + 'static) -> Self {
        Self { _holder: Box::new(holder) }
    }
}

impl Debug for LockGuard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("LockGuard")
    }
}

/// Locks the whole file with an open-file-description lock. It conflicts with the record locks
/// that Java's `FileChannel.tryLock` takes, and also with a second one of this process, which a
/// record lock would silently share.
pub(super) fn lock_file(path: &Path) -> Result<LockGuard> {
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o644).open(path)?;
    let request = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: the descriptor is open for the length of the call, and the kernel only reads
    // `request`, a fully initialised `struct flock`.
    let answer = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) };
    if answer == 0 {
        return Ok(LockGuard::new(file));
    }
    let error = Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EAGAIN) => {
            Err(Error::new(ErrorKind::WouldBlock, "another process holds the lock"))
        }
        _ => Err(error),
    }
}
