use thiserror::Error;

/// Why bytes are not the message they were said to be. The sender is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("{wanted} bytes expected where {left} are left")]
    Truncated {
        /// Bytes the value needs.
        wanted: usize,
        /// Bytes there are.
        left: usize,
    },
    /// A count that the rest of the frame cannot hold, whatever the elements are.
    #[error("{count} elements claimed where {left} bytes are left")]
    ClaimedCount {
        /// Elements claimed.
        count: usize,
        /// Bytes there are.
        left: usize,
    },
    /// A variable-length integer with more bits than its type.
    #[error("a variable-length integer is too long")]
    Varint,
    /// A string that is not UTF-8.
    #[error("a string is not valid UTF-8")]
    Utf8,
    /// Null where this version of the message has no null.
    #[error("null where a value is required")]
    Null,
    /// A tagged field whose value is shorter than its stated size.
    #[error("tagged field {tag} leaves {left} bytes unused")]
    TaggedField {
        /// The field's tag.
        tag: u32,
        /// Bytes left over.
        left: usize,
    },
    /// Bytes after the end of the message.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
    /// A version that the message does not have.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// Version asked for.
        version: i16,
    },
    /// A record's frame version or record type that is unknown here.
    #[error("unknown {what} {code}")]
    Unknown {
        /// What kind of number it is.
        what: &'static str,
        /// The number.
        code: i64,
    },
}

/// Why a message cannot be written in the version asked for. The caller is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A field has a value that this version cannot carry, and that must not be dropped.
    #[error("{field} cannot be written in version {version}")]
    UnsupportedField {
        /// `Struct.Field`, as the schema calls it.
        field: &'static str,
        /// Version asked for.
        version: i16,
    },
    /// Null in a field that has no null in this version.
    #[error("{field} cannot be null in version {version}")]
    Null {
        /// `Struct.Field`, as the schema calls it.
        field: &'static str,
        /// Version asked for.
        version: i16,
    },
    /// A value longer than its length field can say.
    #[error("a value of length {0} is too long for its length field")]
    TooLong(usize),
    /// A version that the message does not have.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// Version asked for.
        version: i16,
    },
}
