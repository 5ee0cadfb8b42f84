//! Effects, each performed in one place.

use log_store::log::no_checkpoint;
use snapshot::SnapshotError;
use wire::ErrorCode;

use super::DriverError;
use super::run::Driver;
use crate::engine::{
    Effect, Event, FetchOutcome, LogRange, OffsetAndEpoch, Peer, Refusal, Reply, Request, RequestId,
    SnapshotRange,
};
use crate::protocol::records::{build_batch, voter_set};
use crate::protocol::{FetchedBytes, ReplyContext, write_reply, write_request};
use crate::quorum_state::write_quorum_state;

impl Driver {
    pub(super) fn perform_all(&mut self, effects: Vec<Effect>) -> Result<(), DriverError> {
        effects.into_iter().try_for_each(|effect| self.perform(effect))
    }

    fn perform(&mut self, effect: Effect) -> Result<(), DriverError> {
        match effect {
            Effect::PersistQuorumState { state, kraft_version } => {
                let (io, directory) = (&*self.io, &self.config.directory);
                write_quorum_state(io, directory, &state, kraft_version, self.engine.voters().voters())?;
                self.events.push_front(Event::QuorumStatePersisted);
            }
            Effect::Append { base_offset, epoch, content } => {
                build_batch(&mut self.unwritten, base_offset, epoch, &content, self.now.wall_ms);
                self.unwritten_end = base_offset + content.record_count() as i64;
            }
            Effect::AppendFetched { bytes, end } => {
                self.unwritten.extend(bytes);
                self.unwritten_end = end;
            }
            Effect::Flush { .. } => self.flush_wanted = true,
            Effect::Truncate { end } => {
                self.write()?;
                self.log.truncate_to(end, self.now.wall_ms, no_checkpoint)?;
            }
            Effect::SendRequest { to, correlation_id, request } => {
                self.send_request(&to, correlation_id, &request);
            }
            Effect::Reply { to, reply } => self.reply(to, &reply)?,
            Effect::AdvanceHighWatermark { high_watermark } => {
                // Whoever sees the new end finds the voters and the snapshots before it as well.
                self.publish();
                self.shared.advance_high_watermark(high_watermark);
            }
            Effect::LeaderChanged { leader, epoch_start } => {
                match leader.leader_id {
                    Some(id) => tracing::info!(epoch = leader.epoch, "node {id} leads the metadata quorum"),
                    None => tracing::info!(epoch = leader.epoch, "nobody leads the metadata quorum"),
                }
                self.awaited_leadership = epoch_start.map(|start| (leader, start));
                if epoch_start.is_none() {
                    self.state_machine.leader_changed(leader);
                }
            }
            Effect::BeginSnapshot { id } => {
                self.receiving = None;
                self.receiving = Some(self.shared.snapshots.receive(id.into())?);
            }
            Effect::AppendSnapshot { bytes, .. } => {
                let receiver = self.receiving.as_mut().expect("a snapshot is begun before it is appended to");
                receiver.append(&bytes)?;
            }
            Effect::InstallSnapshot { id } => self.install_snapshot(id)?,
            Effect::Report(report) => tracing::warn!("{report}"),
        }
        Ok(())
    }

