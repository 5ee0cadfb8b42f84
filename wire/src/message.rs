//! Messages as a whole: versions, requests and their responses.

use crate::api_key::ApiKey;
use crate::codec::{DecodeError, EncodeError, Field, Form, Reader, Writer};

/// An inclusive range of versions; empty when `min > max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// Oldest version.
    pub min: i16,
    /// Newest version.
    pub max: i16,
}

impl VersionRange {
    /// The versions from `min` to `max`.
    pub const fn new(min: i16, max: i16) -> VersionRange {
        VersionRange { min, max }
    }

    /// Whether `version` is one of them.
    pub const fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.min > self.max
    }

    /// The versions in both ranges.
    pub fn intersect(self, other: VersionRange) -> VersionRange {
        VersionRange { min: self.min.max(other.min), max: self.max.min(other.max) }
    }
}

/// A message: a request, a response, a header, or a record that stands by itself.
pub trait Message<'a>: Field<'a> {
    /// Apache Kafka's name for it.
    const NAME: &'static str;
    /// Versions that can be read and written.
    const VERSIONS: VersionRange;
    /// Versions with compact lengths and tagged fields (KIP-482); may be empty.
    const FLEXIBLE: VersionRange;

    /// Takes the message off the reader, without allocating. Bytes may follow it:
    /// [`Reader::finish`] says whether they do.
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(r, Form { version, flexible: Self::FLEXIBLE.contains(version) })
    }

    /// Appends the message in `version`.
    ///
    /// Fields that the version lacks are dropped if the schema calls them ignorable or if they
    /// have their default; otherwise this is an [`EncodeError::UnsupportedField`]. What was written
    /// before an error stays in the writer.
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(w, Form { version, flexible: Self::FLEXIBLE.contains(version) })
    }
}

/// A request, and what answers it.
pub trait Request<'a>: Message<'a> {
    /// Its api key; header versions follow from it.
    const API_KEY: ApiKey;
    /// The response of the same api.
    type Response<'b>: Message<'b>;
}
