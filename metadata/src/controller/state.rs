//! Hard state: everything that follows from the records, uncommitted ones included.

use wire::metadata_records::MetadataRecord;

use super::indexes::Indexes;
use crate::delta::{MetadataDelta, ReplayError};
use crate::image::{MetadataImage, Provenance};

/// What a controller plans on: the image after the last record it wrote, and indexes into it. A clone costs a few
/// pointers, so that undoing uncommitted records means going back to an earlier value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControllerState {
    image: MetadataImage,
    indexes: Indexes,
}

impl ControllerState {
    /// The state of an image, say of one that was read from a snapshot.
    pub fn of_image(image: MetadataImage) -> Self {
        let indexes = Indexes::of_image(&image);
        Self { image, indexes }
    }

    /// The image.
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// Corrects how far and until when the image reaches, once the log says so.
    pub(crate) fn set_provenance(&mut self, provenance: Provenance) {
        self.image.provenance = provenance;
    }

    pub(crate) fn indexes(&self) -> &Indexes {
        &self.indexes
    }

    /// Offset of the record that registered a broker, in its present form.
    pub(crate) fn registration_offset(&self, broker: i32) -> Option<i64> {
        let registered = self.image.cluster().broker(broker)?;
        Some(self.indexes.registration_offset(broker).unwrap_or(registered.epoch))
    }

    /// Replays records with their offsets; returns what they changed.
    ///
    /// # Errors
    /// A record that contradicts the image. The state is then unchanged.
    pub fn replay<'r>(
        &mut self,
        records: impl IntoIterator<Item = (i64, &'r MetadataRecord<'r>)>,
        provenance: Provenance,
    ) -> Result<MetadataDelta, ReplayError> {
        let mut delta = MetadataDelta::new(&self.image);
        let mut registrations = Vec::new();
        for (offset, record) in records {
            delta.replay(record)?;
            if let MetadataRecord::RegisterBroker(record) = record {
                registrations.push((record.broker_id, offset));
            }
        }
        self.image = delta.finish(provenance);
        self.indexes.apply(&delta);
        self.indexes.note_registrations(&registrations, &self.image);
        Ok(delta)
    }
}
