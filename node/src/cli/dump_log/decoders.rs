//! Keys and values of records, as text.

use std::fmt::Display;

use wire::batch::Record;
use wire::coordinator_records::{group, share, transaction};
use wire::embedded::{
    consumer_protocol_assignment::ConsumerProtocolAssignment,
    consumer_protocol_subscription::ConsumerProtocolSubscription,
};
use wire::json::{self, Json, ToJson};
use wire::metadata_records::MetadataRecord;
use wire::remote_log_records::RemoteLogRecord;
use wire::{DecodeError, Message, Reader};

use super::Failure;

/// What the records of a log are.
#[derive(Debug)]
pub(super) enum Decoder {
    /// What users wrote.
    Plain { key: Plain, value: Plain },
    /// `__consumer_offsets`.
    Offsets,
    /// `__transaction_state`.
    Transactions,
    /// `__cluster_metadata`.
    Metadata,
    /// `__remote_log_metadata`.
    RemoteLog,
    /// `__share_group_state`.
    ShareGroups,
}

/// How plain bytes are shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Plain {
    String,
    Long,
    Integer,
    Bytes,
}

/// A key and a value, each where there is something to show.
pub(super) struct Text {
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
}

/// The decoder that Apache's class of this name is.
pub(super) fn plain(class: &str) -> Result<Plain, Failure> {
    Ok(match class.rsplit('.').next().unwrap_or_default() {
        "StringDecoder" => Plain::String,
        "LongDecoder" => Plain::Long,
        "IntegerDecoder" => Plain::Integer,
        "DefaultDecoder" => Plain::Bytes,
        _ => {
            return Err(Failure::refused(format!(
                "unknown decoder {class}: there are StringDecoder, LongDecoder, IntegerDecoder and DefaultDecoder of org.apache.kafka.tools.api"
            )));
        }
    })
}

impl Plain {
    fn show(self, bytes: &[u8]) -> Result<String, Failure> {
        let short = |size: usize| {
            Failure::refused(format!("a field of {} bytes is not the {size} bytes of a number", bytes.len()))
        };
        Ok(match self {
            Self::String => String::from_utf8_lossy(bytes).into_owned(),
            Self::Long => i64::from_be_bytes(*bytes.first_chunk().ok_or_else(|| short(8))?).to_string(),
            Self::Integer => i32::from_be_bytes(*bytes.first_chunk().ok_or_else(|| short(4))?).to_string(),
            Self::Bytes => format!("{bytes:?}"),
        })
    }
}

impl Decoder {
    pub(super) fn decode(&self, record: &Record<'_>) -> Result<Text, Failure> {
        Ok(match self {
            Self::Plain { key, value } => Text {
                key: record.key.map(|bytes| key.show(bytes)).transpose()?,
                value: record.value.map(|bytes| value.show(bytes)).transpose()?,
            },
            Self::Offsets => coordinator(record, groups)?,
            Self::Transactions => coordinator(record, transactions)?,
            Self::ShareGroups => coordinator(record, shares)?,
            Self::Metadata => framed(record, |bytes| {
                let (name, version, data) = metadata(bytes)?;
                let json = Json::Object(vec![
                    ("type", Json::Text(name)),
                    ("version", Json::Int(version)),
                    ("data", data),
                ]);
                Ok(json.to_string())
            }),
            Self::RemoteLog => framed(record, |bytes| {
                let (version, record) =
                    (frame_version(bytes)?, RemoteLogRecord::decode(bytes).map_err(words)?);
                Ok(record.to_json(version).map_err(words)?.to_string())
            }),
        })
    }
}

fn words(error: impl Display) -> String {
    error.to_string()
}

/// Records whose type stands in front of their value; they have no key.
fn framed(record: &Record<'_>, show: impl Fn(&[u8]) -> Result<String, String>) -> Text {
    let shown = show(record.value.unwrap_or_default());
    let value = shown.unwrap_or_else(|error| format!("Error at {}, skipping. {error}", record.offset));
    Text { key: None, value: Some(value) }
}

/// Name, version and content of a metadata record.
fn metadata(bytes: &[u8]) -> Result<(String, i64, Json), String> {
    let version = frame_version(bytes)?;
    let record = MetadataRecord::decode(bytes).map_err(words)?;
    Ok((type_name(record.name()), i64::from(version), record.to_json(version).map_err(words)?))
}

