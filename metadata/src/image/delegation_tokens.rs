//! Delegation tokens.

use std::sync::Arc;

use imbl::OrdMap;
use wire::metadata_records::delegation_token_record::DelegationTokenRecord;

use crate::features::MetadataVersion;
use crate::record::Record;

/// A delegation token. Times are milliseconds of the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationToken {
    /// Whom it stands for.
    pub owner: String,
    /// Who asked for it.
    pub requester: String,
    /// Who may renew it besides the owner.
    pub renewers: Vec<String>,
    /// When it was made.
    pub issue_ms: i64,
    /// When it ends whatever is renewed.
    pub max_ms: i64,
    /// When it ends unless it is renewed.
    pub expiration_ms: i64,
}

impl DelegationToken {
    pub(crate) fn from_record(record: &DelegationTokenRecord<'_>) -> Self {
        Self {
            owner: record.owner.to_string(),
            requester: record.requester.to_string(),
            renewers: record.renewers.iter().map(|renewer| renewer.into_owned()).collect(),
            issue_ms: record.issue_timestamp,
            max_ms: record.max_timestamp,
            expiration_ms: record.expiration_timestamp,
        }
    }

    fn to_record(&self, id: &str) -> Record {
        Record::v0(DelegationTokenRecord {
            owner: self.owner.clone().into(),
            requester: self.requester.clone().into(),
            renewers: self.renewers.iter().map(|renewer| renewer.clone().into()).collect(),
            issue_timestamp: self.issue_ms,
            max_timestamp: self.max_ms,
            expiration_timestamp: self.expiration_ms,
            token_id: id.to_owned().into(),
        })
    }
}

/// All delegation tokens by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DelegationTokensImage {
    pub(crate) tokens: OrdMap<String, Arc<DelegationToken>>,
}

impl DelegationTokensImage {
    /// A token by its id.
    pub fn token(&self, id: &str) -> Option<&Arc<DelegationToken>> {
        self.tokens.get(id)
    }

    /// All tokens by id.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Arc<DelegationToken>)> + '_ {
        self.tokens.iter()
    }

    pub(crate) fn write(&self, version: MetadataVersion, out: &mut impl FnMut(Record)) {
        if version.has_delegation_tokens() {
            self.tokens.iter().for_each(|(id, token)| out(token.to_record(id)));
        }
    }
}
