//! What a topic may be called.

use wire::ErrorCode;

use super::error::ApiError;
use crate::limits::TOPIC_NAME_LENGTH;

/// The log of the metadata itself, which is no topic.
pub(crate) const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Checks a topic's name.
///
/// # Errors
/// INVALID_TOPIC_EXCEPTION with what is wrong with it.
pub fn validate_topic_name(name: &str) -> Result<(), ApiError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let reason = match name {
        "" => "the empty string is not allowed".to_owned(),
        "." | ".." => format!("'{name}' is not allowed"),
        _ if name.encode_utf16().count() > TOPIC_NAME_LENGTH => {
            format!("the length of '{name}' is longer than the max allowed length {TOPIC_NAME_LENGTH}")
        }
        _ if !name.chars().all(legal) => format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        ),
        _ => return Ok(()),
    };
    Err(ApiError::new(ErrorCode::InvalidTopicException, format!("Topic name is invalid: {reason}")))
}