    /// Puts everything that was ordered into the log with one write.
    pub(super) fn write(&mut self) -> Result<(), DriverError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let epoch = self.engine.leader().epoch;
        let found = self.log.append_as_follower(&self.unwritten, epoch, self.now.wall_ms)?;
        self.unwritten.clear();
        if found != self.unwritten_end {
            return Err(DriverError::LostAppend { found, expected: self.unwritten_end });
        }
        Ok(())
    }

    fn send_request(&mut self, to: &Peer, correlation_id: u64, request: &Request) {
        self.outstanding.retain(|_, peer| *peer != to.id);
        self.outstanding.insert(correlation_id, to.id);
        let timeout_ms = i32::try_from(self.config.engine.request_timeout_ms).unwrap_or(i32::MAX);
        let request = write_request(request, &self.config.cluster_id, timeout_ms);
        self.transport.send(to, correlation_id, request);
    }

    fn reply(&mut self, to: RequestId, reply: &Reply) -> Result<(), DriverError> {
        if let Reply::UpgradeKRaftVersion(result) = reply {
            if let Some(asker) = self.upgrades.remove(&to) {
                asker(result.clone());
            }
            return Ok(());
        }
        let fetched = match reply {
            Reply::Fetch(response) => match response.outcome {
                FetchOutcome::Records(range) if range.from < range.to => {
                    self.write()?;
                    self.read_log(range)
                }
                _ => Ok(FetchedBytes::default()),
            },
            Reply::FetchSnapshot(response) => response.chunk.and_then(|range| self.read_snapshot(range)),
            _ => Ok(FetchedBytes::default()),
        };
        let Some(pending) = self.replies.remove(&to) else { return Ok(()) };
        let context = ReplyContext {
            api_version: pending.api_version,
            listener: &pending.listener,
            clock_offset_ms: self.now.wall_ms - self.now.monotonic_ms as i64,
        };
        (pending.reply)(write_reply(reply, fetched, context));
        Ok(())
    }

    /// What a fetch gets to see. A reader is told of a failing disk, and may turn elsewhere.
    fn read_log(&self, range: LogRange) -> Result<FetchedBytes, Refusal> {
        let mut bytes = Vec::new();
        let max_bytes = usize::try_from(range.max_bytes).unwrap_or(0);
        match self.log.reader().read_batches(range.from, max_bytes, range.to, &mut bytes) {
            Ok(_) => Ok(FetchedBytes { bytes, size: 0 }),
            Err(error) => {
                tracing::error!(%error, "a fetch could not be answered");
                Err(Refusal::Other(ErrorCode::KafkaStorageError.code()))
            }
        }
    }

    fn read_snapshot(&self, range: SnapshotRange) -> Result<FetchedBytes, Refusal> {
        let position = u64::try_from(range.position).map_err(|_| Refusal::PositionOutOfRange)?;
        let read =
            self.shared.snapshots.read_range(range.id.into(), position, range.max_bytes.unsigned_abs());
        let found = read.map_err(|error| match error {
            SnapshotError::OutOfRange { .. } => Refusal::PositionOutOfRange,
            error if error.is_not_found() => Refusal::SnapshotNotFound,
            _ => Refusal::Other(ErrorCode::KafkaStorageError.code()),
        })?;
        if position >= found.size {
            return Err(Refusal::PositionOutOfRange);
        }
        let bytes = found.region.read().map_err(|_| Refusal::Other(ErrorCode::KafkaStorageError.code()))?;
        Ok(FetchedBytes { bytes, size: found.size as i64 })
    }

    /// Lets a snapshot from the leader replace the log. A crash after it is durable and before the log
    /// is cut is mended at the next start.
    fn install_snapshot(&mut self, id: OffsetAndEpoch) -> Result<(), DriverError> {
        let receiver = self.receiving.take().expect("a snapshot is begun before it is installed");
        match receiver.freeze() {
            Ok(_) => {}
            Err(error @ SnapshotError::Damaged { .. }) => {
                tracing::warn!(%error, "the leader sent a damaged snapshot");
                self.events.push_back(Event::SnapshotRejected { id });
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        self.write()?;
        self.log.truncate_fully_and_start_at(id.offset, self.now.wall_ms, no_checkpoint)?;
        self.log.flush()?;
        self.shared.snapshots.delete_before(id.into())?;
        let header = self.shared.snapshots.read(id.into())?.header().clone();
        self.load_snapshot(id)?;
        let voters = header.voters.as_ref().map(voter_set);
        let kraft_version = header.kraft_version;
        self.events.push_back(Event::SnapshotInstalled { id, kraft_version, voters });
        Ok(())
    }
}
