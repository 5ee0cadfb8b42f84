//! Why a request is refused.

use wire::ErrorCode;

use crate::config_defs::RuleViolation;

/// Kafka's error code with a sentence, for a whole request or for one thing in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", code.name(), message.as_deref().unwrap_or_default())]
pub struct ApiError {
    /// Kafka's error code.
    pub code: ErrorCode,
    /// A sentence for whoever sent the request.
    pub message: Option<String>,
}

impl ApiError {
    /// An error with a sentence of its own.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// An error with the code's usual sentence.
    pub fn of(code: ErrorCode) -> Self {
        Self::new(code, code.message())
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// An operation that would write more than one request may.
    pub(crate) fn too_many_records() -> Self {
        Self::new(ErrorCode::PolicyViolation, "Unable to perform excessively large batch operation.")
    }

    /// Code and sentence as the fields of an answer.
    pub(crate) fn fields(self) -> (i16, Option<std::borrow::Cow<'static, str>>) {
        (self.code.code(), self.message.map(Into::into))
    }
}

impl From<RuleViolation> for ApiError {
    fn from(violation: RuleViolation) -> Self {
        let code = match violation {
            RuleViolation::InvalidConfig(_) => ErrorCode::InvalidConfig,
            RuleViolation::InvalidRequest(_) => ErrorCode::InvalidRequest,
        };
        Self::new(code, violation.to_string())
    }
}
