//! The run: one step, then every invariant.

use std::fmt::{self, Display, Formatter};
use std::task::{Context, Poll, Waker};

use log_store::io::{Crash, Fault, Faults, MemoryIo};
use metadata::image::MetadataImage;
use raft::Now;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use tokio::runtime::Runtime;

use crate::invariants::{Event, Invariant, Moment, all};
use crate::node::{Down, Node};
use crate::scenario::Scenario;
use crate::trace::Trace;
use crate::workload::{self, Answering, Ask};

/// The simulated wall clock at the start of a run, in milliseconds since 1970.
const STARTED_MS: i64 = 1_750_000_000_000;

/// A failing call is among so many of the next.
const FAULT_WITHIN: u32 = 24;

/// So many flushes of a lying disk keep nothing: all of a run.
const LIES: u64 = 100_000;

/// How much a run has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps taken.
    pub steps: u64,
    /// Requests that were acknowledged.
    pub acknowledged: u64,
    /// Requests that were refused, or whose answer was lost.
    pub refused: u64,
    /// Restarts after a crash of the process, a loss of power, a loss of power with torn writes.
    pub restarts: [u64; 3],
    /// Times that a failing disk stopped the node, while running or while opening.
    pub stopped_by_disk: u64,
    /// Restarts that began with a snapshot.
    pub snapshots_loaded: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        for (sum, count) in self.restarts.iter_mut().zip(other.restarts) {
            *sum += count;
        }
        self.stopped_by_disk += other.stopped_by_disk;
        self.snapshots_loaded += other.snapshots_loaded;
    }
}

/// A run in which every invariant held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Hash of everything that was seen.
    pub trace: u64,
    /// How much that was.
    pub counts: Counts,
}

/// A run that broke a property.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Replays it.
    pub seed: u64,
    /// What the seed expanded to.
    pub scenario: Scenario,
    /// The step after which it was seen, from 0.
    pub step: u32,
    /// The property, which is a file in `sim/src/invariants`, or `comes_back`: a node works again on any disk that
    /// a crash leaves, and stops for no reason but its disk.
    pub property: &'static str,
    /// How it was broken.
    pub detail: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { seed, scenario, step, property, detail } = self;
        writeln!(f, "seed {seed}, step {step}: {property}: {detail}")?;
        writeln!(f, "{scenario:?}")?;
        write!(f, "replay: KRAFTLOG_SIM_SEED={seed} cargo test -p kraftlog-sim --release")
    }
}

/// Runs a seed's own scenario.
///
/// # Errors
/// [`Failure`]: the first property that broke.
///
/// # Panics
/// Where the code under test asserts.
pub fn run(seed: u64) -> Result<Report, Box<Failure>> {
    simulate(seed, &Scenario::of(seed))
}

/// Runs a scenario, with the seed for everything it leaves open.
///
/// # Errors
/// [`Failure`]: the first property that broke.
///
/// # Panics
/// Where the code under test asserts.
pub fn simulate(seed: u64, scenario: &Scenario) -> Result<Report, Box<Failure>> {
    let mut simulation = Simulation::new(seed, scenario.clone());
    for step in 0..scenario.steps {
        let taken = simulation.step();
        taken.map_err(|Broken { property, detail }| {
            let scenario = scenario.clone();
            Box::new(Failure { seed, scenario, step, property, detail })
        })?;
    }
    Ok(Report { trace: simulation.trace.value(), counts: simulation.counts })
}

struct Broken {
    property: &'static str,
    detail: String,
}

fn lost(detail: impl Into<String>) -> Broken {
    Broken { property: "comes_back", detail: detail.into() }
}

struct Simulation {
    scenario: Scenario,
    random: Pcg64,
    /// Milliseconds since the start of the run.
    clock_ms: u64,
    io: MemoryIo,
    /// `None` while it is down.
    node: Option<Node>,
    /// Whether the disk was told to fail since it was made.
    is_fault_planned: bool,
    /// Where futures of requests find their timer, which never rings.
    timer: Runtime,
    invariants: Vec<Box<dyn Invariant>>,
    events: Vec<Event>,
    reopened_at: Option<i64>,
    trace: Trace,
    counts: Counts,
}

impl Simulation {
    fn new(seed: u64, scenario: Scenario) -> Self {
        Self {
            scenario,
            // Another sequence than the scenario was drawn from.
            random: Pcg64::seed_from_u64(!seed),
            clock_ms: 0,
            io: MemoryIo::new(),
            node: None,
            is_fault_planned: false,
            timer: tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a timer"),
            invariants: all(),
            events: Vec::new(),
            reopened_at: None,
            trace: Trace::new(),
            counts: Counts::default(),
        }
    }

    fn step(&mut self) -> Result<(), Broken> {
        self.events.clear();
        self.reopened_at = None;
        if self.node.is_none() {
            self.restart()?;
        }
        let Scenario { weight_ask, weight_tick, weight_fault, weight_restart, .. } = self.scenario;
        let roll = self.below(weight_ask + weight_tick + weight_fault + weight_restart);
        if roll < weight_ask {
            self.ask()?;
        } else if roll < weight_ask + weight_tick {
            self.tick()?;
        } else if roll < weight_ask + weight_tick + weight_fault {
            self.plan_fault();
        } else {
            self.restart()?;
        }
        if self.node.is_none() {
            self.restart()?;
        }
        self.counts.steps += 1;
        self.check()
    }

