//! A partition's registration, packed: two million of them fit a small machine.

use std::fmt;
use std::sync::Arc;

use wire::Uuid;
use wire::metadata_records::partition_change_record::PartitionChangeRecord;
use wire::metadata_records::partition_record::PartitionRecord;

/// Leader of a partition that has none.
pub const NO_LEADER: i32 = -1;

/// `leader` of a PartitionChangeRecord that leaves leader and leader epoch alone.
pub const NO_LEADER_CHANGE: i32 = -2;

/// Log directory ids with a meaning of their own (KIP-858).
pub mod directory_id {
    use wire::Uuid;

    /// The broker has not yet said where the replica is.
    pub const MIGRATING: Uuid = reserved(0);
    /// No directory was chosen yet.
    pub const UNASSIGNED: Uuid = reserved(1);
    /// The replica is on a directory that is offline.
    pub const LOST: Uuid = reserved(2);

    /// Whether a broker may call a directory of its own by this id.
    pub fn is_reserved(id: Uuid) -> bool {
        (0..100).contains(&u128::from_be_bytes(id.0))
    }

    const fn reserved(number: u8) -> Uuid {
        let mut bytes = [0; 16];
        bytes[15] = number;
        Uuid(bytes)
    }
}

/// Whether a leader elected uncleanly has told that it recovered (KIP-704).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeaderRecoveryState {
    /// The leader's log is whole, as far as the controller knows.
    #[default]
    Recovered,
    /// The leader was elected uncleanly and is still recovering.
    Recovering,
}

impl LeaderRecoveryState {
    /// Code on the wire and in records.
    pub fn code(self) -> i8 {
        match self {
            Self::Recovered => 0,
            Self::Recovering => 1,
        }
    }

    /// Reads a code; `None` for -1 ("no change") and for codes that don't exist.
    pub fn from_code(code: i8) -> Option<Self> {
        match code {
            0 => Some(Self::Recovered),
            1 => Some(Self::Recovering),
            _ => None,
        }
    }
}

/// What the cluster knows about one partition, in plain lists: the form in which it is built and changed.
///
/// Invariant: `directories` is as long as `replicas`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartitionState {
    /// Brokers that hold the partition, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Log directory of each replica.
    pub directories: Vec<Uuid>,
    /// In-sync replicas.
    pub isr: Vec<i32>,
    /// Replicas that a reassignment takes away.
    pub removing_replicas: Vec<i32>,
    /// Replicas that a reassignment adds.
    pub adding_replicas: Vec<i32>,
    /// Replicas outside of the ISR that still hold everything acknowledged (KIP-966).
    pub elr: Vec<i32>,
    /// Who was in the ELR before it was lost, in the order of hope.
    pub last_known_elr: Vec<i32>,
    /// Leading broker, or [`NO_LEADER`].
    pub leader: i32,
    /// Whether the leader is still recovering from an unclean election.
    pub leader_recovery_state: LeaderRecoveryState,
    /// Rises with every change of the leader.
    pub leader_epoch: i32,
    /// Rises with every change.
    pub partition_epoch: i32,
}

impl PartitionState {
    pub(crate) fn from_record(record: &PartitionRecord<'_>) -> Self {
        let replicas = record.replicas.to_vec();
        let directories = directories_or_migrating(record.directories.to_vec(), replicas.len());
        Self {
            directories,
            replicas,
            isr: record.isr.to_vec(),
            removing_replicas: record.removing_replicas.to_vec(),
            adding_replicas: record.adding_replicas.to_vec(),
            elr: record.eligible_leader_replicas.as_ref().map(|list| list.to_vec()).unwrap_or_default(),
            last_known_elr: record.last_known_elr.as_ref().map(|list| list.to_vec()).unwrap_or_default(),
            leader: record.leader,
            leader_recovery_state: LeaderRecoveryState::from_code(record.leader_recovery_state)
                .unwrap_or_default(),
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
        }
    }

