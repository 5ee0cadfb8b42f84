//! A file system in memory that fails as a real one does.
//!
//! Every file has a live image (what reads see) and a durable one (what a power loss leaves);
//! between them stands the list of changes not yet flushed. Every directory has the same for its
//! names. [`MemoryIo::crash`] builds the disk that a restart would find; [`Faults`] decides which
//! calls fail. Everything is in a fixed order: the same calls and the same seeds give the same
//! disk.
//!
//! ```text
//!   tree.rs    names: live, durable, pending      faults.rs  the plan, the counters
//!   image.rs   bytes: live, durable, pending      crash.rs   what survives
//! ```

mod crash;
mod faults;
mod image;
mod tree;

#[cfg(test)]
mod tests;

pub use crash::Crash;
pub use faults::{Fault, Faults};

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::mem;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{DirEntry, File, Io, LockGuard, Metadata, OnFlush, OpenMode, ReadRequest, Space};
use faults::{Call, Disk};
use image::FileNode;
use tree::{Directory, Node};

/// What [`MemoryIo::space`](Io::space) reports while no capacity is set.
const CAPACITY_DEFAULT: u64 = 1 << 40;

/// A file system in memory. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryIo {
    root: Arc<Directory>,
    disk: Arc<Disk>,
    held: Arc<Mutex<Vec<HeldFlush>>>,
}

struct HeldFlush {
    file: Arc<dyn File>,
    done: OnFlush,
}

impl std::fmt::Debug for HeldFlush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.file.fmt(f)
    }
}

impl MemoryIo {
    /// An empty disk without faults. The root directory `/` exists.
    #[must_use]
    pub fn new() -> Self {
        Self::with_root(Arc::default(), Arc::default())
    }

    fn with_root(root: Arc<Directory>, disk: Arc<Disk>) -> Self {
        Self { root, disk, held: Arc::default() }
    }

    /// Replaces the plan of faults; its counters of calls begin at zero.
    pub fn set_faults(&self, faults: Faults) {
        self.disk.set_faults(faults);
    }

    /// Calls since the plan was set, reads included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.disk.calls()
    }

    /// Calls since the plan was set that change the disk: writes, flushes, names.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.disk.changes()
    }

    /// Handles that are open now.
    #[must_use]
    pub fn open_files(&self) -> u64 {
        self.disk.open_files()
    }

    /// Sets the time that changed files are stamped with, in milliseconds since 1970.
    pub fn set_now_ms(&self, now_ms: i64) {
        self.disk.set_now_ms(now_ms);
    }

    /// Ends the flushes that [`Faults::hold_flushes`] kept in flight, oldest first, and returns
    /// how many there were.
    pub fn release_flushes(&self) -> usize {
        let held = mem::take(&mut *self.held.lock());
        let count = held.len();
        for HeldFlush { file, done } in held {
            done(file.flush());
        }
        count
    }

    /// The disk as a restart finds it. This one stays as it is, so one state can be crashed in
    /// many ways.
    #[must_use]
    pub fn crash(&self, crash: Crash) -> Self {
        let disk = Arc::new(Disk::default());
        disk.set_now_ms(self.disk.now_ms());
        Self::with_root(Arc::new(crash::survivors(&self.root, crash, &disk)), disk)
    }

    fn parent_of(&self, path: &Path) -> Result<(Arc<Directory>, String)> {
        let name = path.file_name().ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        let parent = self.root.descend(path.parent().unwrap_or(Path::new("/")))?;
        Ok((parent, name.to_string_lossy().into_owned()))
    }

    fn find(&self, path: &Path) -> Result<Node> {
        if path.file_name().is_none() {
            return Ok(Node::Directory(Arc::clone(&self.root)));
        }
        let (parent, name) = self.parent_of(path)?;
        parent.get(&name)
    }
}

impl Default for MemoryIo {
    fn default() -> Self {
        Self::new()
    }
}

