//! Bulk work goes in bounded steps.

use super::*;
use crate::limits::SWEEP_RECORDS_PER_STEP;

/// Topics of 500 partitions each, all led by broker 1.
fn bulk(topics: usize) -> (Cluster, Vec<Uuid>) {
    let mut cluster = Cluster::new();
    cluster.start_brokers(1..=2);
    let assignments = vec![vec![1, 2]; 500];
    let ids = (0..topics).map(|number| cluster.create(&format!("t{number}"), &assignments, &[])).collect();
    (cluster, ids)
}

fn led_by(cluster: &Cluster, id: i32) -> usize {
    let partitions = cluster.image().topics().iter().flat_map(|topic| topic.partitions());
    partitions.filter(|(_, partition)| partition.leader() == id).count()
}

#[test]
fn a_brokers_death_lets_others_through_between_its_steps() {
    let (mut cluster, _) = bulk(12);
    cluster.now_ms += 9_000;
    cluster.heartbeat(2);
    let records = cluster.controller.tick(&cluster.state, cluster.now_ms);
    assert_eq!(records.len(), 1, "the fencing comes first when its partitions are many");
    cluster.append(&records);
    assert_eq!(led_by(&cluster, 1), 6_000);
    let mut steps = 0;
    while cluster.controller.has_sweeps() {
        assert!(cluster.sweep() <= SWEEP_RECORDS_PER_STEP);
        steps += 1;
        cluster.heartbeat(2);
        cluster.create(&format!("between{steps}"), &[vec![2, 1]], &[]);
    }
    assert_eq!(steps, 3);
    assert_eq!((led_by(&cluster, 1), led_by(&cluster, 2)), (0, 6_003));
}

#[test]
fn few_partitions_go_with_the_fencing_in_one_batch() {
    let (mut cluster, _) = bulk(1);
    cluster.now_ms += 9_000;
    cluster.heartbeat(2);
    let records = cluster.controller.tick(&cluster.state, cluster.now_ms);
    assert_eq!(records.len(), 501);
    assert_eq!(records.last().expect("some").message.name(), "BrokerRegistrationChangeRecord");
}

#[test]
fn a_new_controller_finishes_what_its_predecessor_began() {
    let (mut cluster, _) = bulk(12);
    cluster.now_ms += 9_000;
    cluster.heartbeat(2);
    let records = cluster.controller.tick(&cluster.state, cluster.now_ms);
    cluster.append(&records);
    cluster.sweep();
    assert!(led_by(&cluster, 1) > 0);
    cluster.fail_over();
    cluster.sweep_all();
    assert_eq!(led_by(&cluster, 1), 0);
}

#[test]
fn a_broker_that_returns_ends_the_sweep_of_its_absence() {
    let (mut cluster, _) = bulk(12);
    cluster.now_ms += 9_000;
    cluster.heartbeat(2);
    let records = cluster.controller.tick(&cluster.state, cluster.now_ms);
    cluster.append(&records);
    cluster.sweep();
    let still_led = led_by(&cluster, 1);
    assert!(!cluster.heartbeat(1).is_fenced, "it was only slow");
    cluster.sweep_all();
    assert_eq!(led_by(&cluster, 1), still_led);
}

#[test]
fn a_new_incarnation_waits_until_the_old_ones_partitions_are_gone_through() {
    for cleanly in [true, false] {
        let (mut cluster, _) = bulk(12);
        let mut request = registration(1, 2);
        if cleanly {
            request.previous_broker_epoch = cluster.image().cluster().broker(1).expect("known").epoch;
        }
        cluster.now_ms += 9_000;
        cluster.heartbeat(2);
        let waits: Option<BrokerRegistrationResponse> = cluster.try_ask(request.clone()).expect("accepted");
        assert!(waits.is_none());
        assert!(cluster.image().cluster().broker(1).expect("known").fenced);
        cluster.sweep_all();
        assert_eq!(led_by(&cluster, 1), 0);
        let _: BrokerRegistrationResponse = cluster.ask(request).expect("registers");
        assert!(!cluster.heartbeat(1).is_fenced);
    }
}

#[test]
fn leaderless_partitions_have_leaders_again_step_by_step() {
    let mut cluster = Cluster::new();
    cluster.start_brokers([1]);
    for number in 0..12 {
        cluster.create(&format!("t{number}"), &vec![vec![1]; 500], &[]);
    }
    cluster.kill(1);
    assert_eq!(led_by(&cluster, -1), 6_000);
    cluster.heartbeat(1);
    assert!(led_by(&cluster, 1) <= SWEEP_RECORDS_PER_STEP);
    cluster.sweep_all();
    assert_eq!(led_by(&cluster, 1), 6_000);
}
