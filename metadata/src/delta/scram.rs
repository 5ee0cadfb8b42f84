//! Changes of [`ScramImage`].

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::metadata_records::remove_user_scram_credential_record::RemoveUserScramCredentialRecord;
use wire::metadata_records::user_scram_credential_record::UserScramCredentialRecord;

use crate::image::{ScramCredential, ScramImage};

/// Credentials that came, changed or went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScramDelta {
    changed: BTreeSet<(i8, String)>,
}

impl ScramDelta {
    /// Mechanism and user of the credentials that came, changed or went.
    pub fn changed(&self) -> &BTreeSet<(i8, String)> {
        &self.changed
    }

    pub(crate) fn replay_credential(
        &mut self,
        image: &mut ScramImage,
        record: &UserScramCredentialRecord<'_>,
    ) {
        let key = (record.mechanism, record.name.to_string());
        self.changed.insert(key.clone());
        image.credentials.insert(key, Arc::new(ScramCredential::from_record(record)));
    }

    pub(crate) fn replay_remove(
        &mut self,
        image: &mut ScramImage,
        record: &RemoveUserScramCredentialRecord<'_>,
    ) {
        let key = (record.mechanism, record.name.to_string());
        image.credentials.remove(&key);
        self.changed.insert(key);
    }

    /// Everything that was in `before` counts as changed.
    pub(crate) fn add_gone(&mut self, before: &ScramImage) {
        self.changed.extend(before.credentials.keys().cloned());
    }
}
