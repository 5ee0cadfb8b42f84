//! What a reader of the log directory sees of snapshots, whatever happened to the machine.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

use kraftlog_snapshot::{
    BOOTSTRAP_FILE_NAME, SnapshotDirectory, SnapshotError, SnapshotHeader, SnapshotId, read_bootstrap,
    write_bootstrap,
};
use log_store::io::{Crash, Fault, Faults, Io, MemoryIo, OpenMode, read_file};
use wire::batch::batches;
use wire::metadata_records::MetadataRecord;

const DIR: &str = "/log";
const ID: SnapshotId = SnapshotId { offset: 100, epoch: 3 };
const PLAIN: SnapshotHeader =
    SnapshotHeader { last_contained_log_timestamp: 5, kraft_version: 0, voters: None };

fn disk() -> (MemoryIo, SnapshotDirectory) {
    let io = MemoryIo::new();
    io.create_dir_all(Path::new(DIR)).unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    let directory = open(&io);
    (io, directory)
}

fn open(io: &MemoryIo) -> SnapshotDirectory {
    SnapshotDirectory::open(Arc::new(io.clone()), Path::new(DIR)).unwrap()
}

fn records(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("record {n} {}", "x".repeat(n % 300)).into_bytes()).collect()
}

fn write(directory: &SnapshotDirectory, id: SnapshotId, records: &[Vec<u8>]) -> Result<u64, SnapshotError> {
    let mut writer = directory.create(id, &PLAIN, 1_000)?;
    for record in records {
        writer.append(record, 1_000)?;
    }
    writer.freeze(1_000)
}

fn read(directory: &SnapshotDirectory, id: SnapshotId) -> Result<Vec<Vec<u8>>, SnapshotError> {
    let mut found = Vec::new();
    directory.read(id)?.for_each_record(|record| {
        found.push(record.to_vec());
        Ok::<_, SnapshotError>(())
    })?;
    Ok(found)
}

fn names(io: &MemoryIo) -> Vec<String> {
    io.list_dir(Path::new(DIR)).unwrap().into_iter().map(|entry| entry.name).collect()
}

fn path(id: SnapshotId) -> std::path::PathBuf {
    Path::new(DIR).join(id.file_name())
}

fn put(io: &MemoryIo, name: &str, bytes: &[u8]) {
    let file = io.open(&Path::new(DIR).join(name), OpenMode::Truncate).unwrap();
    file.write_at(&[IoSlice::new(bytes)], 0).unwrap();
}

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/apache-4.3.1").join(name);
    std::fs::read(path).unwrap()
}

#[test]
fn records_come_back_in_order_and_the_file_survives_a_power_loss() {
    let (io, directory) = disk();
    let records = records(5_000);
    let size = write(&directory, ID, &records).unwrap();
    let after = open(&io.crash(Crash::Power));
    assert_eq!(after.list().unwrap(), [ID]);
    assert_eq!(read(&after, ID).unwrap(), records);
    let reader = after.read(ID).unwrap();
    assert_eq!((reader.header(), reader.id(), reader.size()), (&PLAIN, ID, size));
    assert_eq!(reader.verify().unwrap(), 5_000);
    assert!(io.open(&path(ID), OpenMode::Write).is_err(), "a complete snapshot is read-only");
}

#[test]
fn the_snapshot_that_apache_formats_with_is_read_and_written_byte_by_byte() {
    let (io, directory) = disk();
    let bytes = golden("00000000000000000000-0000000000.checkpoint");
    put(&io, &SnapshotId::BOOTSTRAP.file_name(), &bytes);
    let reader = directory.read(SnapshotId::BOOTSTRAP).unwrap();
    let header = reader.header().clone();
    assert_eq!(reader.verify().unwrap(), 0);
    assert_eq!(header.kraft_version, 1);
    let voter = header.voters.as_ref().unwrap().voters.iter().next().unwrap();
    let endpoint = voter.endpoints.iter().next().unwrap();
    assert_eq!(
        (voter.voter_id, &*endpoint.name, &*endpoint.host, endpoint.port),
        (7, "CONTROLLER", "127.0.0.1", 39193)
    );

    let times: Vec<_> = batches(&bytes).map(|batch| batch.unwrap().max_timestamp()).collect();
    let writer = directory.create(SnapshotId::BOOTSTRAP, &header, times[0]).unwrap();
    writer.freeze(times[1]).unwrap();
    assert_eq!(read_file(&io, &path(SnapshotId::BOOTSTRAP)).unwrap(), bytes);
}

