//! Incremental fetch sessions (KIP-227): a client names its partitions once, then only what
//! changed; the answer names only the partitions that have something new.
//!
//! `session.rs` is one session; `cache.rs` holds them all and decides who has to go.

mod cache;
mod session;

#[cfg(test)]
mod tests;

pub(crate) use cache::{SessionCache, SessionError};
pub(crate) use session::{
    FetchWish, NO_SESSION, Session, SessionKey, SessionTopic, Shown, is_full, opens_session,
};

#[cfg(test)]
use session::next_epoch;
