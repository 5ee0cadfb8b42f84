//! Rows of random requests, crashes and refusals: nothing panics, what is promised stays, the group can always be
//! left empty.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::*;

const RUNS: u64 = 150;
const STEPS: usize = 250;

struct Run {
    bench: Bench,
    random: Pcg32,
    /// Ids that replies have named.
    members: Vec<String>,
    waiting: Vec<oneshot::Receiver<JoinGroupResponse<'static>>>,
    /// The last offset whose commit was acknowledged, and those that were not answered since.
    committed: i64,
    unanswered: Vec<(i64, oneshot::Receiver<OffsetCommitResponse<'static>>)>,
    next_offset: i64,
}

impl Run {
    fn new(seed: u64) -> Self {
        Run {
            bench: Bench::new(),
            random: Pcg32::seed_from_u64(seed),
            members: vec![String::new()],
            waiting: Vec::new(),
            committed: -1,
            unanswered: Vec::new(),
            next_offset: 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random.next_u32() as usize % bound
    }

    fn member(&mut self) -> String {
        let index = self.below(self.members.len());
        self.members[index].clone()
    }

    fn generation(&mut self) -> i32 {
        let described = self.bench.coordinator.list(&GroupFilter::default()).expect("it is loaded");
        let guess = i32::try_from(self.below(20)).expect("small");
        if described.is_empty() { -1 } else { guess - 1 }
    }

    fn step(&mut self) {
        match self.below(16) {
            0..=4 => self.join(),
            5..=7 => self.sync(),
            8 => {
                let (member, generation) = (self.member(), self.generation());
                self.bench.heartbeat(&member, generation);
            }
            9 => self.leave(),
            10 => self.commit(),
            11 => {
                let ms = [0, 1, 3_000, 6_000, 60_000, 300_000][self.below(6)];
                self.bench.advance(ms);
            }
            12 => self.toggle_high_watermark(),
            13 => self.toggle_refusal(),
            14 if self.below(4) == 0 => self.crash(),
            _ => self.bench.coordinator.expire_offsets(self.bench.now),
        }
        self.take_replies();
    }

    fn join(&mut self) {
        let member = self.member();
        let instance = [None, None, Some("host-1"), Some("host-2")][self.below(4)];
        let mut joiner = joiner(&member, instance);
        joiner.version = [0, 3, 4, 9][self.below(4)];
        joiner.terms.rebalance_timeout_ms = [-1, 0, 1, 60_000][self.below(4)];
        joiner.terms.session_timeout_ms = [0, 6_000, 10_000, i32::MAX][self.below(4)];
        if self.below(3) == 0 {
            let other = Protocol { name: "sticky".into(), metadata: vec![0, 1] };
            joiner.terms.protocols.insert(0, other);
        }
        if self.below(10) == 0 {
            joiner.terms.protocols.remove(0);
        }
        let joined = self.bench.coordinator.join(self.bench.now, PARTITION, joiner);
        self.waiting.push(joined.expect("this is the coordinator"));
    }

    fn sync(&mut self) {
        let (member, generation) = (self.member(), self.generation());
        drop(self.bench.sync(&member, generation, &[(&member, b"part")]));
    }

    fn leave(&mut self) {
        let identity = MemberIdentity {
            member_id: self.member().into(),
            group_instance_id: [None, Some("host-1".into())][self.below(2)].clone(),
            ..MemberIdentity::default()
        };
        let identities = vec![identity; 1 + self.below(2)];
        drop(self.bench.coordinator.leave(self.bench.now, PARTITION, "g", &identities));
    }

    fn commit(&mut self) {
        let (member, generation) =
            if self.below(2) == 0 { (String::new(), -1) } else { (self.member(), self.generation()) };
        let committed = self.bench.commit(&member, generation, self.next_offset);
        self.unanswered.push((self.next_offset, committed));
        self.next_offset += 1;
    }

    fn toggle_high_watermark(&mut self) {
        let mut state = self.bench.log.state.lock();
        state.holds_high_watermark = !state.holds_high_watermark;
        state.high_watermark = state.end;
        let end = state.end;
        drop(state);
        self.bench.coordinator.committed_to(self.bench.now, PARTITION, end);
    }

    fn toggle_refusal(&mut self) {
        let refusals = [None, None, Some(ErrorCode::NotEnoughReplicas), Some(ErrorCode::MessageTooLarge)];
        self.bench.log.state.lock().refusal = refusals[self.below(4)];
    }

    /// Another coordinator takes the partition over, and reads what is there.
    fn crash(&mut self) {
        let now = self.bench.now;
        self.bench.coordinator.unload_partition(PARTITION, 0);
        self.bench = Bench::over(Arc::clone(&self.bench.log));
        self.bench.now.wall_ms = now.wall_ms;
    }

    fn take_replies(&mut self) {
        let mut members = Vec::new();
        self.waiting.retain_mut(|joined| match joined.try_recv() {
            Ok(reply) => {
                members.push(reply.member_id.into_owned());
                false
            }
            Err(error) => error == oneshot::error::TryRecvError::Empty,
        });
        self.members.extend(members);
        for (offset, mut reply) in std::mem::take(&mut self.unanswered) {
            match reply.try_recv() {
                Ok(response) => {
                    let topic = response.topics.iter().next().expect("one topic");
                    if topic.partitions.iter().next().expect("one partition").error_code == 0 {
                        self.committed = self.committed.max(offset);
                    }
                }
                Err(oneshot::error::TryRecvError::Empty) => self.unanswered.push((offset, reply)),
                Err(oneshot::error::TryRecvError::Closed) => panic!("every commit is answered"),
            }
        }
    }

    /// Everybody falls silent, and the disk works again.
    fn finish(mut self) {
        self.bench.log.state.lock().refusal = None;
        self.bench.log.state.lock().holds_high_watermark = false;
        let end = self.bench.log.state.lock().end;
        self.bench.coordinator.committed_to(self.bench.now, PARTITION, end);
        self.take_replies();
        let fetched = self.bench.fetch();
        assert!(fetched >= self.committed, "offset {} was acknowledged, {fetched} is there", self.committed);
        let reloaded = Bench::over(Arc::clone(&self.bench.log));
        assert_eq!(reloaded.fetch(), fetched, "the log says the same");
        self.bench.advance(3 * 1_800_000);
        assert!(["Empty", "Dead"].contains(&self.bench.state().as_str()), "nobody is left");
        self.take_replies();
        assert!(self.waiting.is_empty(), "everybody was answered");
    }
}

#[test]
fn any_row_of_requests_leaves_a_group_that_works() {
    for seed in 0..RUNS {
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
        }
        run.finish();
    }
}
