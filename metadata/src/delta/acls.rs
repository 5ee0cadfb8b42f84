//! Changes of [`AclsImage`].

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::Uuid;
use wire::metadata_records::access_control_entry_record::AccessControlEntryRecord;

use super::error::ReplayError;
use crate::image::{Acl, AclsImage};

/// Access control entries that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AclsDelta {
    changed: BTreeSet<Uuid>,
}

impl AclsDelta {
    /// Ids of the entries that came or went.
    pub fn changed(&self) -> &BTreeSet<Uuid> {
        &self.changed
    }

    pub(crate) fn replay_entry(&mut self, image: &mut AclsImage, record: &AccessControlEntryRecord<'_>) {
        self.changed.insert(record.id);
        image.entries.insert(record.id, Arc::new(Acl::from_record(record)));
    }

    pub(crate) fn replay_remove(&mut self, image: &mut AclsImage, id: Uuid) -> Result<(), ReplayError> {
        self.changed.insert(id);
        image.entries.remove(&id).map(|_| ()).ok_or(ReplayError::UnknownAcl(id))
    }

    /// Everything that was in `before` counts as changed.
    pub(crate) fn add_gone(&mut self, before: &AclsImage) {
        self.changed.extend(before.entries.keys().copied());
    }
}
