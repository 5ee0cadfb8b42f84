use std::sync::Arc;

use super::produce::produce;
use crate::Readiness;
use crate::testing::{TestBroker, batch_of};

#[tokio::test]
async fn a_broker_registers_is_unfenced_and_is_let_go() {
    let broker = TestBroker::start();
    let mut readiness = broker.broker.readiness();
    assert_eq!(*readiness.borrow(), Readiness::Starting);
    broker.broker.join();
    readiness.wait_for(|state| *state == Readiness::Running).await.expect("the broker lives");
    assert_eq!(broker.broker.epoch(), 1);
    broker.broker.leave();
    readiness.wait_for(|state| *state == Readiness::Gone).await.expect("the broker lives");
}

#[test]
fn recovery_leaves_partitions_alone_that_are_in_use() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"a"])).base_offset, 0);
    let before = broker.broker.partitions().by_name("t", 0).expect("open");
    broker.broker.partitions().recover();
    let after = broker.broker.partitions().by_name("t", 0).expect("open");
    assert!(Arc::ptr_eq(&before, &after));
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"b"])).base_offset, 1);
}
