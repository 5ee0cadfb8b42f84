//! One fetch session: what is wished, and what the client was last shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;
use wire::Uuid;

/// First request of a session.
const EPOCH_INITIAL: i32 = 0;
/// A request without a session, or one that ends it.
const EPOCH_FINAL: i32 = -1;
/// Id of no session.
pub(crate) const NO_SESSION: i32 = 0;

/// Whether a request names all it wants, rather than going on with a session.
pub(crate) fn is_full(epoch: i32) -> bool {
    epoch == EPOCH_INITIAL || epoch == EPOCH_FINAL
}

/// Whether a session is to be opened for a request.
pub(crate) fn opens_session(epoch: i32) -> bool {
    epoch == EPOCH_INITIAL
}

/// The epoch after `epoch`; after the largest comes 1, since 0 opens a session.
pub(crate) fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        negative if negative < 0 => EPOCH_FINAL,
        i32::MAX => 1,
        epoch => epoch + 1,
    }
}

/// How a client names a topic, which is the same for all of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SessionTopic {
    /// Up to version 12.
    Name(Arc<str>),
    /// From version 13 on.
    Id(Uuid),
}

/// A partition of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey {
    /// Its topic.
    pub(crate) topic: SessionTopic,
    /// Its index.
    pub(crate) partition: i32,
}

/// What a client wants of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchWish {
    /// First offset wanted.
    pub(crate) fetch_offset: i64,
    /// A follower's own log start; -1 from a consumer.
    pub(crate) log_start_offset: i64,
    /// Most bytes of this partition.
    pub(crate) max_bytes: i32,
    /// Leader epoch the client knows; -1 when it knows none.
    pub(crate) current_leader_epoch: i32,
    /// Epoch of the last record the client has; -1 when it does not say.
    pub(crate) last_fetched_epoch: i32,
}

/// What an answer says about a partition, as far as a session remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// High watermark in the answer.
    pub(crate) high_watermark: i64,
    /// Log start in the answer.
    pub(crate) log_start: i64,
    /// Whether there are records.
    pub(crate) has_records: bool,
    /// Whether there is an error code.
    pub(crate) has_error: bool,
    /// Whether something else must be told: a diverging epoch or a preferred replica.
    pub(crate) has_news: bool,
}

#[derive(Clone, Copy, Debug)]
struct Cached {
    wish: FetchWish,
    high_watermark: i64,
    log_start: i64,
}

/// A session.
///
/// Invariant: `order` holds each key of `places` once, under its number.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id, never [`NO_SESSION`].
    pub(crate) id: i32,
    /// Epoch the next request must carry.
    pub(crate) epoch: i32,
    /// Whether it belongs to a follower, which keeps its place against consumers.
    pub(crate) privileged: bool,
    /// Whether its topics are named by id.
    pub(crate) uses_topic_ids: bool,
    /// When it was opened, in milliseconds since 1970.
    pub(crate) created_ms: i64,
    places: HashMap<SessionKey, u64>,
    /// Partitions in the order in which they are served: one that had records goes to the end,
    /// so that a full answer does not starve the others.
    order: BTreeMap<u64, (SessionKey, Cached)>,
    next_number: u64,
}

impl Session {
    /// An empty session whose next epoch is 1.
    pub(crate) fn new(id: i32, privileged: bool, uses_topic_ids: bool, created_ms: i64) -> Self {
        assert!(id != NO_SESSION);
        Self {
            id,
            epoch: next_epoch(EPOCH_INITIAL),
            privileged,
            uses_topic_ids,
            created_ms,
            places: HashMap::default(),
            order: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// Number of partitions.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no partition is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Adds a partition, or changes what is wished of it.
    pub(crate) fn wish(&mut self, key: SessionKey, wish: FetchWish) {
        if let Some(number) = self.places.get(&key) {
            let (_, cached) = self.order.get_mut(number).expect("every place is in the order");
            cached.wish = wish;
            return;
        }
        self.push(key, Cached { wish, high_watermark: -1, log_start: -1 });
    }

    /// Removes a partition.
    pub(crate) fn forget(&mut self, key: &SessionKey) {
        if let Some(number) = self.places.remove(key) {
            self.order.remove(&number);
        }
    }

    /// The partitions and what is wished of them, in the order in which they are served.
    pub(crate) fn wishes(&self) -> impl Iterator<Item = (&SessionKey, FetchWish)> {
        self.order.values().map(|(key, cached)| (key, cached.wish))
    }

    /// Whether the answer must name this partition; remembers what it will say.
    pub(crate) fn show(&mut self, key: &SessionKey, shown: Shown) -> bool {
        let Some(&number) = self.places.get(key) else { return false };
        let (_, cached) = self.order.get_mut(&number).expect("every place is in the order");
        let moved = cached.high_watermark != shown.high_watermark || cached.log_start != shown.log_start;
        // After an error the partition is named again even if nothing else changes.
        cached.high_watermark = if shown.has_error { -1 } else { shown.high_watermark };
        cached.log_start = shown.log_start;
        if shown.has_records {
            let (key, cached) = self.order.remove(&number).expect("it was there");
            self.push(key, cached);
        }
        moved || shown.has_records || shown.has_error || shown.has_news
    }

    fn push(&mut self, key: SessionKey, cached: Cached) {
        let number = self.next_number;
        self.next_number += 1;
        self.places.insert(key.clone(), number);
        self.order.insert(number, (key, cached));
        debug_assert_eq!(self.places.len(), self.order.len());
    }
}
