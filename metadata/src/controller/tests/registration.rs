//! Who may register.

use super::*;

fn refused(change: impl FnOnce(&mut BrokerRegistrationRequest<'static>)) -> ApiError {
    let mut cluster = Cluster::new();
    cluster.start_brokers([1]);
    let before = cluster.next_offset();
    let mut request = registration(2, 1);
    change(&mut request);
    let error = cluster.try_ask::<BrokerRegistrationResponse>(request).expect_err("refused");
    assert_eq!(cluster.next_offset(), before, "a refusal writes nothing");
    error
}

fn without(request: &mut BrokerRegistrationRequest<'static>, feature: &str) {
    request.features = request.features.iter().filter(|f| f.name != feature).collect();
}

#[test]
fn a_registration_that_does_not_fit_the_cluster_is_refused() {
    let error = refused(|request| request.cluster_id = "other".into());
    assert_eq!(error.code, ErrorCode::InconsistentClusterId);
    assert_eq!(error.message.as_deref(), Some("Expected cluster ID cluster, but got cluster ID other"));
    let error = refused(|request| without(request, "metadata.version"));
    assert_eq!(error.message.as_deref(), Some("Request features do not contain 'metadata.version'"));
    let error = refused(|request| without(request, "group.version"));
    assert_eq!(error.code, ErrorCode::UnsupportedVersion);
    assert!(error.message.expect("a sentence").starts_with(
        "Unable to register because the broker does not support finalized version 1 of group.version."
    ));
    let error = refused(|request| request.is_migrating_zk_broker = true);
    assert_eq!(error.code, ErrorCode::BrokerIdNotRegistered);
}

#[test]
fn log_directories_must_be_the_brokers_own() {
    let cases: [(Vec<Uuid>, &str); 4] = [
        (vec![], "No directories specified in request"),
        (vec![Uuid::ONE], "Reserved directory ID in request"),
        (vec![Uuid([9; 16]), Uuid([9; 16])], "Duplicate directory ID in request"),
        (vec![Uuid([101; 16])], "Broker 1 is already registered with directory ZWVlZWVlZWVlZWVlZWVlZQ"),
    ];
    for (directories, message) in cases {
        let error = refused(|request| request.log_dirs = directories.into());
        assert_eq!((error.code, error.message.as_deref()), (ErrorCode::InvalidRegistration, Some(message)));
    }
}

#[test]
fn a_live_incarnation_shuts_out_another() {
    let mut cluster = Cluster::new();
    cluster.start_brokers([1]);
    let error = cluster.try_ask::<BrokerRegistrationResponse>(registration(1, 2)).expect_err("refused");
    assert_eq!(error.code, ErrorCode::DuplicateBrokerRegistration);
    cluster.now_ms += 9_000;
    cluster.register(1, 2);
}

#[test]
fn a_nodes_own_broker_is_not_held_up_by_its_dead_predecessor() {
    let mut cluster = Cluster::new();
    cluster.context.local = true;
    cluster.start_brokers([CONTROLLER, 1]);
    cluster.register(CONTROLLER, 2);
    let error = cluster.try_ask::<BrokerRegistrationResponse>(registration(1, 2)).expect_err("another's");
    assert_eq!(error.code, ErrorCode::DuplicateBrokerRegistration);
}

#[test]
fn an_epoch_is_the_offset_of_the_registration() {
    let mut cluster = Cluster::new();
    cluster.start_brokers([1]);
    cluster.create("t", &[vec![1]], &[]);
    let epoch = cluster.image().cluster().broker(1).expect("known").epoch;
    assert_eq!(cluster.register(1, 1), epoch, "the same incarnation keeps its epoch");
    assert!(!cluster.image().cluster().broker(1).expect("known").fenced, "and its standing");
    cluster.now_ms += 9_000;
    let next = cluster.register(1, 2);
    assert_eq!(next, cluster.next_offset() - 1, "behind the changes of its partitions");
    let stale =
        BrokerHeartbeatRequest { broker_id: 1, broker_epoch: epoch, ..BrokerHeartbeatRequest::default() };
    let error = cluster.ask::<BrokerHeartbeatResponse>(stale).expect_err("refused");
    assert_eq!(error.code, ErrorCode::StaleBrokerEpoch);
}
