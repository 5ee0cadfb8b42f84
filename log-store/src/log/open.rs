//! Opening a log: which files there are, and what state they add up to.
//!
//! ```text
//! Listing      names; leftovers of deletions and of the cleaner removed, finished swaps put in place
//!    │
//! segments ─▶ missing indexes built
//!    │
//! clean?  yes: the end is behind the last batch     no: every batch from the recovery point on is checked
//!    │
//! epochs, producers ─▶ Log
//! ```

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::flush::Unsynced;
use super::read::Shared;
use super::{Log, LogConfig, OpenError};
use crate::epochs::Epochs;
use crate::io::{DescriptorCache, EntryKind, Io};
use crate::producers::{Producers, Snapshots};
use crate::segment::Segment;
use crate::segment::names::{CLEANED_SUFFIX, DELETED_SUFFIX, FileKind, Place, SWAP_SUFFIX};
use crate::segment::writer::SegmentWriter;

/// What the checkpoints of the directory say about a log that is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The last use ended with [`Log::close`] (the directory has its clean-shutdown marker).
    pub clean: bool,
    /// All before was durable (`recovery-point-offset-checkpoint`); 0 if not known.
    pub recovery_point: i64,
    /// First readable offset (`log-start-offset-checkpoint`); 0 if not known.
    pub log_start: i64,
}

/// The files of a partition, by kind and offset.
#[derive(Debug, Default)]
struct Listing {
    files: BTreeSet<(FileKind, i64)>,
}

impl Listing {
    /// Lists the directory after leftovers of an interrupted deletion or cleaning are dealt with.
    fn read(place: &Place) -> io::Result<Listing> {
        let Some(names) = list_names(place)? else {
            return Ok(Listing::default());
        };
        let leftovers = remove_leftovers(place, &names)?;
        let names = if leftovers { list_names(place)?.unwrap_or_default() } else { names };
        let files = names.iter().filter_map(|name| FileKind::parse(name)).collect();
        Ok(Listing { files })
    }

    fn offsets(&self, kind: FileKind) -> impl Iterator<Item = i64> {
        self.files.iter().filter(move |(k, _)| *k == kind).map(|(_, offset)| *offset)
    }

    fn has(&self, kind: FileKind, offset: i64) -> bool {
        self.files.contains(&(kind, offset))
    }
}

/// Names of the files in the directory; `None` if there is no directory.
fn list_names(place: &Place) -> io::Result<Option<Vec<String>>> {
    match place.io.list_dir(&place.dir()) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(entries) => {
            let files = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
            Ok(Some(files.map(|entry| entry.name).collect()))
        }
    }
}

/// Removes segments that were being deleted and what a cleaner did not finish; puts what it finished in
/// place. Returns whether there was anything. Snapshots of the metadata log are not ours to remove.
fn remove_leftovers(place: &Place, names: &[String]) -> io::Result<bool> {
    let dir = place.dir();
    let leftover = |name: &&String| {
        let deleted = name.strip_suffix(DELETED_SUFFIX).and_then(FileKind::parse);
        deleted.or_else(|| name.strip_suffix(CLEANED_SUFFIX).and_then(FileKind::parse)).is_some()
    };
    let cleaned = |name: &String| name.strip_suffix(CLEANED_SUFFIX).and_then(FileKind::parse);
    let first_cleaned = names.iter().filter_map(cleaned).map(|(_, offset)| offset).min().unwrap_or(i64::MAX);
    let mut found = false;
    for name in names.iter().filter(leftover) {
        place.remove_if_exists(&dir.join(name))?;
        found = true;
    }
    let swaps: Vec<_> = names
        .iter()
        .filter_map(|name| Some((name, name.strip_suffix(SWAP_SUFFIX).and_then(FileKind::parse)?)))
        .collect();
    // A swap at or behind an unfinished cleaning belongs to a split that did not finish.
    let any = found || !swaps.is_empty();
    let (valid, invalid): (Vec<_>, Vec<_>) =
        swaps.into_iter().partition(|(_, (_, offset))| *offset < first_cleaned);
    for (name, _) in &invalid {
        place.remove_if_exists(&dir.join(name))?;
    }
    finish_swaps(place, names, &valid)?;
    Ok(any)
}

/// Replaces the segments that finished swaps cover.
fn finish_swaps(place: &Place, names: &[String], swaps: &[(&String, (FileKind, i64))]) -> io::Result<()> {
    let dir = place.dir();
    let bases = swaps.iter().filter(|(_, (kind, _))| *kind == FileKind::Log).map(|(_, (_, offset))| *offset);
    let (mut start, mut end) = (i64::MAX, i64::MIN);
    for base in bases {
        let path = dir.join(FileKind::Log.file_name(base) + SWAP_SUFFIX);
        start = start.min(base);
        end = end.max(end_of_file(place, &path, base)?);
    }
    let replaced = |name: &&String| {
        FileKind::parse(name)
            .is_some_and(|(kind, offset)| FileKind::SEGMENT.contains(&kind) && (start..end).contains(&offset))
    };
    for name in names.iter().filter(replaced) {
        place.remove_if_exists(&dir.join(name))?;
    }
    for (name, (kind, offset)) in swaps {
        place.io.rename(&dir.join(name.as_str()), &place.path(*kind, *offset))?;
    }
    Ok(())
}

