//! A cluster of engines on a simulated clock, network and disk; everything follows from a seed.
//!
//! ```text
//! mod.rs        the clock and the queue: what happens next
//! node.rs       a node: process, disk, disks that were taken out
//! execute.rs    performs the engines' effects, and tells the invariants of each
//! network.rs    carries requests and answers
//! operator.rs   crashes, wipes and restarts nodes, changes the voters
//! history.rs    what was committed
//! ```

mod execute;
mod history;
mod network;
mod node;
mod operator;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use wire::Uuid;

use super::disk::{Batch, Disk, Snapshot};
use super::invariants::{Fact, Invariant};
use crate::engine::config::Jitter;
use crate::engine::mistakes::Mistake;
use crate::engine::{
    Endpoint, Engine, EngineConfig, Event, OffsetAndEpoch, Recovered, ReplicaKey, Voter, VoterSet,
};
use network::{Asked, Delivery};

pub(super) use history::History;
pub(super) use node::Node;

/// Chances in percent, delays in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) loss: u64,
    pub(super) duplication: u64,
    pub(super) delay_max_ms: u64,
    pub(super) flush_max_ms: u64,
    /// Chance in 1,000 that a node dies between two effects.
    pub(super) crash_per_mille: u64,
}

impl Weather {
    pub(super) const FINE: Self =
        Self { loss: 0, duplication: 0, delay_max_ms: 3, flush_max_ms: 2, crash_per_mille: 0 };
}

/// What kind of cluster a seed gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) voters: usize,
    pub(super) observers: usize,
    /// Voters of the configuration (`kraft.version` 0), or of a bootstrap snapshot.
    pub(super) is_static: bool,
    pub(super) auto_join: bool,
    /// Timeouts far too short for the weather: elections that cross each other.
    pub(super) is_hasty: bool,
    pub(super) mistake: Option<Mistake>,
}

pub(super) struct Cluster {
    pub(super) now_ms: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) history: History,
    plan: Plan,
    configured: VoterSet,
    random: Jitter,
    pub(super) weather: Weather,
    /// Pairs (from, to) between which nothing passes.
    pub(super) cut: BTreeSet<(usize, usize)>,
    queue: BTreeMap<(u64, u64), (usize, Delivery)>,
    sequence: u64,
    contents: u64,
    directories: u128,
    requests: BTreeMap<u64, Asked>,
    by_content: BTreeMap<u64, Rc<Batch>>,
    snapshots: BTreeMap<OffsetAndEpoch, Snapshot>,
    invariants: Vec<Box<dyn Invariant>>,
    /// A hash over everything that happened.
    pub(super) trace: u64,
}

