//! Snapshots of the metadata log. Input: a byte, then the file; with the byte's lowest bit set the checksums
//! of its batches are put right first.

use std::path::Path;
use std::sync::Arc;

use log_store::io::{Io, MemoryIo};
use snapshot::{BOOTSTRAP_FILE_NAME, SnapshotDirectory, SnapshotError, SnapshotId, read_bootstrap};
use wire::metadata_records::MetadataRecord;

use crate::memory::peak_of;
use crate::segment_recovery::put_checksums_right;
use crate::state_files::put;

const DIR: &str = "/data/__cluster_metadata-0";
/// The snapshot that the file claims to be.
pub const ID: SnapshotId = SnapshotId { offset: 10, epoch: 3 };
/// What reading may hold: one batch, its records decompressed, and the codecs' own.
const HELD_BYTES_MAX: usize = 64 << 20;

/// Judges one input.
pub fn run(data: &[u8]) {
    let Some((flags, content)) = data.split_first() else { return };
    let mut content = content.to_vec();
    if flags & 1 == 1 {
        put_checksums_right(&mut content);
    }
    let (io, dir) = (MemoryIo::new(), Path::new(DIR));
    put(&io, dir, &ID.file_name(), &content);
    put(&io, dir, BOOTSTRAP_FILE_NAME, &content);
    let directory = SnapshotDirectory::open(Arc::new(io.clone()), dir).expect("a disk without faults");
    assert_eq!(directory.latest().expect("a disk without faults"), Some(ID));
    let (first, peak) = peak_of(|| records_of(&directory).ok());
    assert!(peak <= HELD_BYTES_MAX, "{peak} bytes for a snapshot of {}", content.len());
    let verified = directory.read(ID).and_then(snapshot::SnapshotReader::verify).ok();
    assert_eq!(first.as_ref().map(|records| records.len() as u64), verified, "two readings of one file");
    for record in first.iter().flatten() {
        let _may_be_refused = MetadataRecord::decode(record);
    }
    let _may_be_refused = read_bootstrap(&io as &dyn Io, dir);
    run_ranges(&directory, content.len());
}

fn records_of(directory: &SnapshotDirectory) -> Result<Vec<Vec<u8>>, SnapshotError> {
    let mut records = Vec::new();
    directory.read(ID)?.for_each_record(|record| {
        records.push(record.to_vec());
        Ok::<_, SnapshotError>(())
    })?;
    Ok(records)
}

/// A follower gets every byte, damaged or not: it checks what it has fetched.
fn run_ranges(directory: &SnapshotDirectory, size: usize) {
    let mut position = 0;
    while position < size {
        let range = directory.read_range(ID, position as u64, 1000).expect("within the file");
        assert_eq!(range.size, size as u64);
        assert!(range.region.length > 0, "a range moves on");
        position += range.region.length as usize;
    }
    assert_eq!(position, size);
    assert!(directory.read_range(ID, size as u64 + 1, 1).is_err(), "behind the end");
}
