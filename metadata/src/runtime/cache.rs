//! The newest published image, for readers on any thread.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::image::MetadataImage;

/// The newest published image. Clones share it; loading takes no lock.
#[derive(Clone, Default)]
pub struct MetadataCache(Arc<ArcSwap<MetadataImage>>);

impl MetadataCache {
    /// The newest image. It stays what it is; load again to see changes.
    pub fn load(&self) -> Arc<MetadataImage> {
        self.0.load_full()
    }

    pub(crate) fn store(&self, image: Arc<MetadataImage>) {
        self.0.store(image);
    }
}

impl std::fmt::Debug for MetadataCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MetadataCache(up to {})", self.load().provenance().end_offset)
    }
}
