use crate::Readiness;
use crate::testing::TestBroker;

#[tokio::test]
async fn a_broker_registers_is_unfenced_and_is_let_go() {
    let broker = TestBroker::start();
    let mut readiness = broker.broker.readiness();
    assert_eq!(*readiness.borrow(), Readiness::Starting);
    broker.broker.join();
    readiness.wait_for(|state| *state == Readiness::Running).await.expect("the broker lives");
    assert_eq!(broker.broker.epoch(), 5);
    broker.broker.leave();
    readiness.wait_for(|state| *state == Readiness::Gone).await.expect("the broker lives");
}
