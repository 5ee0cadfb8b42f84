//! SCRAM credentials of users.

use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;
use wire::metadata_records::user_scram_credential_record::UserScramCredentialRecord;

use crate::features::MetadataVersion;
use crate::record::Record;

/// What SCRAM needs to check a password. Its `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredential {
    /// Salt of the password.
    pub salt: Vec<u8>,
    /// StoredKey of RFC 5802.
    pub stored_key: Vec<u8>,
    /// ServerKey of RFC 5802.
    pub server_key: Vec<u8>,
    /// Rounds of the key derivation.
    pub iterations: i32,
}

impl fmt::Debug for ScramCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredential").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

impl ScramCredential {
    pub(crate) fn from_record(record: &UserScramCredentialRecord<'_>) -> Self {
        Self {
            salt: record.salt.to_vec(),
            stored_key: record.stored_key.to_vec(),
            server_key: record.server_key.to_vec(),
            iterations: record.iterations,
        }
    }

    fn to_record(&self, mechanism: i8, name: &str) -> Record {
        Record::v0(UserScramCredentialRecord {
            name: name.to_owned().into(),
            mechanism,
            salt: self.salt.clone().into(),
            stored_key: self.stored_key.clone().into(),
            server_key: self.server_key.clone().into(),
            iterations: self.iterations,
        })
    }
}

/// Credentials by mechanism (1 SCRAM-SHA-256, 2 SCRAM-SHA-512) and user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScramImage {
    pub(crate) credentials: OrdMap<(i8, String), Arc<ScramCredential>>,
}

impl ScramImage {
    /// The credential of a user for a mechanism.
    pub fn credential(&self, mechanism: i8, user: &str) -> Option<&Arc<ScramCredential>> {
        self.credentials.get(&(mechanism, user.to_owned()))
    }

    /// All credentials by mechanism and user.
    pub fn iter(&self) -> impl Iterator<Item = (&(i8, String), &Arc<ScramCredential>)> + '_ {
        self.credentials.iter()
    }

    pub(crate) fn write(&self, version: MetadataVersion, out: &mut impl FnMut(Record)) {
        if version.has_scram() {
            let credentials = self.credentials.iter();
            credentials
                .for_each(|((mechanism, user), credential)| out(credential.to_record(*mechanism, user)));
        }
    }
}
