//! Who votes: voters and voter sets (KIP-853).

use std::collections::BTreeMap;
use std::fmt;

use super::types::{Endpoint, ReplicaKey};

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

impl Voter {
    /// Whether it understands a `kraft.version`.
    #[must_use]
    pub fn supports(&self, kraft_version: i16) -> bool {
        (self.kraft_version_min..=self.kraft_version_max).contains(&kraft_version)
    }
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

    /// The keys by ascending id.
    pub(crate) fn keys(&self) -> impl Iterator<Item = ReplicaKey> + '_ {
        self.iter().map(|voter| voter.key)
    }

    /// Whether this voter is in the set, but not as it describes itself now.
    pub(crate) fn is_outdated(&self, voter: &Voter) -> bool {
        self.is_voter(&voter.key) && self.get(voter.key.id) != Some(voter)
    }

    /// Whether every voter understands a `kraft.version`.
    pub(crate) fn supports(&self, kraft_version: i16) -> bool {
        self.iter().all(|voter| voter.supports(kraft_version))
    }

    /// This set and one voter more; `None` when its id votes already, whatever the directory.
    pub(crate) fn with_added(&self, voter: Voter) -> Option<Self> {
        self.get(voter.key.id).is_none().then(|| self.with(voter))
    }

    /// This set without exactly this replica; `None` when it does not vote, or nobody else does.
    pub(crate) fn without(&self, key: &ReplicaKey) -> Option<Self> {
        let mut voters = self.voters.clone();
        let removed = voters.remove(&key.id)?;
        (removed.key == *key && !voters.is_empty()).then_some(Self { voters })
    }

    /// This set with `voter` as it describes itself now; `None` when it does not vote.
    pub(crate) fn with_updated(&self, voter: Voter) -> Option<Self> {
        self.is_voter(&voter.key).then(|| self.with(voter))
    }

    /// As [`Self::with_updated`], in a static set, which knows no directories.
    pub(crate) fn with_identified(&self, voter: Voter) -> Option<Self> {
        self.get(voter.key.id).is_some().then(|| self.with(voter))
    }

    fn with(&self, voter: Voter) -> Self {
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
