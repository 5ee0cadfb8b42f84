//! Requests that wait for a partition to move (Kafka's purgatory).
//!
//! Each partition keeps a [`WaitList`]; a request that cannot be answered yet leaves its signal
//! there with the offset it waits for, and looks again when the signal is raised. Nothing scans:
//! an append wakes the requests it may satisfy and costs one load when there are none.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use slab::Slab;

/// The requests that wait for one partition.
#[derive(Debug, Default)]
pub(crate) struct WaitList {
    /// How many there are, to be read without the lock.
    count: AtomicUsize,
    waiters: Mutex<Slab<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    /// The request is woken when an offset beyond this one is there.
    beyond: i64,
    signal: Arc<Signal>,
}

#[derive(Debug, Default)]
struct Signal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl WaitList {
    /// Wakes the requests that wait for an offset below `end`. To be called after `end` can be
    /// seen by whoever looks.
    pub(crate) fn advanced_to(&self, end: i64) {
        if self.count.load(Ordering::SeqCst) > 0 {
            let waiters = self.waiters.lock();
            let due = waiters.iter().filter(|(_, waiter)| waiter.beyond < end);
            due.for_each(|(_, waiter)| waiter.signal.raise());
        }
    }

    /// Wakes every request: the partition moved, failed or was deleted.
    pub(crate) fn changed(&self) {
        self.advanced_to(i64::MAX);
    }

    /// Number of waiting requests.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// One waiting request and the places where it waits. Dropping it takes it off every list.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    signal: Arc<Signal>,
    places: Vec<(Arc<WaitList>, usize)>,
}

impl Wait {
    /// Also waits for an offset beyond `beyond` in this partition. The caller looks at the
    /// partition once more afterwards: what happened before is not signalled.
    pub(crate) fn on(&mut self, list: &Arc<WaitList>, beyond: i64) {
        let key = list.waiters.lock().insert(Waiter { beyond, signal: Arc::clone(&self.signal) });
        list.count.fetch_add(1, Ordering::SeqCst);
        self.places.push((Arc::clone(list), key));
    }

    /// Waits until something this request waits for has happened, or `limit` has passed. True
    /// when it happened; the next call waits for the next event.
    pub(crate) async fn next(&self, limit: Duration) -> bool {
        let raised = poll_fn(|context| {
            self.signal.waker.register(context.waker());
            match self.signal.raised.swap(false, Ordering::AcqRel) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        tokio::time::timeout(limit, raised).await.is_ok()
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        for (list, key) in self.places.drain(..) {
            list.waiters.lock().remove(key);
            list.count.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(flavor = "current_thread")]
    async fn a_request_is_woken_by_what_it_waits_for_only() {
        let (a, b) = (Arc::new(WaitList::default()), Arc::new(WaitList::default()));
        let mut wait = Wait::default();
        wait.on(&a, 10);
        wait.on(&b, 5);
        a.advanced_to(10);
        assert!(!wait.next(Duration::ZERO).await);
        a.advanced_to(11);
        assert!(wait.next(LONG).await);
        b.changed();
        assert!(wait.next(LONG).await);
        assert!(!wait.next(Duration::ZERO).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn another_thread_wakes_it() {
        let list = Arc::new(WaitList::default());
        let mut wait = Wait::default();
        wait.on(&list, 0);
        let waker = tokio::spawn({
            let list = Arc::clone(&list);
            async move { list.advanced_to(1) }
        });
        assert!(wait.next(LONG).await);
        waker.await.expect("no panic");
    }

    #[test]
    fn a_request_that_is_given_up_leaves_nothing_behind() {
        let list = Arc::new(WaitList::default());
        let mut wait = Wait::default();
        wait.on(&list, 0);
        wait.on(&list, 7);
        assert_eq!(list.len(), 2);
        drop(wait);
        assert_eq!(list.len(), 0);
        list.changed();
    }
}
