//! Who leads a partition, for clients that asked the wrong broker (KIP-951).

use std::collections::BTreeMap;

use metadata::image::MetadataImage;
use wire::Uuid;

use crate::cluster_view::ClusterView;

/// A broker as answers name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: i32,
    pub(crate) rack: Option<String>,
}

/// The leaders that one answer names.
#[derive(Debug, Default)]
pub(crate) struct Leaders {
    endpoints: BTreeMap<i32, Endpoint>,
}

impl Leaders {
    /// Leader and leader epoch of a partition, -1 where there is none; its address is noted.
    pub(crate) fn of(
        &mut self,
        image: &MetadataImage,
        listener: &str,
        topic: Uuid,
        index: i32,
    ) -> (i32, i32) {
        let Some(partition) = image.topics().partition(topic, index) else { return (-1, -1) };
        let view = ClusterView::new(image.cluster(), listener);
        if let Some((broker, listener)) = view.alive_broker(partition.leader()) {
            let endpoint = Endpoint {
                host: listener.host.clone(),
                port: i32::from(listener.port),
                rack: broker.rack.clone(),
            };
            self.endpoints.insert(broker.id, endpoint);
        }
        (partition.leader(), partition.leader_epoch())
    }

    /// The addresses, by broker id.
    pub(crate) fn into_endpoints(self) -> impl Iterator<Item = (i32, Endpoint)> {
        self.endpoints.into_iter()
    }
}
