//! Who votes: voter sets, and their history along the log (KIP-853).

use std::collections::BTreeMap;
use std::fmt;

use super::types::{Endpoint, OffsetAndEpoch, ReplicaKey};

/// `kraft.version` from which voters are records in the log instead of a line in a file.
pub const KRAFT_VERSION_RECONFIG: i16 = 1;

/// One voter: its key, where it listens, and the `kraft.version`s that it understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Node and directory. The directory is `None` in a static voter set.
    pub key: ReplicaKey,
    /// Its controller listeners.
    pub endpoints: Vec<Endpoint>,
    /// Lowest `kraft.version` that it supports.
    pub kraft_version_min: i16,
    /// Highest `kraft.version` that it supports.
    pub kraft_version_max: i16,
}

/// The voters of the quorum, by node id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoterSet {
    voters: BTreeMap<i32, Voter>,
}

impl FromIterator<Voter> for VoterSet {
    fn from_iter<I: IntoIterator<Item = Voter>>(voters: I) -> Self {
        Self { voters: voters.into_iter().map(|voter| (voter.key.id, voter)).collect() }
    }
}

impl VoterSet {
    /// The set that `controller.quorum.voters` names: ids and addresses, no directories.
    pub fn from_static(listener: &str, voters: impl IntoIterator<Item = (i32, String, u16)>) -> Self {
        voters
            .into_iter()
            .map(|(id, host, port)| Voter {
                key: ReplicaKey { id, directory_id: None },
                endpoints: vec![Endpoint { listener: listener.to_owned(), host, port }],
                kraft_version_min: 0,
                kraft_version_max: 0,
            })
            .collect()
    }

    /// How many voters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.voters.len()
    }

    /// Whether nobody votes, as on a node that has yet to learn the voters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.voters.is_empty()
    }

    /// The voters by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = &Voter> {
        self.voters.values()
    }

    /// The ids by ascending id.
    pub fn ids(&self) -> impl Iterator<Item = i32> + '_ {
        self.voters.keys().copied()
    }

    /// The voter with this id, whatever its directory.
    #[must_use]
    pub fn get(&self, id: i32) -> Option<&Voter> {
        self.voters.get(&id)
    }

    /// Whether this replica votes: the id is in the set, and so is the directory where the set
    /// names one. A wiped disk has another directory id and no vote.
    #[must_use]
    pub fn is_voter(&self, key: &ReplicaKey) -> bool {
        self.get(key.id).is_some_and(|voter| match voter.key.directory_id {
            Some(directory_id) => key.directory_id == Some(directory_id),
            None => true,
        })
    }

    /// Whether this replica is the whole quorum.
    #[must_use]
    pub fn is_only_voter(&self, key: &ReplicaKey) -> bool {
        self.len() == 1 && self.is_voter(key)
    }

    /// How many votes win.
    #[must_use]
    pub fn majority(&self) -> usize {
        self.len() / 2 + 1
    }

    /// Where a voter listens; empty for a node that is not in the set.
    #[must_use]
    pub fn endpoints(&self, id: i32) -> &[Endpoint] {
        self.get(id).map_or(&[], |voter| &voter.endpoints)
    }

    /// This set with `voter` in the place of the voter of the same id.
    pub(crate) fn with_updated(&self, voter: Voter) -> Self {
        let mut voters = self.voters.clone();
        voters.insert(voter.key.id, voter);
        Self { voters }
    }
}

impl fmt::Display for VoterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (position, voter) in self.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{}", voter.key)?;
        }
        f.write_str("}")
    }
}

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
