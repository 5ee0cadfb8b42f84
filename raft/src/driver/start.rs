//! From files to a running driver.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::bounded;
use log_store::directory::{PartitionMetadata, read_partition_metadata, write_partition_metadata};
use log_store::io::Io;
use log_store::log::{Log, Recovery, no_checkpoint};
use snapshot::{SnapshotDirectory, SnapshotId};
use wire::batch::batches;

use super::handle::Handle;
use super::run::{Driver, Now, Transport};
use super::shared::{QuorumInfo, Shared};
use super::{DriverConfig, DriverError};
use crate::engine::{ControlRecord, Engine, LogView, OffsetAndEpoch, Recovered, VoterHistory};
use crate::limits;
use crate::protocol::TOPIC_ID;
use crate::protocol::records::{DamagedBatch, control_records, voter_set};
use crate::quorum_state::read_quorum_state;
use crate::state_machine::StateMachine;

/// A metadata log and its snapshots, consistent with each other.
struct Opened {
    log: Log,
    snapshots: SnapshotDirectory,
    ids: Vec<SnapshotId>,
}

impl Driver {
    /// Opens or makes the files in the configured directory, loads the newest snapshot into the state
    /// machine and takes the role that the files speak for. A quorum of one leads on return; the log
    /// behind the snapshot is shown by the rounds that follow.
    ///
    /// # Errors
    /// [`DriverError`]: damage that cannot be made good from here, or a failing disk. Torn tails of the
    /// log and half-written snapshots are not damage; they are cut off.
    pub fn open(
        io: Arc<dyn Io>,
        config: DriverConfig,
        state_machine: Box<dyn StateMachine>,
        transport: Box<dyn Transport>,
        now: Now,
    ) -> Result<(Self, Handle), DriverError> {
        make_directory(&*io, &config.directory)?;
        claim_directory(&*io, &config.directory)?;
        let election = read_quorum_state(&*io, &config.directory, &config.static_voters)?;
        let Opened { log, snapshots, ids } = open_log(&io, &config, now)?;
        let voters = read_voters(&config, &log, &snapshots, &ids)?;
        let epochs = log.epochs().entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect();
        let view = LogView::recovered(
            log.log_start(),
            log.log_end(),
            epochs,
            ids.iter().map(|id| OffsetAndEpoch::from(*id)),
        );
        let recovered = Recovered { election, log: view, voters: voters.clone() };
        let mut effects = Vec::new();
        let engine = Engine::new(config.engine.clone(), recovered, now.monotonic_ms, &mut effects);
        let (sender, commands) = bounded(limits::COMMANDS_MAX);
        let shared = Arc::new(Shared::new(first_info(&config, &engine), voters, snapshots));
        shared.queue.lock().follow(&engine);
        let handle = Handle { shared: Arc::clone(&shared), commands: sender };
        let mut driver = Self {
            io,
            now,
            log,
            engine,
            state_machine,
            transport,
            shared,
            commands,
            _sender: handle.commands.clone(),
            waiting: None,
            events: VecDeque::new(),
            unwritten: Vec::new(),
            unwritten_end: 0,
            flush_wanted: false,
            receiving: None,
            replies: BTreeMap::new(),
            upgrades: BTreeMap::new(),
            next_request: 1,
            outstanding: BTreeMap::new(),
            unreachable: BTreeMap::new(),
            applied: 0,
            awaited_leadership: None,
            next_cleaning_ms: now.monotonic_ms,
            voters_revision: 0,
            failed: false,
            config,
        };
        if let Some(id) = ids.last() {
            driver.load_snapshot((*id).into())?;
        }
        driver.perform_all(effects)?;
        driver.settle()?;
        driver.publish();
        Ok((driver, handle))
    }
}

fn make_directory(io: &dyn Io, path: &Path) -> Result<(), DriverError> {
    let failed = |source| DriverError::Directory { path: path.to_owned(), source };
    io.create_dir_all(path).map_err(failed)?;
    match path.parent() {
        Some(parent) => io.sync_dir(parent).map_err(failed),
        None => Ok(()),
    }
}