impl Io for MemoryIo {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        let (parent, name) = self.parent_of(path)?;
        let node = match (parent.get(&name), mode) {
            (Ok(_), OpenMode::CreateNew) => return Err(ErrorKind::AlreadyExists.into()),
            (Ok(Node::Directory(_)), _) => return Err(ErrorKind::IsADirectory.into()),
            (Ok(Node::File(node)), OpenMode::Truncate) => {
                self.disk.refuse(Call::Change)?;
                node.truncate(&self.disk, 0)?;
                node
            }
            (Ok(Node::File(node)), _) => {
                self.disk.refuse(Call::Read)?;
                node
            }
            (Err(error), OpenMode::Read | OpenMode::Write) => return Err(error),
            (Err(_), _) => {
                self.disk.refuse(Call::Change)?;
                let node = Arc::new(FileNode::new(&self.disk));
                parent.insert(name, Node::File(Arc::clone(&node)));
                node
            }
        };
        if mode != OpenMode::Read && node.is_read_only() {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(Arc::new(MemoryFile::open(node, path, mode, &self.disk)))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (parent, old_name) = self.parent_of(from)?;
        let (target, new_name) = self.parent_of(to)?;
        assert!(Arc::ptr_eq(&parent, &target), "renamed within one directory: {from:?} to {to:?}");
        parent.get(&old_name)?;
        self.disk.refuse(Call::Change)?;
        parent.rename(&old_name, new_name)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let (parent, name) = self.parent_of(path)?;
        if let Node::Directory(_) = parent.get(&name)? {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.disk.refuse(Call::Change)?;
        parent.remove(&name);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        let (parent, name) = self.parent_of(path)?;
        if !parent.get(&name)?.into_directory()?.is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        self.disk.refuse(Call::Change)?;
        parent.remove(&name);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        let directory = self.find(path)?.into_directory()?;
        match self.disk.begin(Call::Change)? {
            Some(Fault::Lie) => Ok(()),
            Some(fault) if fault.is_error() => {
                directory.lose_pending();
                Err(fault.to_error())
            }
            _ => {
                directory.sync();
                Ok(())
            }
        }
    }

    fn create_dir_all(&self, path: &Path) -> Result<()> {
        let mut at = Arc::clone(&self.root);
        for name in tree::names(path)? {
            at = match at.get(&name) {
                Ok(node) => node.into_directory()?,
                Err(_) => {
                    self.disk.refuse(Call::Change)?;
                    let made = Arc::new(Directory::default());
                    at.insert(name, Node::Directory(Arc::clone(&made)));
                    made
                }
            };
        }
        Ok(())
    }

    fn list_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let directory = self.find(path)?.into_directory()?;
        self.disk.refuse(Call::Read)?;
        Ok(directory.list())
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        Ok(self.find(path)?.metadata())
    }

    fn set_read_only(&self, path: &Path) -> Result<()> {
        let node = self.find(path)?;
        self.disk.refuse(Call::Change)?;
        if let Node::File(file) = node {
            file.set_read_only();
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<LockGuard> {
        drop(self.open(path, OpenMode::Create)?);
        let guard = Disk::lock(&self.disk, path)?;
        Ok(LockGuard::new(guard))
    }

    fn space(&self, path: &Path) -> Result<Space> {
        self.find(path)?;
        let total = self.disk.capacity().unwrap_or(CAPACITY_DEFAULT);
        Ok(Space { total, usable: total.saturating_sub(self.disk.used()) })
    }

    fn flush_all(&self, files: &[Arc<dyn File>]) -> Vec<Result<()>> {
        files.iter().map(|file| file.flush()).collect()
    }

    fn flush_later(&self, file: Arc<dyn File>, done: OnFlush) {
        if self.disk.holds_flushes() {
            self.held.lock().push(HeldFlush { file, done });
        } else {
            done(file.flush());
        }
    }

    fn read_batch(&self, requests: &mut [ReadRequest<'_>]) -> Vec<Result<usize>> {
        requests.iter_mut().map(|request| request.file.read_at(request.buffer, request.position)).collect()
    }
}

/// An open handle.
#[derive(Debug)]
struct MemoryFile {
    node: Arc<FileNode>,
    disk: Arc<Disk>,
    /// The name it was opened by, for messages.
    path: PathBuf,
    writable: bool,
}

impl MemoryFile {
    fn open(node: Arc<FileNode>, path: &Path, mode: OpenMode, disk: &Arc<Disk>) -> Self {
        disk.handle_opened();
        Self { node, disk: Arc::clone(disk), path: path.to_owned(), writable: mode != OpenMode::Read }
    }

    fn begin_change(&self) -> Result<Option<Fault>> {
        if !self.writable {
            let message = format!("{} is open for reading only", self.path.display());
            return Err(Error::new(ErrorKind::PermissionDenied, message));
        }
        self.disk.begin(Call::Change)
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        self.disk.handle_closed();
    }
}

impl File for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize> {
        let fault = self.disk.begin(Call::Read)?;
        if let Some(fault) = fault.filter(|fault| fault.is_error()) {
            return Err(fault.to_error());
        }
        let count = self.node.read(buffer, position);
        if let (Some(Fault::BitFlip { bit }), 1..) = (fault, count) {
            image::flip(&mut buffer[..count], bit);
        }
        Ok(count)
    }

    fn write_at(&self, slices: &[IoSlice<'_>], position: u64) -> Result<()> {
        let fault = self.begin_change()?;
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.node.write(&self.disk, bytes, position, fault)
    }

    fn flush(&self) -> Result<()> {
        match self.disk.begin(Call::Change)? {
            Some(Fault::Lie) => Ok(()),
            Some(fault) if fault.is_error() => {
                self.node.lose_pending();
                Err(fault.to_error())
            }
            _ => {
                self.node.flush();
                Ok(())
            }
        }
    }

    fn truncate(&self, length: u64) -> Result<()> {
        if let Some(fault) = self.begin_change()?.filter(|fault| fault.is_error()) {
            return Err(fault.to_error());
        }
        self.node.truncate(&self.disk, length)
    }

    fn len(&self) -> Result<u64> {
        Ok(self.node.len())
    }

    fn allocate(&self, length: u64) -> Result<()> {
        if let Some(fault) = self.begin_change()?.filter(|fault| fault.is_error()) {
            return Err(fault.to_error());
        }
        self.node.truncate(&self.disk, length.max(self.node.len()))
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}
