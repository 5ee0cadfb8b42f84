//! Changes of [`ClientQuotasImage`].

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::metadata_records::client_quota_record::ClientQuotaRecord;

use crate::image::{ClientQuotasImage, QuotaEntity};

/// Entities whose quotas changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientQuotasDelta {
    changed: BTreeSet<QuotaEntity>,
}

impl ClientQuotasDelta {
    /// Entities whose quotas changed.
    pub fn changed(&self) -> &BTreeSet<QuotaEntity> {
        &self.changed
    }

    pub(crate) fn replay(&mut self, image: &mut ClientQuotasImage, record: &ClientQuotaRecord<'_>) {
        let entity = QuotaEntity::from_record(record);
        let mut quotas = image.entities.remove(&entity).unwrap_or_default();
        if record.remove {
            Arc::make_mut(&mut quotas).remove(record.key.as_ref());
        } else {
            Arc::make_mut(&mut quotas).insert(record.key.to_string(), record.value);
        }
        if !quotas.is_empty() {
            image.entities.insert(entity.clone(), quotas);
        }
        self.changed.insert(entity);
    }

    /// Everything that was in `before` counts as changed.
    pub(crate) fn add_gone(&mut self, before: &ClientQuotasImage) {
        self.changed.extend(before.entities.keys().cloned());
    }
}
