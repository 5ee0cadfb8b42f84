//! A bound on open files, so that an idle segment costs no descriptor.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Formatter};
use std::io::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::{File, Io, OpenMode, SharedDir};
use crate::limits::DESCRIPTORS_DEFAULT;

/// Keeps at most a fixed number of files open, those used last. A file is chosen for closing by
/// second chance: one that was used since it was last looked at stays for another round.
///
/// Handles given out ([`CachedFile::get`]) stay valid when the cache lets go of a file: a region
/// that is being sent keeps its descriptor until it is sent. So the process holds at most the
/// limit plus the files in regions under way.
pub struct DescriptorCache {
    io: Arc<dyn Io>,
    limit: usize,
    /// Files that may be open, in the order of the clock. Invariant: every open slot is in it once.
    open: Mutex<VecDeque<Weak<Slot>>>,
}

impl DescriptorCache {
    /// A cache over `io` that keeps at most `limit` files open.
    #[must_use]
    pub fn new(io: Arc<dyn Io>, limit: usize) -> Arc<Self> {
        assert!(limit > 0, "a cache holds at least one file");
        Arc::new(Self { io, limit, open: Mutex::default() })
    }

    /// A cache with the default limit.
    #[must_use]
    pub fn with_default_limit(io: Arc<dyn Io>) -> Arc<Self> {
        Self::new(io, DESCRIPTORS_DEFAULT)
    }

    /// The file system below.
    #[must_use]
    pub fn io(&self) -> &Arc<dyn Io> {
        &self.io
    }

    /// The file of this name in `dir`, opened when it is first used, for reading and writing; it must
    /// exist then.
    #[must_use]
    pub fn file(self: &Arc<Self>, dir: &Arc<SharedDir>, name: String) -> CachedFile {
        let slot = Slot { file: Mutex::new(None), name: Mutex::new(name), used: AtomicBool::new(false) };
        CachedFile { cache: Arc::clone(self), dir: Arc::clone(dir), slot: Arc::new(slot) }
    }

    /// Files the cache holds open now.
    #[must_use]
    pub fn open_files(&self) -> usize {
        let open = self.open.lock();
        open.iter().filter(|slot| slot.upgrade().is_some_and(|slot| slot.file.lock().is_some())).count()
    }

    /// Closes files until one more is within the limit, and enters a slot that was just opened.
    fn admit(&self, slot: &Arc<Slot>) {
        let mut open = self.open.lock();
        while open.len() >= self.limit {
            let Some(front) = open.pop_front() else { break };
            let Some(oldest) = front.upgrade() else { continue };
            if oldest.used.swap(false, Ordering::Relaxed) {
                open.push_back(front);
            } else {
                *oldest.file.lock() = None;
            }
        }
        open.push_back(Arc::downgrade(slot));
    }
}

impl Debug for DescriptorCache {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "DescriptorCache {{ limit: {}, known: {} }}", self.limit, self.open.lock().len())
    }
}

/// Lock order: the cache's `open`, then `file`. Nobody holds `file` and takes `open`. `name` is held while
/// the file is opened or renamed, and nothing but the directory is locked within.
struct Slot {
    file: Mutex<Option<Arc<dyn File>>>,
    name: Mutex<String>,
    /// Set by every use, cleared when the clock passes.
    used: AtomicBool,
}

/// A file known by its directory and name, opened on demand. Costs no descriptor while idle.
pub struct CachedFile {
    cache: Arc<DescriptorCache>,
    dir: Arc<SharedDir>,
    slot: Arc<Slot>,
}

impl CachedFile {
    /// The open file; opens it when the cache has let go of it.
    ///
    /// # Errors
    /// As [`Io::open`].
    pub fn get(&self) -> Result<Arc<dyn File>> {
        if let Some(file) = &*self.slot.file.lock() {
            self.slot.used.store(true, Ordering::Relaxed);
            return Ok(Arc::clone(file));
        }
        let opened = {
            let name = self.slot.name.lock();
            self.dir.with(|dir| self.cache.io.open(&dir.join(&*name), OpenMode::Write))?
        };
        Ok(self.put(opened))
    }

