//! Who may connect, and how many bytes may wait.

use std::net::IpAddr;
use std::sync::Arc;

use foldhash::HashMap;
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::descriptors::Descriptors;
use crate::limits::{QUEUED_REQUEST_BYTES_DEFAULT, QUEUED_REQUEST_UNIT_BYTES, UNBUDGETED_FRAME_BYTES_MAX};
use crate::net::NetConfig;

/// Counts connections against `max.connections`, what the limit on open files leaves for them,
/// `max.connections.per.ip` and its overrides.
#[derive(Debug)]
pub(super) struct Admission {
    connections_max: usize,
    per_ip_max: usize,
    per_ip_overrides: HashMap<IpAddr, usize>,
    counts: Mutex<Counts>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// A connection's place; dropped when it ends.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    pub(super) fn new(config: &NetConfig) -> Self {
        Self {
            connections_max: config.max_connections.min(Descriptors::of_process().connections),
            per_ip_max: config.max_connections_per_ip,
            per_ip_overrides: config.max_connections_per_ip_overrides.iter().copied().collect(),
            counts: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// Waits until there are fewer than there may be: new ones stay in the kernel's queue.
    pub(super) async fn wait_for_place(&self) {
        loop {
            let freed = self.freed.notified();
            if self.counts.lock().total < self.connections_max {
                return;
            }
            freed.await;
        }
    }

    /// A place for a connection from `address`; `None` when that address has all it may have.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let max = self.per_ip_overrides.get(&address).copied().unwrap_or(self.per_ip_max);
        let mut counts = self.counts.lock();
        let from_here = counts.by_ip.entry(address).or_default();
        if *from_here >= max {
            if *from_here == 0 {
                counts.by_ip.remove(&address);
            }
            return None;
        }
        *from_here += 1;
        counts.total += 1;
        Some(Place { admission: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.admission.counts.lock();
        counts.total -= 1;
        if let Some(count) = counts.by_ip.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.by_ip.remove(&self.address);
            }
        }
        drop(counts);
        self.admission.freed.notify_waiters();
    }
}

/// The budget for incomplete large frames (`queued.max.request.bytes`).
///
/// A share as large as the frame is taken when its header is seen and before its body is read, so
/// that every frame that was let in can be completed. Memory is still only used for what arrived.
#[derive(Clone, Debug)]
pub(super) struct FrameBudget {
    units: Arc<Semaphore>,
}

impl FrameBudget {
    pub(super) fn new(config: &NetConfig) -> Self {
        let configured = config.queued_max_request_bytes.unwrap_or(QUEUED_REQUEST_BYTES_DEFAULT);
        let bytes = configured.max(config.socket_request_max_bytes + QUEUED_REQUEST_UNIT_BYTES);
        Self { units: Arc::new(Semaphore::new(bytes.div_ceil(QUEUED_REQUEST_UNIT_BYTES))) }
    }

    /// Whether a frame of this size needs a share.
    pub(super) fn applies_to(frame_bytes: usize) -> bool {
        frame_bytes > UNBUDGETED_FRAME_BYTES_MAX
    }

    /// Waits for a share of `frame_bytes`. `None` when the server stops.
    pub(super) async fn share(&self, frame_bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(frame_bytes.div_ceil(QUEUED_REQUEST_UNIT_BYTES)).ok()?;
        Arc::clone(&self.units).acquire_many_owned(units).await.ok()
    }
}