/// The offset after the last batch of a file that is no segment yet.
fn end_of_file(place: &Place, path: &Path, base: i64) -> io::Result<i64> {
    let file = place.io.open(path, crate::io::OpenMode::Read)?;
    let end = file.len()?;
    let mut scan = crate::segment::scan::HeaderScan::new(file, 0, end);
    let mut next = base;
    while let Some(batch) = scan.next()? {
        next = batch.header().next_offset();
    }
    Ok(next)
}

impl Log {
    /// Opens the log in `dir`, or a new one if there is nothing; a new one makes no file before its first
    /// append. After an unclean end every batch behind the recovery point is checked and the log is cut
    /// behind the last whole one.
    ///
    /// # Errors
    /// A disk error. Damage never is one: what can be built anew is, the rest is cut off.
    pub fn open(
        io: Arc<dyn Io>,
        dir: &Path,
        config: Arc<LogConfig>,
        recovery: Recovery,
        now_ms: i64,
    ) -> Result<Log, OpenError> {
        Log::open_cached(DescriptorCache::with_default_limit(io), dir, config, recovery, now_ms)
    }

    /// As [`Log::open`], with a cache of descriptors that many logs share.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_cached(
        cache: Arc<DescriptorCache>,
        dir: &Path,
        config: Arc<LogConfig>,
        recovery: Recovery,
        now_ms: i64,
    ) -> Result<Log, OpenError> {
        let place = Arc::new(Place::new(cache, dir));
        Loader::load(place, config, recovery, now_ms)
            .map_err(|source| OpenError::Io { dir: dir.display().to_string(), source })
    }
}

/// What a log is put together from.
#[derive(Debug)]
pub(super) struct Loader {
    pub(super) place: Arc<Place>,
    pub(super) config: Arc<LogConfig>,
    pub(super) recovery: Recovery,
    pub(super) now_ms: i64,
    /// By base offset.
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) snapshots: Snapshots,
    pub(super) epochs: Epochs,
    pub(super) producers: Producers,
    /// Base offsets of segments whose indexes were built anew: nothing of them is durable yet.
    pub(super) rebuilt: Vec<i64>,
}

impl Loader {
    fn load(place: Arc<Place>, config: Arc<LogConfig>, recovery: Recovery, now_ms: i64) -> io::Result<Log> {
        let listing = Listing::read(&place)?;
        let mut loader = Loader {
            segments: Vec::new(),
            snapshots: Snapshots::new(&place, listing.offsets(FileKind::ProducerSnapshot).collect()),
            epochs: Epochs::default(),
            producers: Producers::default(),
            place,
            config,
            recovery,
            now_ms,
            rebuilt: Vec::new(),
        };
        loader.find_segments(&listing)?;
        loader.doubt_cleanness()?;
        loader.distrust_damaged_txn_index()?;
        loader.load_epochs()?;
        if loader.recovery.clean {
            loader.load_producers()?;
        } else {
            loader.recover()?;
        }
        loader.into_log()
    }

    fn find_segments(&mut self, listing: &Listing) -> io::Result<()> {
        let recovery_point = self.recovery.recovery_point;
        // These are read anyway, which builds their indexes.
        let recovered = listing.offsets(FileKind::Log).take_while(|base| *base < recovery_point).last();
        for base in listing.offsets(FileKind::Log) {
            let size = self.place.io.len(&self.place.path(FileKind::Log, base))?;
            let has_txn_index = listing.has(FileKind::TxnIndex, base);
            let interval = self.config.index_interval_bytes;
            let segment = Arc::new(Segment::existing(&self.place, base, size, has_txn_index, interval));
            let complete = listing.has(FileKind::OffsetIndex, base) && listing.has(FileKind::TimeIndex, base);
            if !complete && (self.recovery.clean || recovered.is_some_and(|first| base < first)) {
                tracing::warn!(dir = %self.place.dir().display(), base, "building missing indexes");
                segment.rebuild_indexes()?;
                self.rebuilt.push(base);
            }
            self.segments.push(segment);
        }
        for kind in [FileKind::OffsetIndex, FileKind::TimeIndex, FileKind::TxnIndex] {
            for orphan in listing.offsets(kind).filter(|base| !listing.has(FileKind::Log, *base)) {
                self.place.remove_if_exists(&self.place.path(kind, orphan))?;
            }
        }
        Ok(())
    }

