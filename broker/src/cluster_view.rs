//! The cluster as clients of one listener see it.

use std::sync::Arc;

use metadata::image::{BrokerRegistration, ClusterImage, Listener, Partition, directory_id};
use wire::Uuid;

/// The brokers of an image, through the eyes of one listener.
#[derive(Clone, Copy)]
pub(crate) struct ClusterView<'a> {
    cluster: &'a ClusterImage,
    listener: &'a str,
}

impl<'a> ClusterView<'a> {
    pub(crate) fn new(cluster: &'a ClusterImage, listener: &'a str) -> Self {
        Self { cluster, listener }
    }

    /// Every registered broker that has the listener.
    pub(crate) fn brokers(self) -> impl Iterator<Item = (&'a Arc<BrokerRegistration>, &'a Listener)> {
        self.cluster.brokers().filter_map(move |broker| Some((broker, broker.listener(self.listener)?)))
    }

    /// Every broker that is not fenced.
    pub(crate) fn alive(self) -> impl Iterator<Item = (&'a Arc<BrokerRegistration>, &'a Listener)> {
        self.brokers().filter(|(broker, _)| !broker.fenced)
    }

    /// A broker that has the listener, fenced or not.
    pub(crate) fn broker(self, id: i32) -> Option<(&'a Arc<BrokerRegistration>, &'a Listener)> {
        let broker = self.cluster.broker(id)?;
        Some((broker, broker.listener(self.listener)?))
    }

    /// A broker that is not fenced.
    pub(crate) fn alive_broker(self, id: i32) -> Option<(&'a Arc<BrokerRegistration>, &'a Listener)> {
        self.broker(id).filter(|(broker, _)| !broker.fenced)
    }

    /// Whether a broker is registered at all.
    pub(crate) fn is_registered(self, id: i32) -> bool {
        self.cluster.broker(id).is_some()
    }

    /// The id that clients are told as the controller's: any broker that is alive, since brokers
    /// forward what is meant for the controller.
    pub(crate) fn some_alive_broker(self) -> i32 {
        self.alive().next().map_or(-1, |(broker, _)| broker.id)
    }

    /// Those of `ids` that are alive.
    pub(crate) fn alive_among(self, ids: &[i32]) -> Vec<i32> {
        ids.iter().copied().filter(|id| self.alive_broker(*id).is_some()).collect()
    }

    /// The replicas of a partition that clients cannot reach.
    pub(crate) fn offline_replicas(self, partition: &Partition) -> Vec<i32> {
        let is_offline = |id: &i32| match self.alive_broker(*id) {
            Some((broker, _)) => {
                !partition.directory(*id).is_none_or(|directory| is_online(broker, directory))
            }
            None => true,
        };
        partition.replicas().iter().copied().filter(is_offline).collect()
    }
}

/// Whether a broker says that a log directory works; true when it says nothing about any.
fn is_online(broker: &BrokerRegistration, directory: Uuid) -> bool {
    if directory == directory_id::UNASSIGNED || directory == directory_id::MIGRATING {
        return true;
    }
    directory != directory_id::LOST
        && (broker.directories.is_empty() || broker.directories.binary_search(&directory).is_ok())
}
