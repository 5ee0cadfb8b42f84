//! Soft state: when brokers were last heard of, and how far they are. It is lost with the controller, which then
//! gives every unfenced broker a fresh session.

use std::collections::BTreeMap;

use crate::delta::MetadataDelta;
use crate::image::MetadataImage;

/// Last word of a broker's incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Contact {
    epoch: i64,
    at_ms: u64,
}

/// What a broker said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    pub(crate) fenced: bool,
    /// Highest metadata offset it has applied; -1 before it said so.
    pub(crate) metadata_offset: i64,
    /// Offset that all others must reach before the broker may stop; set once it has asked to.
    pub(crate) controlled_shutdown_offset: Option<i64>,
}

/// Sessions of all registered brokers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heartbeats {
    session_timeout_ms: u64,
    brokers: BTreeMap<i32, Heartbeat>,
    contacts: BTreeMap<i32, Contact>,
}

impl Heartbeats {
    /// Sessions at the moment in which a controller becomes active.
    pub(crate) fn begin(session_timeout_ms: u64, image: &MetadataImage, now_ms: u64) -> Self {
        let mut heartbeats = Self { session_timeout_ms, ..Self::default() };
        for broker in image.cluster().brokers() {
            heartbeats.set_fenced(broker.id, broker.fenced);
            if !broker.fenced {
                heartbeats.contact(broker.id, broker.epoch, now_ms);
            }
        }
        heartbeats
    }

    /// Follows registrations and fencing as they are written.
    pub(crate) fn replay(&mut self, delta: &MetadataDelta) {
        for id in delta.cluster().changed_brokers() {
            let before = delta.before().cluster().broker(*id);
            match delta.after().cluster().broker(*id) {
                Some(after) => {
                    if before.is_some_and(|before| before.epoch != after.epoch) {
                        self.brokers.remove(id);
                    }
                    self.set_fenced(*id, after.fenced);
                }
                None => {
                    self.brokers.remove(id);
                    self.contacts.remove(id);
                }
            }
        }
    }

    fn set_fenced(&mut self, id: i32, fenced: bool) {
        let unknown = Heartbeat { fenced, metadata_offset: -1, controlled_shutdown_offset: None };
        let heartbeat = self.brokers.entry(id).or_insert(unknown);
        heartbeat.fenced = fenced;
        if fenced {
            heartbeat.controlled_shutdown_offset = None;
        }
    }

    /// Notes that a broker was heard of; done as a heartbeat arrives, before it waits for its turn.
    pub(crate) fn contact(&mut self, id: i32, epoch: i64, now_ms: u64) {
        self.contacts.insert(id, Contact { epoch, at_ms: now_ms });
    }

    /// Whether this incarnation was heard of within the session timeout.
    pub(crate) fn has_session(&self, id: i32, epoch: i64, now_ms: u64) -> bool {
        self.contacts
            .get(&id)
            .is_some_and(|contact| contact.epoch == epoch && contact.at_ms + self.session_timeout_ms > now_ms)
    }

    /// Takes out a broker that was not heard of for too long.
    pub(crate) fn take_expired(&mut self, now_ms: u64) -> Option<(i32, i64)> {
        let is_expired = |contact: &Contact| contact.at_ms + self.session_timeout_ms <= now_ms;
        let (id, contact) = self.contacts.iter().find(|(_, contact)| is_expired(contact))?;
        let expired = (*id, contact.epoch);
        self.contacts.remove(&expired.0);
        Some(expired)
    }

    pub(crate) fn get(&self, id: i32) -> Option<Heartbeat> {
        self.brokers.get(&id).copied()
    }

    /// Notes how far a broker is.
    pub(crate) fn touch(&mut self, id: i32, metadata_offset: i64) {
        if let Some(heartbeat) = self.brokers.get_mut(&id) {
            heartbeat.metadata_offset = metadata_offset;
        }
    }

    /// Notes where the records of a controlled shutdown end, the first time.
    pub(crate) fn begin_controlled_shutdown(&mut self, id: i32, offset: i64) {
        if let Some(heartbeat) = self.brokers.get_mut(&id) {
            heartbeat.controlled_shutdown_offset.get_or_insert(offset);
        }
    }

    /// How far the slowest of the brokers is that are neither fenced nor shutting down.
    pub(crate) fn lowest_active_offset(&self) -> i64 {
        let active = self.brokers.values().filter(|b| !b.fenced && b.controlled_shutdown_offset.is_none());
        active.map(|heartbeat| heartbeat.metadata_offset).min().unwrap_or(i64::MAX)
    }
}
