//! What happens to nodes from outside: proposals, snapshots, crashes, lost disks, changes of the voters.

use super::network::Delivery;
use super::{Cluster, Weather, endpoint};
use crate::engine::tests::disk::{Disk, Snapshot};
use crate::engine::tests::invariants::Fact;
use crate::engine::{
    AddVoterRequest, Engine, Event, OffsetAndEpoch, RemoveVoterRequest, ReplicaKey, Request,
    UpgradeKRaftVersionRequest, VoterSet,
};
use wire::Uuid;

impl Cluster {
    /// Proposes at whoever believes to lead.
    pub(in crate::engine::tests) fn propose(&mut self, count: usize) {
        for node in 0..self.nodes.len() {
            let epoch = self.nodes[node].engine.as_ref().and_then(Engine::leading_epoch);
            if let Some(epoch) = epoch {
                let batches = (0..count).map(|_| vec![vec![0]; 2]).collect();
                self.step(node, Event::Propose { epoch, batches });
            }
        }
    }

    /// Freezes a snapshot at the high watermark of a node and cuts the log behind it.
    pub(in crate::engine::tests) fn snapshot(&mut self, node: usize) {
        let state = &self.nodes[node];
        let Some(engine) = &state.engine else { return };
        let Some(end) = engine.high_watermark().filter(|end| *end > state.disk.start) else { return };
        let id = OffsetAndEpoch::new(end, state.disk.epoch_before(end));
        let chain = state.disk.chain_at(end).expect("committed ends lie between batches");
        let (kraft_version, voters) = engine.voters().at(end);
        let snapshot = Snapshot { id, chain, kraft_version, voters: voters.cloned() };
        self.observe(&Fact::Snapshots { node, id, chain });
        self.snapshots.insert(id, snapshot.clone());
        let state = &mut self.nodes[node];
        state.disk.snapshots.push(snapshot);
        state.disk.advance_start(end);
        self.step(node, Event::SnapshotFrozen { id });
        self.step(node, Event::LogStartAdvanced { start: end });
    }

    pub(in crate::engine::tests) fn resign(&mut self, node: usize) {
        if let Some(epoch) = self.nodes[node].engine.as_ref().and_then(Engine::leading_epoch) {
            self.step(node, Event::Resign { epoch });
        }
    }

    pub(in crate::engine::tests) fn crash(&mut self, node: usize) {
        let survives = if self.chance(70) { 0 } else { self.below(4) as usize };
        let state = &mut self.nodes[node];
        if state.engine.take().is_none() {
            return;
        }
        state.disk.crash(survives);
        state.flush_under_way = false;
        state.incarnation += 1;
        let incarnation = state.incarnation;
        if self.chance(10) {
            self.nodes[node].port ^= 1;
        }
        let outage = if self.chance(50) { 20 } else { 3_000 };
        let delay = 1 + self.below(outage);
        self.push(delay, node, Delivery::Restart { incarnation });
    }

    /// Takes the disk out and puts an empty one in, with a directory id of its own.
    pub(in crate::engine::tests) fn wipe(&mut self, node: usize) {
        if !self.plan.is_static && self.may_do_without(node) {
            self.crash(node);
            self.directories += 1;
            let fresh = Disk::formatted(Uuid::from(self.directories), None);
            let former = std::mem::replace(&mut self.nodes[node].disk, fresh);
            self.nodes[node].former.push(former);
        }
    }

    /// Puts a disk back that was taken out, as it was then.
    pub(in crate::engine::tests) fn put_old_disk_back(&mut self, node: usize) {
        if self.may_do_without(node)
            && let Some(directory_id) = self.nodes[node].former.first().map(|disk| disk.directory_id)
        {
            self.swap_disk(node, directory_id);
        }
    }

    fn swap_disk(&mut self, node: usize, directory_id: Uuid) {
        self.crash(node);
        let state = &mut self.nodes[node];
        let index = state.former.iter().position(|disk| disk.directory_id == directory_id);
        let wanted = state.former.remove(index.expect("a disk that was taken out"));
        let former = std::mem::replace(&mut state.disk, wanted);
        state.former.push(former);
    }

    /// Every newest voter set on any disk in use, and the committed one.
    fn voter_sets(&self) -> Vec<VoterSet> {
        let newest = |disk: &Disk| disk.voters(&self.configured).voters().clone();
        self.nodes.iter().map(|node| newest(&node.disk)).chain([self.history.voters.clone()]).collect()
    }

