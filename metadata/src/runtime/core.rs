//! The metadata thread's work, without the thread: events in, images and answers out.

use std::sync::Arc;

use raft::{LeaderAndEpoch, OffsetAndEpoch};
use wire::ErrorCode;

use super::active::{Active, Committed, Deposed, answer, note_contact};
use super::cache::MetadataCache;
use super::events::{Call, RaftBatch, RaftEvent};
use super::loader::{LoadError, Loader};
use super::publisher::Publisher;
use super::quorum::Quorum;
use super::snapshots::SnapshotTrigger;
use crate::controller::{ApiError, Controller, ControllerConfig, Dice};
use crate::delta::MetadataDelta;
use crate::image::Provenance;

/// What the metadata thread must know.
pub struct RuntimeConfig {
    /// About the node and its cluster. `None` on a node that is no controller: it only follows the log.
    pub controller: Option<ControllerConfig>,
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub snapshot_bytes_max: usize,
    /// `metadata.log.max.snapshot.interval.ms`; 0 has no limit.
    pub snapshot_interval_ms: i64,
    /// Seed of topic ids and placement; the system's randomness in production.
    pub seed: [u8; 32],
    /// Write snapshots in place instead of on a thread of their own: for simulations.
    pub inline_snapshots: bool,
}

/// Joins loader, controller and publishers. Whoever owns it calls its methods with the time: `now_ms` on a clock
/// that is milliseconds of the Unix epoch when it starts and never goes back.
pub struct MetadataRuntime {
    config: RuntimeConfig,
    quorum: Arc<dyn Quorum>,
    loader: Loader,
    active: Option<Active>,
    /// Kept from one activation to the next.
    dice: Option<Dice>,
    publishers: Vec<Box<dyn Publisher>>,
    cache: MetadataCache,
    snapshots: SnapshotTrigger,
    leader: LeaderAndEpoch,
}

impl MetadataRuntime {
    /// A runtime on an empty log. Publishers are told in their order, the cache before them.
    pub fn new(
        config: RuntimeConfig,
        quorum: Arc<dyn Quorum>,
        publishers: Vec<Box<dyn Publisher>>,
        cache: MetadataCache,
    ) -> Self {
        let snapshots = SnapshotTrigger::new(config.snapshot_bytes_max, config.snapshot_interval_ms);
        let dice = Some(Dice::new(config.seed));
        let leader = LeaderAndEpoch { leader_id: None, epoch: 0 };
        let loader = Loader::default();
        Self { config, quorum, loader, active: None, dice, publishers, cache, snapshots, leader }
    }

