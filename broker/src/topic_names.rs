//! Which names a topic may have, and which are Kafka's own.

/// Topic in which groups and their offsets are kept.
pub(crate) const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// Topic in which transactions are kept.
pub(crate) const TRANSACTION_STATE: &str = "__transaction_state";
/// Topic in which the state of share groups is kept.
pub(crate) const SHARE_GROUP_STATE: &str = "__share_group_state";

/// Longest name: a directory is named after the topic and the partition.
const NAME_LENGTH_MAX: usize = 249;

/// Whether a topic belongs to Kafka itself.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | TRANSACTION_STATE | SHARE_GROUP_STATE)
}

/// Whether a topic may have this name.
pub(crate) fn is_valid(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(name, "" | "." | "..") && name.len() <= NAME_LENGTH_MAX && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_kafka_judges_them() {
        for valid in ["a", "A.b_c-9", "...", &"x".repeat(249)] {
            assert!(is_valid(valid), "{valid}");
        }
        for invalid in ["", ".", "..", "a b", "a/b", "ä", "a\0", &"x".repeat(250)] {
            assert!(!is_valid(invalid), "{invalid}");
        }
    }
}