    /// Whether a majority of every voter set remains without this disk: what was promised to a
    /// majority is then still somewhere.
    fn may_do_without(&self, node: usize) -> bool {
        let key = self.nodes[node].key();
        let remaining = |set: &VoterSet| {
            let others = self.nodes.iter().filter(|other| other.id != key.id);
            others.filter(|other| set.is_voter(&other.key())).count()
        };
        self.voter_sets().iter().all(|set| set.get(key.id).is_none() || remaining(set) >= set.majority())
    }

    /// Asks whoever believes to lead for a change of the voters: a node that votes shall not, one that
    /// does not shall.
    pub(in crate::engine::tests) fn change_voters(&mut self, node: usize) {
        let Some(leader) = self.leader() else { return };
        let engine = self.nodes[leader].engine.as_ref().expect("a leader runs");
        let (epoch, voters) = (engine.leader().epoch, engine.voters().voters().clone());
        let kraft_version = engine.voters().kraft_version();
        let key = self.nodes[node].key();
        if kraft_version == 0 {
            let request = UpgradeKRaftVersionRequest { epoch, kraft_version: 1, validate_only: false };
            return self.ask(leader, Request::UpgradeKRaftVersion(request));
        }
        match voters.get(key.id) {
            None => {
                let endpoints = vec![endpoint(key.id, self.nodes[node].port)];
                let ack_when_committed = self.chance(50);
                let request = AddVoterRequest { voter: Some(key), endpoints, ack_when_committed };
                self.ask(leader, Request::AddVoter(request));
            }
            Some(voter) if self.is_enough(&voters, voter.key) => {
                let request = RemoveVoterRequest { voter: Some(voter.key) };
                self.ask(leader, Request::RemoveVoter(request));
            }
            Some(_) => {}
        }
    }

    /// Whether the voters without `key` have a majority of disks that are in use.
    fn is_enough(&self, voters: &VoterSet, key: ReplicaKey) -> bool {
        let Some(remaining) = voters.without(&key) else { return false };
        let in_use = self.nodes.iter().filter(|node| remaining.is_voter(&node.key())).count();
        in_use >= remaining.majority()
    }

    pub(in crate::engine::tests) fn leader(&self) -> Option<usize> {
        let leads =
            |node: usize| self.nodes[node].engine.as_ref()?.leading_epoch().map(|epoch| (epoch, node));
        (0..self.nodes.len()).filter_map(leads).max().map(|(_, node)| node)
    }

    /// The weather clears. Disks that voters were left without are put back.
    pub(in crate::engine::tests) fn heal(&mut self) {
        self.cut.clear();
        self.weather = Weather::FINE;
        let sets = self.voter_sets();
        for node in 0..self.nodes.len() {
            let present = self.nodes[node].key();
            if sets.iter().any(|set| set.is_voter(&present)) {
                continue;
            }
            let of_disk = |disk: &Disk| ReplicaKey { id: present.id, directory_id: Some(disk.directory_id) };
            let wanted = self.nodes[node]
                .former
                .iter()
                .find(|disk| sets.iter().any(|set| set.is_voter(&of_disk(disk))));
            if let Some(directory_id) = wanted.map(|disk| disk.directory_id) {
                self.swap_disk(node, directory_id);
            }
        }
    }

    /// Whether there is one leader, which votes, and everybody has and knows everything.
    pub(in crate::engine::tests) fn fault_of_convergence(&self) -> Option<String> {
        let leads = |node: &&super::Node| node.engine.as_ref().is_some_and(|e| e.leading_epoch().is_some());
        let leaders: Vec<_> = self.nodes.iter().filter(leads).collect();
        let [leader] = leaders[..] else {
            let stands: Vec<_> = self
                .nodes
                .iter()
                .map(|node| (node.key(), node.engine.as_ref().map(Engine::status)))
                .collect();
            return Some(format!("{} nodes lead: {stands:?}", leaders.len()));
        };
        let voters = leader.engine.as_ref().expect("running").voters().voters();
        if !voters.is_voter(&leader.key()) {
            return Some(format!("node {} leads and does not vote", leader.id));
        }
        let end = leader.disk.end();
        self.nodes.iter().find_map(|node| {
            let engine = node.engine.as_ref();
            let knows = engine.and_then(Engine::high_watermark);
            (knows != Some(end) || node.disk.end() != end).then(|| {
                let status = engine.map(Engine::status);
                format!("node {} has {} of {end} and knows {knows:?}: {status:?}", node.id, node.disk.end())
            })
        })
    }
}