    /// The state after a change. A record that names a leader starts a new leader epoch, even if it names the
    /// present one.
    pub(crate) fn merge(&mut self, record: &PartitionChangeRecord<'_>) {
        if let Some(replicas) = &record.replicas {
            self.replicas = replicas.to_vec();
        }
        let directories = match &record.directories {
            Some(directories) => directories.to_vec(),
            None => std::mem::take(&mut self.directories),
        };
        self.directories = directories_or_migrating(directories, self.replicas.len());
        replace(&mut self.isr, record.isr.as_ref());
        replace(&mut self.removing_replicas, record.removing_replicas.as_ref());
        replace(&mut self.adding_replicas, record.adding_replicas.as_ref());
        replace(&mut self.elr, record.eligible_leader_replicas.as_ref());
        replace(&mut self.last_known_elr, record.last_known_elr.as_ref());
        if record.leader != NO_LEADER_CHANGE {
            self.leader = record.leader;
            self.leader_epoch += 1;
        }
        if let Some(state) = LeaderRecoveryState::from_code(record.leader_recovery_state) {
            self.leader_recovery_state = state;
        }
        self.partition_epoch += 1;
    }
}

fn replace(list: &mut Vec<i32>, change: Option<&wire::Array<'_, i32>>) {
    if let Some(change) = change {
        *list = change.to_vec();
    }
}

/// Records from before KIP-858 carry no directories.
fn directories_or_migrating(directories: Vec<Uuid>, replicas: usize) -> Vec<Uuid> {
    if directories.is_empty() { vec![directory_id::MIGRATING; replicas] } else { directories }
}

/// [`PartitionState`] in one allocation.
///
/// ```text
///   words: replicas n │ replicas … │ isr n or SAME │ isr … │ directories 4·n, if any is known │ four more lists, if any is filled
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Partition {
    leader: i32,
    leader_epoch: i32,
    partition_epoch: i32,
    form: Form,
    words: Arc<[i32]>,
}

/// Which parts of the words are there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Form(u8);

impl Form {
    const DIRECTORIES: u8 = 1;
    const EXTRAS: u8 = 2;
    const RECOVERING: u8 = 4;

    fn has(self, part: u8) -> bool {
        self.0 & part != 0
    }
}

/// ISR length of a partition whose ISR equals its replicas, order included.
const SAME: i32 = -1;

/// Lists after the directories, in their order.
const EXTRAS: usize = 4;

impl Partition {
    /// Packs a state.
    ///
    /// # Panics
    /// If there is not exactly one directory per replica.
    pub fn pack(state: &PartitionState) -> Self {
        assert_eq!(state.directories.len(), state.replicas.len(), "one directory per replica");
        let extras = [&state.removing_replicas, &state.adding_replicas, &state.elr, &state.last_known_elr];
        let mut form = 0;
        let mut words = Vec::with_capacity(2 + 6 * state.replicas.len());
        push_list(&mut words, &state.replicas);
        if state.isr == state.replicas {
            words.push(SAME);
        } else {
            push_list(&mut words, &state.isr);
        }
        if state.directories.iter().any(|id| *id != directory_id::MIGRATING) {
            form |= Form::DIRECTORIES;
            for id in &state.directories {
                words.extend(id_to_words(*id));
            }
        }
        if extras.iter().any(|list| !list.is_empty()) {
            form |= Form::EXTRAS;
            extras.iter().for_each(|list| push_list(&mut words, list));
        }
        if state.leader_recovery_state == LeaderRecoveryState::Recovering {
            form |= Form::RECOVERING;
        }
        Self {
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            partition_epoch: state.partition_epoch,
            form: Form(form),
            words: words.into(),
        }
    }

    /// The plain lists again.
    pub fn unpack(&self) -> PartitionState {
        PartitionState {
            replicas: self.replicas().to_vec(),
            directories: self.directories().collect(),
            isr: self.isr().to_vec(),
            removing_replicas: self.removing_replicas().to_vec(),
            adding_replicas: self.adding_replicas().to_vec(),
            elr: self.elr().to_vec(),
            last_known_elr: self.last_known_elr().to_vec(),
            leader: self.leader,
            leader_recovery_state: self.leader_recovery_state(),
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
        }
    }

