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

    /// The record's bytes, as they stand in the log: frame, type, version and body (KIP-631).
    ///
    /// # Panics
    /// If the version cannot hold what the record says: whoever chose the version made a mistake.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = wire::Writer::new();
        self.message.encode(&mut writer, self.version).expect("the version holds the record");
        writer.into_bytes()
    }
}
