//! What a fetch wants: all of it in the request, or a session and what changed.

use std::sync::Arc;

use parking_lot::Mutex;
use wire::messages::fetch_request::{FetchPartition, FetchRequest};

use crate::context::RequestContext;
use crate::fetch_sessions::{
    FetchWish, NO_SESSION, Session, SessionError, SessionKey, SessionTopic, is_full, opens_session,
};

/// First version that names topics by id.
pub(super) const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;

/// A partition and what is wanted of it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) key: SessionKey,
    pub(super) wish: FetchWish,
}

/// How a request relates to the ones before it.
pub(super) struct Conversation {
    pub(super) wanted: Vec<Wanted>,
    pub(super) kind: Kind,
}

/// See [`Conversation`].
pub(super) enum Kind {
    /// It stands alone.
    Alone,
    /// A session is to be opened for it.
    Opening,
    /// It goes on with a session, which is at `epoch` now.
    Going { session: Arc<Mutex<Session>>, epoch: i32 },
}

impl Conversation {
    /// Finds the session of a request, if it has one, and what is wanted.
    ///
    /// # Errors
    /// The session is not there, or not at this point.
    pub(super) fn begin(ctx: &RequestContext<'_>, request: &FetchRequest<'_>) -> Result<Self, SessionError> {
        let (id, epoch) = (request.session_id, request.session_epoch);
        let sessions = ctx.broker.sessions();
        let by_id = ctx.api_version >= FIRST_VERSION_WITH_TOPIC_IDS;
        if is_full(epoch) {
            sessions.close(id);
            let mut wanted = Vec::new();
            for_each_wanted(request, by_id, |key, wish| wanted.push(Wanted { key, wish }));
            let kind = if opens_session(epoch) { Kind::Opening } else { Kind::Alone };
            return Ok(Self { wanted, kind });
        }
        let session = sessions.proceed(id, epoch, by_id, ctx.now_ms, |session| {
            for_each_wanted(request, by_id, |key, wish| session.wish(key, wish));
            for_each_forgotten(request, by_id, |key| session.forget(&key));
        })?;
        let locked = session.lock();
        let wanted = locked.wishes().map(|(key, wish)| Wanted { key: key.clone(), wish }).collect();
        let (epoch, is_empty) = (locked.epoch, locked.is_empty());
        drop(locked);
        let kind = if is_empty { Kind::Alone } else { Kind::Going { session, epoch } };
        Ok(Self { wanted, kind })
    }

    /// The session's id in an error or an answer without a new session.
    pub(super) fn session_id(&self) -> i32 {
        match &self.kind {
            Kind::Alone | Kind::Opening => NO_SESSION,
            Kind::Going { session, .. } => session.lock().id,
        }
    }
}

fn for_each_wanted(request: &FetchRequest<'_>, by_id: bool, mut each: impl FnMut(SessionKey, FetchWish)) {
    for topic in &request.topics {
        let named = session_topic(by_id, &topic.topic, topic.topic_id);
        for partition in &topic.partitions {
            each(SessionKey { topic: named.clone(), partition: partition.partition }, wish(&partition));
        }
    }
}

fn for_each_forgotten(request: &FetchRequest<'_>, by_id: bool, mut each: impl FnMut(SessionKey)) {
    for topic in &request.forgotten_topics_data {
        let named = session_topic(by_id, &topic.topic, topic.topic_id);
        for partition in &topic.partitions {
            each(SessionKey { topic: named.clone(), partition });
        }
    }
}

fn session_topic(by_id: bool, name: &str, id: wire::Uuid) -> SessionTopic {
    if by_id { SessionTopic::Id(id) } else { SessionTopic::Name(Arc::from(name)) }
}

fn wish(partition: &FetchPartition) -> FetchWish {
    FetchWish {
        fetch_offset: partition.fetch_offset,
        log_start_offset: partition.log_start_offset,
        max_bytes: partition.partition_max_bytes,
        current_leader_epoch: partition.current_leader_epoch,
        last_fetched_epoch: partition.last_fetched_epoch,
    }
}
