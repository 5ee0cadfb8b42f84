//! The small files of a log directory. Input: a byte that says which file, then its content.

use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

use log_store::directory::{
    CheckpointKind, DirectoryError, LogDirectory, read_meta_properties, read_partition_metadata,
    write_meta_properties, write_partition_metadata,
};
use log_store::io::{Io, MemoryIo, OpenMode, read_file};
use raft::{QUORUM_STATE_FILE_NAME, QuorumStateError, VoterSet, read_quorum_state, write_quorum_state};

const DIR: &str = "/data";

/// Judges one input.
pub fn run(data: &[u8]) {
    let Some((file, content)) = data.split_first() else { return };
    match file % 8 {
        0 | 1 => run_quorum_state(content),
        2 => run_meta_properties(content),
        3 => run_partition_metadata(content),
        kind => run_checkpoint(CheckpointKind::ALL[usize::from(kind - 4)], content),
    }
    run_clean_shutdown(content);
}

/// A disk with one file in the directory.
fn disk_with(name: &str, content: &[u8]) -> MemoryIo {
    let io = MemoryIo::new();
    put(&io, Path::new(DIR), name, content);
    io
}

pub(crate) fn put(io: &MemoryIo, dir: &Path, name: &str, content: &[u8]) {
    io.create_dir_all(dir).expect("a disk without faults");
    let file = io.open(&dir.join(name), OpenMode::Truncate).expect("a disk without faults");
    file.write_at(&[IoSlice::new(content)], 0).expect("a disk without faults");
}

fn content_of(io: &MemoryIo, name: &str) -> Vec<u8> {
    read_file(io, &Path::new(DIR).join(name)).expect("a disk without faults")
}

/// A file that is refused is named, with what is wrong with it.
fn assert_named(error: &DirectoryError, name: &str) {
    assert!(error.to_string().contains(name), "{error}");
}

fn run_quorum_state(content: &[u8]) {
    let (io, dir) = (disk_with(QUORUM_STATE_FILE_NAME, content), Path::new(DIR));
    let nobody = VoterSet::default();
    let state = match read_quorum_state(&io, dir, &nobody) {
        Ok(state) => state.expect("the file is there"),
        Err(QuorumStateError::Damaged { fault, .. }) => return assert!(!fault.is_empty()),
        Err(error) => panic!("{error}"),
    };
    assert!(state.epoch >= 0);
    for kraft_version in [0, 1] {
        write_quorum_state(&io, dir, &state, kraft_version, &nobody).expect("a disk without faults");
        let again = read_quorum_state(&io, dir, &nobody).expect("just written").expect("just written");
        assert_eq!((again.epoch, again.leader_id), (state.epoch, state.leader_id));
        let ids = |state: &raft::ElectionState| state.voted.map(|key| key.id);
        assert_eq!(ids(&again), ids(&state));
        if kraft_version == 1 {
            assert_eq!(again, state);
        }
    }
}

fn run_meta_properties(content: &[u8]) {
    let (io, dir) = (disk_with("meta.properties", content), Path::new(DIR));
    match read_meta_properties(&io, dir) {
        Ok(meta) => {
            let meta = meta.expect("the file is there");
            write_meta_properties(&io, dir, &meta).expect("a disk without faults");
            assert_eq!(read_meta_properties(&io, dir).expect("just written"), Some(meta));
        }
        Err(error) => assert_named(&error, "meta.properties"),
    }
}

fn run_partition_metadata(content: &[u8]) {
    let (io, dir) = (disk_with("partition.metadata", content), Path::new(DIR));
    match read_partition_metadata(&io, dir) {
        Ok(metadata) => {
            let metadata = metadata.expect("the file is there");
            write_partition_metadata(&io, dir, metadata).expect("a disk without faults");
            assert_eq!(read_partition_metadata(&io, dir).expect("just written"), Some(metadata));
        }
        Err(error) => assert_named(&error, "partition.metadata"),
    }
}

fn run_checkpoint(kind: CheckpointKind, content: &[u8]) {
    let io = disk_with(kind.file_name(), content);
    let directory = LogDirectory::open(Arc::new(io.clone()), Path::new(DIR)).expect("a disk without faults");
    let entries = match directory.read_checkpoint(kind) {
        Ok(entries) => entries,
        Err(error) => return assert_named(&error, kind.file_name()),
    };
    let listed = entries.iter().map(|(partition, offset)| (partition, *offset));
    directory.write_checkpoint(kind, listed).expect("a disk without faults");
    assert_eq!(directory.read_checkpoint(kind).expect("just written"), entries);
    let text = String::from_utf8(content_of(&io, kind.file_name())).expect("text");
    assert!(text.starts_with("0\n"), "{text:?}");
}

/// Whatever it says, the mark stands for one clean stop and is gone after that.
fn run_clean_shutdown(content: &[u8]) {
    let io = disk_with(".kafka_cleanshutdown", content);
    let directory = LogDirectory::open(Arc::new(io), Path::new(DIR)).expect("a disk without faults");
    assert!(directory.take_clean_shutdown().expect("a disk without faults").is_some());
    assert!(directory.take_clean_shutdown().expect("a disk without faults").is_none());
}
