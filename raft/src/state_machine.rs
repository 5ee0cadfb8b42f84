//! What replicates: the listener that committed records are shown to.

use crate::engine::{LeaderAndEpoch, OffsetAndEpoch};

/// Something that is built from the records of the metadata log.
///
/// All methods are called on the driver's thread, one at a time. What they take long for delays votes
/// and fetches, so bulk work belongs elsewhere.
pub trait StateMachine: Send {
    /// Committed batches in the order of the log, without a gap after what came before. They are durable
    /// on a majority of the voters and on this node.
    ///
    /// `high_watermark` is the end of what is committed now; more calls follow until it is reached.
    fn committed(&mut self, batches: &[CommittedBatch<'_>], high_watermark: i64);

    /// Replaces everything by the contents of a snapshot; the next batch begins at its end. The
    /// bootstrap snapshot ([`OffsetAndEpoch::BOOTSTRAP`]) holds what a first leader writes into the log.
    fn load_snapshot(&mut self, snapshot: &mut dyn SnapshotRecords);

    /// Another leader or epoch. This node's own id comes only after everything of earlier epochs and
    /// the leader-change record of this one have been shown, so that it may propose at once.
    fn leader_changed(&mut self, leader: LeaderAndEpoch);

    /// The node stops; nothing is shown after this.
    fn begin_shutdown(&mut self);
}

/// One committed batch of the metadata log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommittedBatch<'a> {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record, inclusive as in the batch's header.
    pub last_offset: i64,
    /// The epoch it was written in.
    pub epoch: i32,
    /// When its leader appended it, in milliseconds since 1970.
    pub append_time_ms: i64,
    /// Bytes it takes in the log.
    pub size_bytes: usize,
    /// The records' values. None for a control batch, whose records are raft's own.
    pub records: &'a [&'a [u8]],
}

/// A snapshot, verified as it is read batch by batch. Damage ends it early; the driver then stops with
/// the file's name as soon as [`StateMachine::load_snapshot`] returns.
pub trait SnapshotRecords {
    /// Its end and epoch.
    fn id(&self) -> OffsetAndEpoch;

    /// Append time of the last record it covers, in milliseconds since 1970.
    fn last_append_time_ms(&self) -> i64;

    /// The next records, control records left out; `None` at the end.
    fn next_batch(&mut self) -> Option<Vec<Vec<u8>>>;
}
