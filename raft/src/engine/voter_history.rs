//! The voters and `kraft.version`s along the log (KIP-853).

use std::collections::BTreeMap;

use super::types::OffsetAndEpoch;
use super::voters::VoterSet;

/// A control record of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlRecord {
    /// The first record of an epoch: who leads it, and who voted.
    LeaderChange {
        /// The leader of the record's epoch.
        leader_id: i32,
        /// Ids of all voters.
        voters: Vec<i32>,
        /// Ids of those who granted their vote.
        granting_voters: Vec<i32>,
    },
    /// `kraft.version` from here on.
    KRaftVersion(i16),
    /// The voters from here on; in force as soon as appended, as KIP-853 has it.
    Voters(VoterSet),
}

/// The voter sets and `kraft.version`s along the log.
///
/// Invariant: every key is the offset of a control record in the log, or the last offset that a
/// snapshot contains (-1 for the bootstrap snapshot).
#[derive(Clone, Debug, Default)]
pub struct VoterHistory {
    static_voters: VoterSet,
    sets: BTreeMap<i64, VoterSet>,
    kraft_versions: BTreeMap<i64, i16>,
    /// Counts changes, so that a copy can tell whether it is current.
    revision: u64,
}

impl VoterHistory {
    /// A history that begins with the voters from the configuration; empty for a dynamic quorum.
    #[must_use]
    pub fn new(static_voters: VoterSet) -> Self {
        Self { static_voters, ..Self::default() }
    }

    /// The voters now: the newest record, else the configuration.
    #[must_use]
    pub fn voters(&self) -> &VoterSet {
        self.sets.last_key_value().map_or(&self.static_voters, |(_, set)| set)
    }

    /// The voters before the newest record, as far as they are still known.
    pub(crate) fn former_voters(&self) -> Option<&VoterSet> {
        let is_first_record = self.sets.len() == 1 && !self.static_voters.is_empty();
        let former = self.sets.iter().rev().nth(1).map(|(_, set)| set);
        former.or_else(|| is_first_record.then_some(&self.static_voters))
    }

    /// Where the voters now come from: `None` for the configuration.
    #[must_use]
    pub fn voters_offset(&self) -> Option<i64> {
        self.sets.last_key_value().map(|(offset, _)| *offset)
    }

    /// `kraft.version` now.
    #[must_use]
    pub fn kraft_version(&self) -> i16 {
        self.kraft_versions.last_key_value().map_or(0, |(_, version)| *version)
    }

    /// What a snapshot that ends at `end` must say: `kraft.version`, and the voters unless they are
    /// only in the configuration.
    #[must_use]
    pub fn at(&self, end: i64) -> (i16, Option<&VoterSet>) {
        let version = self.kraft_versions.range(..end).next_back().map_or(0, |(_, version)| *version);
        (version, self.sets.range(..end).next_back().map(|(_, set)| set))
    }

    /// Counts changes of this history.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes in a control record at `offset`.
    pub fn append(&mut self, offset: i64, record: &ControlRecord) {
        match record {
            ControlRecord::LeaderChange { .. } => {}
            ControlRecord::KRaftVersion(version) => {
                self.revision += 1;
                self.kraft_versions.insert(offset, *version);
            }
            ControlRecord::Voters(voters) => {
                self.revision += 1;
                self.sets.insert(offset, voters.clone());
            }
        }
    }

    /// Starts again from what a snapshot says; the log behind it is read after this.
    pub fn load_snapshot(&mut self, id: OffsetAndEpoch, kraft_version: i16, voters: Option<VoterSet>) {
        self.revision += 1;
        self.sets.clear();
        self.kraft_versions.clear();
        self.kraft_versions.insert(id.offset - 1, kraft_version);
        if let Some(voters) = voters {
            self.sets.insert(id.offset - 1, voters);
        }
    }

    /// Forgets the records at and after `end`, which the log has lost.
    pub(crate) fn truncate_to(&mut self, end: i64) {
        self.revision += 1;
        self.sets.split_off(&end);
        self.kraft_versions.split_off(&end);
    }

    /// Forgets records that a snapshot ending at `start` has replaced; the last one before it stays.
    pub(crate) fn truncate_before(&mut self, start: i64) {
        fn keep_last<V>(map: &mut BTreeMap<i64, V>, start: i64) {
            let last = map.range(..start).next_back().map(|(offset, _)| *offset);
            map.retain(|offset, _| Some(*offset) >= last);
        }
        self.revision += 1;
        keep_last(&mut self.sets, start);
        keep_last(&mut self.kraft_versions, start);
    }
}
