//! All fetch sessions of a broker, at most `max.incremental.fetch.session.cache.slots`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::HashMap;
use parking_lot::Mutex;
use thiserror::Error;

use crate::fetch_sessions::session::{NO_SESSION, Session, next_epoch};
use crate::limits::FETCH_SESSION_SHARDS;

/// Why a request cannot go on with its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SessionError {
    /// There is no such session: it was evicted, or the broker restarted.
    #[error("there is no fetch session with this id")]
    NotFound,
    /// Another request of the session came before this one.
    #[error("the fetch session is at another epoch")]
    WrongEpoch,
    /// The request names topics in another way than the session does.
    #[error("the fetch session names its topics in another way")]
    TopicIds,
}

/// The sessions, in shards by id so that the network threads do not wait for each other.
#[derive(Debug)]
pub(crate) struct SessionCache {
    shards: Vec<Mutex<Shard>>,
    next_shard: AtomicUsize,
}

impl SessionCache {
    /// A cache of `slots` sessions, in which one that was not used for `eviction_ms` may be
    /// replaced by any other. `seed` decides the ids.
    pub(crate) fn new(slots: usize, eviction_ms: i64, seed: u64) -> Self {
        let shard = |index: usize| {
            let slots = slots / FETCH_SESSION_SHARDS + usize::from(index < slots % FETCH_SESSION_SHARDS);
            Mutex::new(Shard::new(slots, eviction_ms, index, seed))
        };
        Self { shards: (0..FETCH_SESSION_SHARDS).map(shard).collect(), next_shard: AtomicUsize::new(0) }
    }

    fn shard_of(&self, id: i32) -> &Mutex<Shard> {
        &self.shards[id.unsigned_abs() as usize % FETCH_SESSION_SHARDS]
    }

    /// Goes on with a session: checks id, epoch and naming, lets `update` change the partitions,
    /// and moves the epoch on. A session without partitions is closed.
    ///
    /// # Errors
    /// See [`SessionError`]; nothing has changed then.
    pub(crate) fn proceed(
        &self,
        id: i32,
        epoch: i32,
        uses_topic_ids: bool,
        now_ms: i64,
        update: impl FnOnce(&mut Session),
    ) -> Result<Arc<Mutex<Session>>, SessionError> {
        let mut shard = self.shard_of(id).lock();
        let session = Arc::clone(&shard.sessions.get(&id).ok_or(SessionError::NotFound)?.session);
        let mut locked = session.lock();
        if locked.epoch != epoch {
            return Err(SessionError::WrongEpoch);
        }
        if locked.uses_topic_ids != uses_topic_ids {
            return Err(SessionError::TopicIds);
        }
        update(&mut locked);
        locked.epoch = next_epoch(epoch);
        if locked.is_empty() {
            shard.remove(id);
        } else {
            shard.touch(id, locked.len(), now_ms);
        }
        drop(locked);
        Ok(session)
    }

    /// Opens a session for `partitions` partitions that `fill` adds, and returns its id;
    /// [`NO_SESSION`] when there is no room.
    pub(crate) fn open(
        &self,
        privileged: bool,
        uses_topic_ids: bool,
        partitions: usize,
        now_ms: i64,
        fill: impl FnOnce(&mut Session),
    ) -> i32 {
        let index = self.next_shard.fetch_add(1, Ordering::Relaxed) % FETCH_SESSION_SHARDS;
        let mut shard = self.shards[index].lock();
        if partitions == 0 || !shard.make_room(privileged, partitions, now_ms) {
            return NO_SESSION;
        }
        let mut session = Session::new(shard.new_id(), privileged, uses_topic_ids, now_ms);
        fill(&mut session);
        let id = session.id;
        shard.insert(session, now_ms);
        id
    }

    /// Closes a session, if it is there.
    pub(crate) fn close(&self, id: i32) {
        if id != NO_SESSION {
            self.shard_of(id).lock().remove(id);
        }
    }

