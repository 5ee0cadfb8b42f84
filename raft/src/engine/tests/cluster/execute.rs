//! Performs the engines' effects on the simulated disk, and tells the invariants of each.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::{discriminant, take};
use std::rc::Rc;

use super::Cluster;
use super::network::{Asked, Delivery};
use crate::engine::tests::disk::Batch;
use crate::engine::tests::invariants::Fact;
use crate::engine::{Content, Effect, ElectionState, Event, OffsetAndEpoch, Reply, RequestId};

impl Cluster {
    pub(super) fn perform(&mut self, node: usize, effects: Vec<Effect>) {
        let incarnation = self.nodes[node].incarnation;
        for effect in effects {
            if self.nodes[node].incarnation != incarnation {
                return;
            }
            if self.random.below(1_000) < self.weather.crash_per_mille {
                return self.crash(node);
            }
            self.note(node, &effect);
            self.perform_one(node, effect);
        }
    }

    fn note(&mut self, node: usize, effect: &Effect) {
        let mut hasher = DefaultHasher::new();
        let disk = &self.nodes[node].disk;
        (self.trace, self.now_ms, node, discriminant(effect), disk.end(), disk.flushed).hash(&mut hasher);
        if let Effect::SendRequest { to, correlation_id, request } = effect {
            (to.id, correlation_id, discriminant(request)).hash(&mut hasher);
        }
        self.trace = hasher.finish();
    }

    fn perform_one(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::PersistQuorumState { state, .. } => self.persist(node, state),
            Effect::Append { base_offset, epoch, content } => self.append(node, base_offset, epoch, &content),
            Effect::AppendFetched { bytes, .. } => self.append_fetched(node, &bytes),
            Effect::Flush { .. } => {
                if !std::mem::replace(&mut self.nodes[node].flush_under_way, true) {
                    let delay = self.random.below(self.weather.flush_max_ms + 1);
                    let incarnation = self.nodes[node].incarnation;
                    self.push(delay, node, Delivery::FlushDone { incarnation });
                }
            }
            Effect::Truncate { end } => {
                self.observe(&Fact::Truncates { node, end });
                self.nodes[node].disk.truncate_to(end);
            }
            Effect::SendRequest { to, correlation_id, request } => {
                self.observe(&Fact::Sends { node, request: &request });
                self.send(node, &to, correlation_id, request);
            }
            Effect::Reply { to, reply } => self.answer(node, to, reply),
            Effect::AdvanceHighWatermark { high_watermark } => self.commit(node, high_watermark),
            Effect::LeaderChanged { leader, epoch_start } => {
                if let Some(start) = epoch_start {
                    self.observe(&Fact::Leads { node, epoch: leader.epoch });
                    self.history.epoch_starts.insert(leader.epoch, start);
                }
            }
            Effect::BeginSnapshot { .. } => self.nodes[node].snapshot_bytes.clear(),
            Effect::AppendSnapshot { bytes, .. } => self.nodes[node].snapshot_bytes.extend(bytes),
            Effect::InstallSnapshot { id } => self.install(node, id),
            Effect::Report(_) => {}
        }
    }

    fn persist(&mut self, node: usize, state: ElectionState) {
        self.observe(&Fact::Persists { node, state });
        self.nodes[node].disk.election = Some(state);
        self.step(node, Event::QuorumStatePersisted);
    }

    fn append(&mut self, node: usize, base_offset: i64, epoch: i32, content: &Content) {
        self.contents += 1;
        let control = match content {
            Content::Control(records) => records.clone(),
            Content::Data(_) => Vec::new(),
        };
        let count = content.record_count() as i64;
        let mut hasher = DefaultHasher::new();
        let before = self.nodes[node].disk.chain_at(base_offset).expect("the log ends with a batch");
        (before, self.contents, base_offset, epoch).hash(&mut hasher);
        let chain = hasher.finish();
        let batch = Rc::new(Batch { base_offset, count, epoch, content: self.contents, control, chain });
        self.by_content.insert(self.contents, Rc::clone(&batch));
        self.put(node, batch, true);
    }

    fn append_fetched(&mut self, node: usize, bytes: &[u8]) {
        for content in bytes.chunks_exact(8) {
            let content = u64::from_be_bytes(content.try_into().expect("eight bytes"));
            let batch = Rc::clone(&self.by_content[&content]);
            self.put(node, batch, false);
        }
    }

    fn put(&mut self, node: usize, batch: Rc<Batch>, leads: bool) {
        self.observe(&Fact::Appends { node, batch: &batch, leads });
        self.nodes[node].disk.append(batch);
        self.observe(&Fact::Appended { node });
    }

    pub(super) fn flush(&mut self, node: usize) {
        let state = &mut self.nodes[node];
        if take(&mut state.flush_under_way) {
            let end = state.disk.end();
            state.disk.flushed = end;
            self.step(node, Event::Flushed { end });
        }
    }

    fn answer(&mut self, node: usize, to: RequestId, reply: Reply) {
        let Asked { from, correlation_id, incarnation, request } =
            self.requests.remove(&to).expect("one answer each");
        self.observe(&Fact::Replies { node, request: &request, reply: &reply });
        if let Some(response) = self.response(node, reply) {
            self.transmit(node, from, Delivery::Answer { correlation_id, incarnation, response });
        }
    }

    fn commit(&mut self, node: usize, end: i64) {
        self.observe(&Fact::Commits { node, end });
        self.nodes[node].high_watermark = end;
        self.history.extend(&self.nodes[node], end);
    }

    /// A snapshot repeats its hash, so that pieces of two do not make one.
    fn install(&mut self, node: usize, id: OffsetAndEpoch) {
        let bytes = take(&mut self.nodes[node].snapshot_bytes);
        let mut words = bytes.chunks_exact(8).map(|word| u64::from_be_bytes(word.try_into().expect("eight")));
        let chain = words.next().expect("a snapshot is not empty");
        assert!(words.all(|word| word == chain), "a snapshot is put together from its own pieces");
        self.observe(&Fact::Snapshots { node, id, chain });
        let snapshot = self.snapshots[&id].clone();
        self.nodes[node].flush_under_way = false;
        self.nodes[node].disk.install(snapshot.clone());
        self.nodes[node].high_watermark = id.offset;
        let (kraft_version, voters) = (snapshot.kraft_version, snapshot.voters);
        self.step(node, Event::SnapshotInstalled { id, kraft_version, voters });
    }
}