    fn ask(&mut self) -> Result<(), Broken> {
        let Some(node) = &self.node else { return Ok(()) };
        let asks = workload::draw(&mut self.random, &node.image());
        let mut waiting = Vec::new();
        for ask in asks {
            self.events.push(Event::Asked(ask.clone()));
            waiting.push((workload::send(&node.controller, ask.clone()), ask));
        }
        self.take_answers(&mut waiting);
        self.settle()?;
        self.take_answers(&mut waiting);
        self.counts.refused += waiting.len() as u64;
        if self.node.is_some() && !waiting.is_empty() {
            return Err(lost(format!("{} requests are not answered", waiting.len())));
        }
        Ok(())
    }

    fn take_answers(&mut self, waiting: &mut Vec<(Answering, Ask)>) {
        let _timer = self.timer.enter();
        let mut context = Context::from_waker(Waker::noop());
        waiting.retain_mut(|(answering, ask)| match answering.as_mut().poll(&mut context) {
            Poll::Pending => true,
            Poll::Ready(answer) => {
                *(if answer.is_ok() { &mut self.counts.acknowledged } else { &mut self.counts.refused }) += 1;
                self.events.push(Event::Answered(ask.clone(), answer));
                false
            }
        });
    }

    fn tick(&mut self) -> Result<(), Broken> {
        let bound = [10, 1_000, 5_000, 70_000][self.below(4) as usize];
        self.clock_ms += 1 + u64::from(self.below(bound));
        self.io.set_now_ms(self.now().wall_ms);
        self.settle()
    }

    fn plan_fault(&mut self) {
        let number = u64::from(self.below(FAULT_WITHIN));
        let bytes = self.below(200) as usize;
        let faults = match self.below(5) {
            0 => Faults::call(number, Fault::InputOutput),
            1 => Faults::change(number, Fault::InputOutput),
            2 => Faults::change(number, Fault::StorageFull),
            3 => Faults::change(number, Fault::TornWrite { bytes }),
            _ => Faults::power_off_after(number),
        };
        self.io.set_faults(faults);
        self.is_fault_planned = true;
    }

    /// Lets the node work. A disk that was told to fail may take it down, nothing else.
    fn settle(&mut self) -> Result<(), Broken> {
        let now = self.now();
        let Some(node) = &mut self.node else { return Ok(()) };
        match node.settle(now) {
            Ok(()) => Ok(()),
            Err(Down::Log(_)) if self.is_fault_planned => {
                self.node = None;
                self.counts.stopped_by_disk += 1;
                Ok(())
            }
            Err(down) => Err(lost(format!("it stopped: {down}"))),
        }
    }

    /// Takes the node down and brings it back, at times on a disk that fails at once.
    fn restart(&mut self) -> Result<(), Broken> {
        self.crash();
        if self.scenario.weight_fault > 0 && self.below(4) == 0 {
            self.plan_fault();
        }
        self.open()?;
        while self.node.is_none() {
            self.crash();
            self.open()?;
        }
        if self.node.as_ref().is_some_and(Node::is_active) { Ok(()) } else { Err(lost("no controller")) }
    }

    fn crash(&mut self) {
        self.node = None;
        let kind = self.below(3);
        let seed = self.random.next_u64();
        self.io = self.io.crash([Crash::Process, Crash::Power, Crash::Torn { seed }][kind as usize]);
        self.counts.restarts[kind as usize] += 1;
        self.is_fault_planned = false;
        if self.scenario.lying_disk {
            let at_change = (0..LIES).map(|number| (number, Fault::Lie)).collect();
            self.io.set_faults(Faults { at_change, ..Faults::default() });
        }
    }

    fn open(&mut self) -> Result<(), Broken> {
        let dice = self.random.next_u64();
        match Node::open(self.io.clone(), &self.scenario, dice, self.now()) {
            Ok(node) => {
                let quorum = node.quorum();
                self.reopened_at = Some(quorum.log_end);
                self.counts.snapshots_loaded += u64::from(quorum.latest_snapshot.is_some());
                self.node = Some(node);
                self.settle()
            }
            Err(_) if self.is_fault_planned => {
                self.counts.stopped_by_disk += 1;
                Ok(())
            }
            Err(error) => Err(lost(format!("it does not open: {error}"))),
        }
    }

    fn check(&mut self) -> Result<(), Broken> {
        let Some(node) = &self.node else { return Err(lost("it is down")) };
        let (image, quorum) = (node.image(), node.quorum());
        let records = records(&image);
        self.trace.add(format!("{:?} {quorum:?} {}", self.events, self.clock_ms).as_bytes());
        records.iter().for_each(|record| self.trace.add(record));
        let (reopened_at, events) = (self.reopened_at, &self.events[..]);
        let moment = Moment { image: &image, records: &records, quorum: &quorum, reopened_at, events };
        for invariant in &mut self.invariants {
            let checked = invariant.check(&moment);
            checked.map_err(|detail| Broken { property: invariant.name(), detail })?;
        }
        Ok(())
    }

    fn now(&self) -> Now {
        Now { monotonic_ms: self.clock_ms, wall_ms: STARTED_MS + self.clock_ms as i64 }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.random.next_u32() % bound
    }
}

/// What a snapshot of the image would hold, sorted: the order of an image's maps is no part of it.
fn records(image: &MetadataImage) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    image.write(|record| records.push(record.to_bytes()));
    records.sort_unstable();
    records
}
