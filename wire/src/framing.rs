//! The frames around records: which record it is, and in which version.

/// Records of a log whose frame is `uvarint 1 | uvarint record type | uvarint version | body`
/// (KIP-631), as an enum.
macro_rules! framed_records {
    ($(#[$doc:meta])* $name:ident { $($variant:ident($ty:ty) = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each variant is the record it names")]
        pub enum $name<'a> {
            $($variant($ty),)+
        }

        impl<'a> $name<'a> {
            /// Version of the frame itself.
            pub const FRAME_VERSION: u32 = 1;

            /// Reads a whole record, frame and body.
            pub fn decode(bytes: &'a [u8]) -> Result<$name<'a>, DecodeError> {
                Self::decode_versioned(bytes).map(|(record, _)| record)
            }

            /// As `decode`, with the version of its type that the record is written in.
            pub fn decode_versioned(bytes: &'a [u8]) -> Result<($name<'a>, i16), DecodeError> {
                let mut r = Reader::new(bytes);
                let frame = r.uvarint()?;
                if frame != Self::FRAME_VERSION {
                    return Err(DecodeError::Unknown { what: "frame version", code: i64::from(frame) });
                }
                let (code, version) = (r.uvarint()?, r.uvarint()?);
                let version = i16::try_from(version)
                    .map_err(|_| DecodeError::Unknown { what: "record version", code: i64::from(version) })?;
                let record = match code {
                    $($code => $name::$variant(Message::decode(&mut r, version)?),)+
                    _ => return Err(DecodeError::Unknown { what: "record type", code: i64::from(code) }),
                };
                r.finish()?;
                Ok((record, version))
            }

            /// Appends the record in `version` of its type, with its frame.
            pub fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
                if !self.versions().contains(version) {
                    return Err(EncodeError::UnsupportedVersion { message: self.name(), version });
                }
                w.uvarint(Self::FRAME_VERSION);
                w.uvarint(u32::from(self.record_type().cast_unsigned()));
                w.uvarint(u32::from(version.cast_unsigned()));
                match self {
                    $($name::$variant(record) => record.encode(w, version),)+
                }
            }

            /// Number of the record's type.
            pub fn record_type(&self) -> i16 {
                match self {
                    $($name::$variant(_) => $code,)+
                }
            }

            /// Apache Kafka's name for the record's type.
            pub fn name(&self) -> &'static str {
                match self {
                    $($name::$variant(_) => <$ty>::NAME,)+
                }
            }

            /// Versions of the record's type.
            pub fn versions(&self) -> VersionRange {
                match self {
                    $($name::$variant(_) => <$ty>::VERSIONS,)+
                }
            }

            /// The record's JSON form in `version` of its type.
            pub fn to_json(&self, version: i16) -> Result<Json, EncodeError> {
                match self {
                    $($name::$variant(record) => crate::json::of_message(record, version),)+
                }
            }

            /// The same record, borrowing nothing.
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $($name::$variant(record) => $name::$variant(record.detach()),)+
                }
            }
        }

        $(impl<'a> From<$ty> for $name<'a> {
            fn from(record: $ty) -> $name<'a> {
                $name::$variant(record)
            }
        })+
    };
}