    /// Leading broker, or [`NO_LEADER`].
    pub fn leader(&self) -> i32 {
        self.leader
    }

    /// Rises with every change of the leader.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// Rises with every change.
    pub fn partition_epoch(&self) -> i32 {
        self.partition_epoch
    }

    /// Whether the leader is still recovering from an unclean election.
    pub fn leader_recovery_state(&self) -> LeaderRecoveryState {
        if self.form.has(Form::RECOVERING) {
            LeaderRecoveryState::Recovering
        } else {
            LeaderRecoveryState::Recovered
        }
    }

    /// Brokers that hold the partition, the preferred leader first.
    pub fn replicas(&self) -> &[i32] {
        self.list(0)
    }

    /// In-sync replicas.
    pub fn isr(&self) -> &[i32] {
        let at = 1 + self.replicas().len();
        if self.words[at] == SAME { self.replicas() } else { self.list(at) }
    }

    /// Log directory of each replica.
    pub fn directories(&self) -> impl Iterator<Item = Uuid> + '_ {
        (0..self.replicas().len()).map(|index| self.directory_at(index))
    }

    /// Log directory of a broker's replica, or `None` if it holds none.
    pub fn directory(&self, broker: i32) -> Option<Uuid> {
        let index = self.replicas().iter().position(|replica| *replica == broker)?;
        Some(self.directory_at(index))
    }

    /// Replicas that a reassignment takes away.
    pub fn removing_replicas(&self) -> &[i32] {
        self.extra(0)
    }

    /// Replicas that a reassignment adds.
    pub fn adding_replicas(&self) -> &[i32] {
        self.extra(1)
    }

    /// Replicas outside of the ISR that still hold everything acknowledged (KIP-966).
    pub fn elr(&self) -> &[i32] {
        self.extra(2)
    }

    /// Who was in the ELR before it was lost.
    pub fn last_known_elr(&self) -> &[i32] {
        self.extra(3)
    }

    /// The replica that leads when all is well.
    pub fn preferred_leader(&self) -> i32 {
        self.replicas().first().copied().unwrap_or(NO_LEADER)
    }

    /// Whether a reassignment is under way.
    pub fn is_reassigning(&self) -> bool {
        !self.removing_replicas().is_empty() || !self.adding_replicas().is_empty()
    }

    fn list(&self, at: usize) -> &[i32] {
        let length = self.words[at] as usize;
        &self.words[at + 1..=at + length]
    }

    fn after_isr(&self) -> usize {
        let at = 1 + self.replicas().len();
        at + 1 + self.words[at].max(0) as usize
    }

    fn directory_at(&self, index: usize) -> Uuid {
        if !self.form.has(Form::DIRECTORIES) {
            return directory_id::MIGRATING;
        }
        let at = self.after_isr() + 4 * index;
        words_to_id(&self.words[at..at + 4])
    }

    fn extra(&self, number: usize) -> &[i32] {
        debug_assert!(number < EXTRAS);
        if !self.form.has(Form::EXTRAS) {
            return &[];
        }
        let mut at = self.after_isr();
        if self.form.has(Form::DIRECTORIES) {
            at += 4 * self.replicas().len();
        }
        for _ in 0..number {
            at += 1 + self.words[at] as usize;
        }
        self.list(at)
    }
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.unpack().fmt(f)
    }
}

fn push_list(words: &mut Vec<i32>, list: &[i32]) {
    words.push(list.len() as i32);
    words.extend_from_slice(list);
}

fn id_to_words(id: Uuid) -> [i32; 4] {
    let word = |at: usize| i32::from_be_bytes([id.0[at], id.0[at + 1], id.0[at + 2], id.0[at + 3]]);
    [word(0), word(4), word(8), word(12)]
}

fn words_to_id(words: &[i32]) -> Uuid {
    let mut bytes = [0; 16];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    Uuid(bytes)
}
