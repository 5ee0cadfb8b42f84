//! Events for one voter: its own disk is honest, its peers say anything.
//!
//! Input: a row of events. What the engine asks of its disk is done as it must be, at once or, for flushes, when
//! the input says so; requests and answers of peers carry whatever the input gives. After each step hold
//! `Engine::validate` and the promises in [`disk`]: nothing leaves before it is persisted, one vote in an
//! epoch, the high watermark only rises and never beyond what is flushed, one answer to a request.
//!
//! ```text
//! mod.rs      the run: which event comes next
//! peers.rs    requests and answers of peers, drawn from the input
//! disk.rs     what performs the effects, and judges them
//! ```

mod disk;
mod peers;

use raft::engine::{Engine, Event, OffsetAndEpoch, Recovered, VoterHistory};
use raft::{EngineConfig, VoterSet};
use wire::Uuid;

use crate::input::Input;
use disk::Disk;

const LISTENER: &str = "CONTROLLER";
const NODE_ID: i32 = 1;
/// Events of one run.
const STEPS_MAX: usize = 200;

/// Judges one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut run = Run::new(&mut input);
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        run.next(&mut input);
    }
}

struct Run {
    engine: Engine,
    disk: Disk,
    voters: VoterSet,
    now_ms: u64,
    next_request: u64,
    seed: u64,
}

fn directory(id: i32) -> Uuid {
    Uuid::from(1000 + u128::from(id.unsigned_abs()))
}

fn voter_set(ids: &[i32]) -> VoterSet {
    VoterSet::from_static(LISTENER, ids.iter().map(|id| (*id, format!("host{id}"), 9093)))
}

impl Run {
    fn new(input: &mut Input<'_>) -> Self {
        let sets: [&[i32]; 4] = [&[1], &[1, 2, 3], &[1, 2], &[2, 3]];
        let voters = voter_set(input.choose(&sets));
        let seed = u64::from(input.byte());
        let mut disk = Disk::default();
        let engine = start(&mut disk, &voters, 0, seed);
        let mut run = Self { engine, disk, voters, now_ms: 0, next_request: 0, seed };
        run.settle();
        run
    }

    fn next(&mut self, input: &mut Input<'_>) {
        self.now_ms += u64::from(input.byte() & 15) * 10;
        match input.byte() % 16 {
            0 | 1 => self.tick(),
            2..=5 => self.request(input),
            6..=8 => self.answer(input),
            9 => self.fail_request(input),
            10 => self.propose(input),
            11 | 12 => self.flushed(input),
            13 => self.snapshot(),
            14 => self.resign(input),
            _ => self.stop(input),
        }
    }

    fn step(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.engine.step(self.now_ms, event, &mut effects);
        self.engine.validate();
        self.disk.perform(effects);
        self.settle();
    }

    /// Reports what the disk has done, and what that leads to.
    fn settle(&mut self) {
        while let Some(event) = self.disk.done.pop_front() {
            let mut effects = Vec::new();
            self.engine.step(self.now_ms, event, &mut effects);
            self.engine.validate();
            self.disk.perform(effects);
        }
        assert_eq!(self.engine.log().end(), self.disk.end(), "engine and disk agree on the log's end");
        assert_eq!(self.engine.log().flushed(), self.disk.flushed, "and on what of it is durable");
    }

    fn tick(&mut self) {
        if let Some(deadline) = self.engine.next_deadline_ms() {
            self.now_ms = self.now_ms.max(deadline);
        }
        self.step(Event::Tick);
    }

    fn request(&mut self, input: &mut Input<'_>) {
        self.next_request += 1;
        let id = self.next_request;
        let request = peers::request(input, &self.engine);
        self.disk.asked(id, &request);
        self.step(Event::Request { id, request });
    }

    /// Answers one of the requests under way, or one that is not.
    fn answer(&mut self, input: &mut Input<'_>) {
        let Some((correlation_id, request)) = self.disk.take_sent(input) else { return };
        let response = peers::response(input, &request, &self.engine);
        self.step(Event::Response { correlation_id, response });
    }

    fn fail_request(&mut self, input: &mut Input<'_>) {
        let Some((correlation_id, _)) = self.disk.take_sent(input) else { return };
        let refused = input.flag();
        let refusal = peers::refusal(input);
        self.step(if refused {
            Event::Refused { correlation_id, refusal }
        } else {
            Event::SendFailed { correlation_id }
        });
    }

    fn propose(&mut self, input: &mut Input<'_>) {
        let epoch = self.engine.leading_epoch().unwrap_or(0) - i32::from(input.byte() % 8 == 7);
        let batches = (0..=input.below(2)).map(|_| vec![vec![0]; 1 + input.below(3)]).collect();
        self.step(Event::Propose { epoch, batches });
    }

    fn flushed(&mut self, input: &mut Input<'_>) {
        if let Some(end) = self.disk.flush(input.flag()) {
            self.step(Event::Flushed { end });
        }
    }

    /// The state machine writes a snapshot at the high watermark and lets the log begin there.
    fn snapshot(&mut self) {
        let Some(end) = self.engine.high_watermark().filter(|end| *end > self.disk.start) else { return };
        let id = OffsetAndEpoch::new(end, self.disk.epoch_before(end));
        if self.engine.log().latest_snapshot().is_none_or(|latest| latest.offset < end) {
            self.disk.freeze(id);
            self.step(Event::SnapshotFrozen { id });
            self.disk.advance_start(end);
            self.step(Event::LogStartAdvanced { start: end });
        }
    }

    fn resign(&mut self, input: &mut Input<'_>) {
        let epoch = self.engine.leader().epoch - i32::from(input.byte() & 1);
        self.step(Event::Resign { epoch });
    }

    /// Stops and starts again, or starts again after a crash.
    fn stop(&mut self, input: &mut Input<'_>) {
        if input.flag() {
            self.step(Event::Shutdown);
        }
        self.seed += 1;
        self.disk.crash();
        self.engine = start(&mut self.disk, &self.voters, self.now_ms, self.seed);
        self.settle();
    }
}

/// A node as it finds itself on its disk.
fn start(disk: &mut Disk, static_voters: &VoterSet, now_ms: u64, seed: u64) -> Engine {
    let mut config = EngineConfig::new(NODE_ID, directory(NODE_ID), LISTENER, seed);
    config.endpoints = peers::endpoints(NODE_ID);
    let mut voters = VoterHistory::new(static_voters.clone());
    disk.replay_voters(&mut voters);
    let recovered = Recovered { election: disk.election, log: disk.view(), voters };
    let mut effects = Vec::new();
    let engine = Engine::new(config, recovered, now_ms, &mut effects);
    engine.validate();
    disk.perform(effects);
    engine
}
