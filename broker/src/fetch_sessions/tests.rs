use std::sync::Arc;

use super::*;

const WISH: FetchWish = FetchWish {
    fetch_offset: 0,
    log_start_offset: -1,
    max_bytes: 1000,
    current_leader_epoch: -1,
    last_fetched_epoch: -1,
};
const NOTHING_NEW: Shown =
    Shown { high_watermark: -1, log_start: -1, has_records: false, has_error: false, has_news: false };

fn key(partition: i32) -> SessionKey {
    SessionKey { topic: SessionTopic::Name(Arc::from("t")), partition }
}

fn order(session: &Session) -> Vec<i32> {
    session.wishes().map(|(key, _)| key.partition).collect()
}

fn fill(partitions: i32) -> impl FnOnce(&mut Session) {
    move |session| (0..partitions).for_each(|partition| session.wish(key(partition), WISH))
}

#[test]
fn a_partition_is_shown_when_something_changed() {
    let mut session = Session::new(1, false, false, 0);
    fill(3)(&mut session);
    assert!(!session.show(&key(0), NOTHING_NEW));
    let moved = Shown { high_watermark: 5, log_start: 0, ..NOTHING_NEW };
    assert!(session.show(&key(0), moved));
    assert!(!session.show(&key(0), moved));
    assert!(session.show(&key(0), Shown { has_error: true, ..moved }));
    assert!(session.show(&key(0), moved), "named once more after an error");
    assert!(session.show(&key(0), Shown { has_news: true, ..moved }));
    assert!(!session.show(&key(9), moved), "not of this session");
}

#[test]
fn a_partition_that_had_records_goes_to_the_end() {
    let mut session = Session::new(1, false, false, 0);
    fill(3)(&mut session);
    assert!(session.show(&key(0), Shown { has_records: true, ..NOTHING_NEW }));
    assert_eq!(order(&session), [1, 2, 0]);
    session.forget(&key(2));
    session.wish(key(7), WISH);
    assert_eq!(order(&session), [1, 0, 7]);
}

#[test]
fn epochs_count_up_and_skip_zero() {
    assert_eq!(next_epoch(0), 1);
    assert_eq!(next_epoch(i32::MAX), 1);
    assert_eq!(next_epoch(-1), -1);
}

#[test]
fn a_session_goes_on_only_with_its_own_epoch_and_naming() {
    let cache = SessionCache::new(100, 1000, 7);
    let id = cache.open(false, true, 2, 0, fill(2));
    assert_ne!(id, 0);
    assert_eq!(cache.proceed(id, 2, true, 0, |_| ()).err(), Some(SessionError::WrongEpoch));
    assert_eq!(cache.proceed(id, 1, false, 0, |_| ()).err(), Some(SessionError::TopicIds));
    assert_eq!(cache.proceed(id ^ 8, 1, true, 0, |_| ()).err(), Some(SessionError::NotFound));
    assert!(cache.proceed(id, 1, true, 0, |_| ()).is_ok());
    assert_eq!(cache.proceed(id, 1, true, 0, |_| ()).err(), Some(SessionError::WrongEpoch));
    let emptied = cache.proceed(id, 2, true, 0, |session| (0..2).for_each(|p| session.forget(&key(p))));
    assert!(emptied.is_ok_and(|session| session.lock().is_empty()));
    assert_eq!(cache.len(), 0);
}

#[test]
fn a_full_cache_gives_up_the_stale_then_the_small() {
    let shards = crate::limits::FETCH_SESSION_SHARDS;
    let cache = SessionCache::new(shards, 1000, 7);
    let ids: Vec<i32> = (0..shards).map(|_| cache.open(false, false, 3, 0, fill(3))).collect();
    assert!(ids.iter().all(|id| *id != 0));
    let refused: Vec<i32> = (0..shards).map(|_| cache.open(false, false, 9, 500, fill(9))).collect();
    assert!(refused.iter().all(|id| *id == 0), "the others are young and in use");
    for id in &ids {
        assert!(cache.proceed(*id, 1, false, 1500, |_| ()).is_ok());
    }
    let smaller: Vec<i32> = (0..shards).map(|_| cache.open(false, false, 2, 1600, fill(2))).collect();
    assert!(smaller.iter().all(|id| *id == 0), "a smaller session replaces none in use");
    let larger: Vec<i32> = (0..shards).map(|_| cache.open(false, false, 4, 1600, fill(4))).collect();
    assert!(larger.iter().all(|id| *id != 0));
    assert_eq!(cache.len(), shards);
    let stale: Vec<i32> = (0..shards).map(|_| cache.open(false, false, 1, 9000, fill(1))).collect();
    assert!(stale.iter().all(|id| *id != 0));
    assert_eq!(cache.len(), shards);
}

#[test]
fn a_follower_replaces_consumers_at_once() {
    let shards = crate::limits::FETCH_SESSION_SHARDS;
    let cache = SessionCache::new(shards, 1000, 7);
    (0..shards).for_each(|_| assert_ne!(cache.open(false, false, 3, 0, fill(3)), 0));
    (0..shards).for_each(|_| assert_ne!(cache.open(true, false, 1, 1, fill(1)), 0));
    (0..shards).for_each(|_| assert_eq!(cache.open(true, false, 1, 2, fill(1)), 0));
}