/// Keys and values of a coordinator's log, as two enums over the same record types.
///
/// A key is `i16 record type | body` (a key has one version, 0); a value is `i16 version | body`.
macro_rules! coordinator_records {
    ($($variant:ident($key:ty, $value:ty) = $code:literal,)+) => {
        /// A record's key, which says what type the record has.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each variant is the record it names")]
        pub enum Key<'a> {
            $($variant($key),)+
        }

        /// A record's value; a record without one is a tombstone.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each variant is the record it names")]
        pub enum Value<'a> {
            $($variant($value),)+
        }

        impl<'a> Key<'a> {
            /// Reads a whole key. [`DecodeError::Unknown`] for a record type that is newer than
            /// this program: a loader skips those.
            pub fn decode(bytes: &'a [u8]) -> Result<Key<'a>, DecodeError> {
                let mut r = Reader::new(bytes);
                let key = match r.i16()? {
                    $($code => Key::$variant(Message::decode(&mut r, 0)?),)+
                    code => return Err(DecodeError::Unknown { what: "record type", code: i64::from(code) }),
                };
                r.finish()?;
                Ok(key)
            }

            /// Appends the key: its record type, then its body.
            pub fn encode(&self, w: &mut Writer) -> Result<(), EncodeError> {
                w.i16(self.record_type());
                match self {
                    $(Key::$variant(key) => key.encode(w, 0),)+
                }
            }

            /// Reads the value that belongs to this key: a version, then a body.
            pub fn decode_value<'v>(&self, bytes: &'v [u8]) -> Result<Value<'v>, DecodeError> {
                let mut r = Reader::new(bytes);
                let version = r.i16()?;
                let value = match self {
                    $(Key::$variant(_) => Value::$variant(Message::decode(&mut r, version)?),)+
                };
                r.finish()?;
                Ok(value)
            }

            /// Number of the record's type.
            pub fn record_type(&self) -> i16 {
                match self {
                    $(Key::$variant(_) => $code,)+
                }
            }

            /// The key's JSON form.
            pub fn to_json(&self) -> Result<Json, EncodeError> {
                match self {
                    $(Key::$variant(key) => crate::json::of_message(key, 0),)+
                }
            }

            /// The same key, borrowing nothing.
            pub fn into_owned(self) -> Key<'static> {
                match self {
                    $(Key::$variant(key) => Key::$variant(key.detach()),)+
                }
            }
        }

        impl<'a> Value<'a> {
            /// Appends the value: `version`, then its body in that version.
            pub fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
                w.i16(version);
                match self {
                    $(Value::$variant(value) => value.encode(w, version),)+
                }
            }

            /// Number of the record's type.
            pub fn record_type(&self) -> i16 {
                match self {
                    $(Value::$variant(_) => $code,)+
                }
            }

            /// Versions of the value.
            pub fn versions(&self) -> VersionRange {
                match self {
                    $(Value::$variant(_) => <$value>::VERSIONS,)+
                }
            }

            /// The value's JSON form in `version`.
            pub fn to_json(&self, version: i16) -> Result<Json, EncodeError> {
                match self {
                    $(Value::$variant(value) => crate::json::of_message(value, version),)+
                }
            }

            /// The same value, borrowing nothing.
            pub fn into_owned(self) -> Value<'static> {
                match self {
                    $(Value::$variant(value) => Value::$variant(value.detach()),)+
                }
            }
        }

        $(
            impl<'a> From<$key> for Key<'a> {
                fn from(key: $key) -> Key<'a> {
                    Key::$variant(key)
                }
            }

            impl<'a> From<$value> for Value<'a> {
                fn from(value: $value) -> Value<'a> {
                    Value::$variant(value)
                }
            }
        )+
    };
}

pub(crate) use {coordinator_records, framed_records};

#[cfg(test)]
mod tests {
    use crate::coordinator_records::group::Key;
    use crate::header::RequestHeader;
    use crate::metadata_records::MetadataRecord;
    use crate::metadata_records::no_op_record::NoOpRecord;
    use crate::{ApiKey, DecodeError, EncodeError, Reader, Writer};

    #[test]
    fn a_framed_record_names_its_type_and_version() {
        let mut w = Writer::new();
        MetadataRecord::from(NoOpRecord {}).encode(&mut w, 0).expect("version 0");
        let bytes = w.into_bytes();
        assert_eq!(bytes, [1, 20, 0, 0], "frame version, record type, version, no tagged fields");
        assert_eq!(MetadataRecord::decode(&bytes), Ok(MetadataRecord::NoOp(NoOpRecord {})));
    }

    #[test]
    fn what_is_unknown_is_named() {
        let unknown = |what, code| Err(DecodeError::Unknown { what, code });
        assert_eq!(MetadataRecord::decode(&[2, 20, 0, 0]), unknown("frame version", 2));
        assert_eq!(MetadataRecord::decode(&[1, 99, 0, 0]), unknown("record type", 99));
        assert_eq!(MetadataRecord::decode(&[1, 20, 0xff, 0xff, 3, 0]), unknown("record version", 0xffff));
        assert_eq!(MetadataRecord::decode(&[1, 20, 0, 0, 7]), Err(DecodeError::Trailing(1)));
        assert_eq!(
            Key::decode(&[0, 77]).map(drop),
            Err(DecodeError::Unknown { what: "record type", code: 77 })
        );
    }

    #[test]
    fn a_version_that_a_record_lacks_writes_nothing() {
        let mut w = Writer::new();
        let refused = MetadataRecord::from(NoOpRecord {}).encode(&mut w, 1);
        assert_eq!(refused, Err(EncodeError::UnsupportedVersion { message: "NoOpRecord", version: 1 }));
        assert!(w.buffer().is_empty());
    }

    #[test]
    fn a_request_newer_than_we_are_still_has_a_header() {
        // ApiVersions of a version from the future, correlation id 7, client id "c", no tagged fields.
        let frame = [0, 18, 0, 99, 0, 0, 0, 7, 0, 1, b'c', 0];
        let mut r = Reader::new(&frame);
        let (api, header) = RequestHeader::decode_any(&mut r).expect("a header");
        assert_eq!((api, header.request_api_version, header.correlation_id), (ApiKey::ApiVersions, 99, 7));
        assert_eq!(r.finish(), Ok(()));
        let nobody = RequestHeader::decode_any(&mut Reader::new(&[1, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(nobody.map(drop), Err(DecodeError::Unknown { what: "api key", code: 256 }));
    }
}
