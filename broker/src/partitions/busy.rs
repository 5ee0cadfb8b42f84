//! One thread at a time per partition, for what must not happen twice or together: opening its log,
//! recovering it, taking it out of use.

use std::collections::HashSet;

use parking_lot::{Condvar, Mutex};

use super::Key;

/// The partitions that somebody is busy with. Costs nothing for all others.
#[derive(Debug, Default)]
pub(super) struct Busy {
    keys: Mutex<HashSet<Key>>,
    released: Condvar,
}

/// Held while one is busy with a partition.
#[derive(Debug)]
#[must_use = "others may work on the partition as soon as it is dropped"]
pub(super) struct BusyGuard<'a> {
    busy: &'a Busy,
    key: Key,
}

impl Busy {
    /// Waits until nobody else is busy with the partition. Nobody may hold two.
    pub(super) fn enter(&self, key: Key) -> BusyGuard<'_> {
        let mut keys = self.keys.lock();
        while !keys.insert(key) {
            self.released.wait(&mut keys);
        }
        BusyGuard { busy: self, key }
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.busy.keys.lock().remove(&self.key);
        self.busy.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use wire::Uuid;

    use super::*;

    #[test]
    fn one_at_a_time_per_partition_and_others_meanwhile() {
        let busy = Busy::default();
        let (first, other) = ((Uuid([1; 16]), 0), (Uuid([1; 16]), 1));
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let guard = busy.enter(first);
            let waiting = scope.spawn(|| {
                let _guard = busy.enter(first);
                order.lock().push("second");
            });
            drop(busy.enter(other));
            order.lock().push("first");
            drop(guard);
            waiting.join().expect("does not panic");
        });
        assert_eq!(*order.lock(), ["first", "second"]);
        assert!(busy.keys.lock().is_empty());
    }
}
