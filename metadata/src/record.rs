//! A metadata record and the version it is written in.

use wire::metadata_records::MetadataRecord;

/// A record of the metadata log that owns its bytes.
pub type OwnedRecord = MetadataRecord<'static>;

/// A record with the version it is encoded in, which follows from the finalised metadata version.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The record itself.
    pub message: OwnedRecord,
    /// Version of its encoding.
    pub version: i16,
}

impl Record {
    pub(crate) fn new(message: impl Into<OwnedRecord>, version: i16) -> Self {
        Self { message: message.into(), version }
    }

    /// A record in its first version.
    pub(crate) fn v0(message: impl Into<OwnedRecord>) -> Self {
        Self::new(message, 0)
    }
}