    /// A log that was closed ends with a whole batch. If it does not, it was damaged since, and is read as
    /// after a crash.
    fn doubt_cleanness(&mut self) -> io::Result<()> {
        if !self.recovery.clean {
            return Ok(());
        }
        match self.log_end() {
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                tracing::warn!(dir = %self.place.dir().display(), %error, "a closed log is damaged");
                self.recovery.clean = false;
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    /// A transaction index is built from batches and producers together, so a damaged one makes the log
    /// be recovered from its segment on, as if the last use had not ended cleanly.
    fn distrust_damaged_txn_index(&mut self) -> io::Result<()> {
        for segment in self.segments.iter().filter(|_| self.recovery.clean) {
            match segment.txns().for_each(|_| true) {
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    let base = segment.base_offset();
                    tracing::warn!(dir = %self.place.dir().display(), base, %error, "recovering the log from here on");
                    self.recovery = Recovery { clean: false, recovery_point: base, ..self.recovery };
                    return Ok(());
                }
                checked => checked?,
            }
        }
        Ok(())
    }

    /// Reads the epochs; finds them in the batches if their file is damaged.
    fn load_epochs(&mut self) -> io::Result<()> {
        if let Some(epochs) = Epochs::load(&self.place)? {
            self.epochs = epochs;
            return Ok(());
        }
        tracing::warn!(dir = %self.place.dir().display(), "the file of leader epochs is damaged, reading the batches");
        for segment in &self.segments {
            let mut scan = segment.scan(0)?;
            // A torn tail ends the scan; its recovery follows.
            while let Ok(Some(batch)) = scan.next() {
                let header = batch.header();
                self.epochs.assign_if_later(header.leader_epoch(), header.base_offset());
            }
        }
        Ok(())
    }

    /// The end of the log as the last segment has it.
    pub(super) fn log_end(&self) -> io::Result<i64> {
        self.segments.last().map_or(Ok(self.recovery.log_start), |segment| segment.next_offset())
    }

    /// The first readable offset.
    pub(super) fn log_start(&self) -> i64 {
        let first = self.segments.first().map_or(0, |segment| segment.base_offset());
        self.recovery.log_start.max(first)
    }

    fn into_log(mut self) -> io::Result<Log> {
        let mut log_end = self.log_end()?;
        if log_end < self.recovery.log_start {
            self.remove_all(log_end)?;
            log_end = self.recovery.log_start;
        }
        let log_start = self.log_start();
        self.epochs.truncate_from_end(log_end);
        self.epochs.truncate_from_start(log_start);
        self.remove_stray_snapshots(log_start, log_end)?;
        let is_new = self.segments.is_empty();
        if is_new {
            self.segments.push(Arc::new(Segment::new(
                &self.place,
                log_start,
                self.config.index_interval_bytes,
            )));
        }
        let last = Arc::clone(self.segments.last().expect("at least one segment"));
        let recovery_point =
            if self.recovery.clean { log_end } else { self.recovery.recovery_point.min(log_end) };
        self.rebuilt.retain(|base| *base != last.base_offset());
        let writer = SegmentWriter::new(last, &self.config, self.now_ms);
        // After an orderly end all names are durable; otherwise a crash may have come before they were.
        let unsynced = Unsynced::new(is_new || !self.recovery.clean);
        Ok(Log {
            shared: Arc::new(Shared::new(self.segments, log_start, log_end)),
            place: self.place,
            config: self.config,
            writer,
            producers: self.producers,
            snapshots: self.snapshots,
            epochs: self.epochs,
            recovery_point,
            unsynced,
            sealed: self.rebuilt,
            truncations: 0,
            offline: None,
            metadata: None,
            failure: None,
        })
    }

    /// The log ends before it should start: files have been lost. It starts anew at its start.
    fn remove_all(&mut self, log_end: i64) -> io::Result<()> {
        tracing::warn!(dir = %self.place.dir().display(), log_end, log_start = self.recovery.log_start,
            "the log ends before its start: removing all segments");
        for segment in self.segments.drain(..) {
            segment.remove_files()?;
        }
        self.epochs.clear();
        self.producers = Producers::default();
        self.snapshots.remove_if(|_| true)
    }

    /// Removes snapshots that stand beside no segment, except the latest, which the last close wrote.
    fn remove_stray_snapshots(&mut self, log_start: i64, log_end: i64) -> io::Result<()> {
        let latest = self.snapshots.latest();
        let bases: BTreeSet<i64> = self.segments.iter().map(|segment| segment.base_offset()).collect();
        self.snapshots.remove_if(|offset| {
            let stray = !bases.contains(&offset) && Some(offset) != latest;
            stray || offset > log_end || (offset <= log_start && Some(offset) != latest)
        })
    }
}
