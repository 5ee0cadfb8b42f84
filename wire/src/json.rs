//! Records as JSON, in the form that Apache Kafka's converters give them.
//!
//! Field names start in lower case, bytes are base64, a tagged field stands there only when it differs
//! from its default, and a field that the version lacks is left out. Records have this form, requests and
//! responses don't: tools that dump logs print it.

use crate::codec::{Array, EncodeError, Field, Form};
use crate::message::Message;
use crate::uuid::Uuid;
use std::borrow::Cow;
use std::fmt::{self, Write};

/// A JSON value; `Display` writes it without white space.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, written as Java writes a double.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes, written as base64 text.
    Bytes(Vec<u8>),
    /// Values in order.
    List(Vec<Json>),
    /// Names and values in the order of the schema.
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// The value of a member of an object.
    pub fn member_mut(&mut self, name: &str) -> Option<&mut Json> {
        match self {
            Json::Object(members) => {
                members.iter_mut().find(|(member, _)| *member == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

/// What has a JSON form in some version.
pub trait ToJson {
    /// The value in `form`; refuses what [`Message::encode`] would refuse.
    fn to_json(&self, form: Form) -> Result<Json, EncodeError>;
}

/// A message or record in `version`.
pub fn of_message<'a, T: Message<'a> + ToJson>(message: &T, version: i16) -> Result<Json, EncodeError> {
    if !T::VERSIONS.contains(version) {
        return Err(EncodeError::UnsupportedVersion { message: T::NAME, version });
    }
    message.to_json(Form { version, flexible: T::FLEXIBLE.contains(version) })
}

macro_rules! whole_numbers {
    ($($ty:ty),+) => {
        $(impl ToJson for $ty {
            fn to_json(&self, _: Form) -> Result<Json, EncodeError> {
                Ok(Json::Int(i64::from(*self)))
            }
        })+
    };
}

whole_numbers!(i8, i16, u16, i32, u32, i64);

impl ToJson for bool {
    fn to_json(&self, _: Form) -> Result<Json, EncodeError> {
        Ok(Json::Bool(*self))
    }
}

impl ToJson for f64 {
    fn to_json(&self, _: Form) -> Result<Json, EncodeError> {
        Ok(Json::Float(*self))
    }
}

impl ToJson for Uuid {
    fn to_json(&self, _: Form) -> Result<Json, EncodeError> {
        Ok(Json::Text(self.to_string()))
    }
}

impl ToJson for Cow<'_, str> {
    fn to_json(&self, _: Form) -> Result<Json, EncodeError> {
        Ok(Json::Text(self.clone().into_owned()))
    }
}

impl ToJson for Cow<'_, [u8]> {
    fn to_json(&self, _: Form) -> Result<Json, EncodeError> {
        Ok(Json::Bytes(self.to_vec()))
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self, form: Form) -> Result<Json, EncodeError> {
        self.as_ref().map_or(Ok(Json::Null), |value| value.to_json(form))
    }
}

impl<'a, T: Field<'a> + Clone + ToJson> ToJson for Array<'a, T> {
    fn to_json(&self, form: Form) -> Result<Json, EncodeError> {
        let elements: Result<Vec<Json>, EncodeError> = self.iter().map(|value| value.to_json(form)).collect();
        elements.map(Json::List)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Int(value) => write!(f, "{value}"),
            Json::Float(value) => write_double(f, *value),
            Json::Text(text) => write_text(f, text),
            Json::Bytes(bytes) => write_base64(f, bytes),
            Json::List(values) => write_joined(f, '[', values.iter(), ']', |f, value| write!(f, "{value}")),
            Json::Object(members) => write_joined(f, '{', members.iter(), '}', |f, (name, value)| {
                write_text(f, name)?;
                write!(f, ":{value}")
            }),
        }
    }
}

fn write_joined<T>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    values: impl Iterator<Item = T>,
    close: char,
    write: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    f.write_char(open)?;
    for (index, value) in values.enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        write(f, value)?;
    }
    f.write_char(close)
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            c if c < ' ' => write!(f, "\\u{:04X}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// `Double.toString` of Java: an exponent below a thousandth and from ten million upwards.
fn write_double(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || (1e-3..1e7).contains(&size) {
        return write!(f, "{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => write!(f, "{digits}.0E{exponent}"),
        _ => f.write_str(&text),
    }
}

fn write_base64(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    f.write_char('"')?;
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 0x3f;
            f.write_char(if digit > chunk.len() { '=' } else { char::from(DIGITS[value as usize]) })?;
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_records::voters_record::{KRaftVersionFeature, Voter, VotersRecord};
    use crate::metadata_records::feature_level_record::FeatureLevelRecord;
    use crate::metadata_records::partition_record::PartitionRecord;

    #[test]
    fn fields_stand_in_schema_order_with_small_initials() {
        let record = FeatureLevelRecord { name: "metadata.version".into(), feature_level: 30 };
        let json = of_message(&record, 0).unwrap().to_string();
        assert_eq!(json, r#"{"name":"metadata.version","featureLevel":30}"#);
    }

    #[test]
    fn structs_and_ids_nest() {
        let voter = Voter {
            voter_id: 1,
            kraft_version_feature: KRaftVersionFeature { min_supported_version: 0, max_supported_version: 1 },
            ..Voter::default()
        };
        let record = VotersRecord { version: 0, voters: vec![voter].into() };
        assert_eq!(
            of_message(&record, 0).unwrap().to_string(),
            r#"{"version":0,"voters":[{"voterId":1,"voterDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","endpoints":[],"kRaftVersionFeature":{"minSupportedVersion":0,"maxSupportedVersion":1}}]}"#
        );
    }

    #[test]
    fn a_tagged_field_with_its_default_is_left_out() {
        let json = of_message(&PartitionRecord::default(), 1).unwrap().to_string();
        assert!(!json.contains("leaderRecoveryState"), "{json}");
        assert!(json.contains(r#""directories":[]"#), "{json}");
        let json = of_message(&PartitionRecord::default(), 0).unwrap().to_string();
        assert!(!json.contains("directories"), "{json}");
    }

    #[test]
    fn text_bytes_and_doubles_are_written_as_java_writes_them() {
        assert_eq!(Json::Text("a\"\\\n\u{1}é".into()).to_string(), "\"a\\\"\\\\\\n\\u0001é\"");
        for (bytes, text) in [("", "\"\""), ("a", "\"YQ==\""), ("ab", "\"YWI=\""), ("abc", "\"YWJj\"")] {
            assert_eq!(Json::Bytes(bytes.into()).to_string(), text);
        }
        for (value, text) in [(1024.0, "1024.0"), (1e7, "1.0E7"), (10_485_760.0, "1.048576E7"), (0.5, "0.5")]
        {
            assert_eq!(Json::Float(value).to_string(), text);
        }
    }
}