/// Says whose directory it is, as Kafka does, unless that is said already.
fn claim_directory(io: &dyn Io, path: &Path) -> Result<(), DriverError> {
    match read_partition_metadata(io, path)? {
        Some(found) if found.topic_id != TOPIC_ID => {
            Err(DriverError::OtherTopic { path: path.to_owned(), topic_id: found.topic_id })
        }
        Some(_) => Ok(()),
        None => Ok(write_partition_metadata(io, path, PartitionMetadata { topic_id: TOPIC_ID })?),
    }
}

/// Opens log and snapshots and mends what a crash between two steps left: a snapshot that had yet to
/// replace the log, snapshots that the log start had passed already.
fn open_log(io: &Arc<dyn Io>, config: &DriverConfig, now: Now) -> Result<Opened, DriverError> {
    let snapshots = SnapshotDirectory::open(Arc::clone(io), &config.directory)?;
    let mut ids = snapshots.list()?;
    // Whatever the checkpoints of the directory say, the metadata log is checked as a whole: it is small.
    let mut log =
        Log::open(Arc::clone(io), &config.directory, config.log(), Recovery::default(), now.wall_ms)?;
    if let Some(latest) = ids.last().filter(|latest| latest.offset > log.log_end()) {
        log.truncate_fully_and_start_at(latest.offset, now.wall_ms, no_checkpoint)?;
    }
    // After a crash of the process alone, the tail may be in memory only. This node counts all it finds
    // as durable, so it has to be.
    log.flush()?;
    let first_kept = ids.iter().position(|id| id.offset >= log.log_start()).unwrap_or(ids.len());
    if let Some(first) = ids.get(first_kept) {
        snapshots.delete_before(*first)?;
    }
    ids.drain(..first_kept);
    let snapshot_end = ids.last().map_or(0, |id| id.offset);
    if log.log_start() > snapshot_end {
        return Err(DriverError::Gap { log_start: log.log_start(), snapshot_end });
    }
    Ok(Opened { log, snapshots, ids })
}

/// The voters as of the end of the log: configuration, then the newest snapshot, then the log behind it.
fn read_voters(
    config: &DriverConfig,
    log: &Log,
    snapshots: &SnapshotDirectory,
    ids: &[SnapshotId],
) -> Result<VoterHistory, DriverError> {
    let mut voters = VoterHistory::new(config.static_voters.clone());
    let mut offset = log.log_start();
    if let Some(id) = ids.last() {
        let reader = snapshots.read(*id)?;
        let header = reader.header();
        voters.load_snapshot((*id).into(), header.kraft_version, header.voters.as_ref().map(voter_set));
        offset = id.offset;
    }
    let mut bytes = Vec::new();
    while offset < log.log_end() {
        let next =
            log.reader().read_batches(offset, limits::DELIVERY_BYTES_MAX, log.log_end(), &mut bytes)?;
        append_control_records(&mut voters, &bytes, offset)?;
        assert!(next > offset, "the log has batches up to its end");
        offset = next;
    }
    Ok(voters)
}

fn append_control_records(voters: &mut VoterHistory, bytes: &[u8], from: i64) -> Result<(), DriverError> {
    for batch in batches(bytes) {
        let batch = batch.map_err(|error| DamagedBatch { offset: from, fault: error.to_string() })?;
        let records: Vec<(i64, ControlRecord)> = control_records(&batch)?;
        for (offset, record) in records.iter().filter(|(offset, _)| *offset >= from) {
            voters.append(*offset, record);
        }
    }
    Ok(())
}

fn first_info(config: &DriverConfig, engine: &Engine) -> QuorumInfo {
    let status = engine.status();
    QuorumInfo {
        node_id: config.engine.node_id,
        role: status.role,
        leader: status.leader,
        high_watermark: status.high_watermark,
        applied: 0,
        log_end: status.log_end,
        voters: status.voters,
        kraft_version: status.kraft_version,
        latest_snapshot: engine.log().latest_snapshot(),
        awaited_votes: status.awaited_votes,
        unreachable: Vec::new(),
    }
}
