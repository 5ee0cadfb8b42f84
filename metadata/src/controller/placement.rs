//! Which brokers get the replicas of new partitions: striped over racks and over the brokers within a rack.

use std::collections::BTreeMap;

use wire::ErrorCode;

use super::dice::Dice;
use super::error::ApiError;
use super::plan::View;

/// Brokers of one kind within a rack, in the order in which they take turns.
#[derive(Debug, Default)]
struct Turns {
    brokers: Vec<i32>,
    /// Round of the last broker given.
    round: usize,
    /// Brokers given in this round.
    given: usize,
    offset: usize,
}

impl Turns {
    fn next(&mut self, round: usize) -> Option<i32> {
        if self.round != round {
            self.round = round;
            self.given = 0;
            self.offset = (self.offset + 1) % self.brokers.len().max(1);
        }
        if self.given >= self.brokers.len() {
            return None;
        }
        let broker = self.brokers[(self.given + self.offset) % self.brokers.len()];
        self.given += 1;
        Some(broker)
    }

    fn begin(&mut self, dice: &mut Dice) {
        self.brokers.sort_unstable();
        if !self.brokers.is_empty() {
            self.offset = dice.below(self.brokers.len());
        }
    }
}

/// A rack; fenced brokers get replicas when the others are used up.
#[derive(Debug, Default)]
struct Rack {
    unfenced: Turns,
    fenced: Turns,
}

/// Places partitions one after another.
#[derive(Debug)]
pub(crate) struct Placer<'d> {
    racks: Vec<Rack>,
    brokers: usize,
    unfenced: usize,
    round: usize,
    offset: usize,
    dice: &'d mut Dice,
}

impl<'d> Placer<'d> {
    /// A placer over the brokers that are not shutting down and have a directory that is not cordoned.
    pub(crate) fn new(view: View<'_>, dice: &'d mut Dice) -> Self {
        let mut by_name: BTreeMap<Option<&str>, Rack> = BTreeMap::new();
        let (mut brokers, mut unfenced) = (0, 0);
        for broker in view.image().cluster().brokers() {
            let cordoned = broker.cordoned_directories.as_deref().unwrap_or_default();
            let is_cordoned = !broker.directories.is_empty()
                && broker.directories.iter().all(|directory| cordoned.contains(directory));
            if broker.in_controlled_shutdown || is_cordoned {
                continue;
            }
            let rack = by_name.entry(broker.rack.as_deref()).or_default();
            let turns = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
            turns.brokers.push(broker.id);
            brokers += 1;
            unfenced += usize::from(!broker.fenced);
        }
        let mut racks: Vec<Rack> = by_name.into_values().collect();
        for rack in &mut racks {
            rack.fenced.begin(dice);
            rack.unfenced.begin(dice);
        }
        let offset = if racks.is_empty() { 0 } else { dice.below(racks.len()) };
        Self { racks, brokers, unfenced, round: 0, offset, dice }
    }

    /// Replicas of the next partition, the preferred leader first.
    ///
    /// # Errors
    /// INVALID_REPLICATION_FACTOR if there are not enough brokers.
    pub(crate) fn place(&mut self, replication_factor: i16) -> Result<Vec<i32>, ApiError> {
        let replicas = self.check(replication_factor)?;
        if self.round == self.unfenced && self.unfenced > 1 {
            self.shuffle();
            self.round = 0;
        }
        if self.offset == self.racks.len() {
            self.offset = 0;
        }
        let (leader, leader_rack) = self.place_leader();
        let mut placed = Vec::with_capacity(replicas);
        placed.push(leader);
        self.place_followers(replicas, leader_rack, &mut placed);
        self.round += 1;
        self.offset += 1;
        Ok(placed)
    }

    fn check(&self, replication_factor: i16) -> Result<usize, ApiError> {
        let refuse = |message| Err(ApiError::new(ErrorCode::InvalidReplicationFactor, message));
        let Some(replicas) = usize::try_from(replication_factor).ok().filter(|count| *count > 0) else {
            return refuse(format!(
                "Invalid replication factor {replication_factor}: the replication factor must be positive."
            ));
        };
        if self.unfenced == 0 {
            return refuse(
                "All brokers are currently fenced, or have all their log directories cordoned.".to_owned(),
            );
        }
        if replicas > self.brokers {
            return refuse(format!(
                "The target replication factor of {replicas} cannot be reached because only {} broker(s) are \
                 registered or some brokers have all their log directories cordoned.",
                self.brokers
            ));
        }
        Ok(replicas)
    }

    /// The first unfenced broker from the present rack on.
    fn place_leader(&mut self) -> (i32, usize) {
        let racks = self.racks.len();
        for step in 0..racks {
            let at = (self.offset + step) % racks;
            if let Some(broker) = self.racks[at].unfenced.next(self.round) {
                return (broker, at);
            }
        }
        unreachable!("there is an unfenced broker, and it had no turn in this round");
    }

    /// The other replicas, rack by rack; the leader's rack is passed over once.
    fn place_followers(&mut self, replicas: usize, leader_rack: usize, placed: &mut Vec<i32>) {
        let mut skip = Some(leader_rack);
        let mut at = self.offset;
        while placed.len() < replicas {
            if skip == Some(at) {
                skip = None;
            } else {
                let rack = &mut self.racks[at];
                let broker = rack.unfenced.next(self.round).or_else(|| rack.fenced.next(self.round));
                placed.extend(broker);
            }
            at = (at + 1) % self.racks.len();
        }
    }

    fn shuffle(&mut self) {
        self.dice.shuffle(&mut self.racks);
        for rack in &mut self.racks {
            self.dice.shuffle(&mut rack.fenced.brokers);
            self.dice.shuffle(&mut rack.unfenced.brokers);
        }
    }
}