    /// Whether this node's controller is the active one.
    pub fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// Handles what raft tells. `false` once the node stops.
    ///
    /// # Errors
    /// The log cannot be followed any further; the node must stop.
    pub fn handle_raft(&mut self, event: RaftEvent, now_ms: u64) -> Result<bool, LoadError> {
        match event {
            RaftEvent::Committed { batches, .. } => self.commit(&batches, now_ms)?,
            RaftEvent::Snapshot { id, append_ms, batches } => {
                self.load_snapshot(id, append_ms, batches.into_iter())?;
            }
            RaftEvent::Leader(leader) => self.change_leader(leader, now_ms),
            RaftEvent::Shutdown => {
                self.depose("the node stops");
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Handles a request. It is answered once what it asked for is committed and published.
    pub fn handle_call(&mut self, call: Call, now_ms: u64) {
        let Some(active) = &mut self.active else {
            answer(call.reply, Err(self.not_controller()));
            return;
        };
        note_contact(active, &call, now_ms);
        let outcome = active.handle(call, &*self.quorum, now_ms);
        self.resign_if_deposed(outcome);
    }

    /// Does a bounded piece of what is to be done without anybody asking. `true` if there is more.
    pub fn turn(&mut self, now_ms: u64) -> bool {
        if let Some(active) = &mut self.active {
            let outcome = active.turn(&*self.quorum, now_ms);
            self.resign_if_deposed(outcome);
        }
        self.write_snapshot_if_due(now_ms);
        self.active.as_ref().is_some_and(Active::has_work)
    }

    /// When [`Self::turn`] has something to do if nothing happens before.
    pub fn next_turn_ms(&self) -> u64 {
        let tick = self.active.as_ref().map_or(u64::MAX, Active::next_turn_ms);
        let snapshot = self.snapshots.due_ms().map_or(u64::MAX, |due| due.max(0) as u64);
        tick.min(snapshot)
    }

    #[cfg(test)]
    pub(super) fn publishers_for_tests(&mut self) -> &mut Vec<Box<dyn Publisher>> {
        &mut self.publishers
    }

    fn commit(&mut self, batches: &[RaftBatch], now_ms: u64) -> Result<(), LoadError> {
        let mut rest = batches;
        while let Some(batch) = rest.first() {
            self.snapshots.count(batch.size_bytes, batch.append_ms);
            let ours = self.take_ours(batch);
            if !ours.is_empty() {
                ours.into_iter().for_each(|ours| self.publish_own(ours, batch));
                rest = &rest[1..];
                continue;
            }
            // Batches of others are loaded together, which saves publishing each.
            let foreign = if self.active.is_some() { &rest[..1] } else { rest };
            foreign[1..].iter().for_each(|batch| self.snapshots.count(batch.size_bytes, batch.append_ms));
            if let Some(delta) = self.loader.load(foreign)? {
                self.publish(&delta);
            }
            rest = &rest[foreign.len()..];
        }
        self.write_snapshot_if_due(now_ms);
        Ok(())
    }

    /// What a committed batch holds of this node's own.
    fn take_ours(&mut self, batch: &RaftBatch) -> Vec<Committed> {
        let Some(active) = &mut self.active else { return Vec::new() };
        match active.committed(batch) {
            Ok(ours) => ours,
            Err(deposed) => {
                self.resign_if_deposed(Err(deposed));
                Vec::new()
            }
        }
    }

    fn publish_own(&mut self, ours: Committed, batch: &RaftBatch) {
        let Committed { end_offset, state, mut delta, replies } = ours;
        let provenance = Provenance { end_offset, epoch: batch.epoch, append_ms: batch.append_ms };
        self.loader.adopt(state, &mut delta, provenance);
        self.publish(&delta);
        replies.into_iter().for_each(|(reply, response)| answer(reply, Ok(response)));
    }

    fn load_snapshot(
        &mut self,
        id: OffsetAndEpoch,
        append_ms: i64,
        batches: impl Iterator<Item = Vec<Vec<u8>>>,
    ) -> Result<(), LoadError> {
        if id == OffsetAndEpoch::BOOTSTRAP {
            // What a first leader writes is in the controller's configuration already.
            batches.for_each(drop);
            return Ok(());
        }
        self.depose("a snapshot replaces the metadata");
        let provenance = Provenance { end_offset: id.offset, epoch: id.epoch, append_ms };
        let before = self.loader.state().image().clone();
        let delta = self.loader.load_snapshot(provenance, batches)?;
        self.snapshots.covered();
        self.publish(&delta.seen_from(&before));
        Ok(())
    }

    fn publish(&mut self, delta: &MetadataDelta) {
        let image = Arc::new(self.loader.state().image().clone());
        self.cache.store(image.clone());
        self.publishers.iter_mut().for_each(|publisher| publisher.publish(delta, &image));
    }

    fn change_leader(&mut self, leader: LeaderAndEpoch, now_ms: u64) {
        let is_same = self.active.as_ref().is_some_and(|active| active.epoch() == leader.epoch);
        self.leader = leader;
        let is_own = self.config.controller.as_ref().is_some_and(|config| leader.is_leader(config.node_id));
        if !(is_own && is_same) {
            self.depose(match leader.leader_id {
                Some(_) if is_own => "the next epoch begins",
                Some(_) => "another node leads the quorum",
                None => "this node does not lead the quorum any more",
            });
            if is_own {
                self.activate(leader.epoch, now_ms);
            }
        }
        self.publishers.iter_mut().for_each(|publisher| publisher.leader_changed(leader));
    }

    fn activate(&mut self, epoch: i32, now_ms: u64) {
        let Some(config) = self.config.controller.clone() else { return };
        let dice = self.dice.take().unwrap_or_else(|| Dice::new(self.config.seed));
        let (state, in_transaction) = (self.loader.state().clone(), self.loader.in_transaction());
        let (controller, records) = Controller::activate(config, dice, &state, in_transaction, now_ms);
        let next_offset = self.loader.provenance().end_offset;
        tracing::info!(epoch, next_offset, records = records.len(), "this controller is active");
        let mut active = Active::new(controller, epoch, state, next_offset, records);
        let outcome = active.append_backlog(&*self.quorum, now_ms);
        self.active = Some(active);
        self.resign_if_deposed(outcome);
    }

    /// Ends this node's activity as controller: what is not committed is forgotten in one step.
    fn depose(&mut self, reason: &str) {
        let Some(active) = self.active.take() else { return };
        tracing::info!(epoch = active.epoch(), reason, "this controller is no longer active");
        let (controller, replies) = active.depose();
        self.dice = Some(controller.into_dice());
        for reply in replies {
            answer(reply, Err(self.not_controller()));
        }
    }

    fn resign_if_deposed(&mut self, outcome: Result<(), Deposed>) {
        let (Err(deposed), Some(active)) = (outcome, &self.active) else { return };
        let epoch = active.epoch();
        tracing::warn!(epoch, %deposed, "this controller gives its place up");
        self.depose("it gave its place up");
        self.quorum.resign(epoch);
    }

    fn not_controller(&self) -> ApiError {
        let message = match self.leader.leader_id {
            Some(leader) => format!("The active controller appears to be node {leader}."),
            None => "No controller appears to be active.".to_owned(),
        };
        ApiError::new(ErrorCode::NotController, message)
    }

    fn write_snapshot_if_due(&mut self, now_ms: u64) {
        if self.loader.in_transaction() || !self.snapshots.is_due(now_ms as i64) {
            return;
        }
        let image = self.loader.state().image();
        self.snapshots.begin(image, &*self.quorum, now_ms, self.config.inline_snapshots);
    }
}
