//! The one seam between the log and a disk.
//!
//! | backend | what it is for |
//! |---|---|
//! | [`MemoryIo`] | tests and the simulator: a live and a durable image, faults on demand |
//! | [`BlockingIo`] | system calls, and a bounded pool of threads for flushes |
//! | [`UringIo`] | the same, with group flushes and batches of reads through io_uring |
//!
//! A write is *live* when the call returns (every later read sees it) and *durable* once a flush
//! of the file that began afterwards has returned `Ok`. A name (created, renamed, removed) is
//! live at once and durable after [`Io::sync_dir`] of its directory. A failed flush leaves
//! unknown what is durable and is never retried: the directory goes offline.

mod blocking;
mod descriptors;
mod disk;
mod file;
mod helpers;
mod lock;
mod memory;
mod probe;
mod shared_dir;
mod uring;

pub use blocking::BlockingIo;
pub use descriptors::{CachedFile, DescriptorCache};
pub use file::{File, FileRegion};
pub use helpers::{read_file, replace_file};
pub use lock::LockGuard;
pub use memory::{Crash, Fault, Faults, MemoryIo};
pub use probe::{Backend, Probed, probe};
pub use shared_dir::SharedDir;
pub use uring::UringIo;

use std::fmt::Debug;
use std::io::Result;
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, for reading only.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// For reading and writing; made when absent, kept as it is when present.
    Create,
    /// For reading and writing; an existing file is refused with `AlreadyExists`.
    CreateNew,
    /// For reading and writing; made when absent, emptied when present.
    Truncate,
}

/// What a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else: symbolic links, sockets. The store leaves them alone.
    Other,
}

/// One name of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The last component of the path. A name that is not UTF-8 is listed with replacement
    /// characters; the store writes none.
    pub name: String,
    /// What it stands for.
    pub kind: EntryKind,
}

/// What is known of a path without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// File or directory.
    pub kind: EntryKind,
    /// Bytes of a file; unspecified for a directory.
    pub length: u64,
    /// When the content last changed, in milliseconds since 1970.
    pub modified_ms: i64,
}

/// Room on the file system that holds a path, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Size of the file system.
    pub total: u64,
    /// What this process may still use of it.
    pub usable: u64,
}

/// One read of a batch given to [`Io::read_batch`].
#[derive(Debug)]
pub struct ReadRequest<'a> {
    /// The file to read.
    pub file: &'a Arc<dyn File>,
    /// Where to begin, in bytes from the start of the file.
    pub position: u64,
    /// Filled from the front; its length is the most that is read.
    pub buffer: &'a mut [u8],
}

/// Called once with the result of a flush, on a thread of the backend, or on the caller's. It must
/// neither block nor panic: other flushes wait behind it.
pub type OnFlush = Box<dyn FnOnce(Result<()>) + Send>;

/// A file system. Used as `Arc<dyn Io>`; every call may block for as long as the disk takes,
/// except [`Io::flush_later`].
///
/// Errors are those of the system; the caller names the path when it reports them.
pub trait Io: Send + Sync + Debug {
    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound` (`Read`, `Write`, or a missing directory), `AlreadyExists` (`CreateNew`),
    /// no descriptors left, or a disk error.
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>>;

    /// Gives a file or directory another name in the same directory in one step, replacing a file
    /// (or an empty directory) that bears it.
    /// Durable after [`Io::sync_dir`] of that directory.
    ///
    /// # Errors
    /// `NotFound`, or a disk error; then nothing was renamed.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Removes a file's name; open handles stay readable. Durable after [`Io::sync_dir`].
    ///
    /// # Errors
    /// `NotFound`, or a disk error.
    fn remove(&self, path: &Path) -> Result<()>;

    /// Removes an empty directory. Durable after [`Io::sync_dir`] of its parent.
    ///
    /// # Errors
    /// `NotFound`, `DirectoryNotEmpty`, or a disk error.
    fn remove_dir(&self, path: &Path) -> Result<()>;

    /// Makes the names in a directory durable: those created, renamed and removed before.
    ///
    /// # Errors
    /// A disk error; then it is unknown which names are durable.
    fn sync_dir(&self, path: &Path) -> Result<()>;

    /// Creates a directory and its missing parents. A name is durable after [`Io::sync_dir`] of
    /// the directory that holds it.
    ///
    /// # Errors
    /// `NotADirectory` when a file stands in the way, or a disk error.
    fn create_dir_all(&self, path: &Path) -> Result<()>;

    /// The names in a directory, sorted, without `.` and `..`.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, or a disk error.
    fn list_dir(&self, path: &Path) -> Result<Vec<DirEntry>>;

    /// Kind, length and time of a path, symbolic links followed.
    ///
    /// # Errors
    /// `NotFound`, or a disk error.
    fn metadata(&self, path: &Path) -> Result<Metadata>;

    /// Takes away the right to write: mode 0400. Open handles keep theirs.
    ///
    /// # Errors
    /// `NotFound`, or a disk error.
    fn set_read_only(&self, path: &Path) -> Result<()>;

    /// Takes the exclusive lock of a file, made when absent, until the guard is dropped. Kafka's
    /// file lock and this one exclude each other, as do two guards of one process.
    ///
    /// # Errors
    /// `WouldBlock` when somebody else holds it, or a disk error.
    fn lock(&self, path: &Path) -> Result<LockGuard>;

    /// Room on the file system that holds `path`.
    ///
    /// # Errors
    /// `NotFound`, or a disk error.
    fn space(&self, path: &Path) -> Result<Space>;

    /// Flushes many files with as many flushes in flight as the backend can carry, and waits for
    /// all. The results stand in the order of the files.
    fn flush_all(&self, files: &[Arc<dyn File>]) -> Vec<Result<()>>;

    /// Starts a flush and returns at once; `done` gets the result. What was written before this
    /// call is durable when that is `Ok`.
    fn flush_later(&self, file: Arc<dyn File>, done: OnFlush);

    /// Performs many reads with as many in flight as the backend can carry, and waits for all.
    /// Each result is the number of bytes read, less than the buffer only at the end of the file.
    fn read_batch(&self, requests: &mut [ReadRequest<'_>]) -> Vec<Result<usize>>;

    /// Whether something bears this name.
    ///
    /// # Errors
    /// A disk error other than `NotFound`.
    fn exists(&self, path: &Path) -> Result<bool> {
        match self.metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Length of a file in bytes.
    ///
    /// # Errors
    /// `NotFound`, or a disk error.
    fn len(&self, path: &Path) -> Result<u64> {
        self.metadata(path).map(|metadata| metadata.length)
    }
}