    /// Hands over a file that the caller has already opened (a new one), so that the first use
    /// does not open it again. Returns the file now in the cache.
    pub fn put(&self, opened: Arc<dyn File>) -> Arc<dyn File> {
        {
            let mut file = self.slot.file.lock();
            if let Some(file) = &*file {
                return Arc::clone(file);
            }
            *file = Some(Arc::clone(&opened));
        }
        self.cache.admit(&self.slot);
        opened
    }

    /// Gives the file another name in its directory. An open handle stays.
    ///
    /// # Errors
    /// As [`Io::rename`], then it has the old name; `NotFound` once the directory is retired.
    pub fn rename(&self, to: String) -> Result<()> {
        let mut name = self.slot.name.lock();
        self.dir.change(|dir| self.cache.io.rename(&dir.join(&*name), &dir.join(&to)))?;
        *name = to;
        Ok(())
    }

    /// Lets go of the open file now: before it is removed, or when its segment is idle.
    pub fn close(&self) {
        let mut open = self.cache.open.lock();
        open.retain(|slot| !std::ptr::eq(slot.as_ptr(), Arc::as_ptr(&self.slot)));
        *self.slot.file.lock() = None;
    }
}

impl Debug for CachedFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "CachedFile({})", self.slot.name.lock())
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;
    use std::path::Path;

    use super::*;
    use crate::io::MemoryIo;

    fn files(count: usize, limit: usize) -> (MemoryIo, Arc<DescriptorCache>, Vec<CachedFile>) {
        let io = MemoryIo::new();
        let cache = DescriptorCache::new(Arc::new(io.clone()), limit);
        let root = Arc::new(SharedDir::new(Path::new("/")));
        let file = |index: usize| {
            let file = io.open(&Path::new("/").join(index.to_string()), OpenMode::Create).unwrap();
            file.write_at(&[IoSlice::new(&[index as u8])], 0).unwrap();
            cache.file(&root, index.to_string())
        };
        let files = (0..count).map(file).collect();
        (io, cache, files)
    }

    fn byte(file: &Arc<dyn File>) -> u8 {
        let mut byte = [0];
        file.read_exact_at(&mut byte, 0).unwrap();
        byte[0]
    }

    #[test]
    fn many_files_are_served_through_few_descriptors() {
        let (io, cache, files) = files(50, 4);
        assert_eq!(io.open_files(), 0);
        for round in 0..3 {
            for (index, file) in files.iter().enumerate() {
                assert_eq!(byte(&file.get().unwrap()), index as u8, "round {round}");
                assert!(io.open_files() <= 4);
            }
        }
        assert_eq!(cache.open_files(), 4);
    }

    #[test]
    fn a_file_in_steady_use_stays_open() {
        let (io, _cache, files) = files(20, 3);
        let mut faults = 0;
        files[0].get().unwrap();
        for file in &files[1..] {
            file.get().unwrap();
            let before = io.calls();
            files[0].get().unwrap();
            faults += io.calls() - before;
        }
        assert!(faults <= 1, "opened again {faults} times");
    }

    #[test]
    fn a_handle_given_out_outlives_eviction_and_removal() {
        let (io, _cache, files) = files(10, 1);
        let held = files[3].get().unwrap();
        for file in &files {
            file.get().unwrap();
        }
        io.remove(Path::new("/3")).unwrap();
        assert_eq!(byte(&held), 3);
    }

    #[test]
    fn a_renamed_file_is_found_again() {
        let (io, cache, files) = files(2, 1);
        files[0].get().unwrap();
        files[0].rename("0.deleted".to_owned()).unwrap();
        files[1].get().unwrap();
        assert_eq!(byte(&files[0].get().unwrap()), 0);
        files[0].close();
        assert_eq!((cache.open_files(), io.open_files()), (0, 0));
    }

    #[test]
    fn a_dropped_file_frees_its_place() {
        let (io, cache, mut files) = files(3, 2);
        files.iter().for_each(|file| drop(file.get().unwrap()));
        files.clear();
        assert_eq!((cache.open_files(), io.open_files()), (0, 0));
    }
}
