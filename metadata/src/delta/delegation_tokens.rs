//! Changes of [`DelegationTokensImage`].

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::metadata_records::delegation_token_record::DelegationTokenRecord;

use crate::image::{DelegationToken, DelegationTokensImage};

/// Delegation tokens that came, changed or went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DelegationTokensDelta {
    changed: BTreeSet<String>,
}

impl DelegationTokensDelta {
    /// Ids of the tokens that came, changed or went.
    pub fn changed(&self) -> &BTreeSet<String> {
        &self.changed
    }

    pub(crate) fn replay_token(
        &mut self,
        image: &mut DelegationTokensImage,
        record: &DelegationTokenRecord<'_>,
    ) {
        let id = record.token_id.to_string();
        self.changed.insert(id.clone());
        image.tokens.insert(id, Arc::new(DelegationToken::from_record(record)));
    }

    pub(crate) fn replay_remove(&mut self, image: &mut DelegationTokensImage, id: &str) {
        image.tokens.remove(id);
        self.changed.insert(id.to_owned());
    }

    /// Everything that was in `before` counts as changed.
    pub(crate) fn add_gone(&mut self, before: &DelegationTokensImage) {
        self.changed.extend(before.tokens.keys().cloned());
    }
}
