//! Several drivers that exchange wire messages.

use std::collections::BTreeMap;

use super::harness::{Network, Node, config, formatted};

fn network(voters: &[i32], observers: &[i32]) -> Network {
    let mut nodes = BTreeMap::new();
    for id in voters.iter().chain(observers) {
        let mut config = config(*id, voters);
        config.retention_bytes = 0;
        config.engine.seed = u64::from(id.unsigned_abs());
        nodes.insert(*id, Node::open(&formatted(), config).expect("a fresh directory"));
    }
    Network { nodes }
}

fn leader(network: &Network) -> i32 {
    let leads =
        |node: &&Node| node.handle.quorum_info().leader.leader_id == Some(node.handle.quorum_info().node_id);
    let node = network.nodes.values().find(leads).expect("a leader");
    node.handle.quorum_info().node_id
}

#[test]
fn three_voters_elect_a_leader_and_an_observer_follows() {
    let mut network = network(&[1, 2, 3], &[7]);
    network.run(5_000);
    let leader = leader(&network);
    let node = network.nodes.get_mut(&leader).expect("the leader");
    for value in ["a", "b", "c"] {
        node.handle.propose(node.epoch(), vec![value.as_bytes().to_vec()]).expect("a leader");
    }
    network.run(1_000);
    for (id, node) in &network.nodes {
        assert_eq!(node.values(), [b"a".to_vec(), b"b".to_vec(), b"c".to_vec()], "node {id}");
        assert_eq!(node.handle.quorum_info().leader.leader_id, Some(leader), "node {id}");
    }
}

#[test]
fn an_observer_that_comes_late_takes_the_snapshot() {
    let mut network = network(&[1], &[]);
    network.run(100);
    let node = network.nodes.get_mut(&1).expect("the leader");
    let large = "x".repeat(3 << 20);
    node.write(&large).expect("a working disk");
    node.freeze();
    node.write("b").expect("a working disk");
    let end = node.freeze();
    node.write("c").expect("a working disk");
    let values = node.values();
    let late = Node::open(&formatted(), config(7, &[1])).expect("a fresh directory");
    network.nodes.insert(7, late);
    network.run(1_000);
    let late = &network.nodes[&7];
    assert_eq!(late.machine.0.lock().snapshots, [end]);
    assert_eq!(late.values(), values);
    assert_eq!(late.handle.high_watermark(), Some(end + 1));
}
