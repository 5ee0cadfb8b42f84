//! Who is told of changes.

use std::sync::Arc;

use raft::LeaderAndEpoch;

use crate::delta::MetadataDelta;
use crate::image::MetadataImage;

/// Somebody who acts on changes of the metadata. All methods are called on the metadata thread, one at a time and
/// in the order of the log; what takes long belongs elsewhere.
pub trait Publisher: Send {
    /// Committed records changed the image: `delta` says what, `image` is what they led to.
    fn publish(&mut self, delta: &MetadataDelta, image: &Arc<MetadataImage>);

    /// Another leader of the metadata quorum, or another epoch.
    fn leader_changed(&mut self, _leader: LeaderAndEpoch) {}
}