impl Cluster {
    /// Nodes 0 to `voters - 1` vote, the others observe.
    pub(super) fn new(seed: u64, plan: Plan) -> Self {
        let ids = 0..plan.voters as i32;
        let configured = VoterSet::from_static("CONTROLLER", ids.clone().map(|id| (id, host(id), 9093)));
        let bootstrap: VoterSet = ids.map(first_voter).collect();
        let mut cluster = Self {
            now_ms: 0,
            nodes: Vec::new(),
            history: History::default(),
            plan,
            configured: if plan.is_static { configured } else { VoterSet::default() },
            random: Jitter::new(seed),
            weather: Weather::FINE,
            cut: BTreeSet::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            contents: 0,
            directories: 1_000,
            requests: BTreeMap::new(),
            by_content: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            invariants: super::invariants::all(),
            trace: seed,
        };
        cluster.history.voters = if plan.is_static { cluster.configured.clone() } else { bootstrap.clone() };
        for id in 0..(plan.voters + plan.observers) as i32 {
            let is_formatted_with_voters = !plan.is_static && (id as usize) < plan.voters;
            let voters = is_formatted_with_voters.then(|| bootstrap.clone());
            cluster.nodes.push(Node::new(id, Disk::formatted(first_directory(id), voters)));
        }
        for node in 0..cluster.nodes.len() {
            cluster.start(node);
        }
        cluster
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    /// Lets the cluster live for a while.
    pub(super) fn run(&mut self, duration_ms: u64) {
        let until = self.now_ms + duration_ms;
        loop {
            let delivery = self.queue.first_key_value().map_or(u64::MAX, |((time, _), _)| *time);
            let deadlines = self.nodes.iter().enumerate().filter_map(|(index, node)| {
                Some((node.engine.as_ref()?.next_deadline_ms()?.max(self.now_ms), index))
            });
            let deadline = deadlines.min();
            let next = delivery.min(deadline.map_or(u64::MAX, |(time, _)| time));
            if next > until {
                self.now_ms = until;
                return;
            }
            self.now_ms = next;
            if delivery <= next {
                let (_, (node, delivery)) = self.queue.pop_first().expect("a delivery");
                self.deliver(node, delivery);
            } else if let Some((_, node)) = deadline {
                self.step(node, Event::Tick);
                // A deadline that the tick did not move must not stop the clock.
                self.now_ms += 1;
            }
        }
    }

    fn start(&mut self, node: usize) {
        let config = self.config(node);
        let state = &mut self.nodes[node];
        let recovered = Recovered {
            election: state.disk.election,
            log: state.disk.view(),
            voters: state.disk.voters(&self.configured),
        };
        state.high_watermark = 0;
        let mut effects = Vec::new();
        state.engine = Some(Engine::new(config, recovered, self.now_ms, &mut effects));
        self.perform(node, effects);
    }

    fn config(&mut self, node: usize) -> EngineConfig {
        let seed = self.random.below(u64::MAX);
        let state = &self.nodes[node];
        let mut config = EngineConfig::new(state.id, state.disk.directory_id, "CONTROLLER", seed);
        config.endpoints = vec![endpoint(state.id, state.port)];
        config.auto_join = self.plan.auto_join;
        config.mistake = self.plan.mistake;
        if !self.plan.is_static {
            config.bootstrap_servers = (0..self.nodes.len() as i32).map(|id| (host(id), 9093)).collect();
        }
        if self.plan.is_hasty {
            config.election_timeout_ms = 30;
            config.fetch_timeout_ms = 200;
            config.request_timeout_ms = 100;
        }
        config
    }

    fn step(&mut self, node: usize, event: Event) {
        let Some(engine) = &mut self.nodes[node].engine else { return };
        let mut effects = Vec::new();
        engine.step(self.now_ms, event, &mut effects);
        self.perform(node, effects);
        if let Some(engine) = &self.nodes[node].engine {
            engine.validate();
        }
        self.observe(&Fact::Stepped);
    }

    /// Shows a fact to every invariant; the first that is broken ends the run under its name.
    fn observe(&mut self, fact: &Fact<'_>) {
        let mut invariants = std::mem::take(&mut self.invariants);
        for invariant in &mut invariants {
            if let Err(why) = invariant.check(fact, self) {
                panic!("{} is broken at {} ms: {why}", invariant.name(), self.now_ms);
            }
        }
        self.invariants = invariants;
    }

    fn push(&mut self, delay_ms: u64, node: usize, delivery: Delivery) {
        self.sequence += 1;
        self.queue.insert((self.now_ms + delay_ms, self.sequence), (node, delivery));
    }
}

fn host(id: i32) -> String {
    format!("host{id}")
}

fn endpoint(id: i32, port: u16) -> Endpoint {
    Endpoint { listener: "CONTROLLER".to_owned(), host: host(id), port }
}

fn first_directory(id: i32) -> Uuid {
    Uuid::from(u128::from(id.unsigned_abs()) + 100)
}

fn first_voter(id: i32) -> Voter {
    Voter {
        key: ReplicaKey { id, directory_id: Some(first_directory(id)) },
        endpoints: vec![endpoint(id, 9093)],
        kraft_version_min: 0,
        kraft_version_max: 1,
    }
}