    /// Number of sessions.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().sessions.len()).sum()
    }
}

#[derive(Debug)]
struct Entry {
    session: Arc<Mutex<Session>>,
    last_used_ms: i64,
    size: usize,
    privileged: bool,
    created_ms: i64,
}

/// What a session is worth when another wants its place: a follower's more than a consumer's,
/// then a large one more than a small one.
type Worth = (bool, usize, i32);

/// Sessions whose ids fall into one shard.
#[derive(Debug)]
struct Shard {
    slots: usize,
    eviction_ms: i64,
    index: usize,
    random: u64,
    sessions: HashMap<i32, Entry>,
    by_last_use: BTreeSet<(i64, i32)>,
    /// Those any other session may replace.
    evictable_by_all: BTreeSet<Worth>,
    /// Those a follower's session may replace.
    evictable_by_privileged: BTreeSet<Worth>,
}

impl Shard {
    fn new(slots: usize, eviction_ms: i64, index: usize, seed: u64) -> Self {
        Self {
            slots,
            eviction_ms,
            index,
            random: seed.wrapping_add(index as u64),
            sessions: HashMap::default(),
            by_last_use: BTreeSet::new(),
            evictable_by_all: BTreeSet::new(),
            evictable_by_privileged: BTreeSet::new(),
        }
    }

    /// An id that is free, positive, and belongs to this shard.
    fn new_id(&mut self) -> i32 {
        loop {
            let random = self.next_random() & 0x7fff_ffff;
            let id = random - random % FETCH_SESSION_SHARDS as u64 + self.index as u64;
            if let Ok(id) = i32::try_from(id)
                && id != NO_SESSION
                && !self.sessions.contains_key(&id)
            {
                return id;
            }
        }
    }

    /// SplitMix64: ids need to be unlikely to repeat after a restart, no more.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn insert(&mut self, session: Session, now_ms: i64) {
        let (id, size) = (session.id, session.len());
        let entry = Entry {
            last_used_ms: now_ms,
            size,
            privileged: session.privileged,
            created_ms: session.created_ms,
            session: Arc::new(Mutex::new(session)),
        };
        self.sessions.insert(id, entry);
        self.touch(id, size, now_ms);
    }

    /// Notes that a session was used and has `size` partitions now.
    fn touch(&mut self, id: i32, size: usize, now_ms: i64) {
        self.unlink(id);
        let Some(entry) = self.sessions.get_mut(&id) else { return };
        entry.last_used_ms = now_ms;
        entry.size = size;
        self.by_last_use.insert((now_ms, id));
        let worth = (entry.privileged, size, id);
        let is_old = now_ms - entry.created_ms > self.eviction_ms;
        if !entry.privileged || is_old {
            self.evictable_by_privileged.insert(worth);
        }
        if is_old {
            self.evictable_by_all.insert(worth);
        }
    }

    fn unlink(&mut self, id: i32) {
        if let Some(entry) = self.sessions.get(&id) {
            let worth = (entry.privileged, entry.size, id);
            self.by_last_use.remove(&(entry.last_used_ms, id));
            self.evictable_by_all.remove(&worth);
            self.evictable_by_privileged.remove(&worth);
        }
    }

    fn remove(&mut self, id: i32) {
        self.unlink(id);
        self.sessions.remove(&id);
    }

    /// Whether a session of this worth finds a place, after another was evicted if need be.
    fn make_room(&mut self, privileged: bool, size: usize, now_ms: i64) -> bool {
        if self.sessions.len() < self.slots {
            return true;
        }
        let Some(&(last_used_ms, oldest)) = self.by_last_use.first() else { return false };
        if now_ms - last_used_ms > self.eviction_ms {
            self.remove(oldest);
            return true;
        }
        let evictable = if privileged { &self.evictable_by_privileged } else { &self.evictable_by_all };
        match evictable.first() {
            Some(&least) if (privileged, size, 0) >= least => {
                self.remove(least.2);
                true
            }
            _ => false,
        }
    }
}
