//! An open file, and a stretch of one.

use std::fmt::Debug;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// An open file, used as `Arc<dyn File>`. There is no cursor: every access names its position, so
/// readers and the one writer share a handle without a lock.
pub trait File: Send + Sync + Debug {
    /// Reads into the front of `buffer` and returns the number of bytes read: less than asked only
    /// at the end of the file, 0 past it.
    ///
    /// # Errors
    /// A disk error; the content of `buffer` is then unspecified.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize>;

    /// Writes all slices one after the other, from `position` on; beyond the end the file grows,
    /// a gap reads as zeros. The buffers may be reused on return; the bytes are live, not durable.
    ///
    /// # Errors
    /// No space left, or a disk error; any part of the bytes may then be live.
    fn write_at(&self, slices: &[IoSlice<'_>], position: u64) -> Result<()>;

    /// Makes what was written before this call, and the length, durable.
    ///
    /// # Errors
    /// A disk error. It is then unknown what is durable, and a second flush would not tell: take
    /// the directory offline.
    fn flush(&self) -> Result<()>;

    /// Cuts or (with zeros) extends the file to `length` bytes. Durable after a flush.
    ///
    /// # Errors
    /// A disk error; the length is then unchanged.
    fn truncate(&self, length: u64) -> Result<()>;

    /// Length in bytes.
    ///
    /// # Errors
    /// A disk error.
    fn len(&self) -> Result<u64>;

    /// Reserves room so that writes below `length` cannot run out of space, and extends the file
    /// with zeros to that length when it is shorter.
    ///
    /// # Errors
    /// `StorageFull`, or a disk error; the length is then unchanged.
    fn allocate(&self, length: u64) -> Result<()>;

    /// The descriptor, for `sendfile`; `None` in memory.
    fn as_fd(&self) -> Option<BorrowedFd<'_>>;

    /// Whether the file holds no bytes.
    ///
    /// # Errors
    /// As [`File::len`].
    fn is_empty(&self) -> Result<bool> {
        self.len().map(|length| length == 0)
    }

    /// Fills `buffer`.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before, or as [`File::read_at`].
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> Result<()> {
        if self.read_at(buffer, position)? == buffer.len() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::UnexpectedEof,
            format!("the file ends before byte {}", position + buffer.len() as u64),
        ))
    }
}

/// A stretch of a file that stays readable while the region lives, whatever happens to the name.
#[derive(Clone, Debug)]
pub struct FileRegion {
    /// The open file.
    pub file: Arc<dyn File>,
    /// First byte.
    pub position: u64,
    /// Number of bytes.
    pub length: u32,
}

impl FileRegion {
    /// Copies the bytes of the region.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file was cut inside the region, or a disk error.
    pub fn read(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.length as usize];
        self.file.read_exact_at(&mut bytes, self.position)?;
        Ok(bytes)
    }
}