fn frame_version(bytes: &[u8]) -> Result<i16, String> {
    let mut reader = Reader::new(bytes);
    let mut last = 0;
    for _ in 0..3 {
        last = reader.uvarint().map_err(words)?;
    }
    i16::try_from(last).map_err(words)
}

/// `FEATURE_LEVEL_RECORD` for `FeatureLevelRecord`.
fn type_name(name: &str) -> String {
    let mut text = String::new();
    for (index, c) in name.chars().enumerate() {
        if index > 0 && c.is_uppercase() {
            text.push('_');
        }
        text.extend(c.to_uppercase());
    }
    text
}

/// Type, key, and version with value of a coordinator's record.
struct Parts {
    record_type: i16,
    key: Json,
    value: Option<(i16, Json)>,
}

/// Reads a key and its value.
type Parser = fn(&[u8], Option<&[u8]>) -> Result<Parts, DecodeError>;

/// Shows a coordinator's record; a type that is newer than this program is passed over.
fn coordinator(record: &Record<'_>, parse: Parser) -> Result<Text, Failure> {
    let Some(key) = record.key else {
        return Err(Failure::refused(format!(
            "Failed to decode message at offset {} using the specified decoder (message had a missing key)",
            record.offset
        )));
    };
    let text = |value: String| Json::Text(value);
    Ok(match parse(key, record.value) {
        Ok(parts) => Text {
            key: Some(
                Json::Object(vec![("type", text(parts.record_type.to_string())), ("data", parts.key)])
                    .to_string(),
            ),
            value: Some(match parts.value {
                Some((version, data)) => {
                    Json::Object(vec![("version", text(version.to_string())), ("data", data)]).to_string()
                }
                None => "<DELETE>".to_owned(),
            }),
        },
        Err(DecodeError::Unknown { code, .. }) => {
            let key = format!("Unknown record type {code} at offset {}, skipping.", record.offset);
            Text { key: Some(key), value: None }
        }
        Err(error) => {
            Text { key: Some(format!("Error at offset {}, skipping. {error}", record.offset)), value: None }
        }
    })
}

/// Writes the parser of one coordinator's records; their enums differ in type only.
macro_rules! parser {
    ($name:ident, $module:ident, $touch:expr) => {
        fn $name(key: &[u8], value: Option<&[u8]>) -> Result<Parts, DecodeError> {
            let key = $module::Key::decode(key)?;
            let value = match value {
                None => None,
                Some(bytes) => {
                    let version = Reader::new(bytes).i16()?;
                    let data = key.decode_value(bytes)?.to_json(version).unwrap_or(Json::Null);
                    Some((version, $touch(key.record_type(), data)))
                }
            };
            let data = key.to_json().unwrap_or(Json::Null);
            Ok(Parts { record_type: key.record_type(), key: data, value })
        }
    };
}

parser!(groups, group, open_members);
parser!(transactions, transaction, |_, data| data);
parser!(shares, share, |_, data| data);

/// Record type of a classic group's metadata.
const GROUP_METADATA: i16 = 2;

/// Shows what consumers put into a classic group's metadata as bytes: subscriptions and assignments.
fn open_members(record_type: i16, mut data: Json) -> Json {
    let is_consumer = matches!(data.member_mut("protocolType"), Some(Json::Text(kind)) if kind == "consumer");
    if record_type == GROUP_METADATA
        && is_consumer
        && let Some(Json::List(members)) = data.member_mut("members")
    {
        for member in members {
            open(member, "subscription", |bytes| versioned::<ConsumerProtocolSubscription<'_>>(bytes));
            open(member, "assignment", |bytes| versioned::<ConsumerProtocolAssignment<'_>>(bytes));
        }
    }
    data
}

/// Replaces bytes by what they say; bytes that say nothing stay.
fn open(member: &mut Json, field: &str, read: fn(&[u8]) -> Option<Json>) {
    let Some(place) = member.member_mut(field) else { return };
    if let Json::Bytes(bytes) = &*place
        && let Some(json) = read(bytes)
    {
        *place = json;
    }
}

/// A message behind its version.
fn versioned<'a, T: Message<'a> + ToJson>(bytes: &'a [u8]) -> Option<Json> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16().ok()?;
    let message = T::decode(&mut reader, version).ok()?;
    json::of_message(&message, version).ok()
}