#[test]
fn the_bootstrap_records_that_apache_formats_with_are_read() {
    let (io, _directory) = disk();
    assert_eq!(read_bootstrap(&io, Path::new(DIR)).unwrap(), None);
    put(&io, BOOTSTRAP_FILE_NAME, &golden(BOOTSTRAP_FILE_NAME));
    let records = read_bootstrap(&io, Path::new(DIR)).unwrap().unwrap();
    let features: Vec<_> = records
        .iter()
        .map(|record| match MetadataRecord::decode(record).unwrap() {
            MetadataRecord::FeatureLevel(feature) => (feature.name.into_owned(), feature.feature_level),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        ("metadata.version", 30),
        ("eligible.leader.replicas.version", 1),
        ("group.version", 1),
        ("share.version", 1),
        ("streams.version", 1),
        ("transaction.version", 2),
    ];
    assert_eq!(features, expected.map(|(name, level)| (name.to_owned(), level)));
    write_bootstrap(&io, Path::new(DIR), &records, 9).unwrap();
    assert_eq!(read_bootstrap(&io, Path::new(DIR)).unwrap().unwrap(), records);
    let length = |bytes: Vec<u8>| bytes.len();
    let written = read_file(&io, &Path::new(DIR).join(BOOTSTRAP_FILE_NAME)).unwrap();
    assert_eq!(length(written), length(golden(BOOTSTRAP_FILE_NAME)));
}

#[test]
fn an_unfinished_snapshot_leaves_nothing() {
    let (io, directory) = disk();
    let mut writer = directory.create(ID, &PLAIN, 0).unwrap();
    writer.append(b"x", 0).unwrap();
    assert_eq!(names(&io), ["00000000000000000100-0000000003.checkpoint.part"]);
    assert_eq!(directory.list().unwrap(), []);
    drop(writer);
    assert_eq!(names(&io), [""; 0]);
}

#[test]
fn leftovers_of_a_crash_are_removed_and_other_files_are_not() {
    let (io, directory) = disk();
    write(&directory, ID, &records(3)).unwrap();
    let kept = ["00000000000000000000.log", "leader-epoch-checkpoint", "quorum-state"];
    let stale = [
        "00000000000000000050-0000000001-8675309.checkpoint.part",
        "00000000000000000040-0000000001.checkpoint.deleted",
    ];
    kept.iter().chain(&stale).for_each(|name| put(&io, name, b"x"));
    let directory = open(&io);
    assert_eq!(directory.list().unwrap(), [ID]);
    let mut expected: Vec<_> = kept.map(String::from).to_vec();
    expected.push(ID.file_name());
    expected.sort();
    assert_eq!(names(&io), expected);
}

#[test]
fn older_snapshots_are_deleted_for_good() {
    let (io, directory) = disk();
    let ids = [(10, 1), (20, 1), (20, 2), (30, 2)].map(|(offset, epoch)| SnapshotId { offset, epoch });
    for id in ids.into_iter().rev() {
        write(&directory, id, &records(1)).unwrap();
    }
    assert_eq!(directory.list().unwrap(), ids);
    assert_eq!(directory.latest().unwrap(), Some(ids[3]));
    assert_eq!(directory.delete_before(ids[2]).unwrap(), ids[..2]);
    let after = open(&io.crash(Crash::Power));
    assert_eq!(after.list().unwrap(), ids[2..]);
    assert!(after.read(ids[0]).unwrap_err().is_not_found());
}

#[test]
fn ranges_put_together_are_the_snapshot() {
    let (io, directory) = disk();
    let records = records(2_000);
    let size = write(&directory, ID, &records).unwrap();
    let (other_io, other) = disk();
    let mut receiver = other.receive(ID).unwrap();
    while receiver.position() < size {
        let range = directory.read_range(ID, receiver.position(), 10_000).unwrap();
        assert_eq!(range.size, size);
        receiver.append(&range.region.read().unwrap()).unwrap();
        assert_eq!(other.list().unwrap(), []);
    }
    assert_eq!(directory.read_range(ID, size, 10_000).unwrap().region.length, 0);
    let error = directory.read_range(ID, size + 1, 1).unwrap_err();
    assert!(matches!(error, SnapshotError::OutOfRange { .. }), "{error}");
    assert!(directory.read_range(SnapshotId::BOOTSTRAP, 0, 1).unwrap_err().is_not_found());
    assert_eq!(receiver.freeze().unwrap(), size);
    assert_eq!(read(&other, ID).unwrap(), records);
    assert_eq!(read_file(&other_io, &path(ID)).unwrap(), read_file(&io, &path(ID)).unwrap());
}

#[test]
fn a_damaged_transfer_never_becomes_a_snapshot() {
    let (io, directory) = disk();
    write(&directory, ID, &records(10)).unwrap();
    let bytes = read_file(&io, &path(ID)).unwrap();
    for cut in [0, 60, bytes.len() - 1] {
        let mut receiver = directory.receive(SnapshotId { offset: 200, ..ID }).unwrap();
        receiver.append(&bytes[..cut]).unwrap();
        assert!(matches!(receiver.freeze(), Err(SnapshotError::Damaged { .. })));
        assert_eq!(names(&io), [ID.file_name()]);
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let (io, directory) = disk();
    write(&directory, ID, &records(20)).unwrap();
    let good = read_file(&io, &path(ID)).unwrap();
    let other = SnapshotId { offset: 101, ..ID };
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        put(&io, &other.file_name(), &bytes);
        let result = read(&directory, other);
        assert!(matches!(result, Err(SnapshotError::Damaged { .. })), "bit {bit}: {result:?}");
    }
}

#[test]
fn every_cut_is_found_and_named() {
    let (io, directory) = disk();
    write(&directory, ID, &records(20)).unwrap();
    let good = read_file(&io, &path(ID)).unwrap();
    let other = SnapshotId { offset: 101, ..ID };
    for length in 0..good.len() {
        put(&io, &other.file_name(), &good[..length]);
        assert!(matches!(read(&directory, other), Err(SnapshotError::Damaged { .. })), "{length} bytes");
    }
    let footer = batches(&good).last().unwrap().unwrap().bytes().len();
    put(&io, &other.file_name(), &good[..good.len() - footer]);
    let error = read(&directory, other).unwrap_err().to_string();
    let place = good.len() - footer;
    let name = "/log/00000000000000000101-0000000003.checkpoint";
    assert_eq!(error, format!("{name}: at byte {place}: the file ends without a footer"));
    put(&io, &other.file_name(), &[&good[..], b"xyz"].concat());
    let error = read(&directory, other).unwrap_err().to_string();
    assert_eq!(error, format!("{name}: at byte {}: 3 bytes behind the footer", good.len()));
}

#[test]
fn batches_out_of_place_are_found() {
    let (io, directory) = disk();
    write(&directory, ID, &records(4_000)).unwrap();
    let bytes = read_file(&io, &path(ID)).unwrap();
    let parts: Vec<&[u8]> = batches(&bytes).map(|batch| batch.unwrap().bytes()).collect();
    assert!(parts.len() > 4, "several batches of data");
    let last = parts.len() - 1;
    let cases = [
        ([&[parts[0], parts[2], parts[1]], &parts[3..]].concat(), "expected offset"),
        ([&parts[..2], &parts[1..]].concat(), "expected offset"),
        (parts[1..].to_vec(), "expected offset 0"),
        ([&parts[..1], &parts[..]].concat(), "expected offset 1"),
        (vec![parts[last], parts[last]], "expected offset 0"),
    ];
    for (parts, expected) in cases {
        put(&io, &SnapshotId { offset: 101, ..ID }.file_name(), &parts.concat());
        let error = read(&directory, SnapshotId { offset: 101, ..ID }).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    put(&io, &SnapshotId { offset: 100, epoch: 4 }.file_name(), &bytes);
    let error = read(&directory, SnapshotId { offset: 100, epoch: 4 }).unwrap_err().to_string();
    assert!(error.ends_with("at byte 0: expected epoch 4, got 3"), "{error}");
}

#[test]
fn a_lying_length_is_refused_before_memory_is_taken() {
    let (io, directory) = disk();
    write(&directory, ID, &records(2)).unwrap();
    let mut bytes = read_file(&io, &path(ID)).unwrap();
    bytes[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    put(&io, &SnapshotId::BOOTSTRAP.file_name(), &bytes);
    let error = directory.read(SnapshotId::BOOTSTRAP).unwrap_err().to_string();
    assert!(error.contains("a batch of 2147483659 bytes"), "{error}");
}

/// docs/durability.md, S1 and S2: for each change that is the last to reach the disk.
#[test]
fn after_any_crash_a_snapshot_is_whole_or_absent() {
    let contents = records(1_500);
    let changes = {
        let (io, directory) = disk();
        io.set_faults(Faults::default());
        write(&directory, ID, &contents).unwrap();
        io.changes()
    };
    for last in 0..=changes {
        for crash in [Crash::Process, Crash::Power].into_iter().chain((0..8).map(|seed| Crash::Torn { seed }))
        {
            let (io, directory) = disk();
            io.set_faults(Faults::power_off_after(last));
            let done = write(&directory, ID, &contents).is_ok();
            let after = open(&io.crash(crash));
            let found = after.list().unwrap();
            assert!(found.is_empty() || found == [ID]);
            assert!(!done || found == [ID], "{crash:?} after {last}: frozen means durable");
            if found == [ID] {
                assert_eq!(read(&after, ID).unwrap(), contents, "{crash:?} after {last}");
            }
        }
    }
}

/// docs/durability.md, S3: for each call that fails while the process goes on.
#[test]
fn after_any_failed_call_no_damaged_snapshot_is_there() {
    let contents = records(1_500);
    for number in 0..40 {
        for fault in [Fault::InputOutput, Fault::StorageFull, Fault::TornWrite { bytes: 100 }] {
            let (io, directory) = disk();
            io.set_faults(Faults::change(number, fault));
            let result = write(&directory, ID, &contents);
            io.set_faults(Faults::default());
            match directory.list().unwrap()[..] {
                [] => assert!(result.is_err()),
                [ID] => assert_eq!(read(&directory, ID).unwrap(), contents),
                ref other => panic!("{other:?}"),
            }
        }
    }
}
