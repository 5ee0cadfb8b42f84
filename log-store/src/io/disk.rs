//! Files of the operating system. Both real backends share this; they differ in how many flushes
//! and reads they keep in flight.

use std::fmt::Debug;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use rustix::fs::{FallocateFlags, fallocate, fdatasync, fsync, statvfs};
use rustix::io::pwritev;

use super::lock::{LockGuard, lock_file};
use super::{DirEntry, EntryKind, File, Io, Metadata, OnFlush, OpenMode, ReadRequest, Space};

/// Slices that one `pwritev` takes (IOV_MAX on Linux).
const SLICES_MAX: usize = 1024;

/// Rights of a new file before the umask takes its share: never for everybody, since payloads and
/// credentials are inside; for the group as the operator's umask says, so that backups and tools which
/// share the group with Apache Kafka go on reading.
const FILE_MODE: u32 = 0o660;

/// How a backend keeps many operations in flight.
pub trait Engine: Send + Sync + Debug + 'static {
    /// As [`Io::flush_all`].
    fn flush_all(&self, files: &[Arc<dyn File>]) -> Vec<Result<()>>;
    /// As [`Io::flush_later`].
    fn flush_later(&self, file: Arc<dyn File>, done: OnFlush);
    /// As [`Io::read_batch`].
    fn read_batch(&self, requests: &mut [ReadRequest<'_>]) -> Vec<Result<usize>>;
}

/// The operating system's files, with `E` carrying what goes in parallel.
#[derive(Debug)]
pub struct DiskIo<E: Engine> {
    pub(super) engine: E,
}

impl<E: Engine> Io for DiskIo<E> {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        let mut options = OpenOptions::new();
        options.read(true).write(mode != OpenMode::Read).mode(FILE_MODE);
        match mode {
            OpenMode::Read | OpenMode::Write => {}
            OpenMode::Create => _ = options.create(true),
            OpenMode::CreateNew => _ = options.create_new(true),
            OpenMode::Truncate => _ = options.create(true).truncate(true),
        }
        Ok(Arc::new(DiskFile { file: options.open(path)? }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        fs::remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        Ok(fsync(fs::File::open(path)?)?)
    }

    fn create_dir_all(&self, path: &Path) -> Result<()> {
        fs::create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let kind = entry_kind(entry.file_type()?);
            entries.push(DirEntry { name: entry.file_name().to_string_lossy().into_owned(), kind });
        }
        entries.sort_unstable();
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        let metadata = fs::metadata(path)?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Metadata {
            kind: entry_kind(metadata.file_type()),
            length: metadata.len(),
            modified_ms: i64::try_from(modified.as_millis()).unwrap_or(i64::MAX),
        })
    }

    fn set_read_only(&self, path: &Path) -> Result<()> {
        fs::set_permissions(path, Permissions::from_mode(0o400))
    }

    fn lock(&self, path: &Path) -> Result<LockGuard> {
        lock_file(path)
    }

    fn space(&self, path: &Path) -> Result<Space> {
        let answer = statvfs(path)?;
        Ok(Space { total: answer.f_blocks * answer.f_frsize, usable: answer.f_bavail * answer.f_frsize })
    }

    fn flush_all(&self, files: &[Arc<dyn File>]) -> Vec<Result<()>> {
        self.engine.flush_all(files)
    }

    fn flush_later(&self, file: Arc<dyn File>, done: OnFlush) {
        self.engine.flush_later(file, done);
    }

    fn read_batch(&self, requests: &mut [ReadRequest<'_>]) -> Vec<Result<usize>> {
        self.engine.read_batch(requests)
    }
}

fn entry_kind(kind: fs::FileType) -> EntryKind {
    if kind.is_file() {
        EntryKind::File
    } else if kind.is_dir() {
        EntryKind::Directory
    } else {
        EntryKind::Other
    }
}

/// An open file of the operating system.
#[derive(Debug)]
pub(super) struct DiskFile {
    file: fs::File,
}

impl File for DiskFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read_at(&mut buffer[done..], position + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, slices: &[IoSlice<'_>], position: u64) -> Result<()> {
        if let [one] = slices {
            return self.file.write_all_at(one, position);
        }
        let mut position = position;
        for group in slices.chunks(SLICES_MAX) {
            position += write_group(&self.file, group, position)?;
        }
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(fdatasync(&self.file)?)
    }

    fn truncate(&self, length: u64) -> Result<()> {
        self.file.set_len(length)
    }

    fn len(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn allocate(&self, length: u64) -> Result<()> {
        Ok(fallocate(&self.file, FallocateFlags::empty(), 0, length)?)
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }
}

/// Writes the slices of one group and returns their length in bytes. The kernel may take only a
/// part (a signal, a nearly full disk): the rest then goes slice by slice.
fn write_group(file: &fs::File, group: &[IoSlice<'_>], position: u64) -> Result<u64> {
    let total: usize = group.iter().map(|slice| slice.len()).sum();
    let mut written = match pwritev(file, group, position) {
        Ok(count) => count,
        Err(rustix::io::Errno::INTR) => 0,
        Err(error) => return Err(Error::from(error)),
    };
    let mut start = 0;
    for slice in group {
        let end = start + slice.len();
        if written < end {
            file.write_all_at(&slice[written - start..], position + written as u64)?;
            written = end;
        }
        start = end;
    }
    Ok(total as u64)
}
