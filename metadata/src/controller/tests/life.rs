//! From registration to shutdown.

use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;

use super::*;

#[test]
fn a_broker_is_unfenced_when_it_has_its_own_registration() {
    let mut cluster = Cluster::new();
    let epoch = cluster.register(1, 1);
    let early: BrokerHeartbeatResponse =
        cluster.ask(heartbeat(cluster.image(), 1, epoch - 1)).expect("lives");
    assert!(early.is_fenced && !early.is_caught_up);
    let caught_up: BrokerHeartbeatResponse =
        cluster.ask(heartbeat(cluster.image(), 1, epoch)).expect("lives");
    assert!(!caught_up.is_fenced && caught_up.is_caught_up);
}

#[test]
fn silence_fences_a_broker_and_gives_its_leaderships_away() {
    let mut cluster = Cluster::new();
    cluster.start_brokers(1..=3);
    let topic = cluster.create("t", &[vec![1, 2, 3], vec![2, 3, 1]], &[]);
    cluster.kill(1);
    assert_eq!((cluster.partition(topic, 0).leader(), cluster.partition(topic, 0).isr()), (2, &[2, 3][..]));
    assert_eq!(cluster.partition(topic, 0).leader_epoch(), 1);
    assert_eq!((cluster.partition(topic, 1).leader(), cluster.partition(topic, 1).leader_epoch()), (2, 0));
    let before = cluster.next_offset();
    cluster.now_ms += 8_000;
    cluster.heartbeat(2);
    cluster.heartbeat(3);
    cluster.tick();
    assert!(cluster.image().cluster().unfenced_brokers().count() == 2, "the others stay");
    assert!(cluster.next_offset() <= before + 1, "a fenced broker is not fenced again");
}

#[test]
fn a_new_controller_gives_every_session_a_fresh_start() {
    let mut cluster = Cluster::new();
    cluster.start_brokers([1]);
    cluster.now_ms += 60_000;
    cluster.fail_over();
    cluster.tick();
    assert!(!cluster.image().cluster().broker(1).expect("known").fenced);
    cluster.now_ms += 20_000;
    cluster.tick();
    assert!(cluster.image().cluster().broker(1).expect("known").fenced);
}

fn shutdown(cluster: &mut Cluster, id: i32) -> BrokerHeartbeatResponse {
    let mut request = heartbeat(cluster.image(), id, cluster.next_offset());
    request.want_shut_down = true;
    cluster.ask(request).expect("lives")
}

#[test]
fn a_controlled_shutdown_waits_until_all_know_the_new_leaders() {
    let mut cluster = Cluster::new();
    cluster.start_brokers(1..=2);
    let topic = cluster.create("t", &[vec![1, 2]], &[]);
    assert!(!shutdown(&mut cluster, 1).should_shut_down);
    assert_eq!(cluster.partition(topic, 0).leader(), 2);
    let end = cluster.next_offset();
    let _: BrokerHeartbeatResponse = cluster.ask(heartbeat(cluster.image(), 2, end - 2)).expect("lives");
    assert!(!shutdown(&mut cluster, 1).should_shut_down, "broker 2 is behind");
    let _: BrokerHeartbeatResponse = cluster.ask(heartbeat(cluster.image(), 2, end - 1)).expect("lives");
    let granted = shutdown(&mut cluster, 1);
    assert!(granted.should_shut_down && granted.is_fenced);
    assert!(cluster.image().cluster().broker(1).expect("stays registered").fenced);
}

#[test]
fn a_broker_without_leaderships_may_stop_at_once() {
    let mut cluster = Cluster::new();
    cluster.start_brokers(1..=2);
    cluster.create("t", &[vec![2, 1]], &[]);
    assert!(shutdown(&mut cluster, 1).should_shut_down);
}

#[test]
fn an_only_replica_leads_again_when_its_broker_is_back() {
    let mut cluster = Cluster::new();
    cluster.start_brokers([1]);
    let topic = cluster.create("t", &[vec![1]], &[]);
    assert!(!shutdown(&mut cluster, 1).should_shut_down, "its leaderships are to go first");
    assert_eq!(cluster.partition(topic, 0).leader(), -1);
    assert!(shutdown(&mut cluster, 1).should_shut_down);
    cluster.now_ms += 9_000;
    cluster.restart(1, 2, true);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.leader(), partition.isr()), (1, &[1][..]));
}

#[test]
fn an_unregistered_broker_is_forgotten() {
    let mut cluster = Cluster::new();
    cluster.start_brokers(1..=2);
    let topic = cluster.create("t", &[vec![1, 2]], &[]);
    let _: UnregisterBrokerResponse<'_> =
        cluster.ask(UnregisterBrokerRequest { broker_id: 1 }).expect("known");
    assert!(cluster.image().cluster().broker(1).is_none());
    assert_eq!(cluster.partition(topic, 0).leader(), 2);
    cluster.now_ms += 60_000;
    cluster.heartbeat(2);
    cluster.tick();
    cluster.start_brokers([1]);
}

#[test]
fn a_directory_that_went_offline_takes_its_replicas_out() {
    let mut cluster = Cluster::new();
    cluster.start_brokers(1..=2);
    let mut request = registration(3, 1);
    request.log_dirs = vec![Uuid([103; 16]), Uuid([113; 16])].into();
    let _: BrokerRegistrationResponse = cluster.ask(request).expect("registers");
    cluster.heartbeat(3);
    let topic = cluster.create("t", &[vec![1, 2]], &[]);
    let mut report = heartbeat(cluster.image(), 1, cluster.next_offset());
    report.offline_log_dirs = vec![Uuid([101; 16])].into();
    let _: BrokerHeartbeatResponse = cluster.ask(report).expect("lives");
    assert_eq!((cluster.partition(topic, 0).leader(), cluster.partition(topic, 0).isr()), (2, &[2][..]));
}
