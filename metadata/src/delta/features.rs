//! Changes of [`FeaturesImage`].

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::metadata_records::feature_level_record::FeatureLevelRecord;

use super::error::ReplayError;
use crate::features::{KRAFT_VERSION, METADATA_VERSION, MetadataVersion};
use crate::image::FeaturesImage;

/// Features whose level was set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeaturesDelta {
    changed: BTreeSet<String>,
}

impl FeaturesDelta {
    /// Names of the features whose level was set, `metadata.version` among them.
    pub fn changed(&self) -> &BTreeSet<String> {
        &self.changed
    }

    /// Whether the metadata version was set.
    pub fn metadata_version_changed(&self) -> bool {
        self.changed.contains(METADATA_VERSION)
    }

    pub(crate) fn replay(
        &mut self,
        image: &mut FeaturesImage,
        record: &FeatureLevelRecord<'_>,
    ) -> Result<(), ReplayError> {
        let (name, level) = (record.name.as_ref(), record.feature_level);
        match name {
            METADATA_VERSION => {
                let version = MetadataVersion::from_level(level);
                image.metadata_version = Some(version.ok_or(ReplayError::UnsupportedMetadataVersion(level))?);
            }
            // Finalised by Raft's control records, whatever an old log says here.
            KRAFT_VERSION => return Ok(()),
            _ if level == 0 => {
                Arc::make_mut(&mut image.levels).remove(name);
            }
            _ => {
                Arc::make_mut(&mut image.levels).insert(name.to_owned(), level);
            }
        }
        self.changed.insert(name.to_owned());
        Ok(())
    }

    /// Everything that was in `before` counts as changed.
    pub(crate) fn add_gone(&mut self, before: &FeaturesImage) {
        self.changed.extend(before.levels.keys().cloned());
    }
}
