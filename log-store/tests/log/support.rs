//! A log on the memory file system, and batches for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::io::{Crash, Io, MemoryIo};
use log_store::log::{AppendError, AppendRules, Appended, Log, LogConfig, OpenError, Recovery};
use wire::batch::{BatchBuilder, batches};

/// The clock of all tests, ms.
pub(crate) const NOW: i64 = 1_700_000_000_000;
pub(crate) const DIR: &str = "/data/topic-0";

/// Segments of a few batches, indexes of a few entries.
pub(crate) fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 1200, index_interval_bytes: 150, ..LogConfig::default() }
}

/// A disk with one partition on it.
pub(crate) struct Disk {
    pub(crate) io: Arc<MemoryIo>,
    pub(crate) config: LogConfig,
}

impl Disk {
    pub(crate) fn new(config: LogConfig) -> Disk {
        let io = MemoryIo::new();
        // Whoever opens the log directory has made it durable.
        io.create_dir_all(Path::new("/data")).expect("creates");
        io.sync_dir(Path::new("/")).expect("syncs");
        Disk { io: Arc::new(io), config }
    }

    pub(crate) fn try_open(&self, recovery: Recovery) -> Result<Log, OpenError> {
        let io: Arc<dyn Io> = Arc::clone(&self.io) as Arc<dyn Io>;
        Log::open(io, Path::new(DIR), Arc::new(self.config.clone()), recovery, NOW)
    }

    pub(crate) fn open(&self, recovery: Recovery) -> Log {
        self.try_open(recovery).expect("opens")
    }

    pub(crate) fn open_new(&self) -> Log {
        self.open(Recovery::default())
    }

    /// The disk as a crash leaves it, without faults.
    pub(crate) fn crashed(&self, crash: Crash) -> Disk {
        Disk { io: Arc::new(self.io.crash(crash)), config: self.config.clone() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        Path::new(DIR).join(name)
    }

    /// Names of the partition's files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.io.list_dir(Path::new(DIR)).expect("lists").into_iter().map(|entry| entry.name).collect()
    }

    pub(crate) fn read_file(&self, name: &str) -> Vec<u8> {
        log_store::io::read_file(&*self.io, &self.path(name)).expect("reads")
    }

    pub(crate) fn write_file(&self, name: &str, bytes: &[u8]) {
        log_store::io::replace_file(&*self.io, &self.path(name), bytes).expect("writes");
    }
}

/// Closed in an orderly way, nothing to recover.
pub(crate) fn clean(recovery_point: i64) -> Recovery {
    Recovery { clean: true, recovery_point, log_start: 0 }
}

/// A batch as a client sends it: `count` records with values of `size` bytes, one ms apart.
pub(crate) fn batch(count: usize, size: usize, timestamp: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    for i in 0..count {
        builder.push(timestamp + i as i64, Some(b"key"), Some(&vec![b'v'; size]), &[]);
    }
    builder.build()
}

/// A batch of an idempotent producer.
pub(crate) fn produced(id: i64, epoch: i16, sequence: i32, count: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).producer(id, epoch, sequence);
    (0..count).for_each(|_| builder.push(NOW, None, Some(b"value"), &[]));
    builder.build()
}

pub(crate) fn try_append(log: &mut Log, bytes: &[u8]) -> Result<Appended, AppendError> {
    log.append_as_leader(bytes, 0, NOW, &AppendRules::CLIENT)
}

pub(crate) fn append(log: &mut Log, bytes: &[u8]) -> Appended {
    try_append(log, bytes).expect("appends")
}

/// Every batch from the start of the log on, with its base offset, read in pieces of `piece` bytes.
pub(crate) fn read_all(log: &Log, piece: usize) -> Vec<(i64, Vec<u8>)> {
    let reader = log.reader();
    let (mut offset, mut found, mut bytes) = (log.log_start(), Vec::new(), Vec::new());
    while offset < log.log_end() {
        let next = reader.read_batches(offset, piece, i64::MAX, &mut bytes).expect("reads");
        assert!(next > offset, "reading stands still at {offset}");
        for batch in batches(&bytes) {
            let batch = batch.expect("whole");
            batch.check_crc().expect("a good checksum");
            found.push((batch.base_offset(), batch.bytes().to_vec()));
        }
        offset = next;
    }
    found
}
