//! What a value must satisfy beyond its type.

use std::fmt;

use super::value::Value;

/// A value that Kafka would refuse, with the sentence it would refuse it with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn invalid(name: &str, value: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self(format!("Invalid value {value} for configuration {name}: {reason}"))
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self(format!("Missing required configuration \"{name}\" which has no default value."))
    }
}

/// Condition on a value. `Display` prints it as Kafka's documentation does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Validator {
    /// Everything of the type.
    Any,
    /// Numbers from this one on.
    AtLeast(f64),
    /// Numbers within these two, both included.
    Between(f64, f64),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// One of these strings, in any case.
    OneOfIgnoringCase(&'static [&'static str]),
    /// A list without duplicates or empty entries; each entry among `allowed` unless that is empty.
    Entries {
        /// What an entry may be; empty allows everything.
        allowed: &'static [&'static str],
        /// Whether the list may be empty.
        empty: bool,
        /// Whether the list may be absent.
        null: bool,
    },
    /// Anything but null.
    NonNull,
    /// Null, or text of at least one character.
    NonEmptyString,
    /// 1 to 9, or -1.
    GzipLevel,
    /// `*`, or partition:broker entries.
    ThrottledReplicas,
    /// `latest`, `earliest` or `by_duration:<ISO-8601 duration>`.
    OffsetReset,
    /// id@host:port entries.
    QuorumVoters,
    /// host:port entries.
    HostPorts,
}

impl Validator {
    /// Kafka drops repeated entries of such lists before it validates them.
    pub(crate) fn removes_duplicates(self) -> bool {
        matches!(self, Self::Entries { .. })
    }

    /// Checks one value.
    ///
    /// # Errors
    /// Kafka's sentence for a value outside of what is allowed.
    pub(crate) fn check(self, name: &str, value: &Value) -> Result<(), ConfigError> {
        match self {
            Self::Any => Ok(()),
            Self::AtLeast(min) => check_range(name, value, min, f64::INFINITY),
            Self::Between(min, max) => check_range(name, value, min, max),
            Self::OneOf(allowed) => check_one_of(name, value, allowed),
            Self::OneOfIgnoringCase(allowed) => check_one_of_ignoring_case(name, value, allowed),
            Self::Entries { allowed, empty, null } => check_entries(name, value, allowed, empty, null),
            Self::NonNull if *value == Value::Null => {
                Err(ConfigError::invalid(name, value, "entry must be non null"))
            }
            Self::NonEmptyString if value.as_str() == Some("") => {
                Err(ConfigError::invalid(name, value, "String must be non-empty"))
            }
            Self::NonNull | Self::NonEmptyString => Ok(()),
            Self::GzipLevel => check_gzip_level(name, value),
            Self::ThrottledReplicas => check_throttled_replicas(name, value),
            Self::OffsetReset => check_offset_reset(name, value),
            Self::QuorumVoters => check_each(value, |entry| check_voter(name, entry)),
            Self::HostPorts => check_each(value, |entry| check_host_port(name, entry, entry)),
        }
    }
}

impl fmt::Display for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("-"),
            Self::AtLeast(min) => write!(f, "[{min},...]"),
            Self::Between(min, max) => write!(f, "[{min},...,{max}]"),
            Self::OneOf(allowed) => write!(f, "[{}]", allowed.join(", ")),
            Self::OneOfIgnoringCase(allowed) => write!(f, "(case insensitive) [{}]", allowed.join(", ")),
            Self::Entries { allowed: [], .. } => Ok(()),
            Self::Entries { allowed, .. } => write!(f, "[{}]", allowed.join(", ")),
            Self::NonNull => f.write_str("non-null string"),
            Self::NonEmptyString => f.write_str("non-empty string"),
            Self::GzipLevel => f.write_str("[1,...,9] or -1"),
            Self::ThrottledReplicas => f.write_str("[partitionId]:[brokerId],[partitionId]:[brokerId],..."),
            Self::OffsetReset => f.write_str("[latest, earliest, by_duration:PnDTnHnMn.nS]"),
            Self::QuorumVoters | Self::HostPorts => f.write_str("non-empty list"),
        }
    }
}

fn check_range(name: &str, value: &Value, min: f64, max: f64) -> Result<(), ConfigError> {
    let number = match value {
        Value::Integer(number) => *number as f64,
        Value::Double(number) => *number,
        _ => return Err(ConfigError::invalid(name, value, "Value must be non-null")),
    };
    if number < min {
        return Err(ConfigError::invalid(name, value, format!("Value must be at least {min}")));
    }
    if number > max {
        return Err(ConfigError::invalid(name, value, format!("Value must be no more than {max}")));
    }
    Ok(())
}

fn check_gzip_level(name: &str, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Integer(-1 | 1..=9) => Ok(()),
        Value::Null => Err(ConfigError::invalid(name, value, "Value must be non-null")),
        _ => Err(ConfigError::invalid(name, value, "Value must be between 1 and 9 or equal to -1")),
    }
}

fn check_one_of(name: &str, value: &Value, allowed: &[&str]) -> Result<(), ConfigError> {
    if value.as_str().is_some_and(|text| allowed.contains(&text)) {
        return Ok(());
    }
    Err(ConfigError::invalid(name, value, format!("String must be one of: {}", allowed.join(", "))))
}

fn check_one_of_ignoring_case(name: &str, value: &Value, allowed: &[&str]) -> Result<(), ConfigError> {
    if value.as_str().is_some_and(|text| allowed.iter().any(|word| word.eq_ignore_ascii_case(text))) {
        return Ok(());
    }
    let reason = format!("String must be one of (case insensitive): {}", allowed.join(", "));
    Err(ConfigError::invalid(name, value, reason))
}

fn check_entries(
    name: &str,
    value: &Value,
    allowed: &[&str],
    empty: bool,
    null: bool,
) -> Result<(), ConfigError> {
    let Some(entries) = value.as_list() else {
        return if null {
            Ok(())
        } else {
            Err(ConfigError::new(format!("Configuration '{name}' values must not be null.")))
        };
    };
    if entries.is_empty() && !empty {
        let valid = if allowed.is_empty() {
            "any non-empty value".to_owned()
        } else {
            format!("[{}]", allowed.join(", "))
        };
        let message = format!("Configuration '{name}' must not be empty. Valid values include: {valid}");
        return Err(ConfigError::new(message));
    }
    for entry in entries {
        if entry.is_empty() {
            return Err(ConfigError::new(format!("Configuration '{name}' values must not be empty.")));
        }
        if !allowed.is_empty() {
            check_one_of(name, &Value::String(entry.clone()), allowed)?;
        }
    }
    Ok(())
}

fn check_throttled_replicas(name: &str, value: &Value) -> Result<(), ConfigError> {
    let entries = value.as_list().unwrap_or_default();
    let is_replica = |entry: &String| {
        entry.is_empty()
            || entry.split_once(':').is_some_and(|(partition, broker)| digits(partition) && digits(broker))
    };
    if entries.iter().all(is_replica) || entries.concat() == "*" {
        return Ok(());
    }
    let reason = format!(
        "{name} must be the literal '*' or a list of replicas in the following format: \
         [partitionId]:[brokerId],[partitionId]:[brokerId],..."
    );
    Err(ConfigError::invalid(name, value, reason))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn check_offset_reset(name: &str, value: &Value) -> Result<(), ConfigError> {
    let text = value.as_str().unwrap_or_default();
    let lower = text.to_ascii_lowercase();
    let by_duration = lower.strip_prefix("by_duration:").is_some_and(is_iso_duration);
    if matches!(lower.as_str(), "latest" | "earliest") || by_duration {
        return Ok(());
    }
    let reason = format!(
        "Invalid value `{text}` for configuration {name}. The value must be either 'earliest', 'latest' or of \
         the format 'by_duration:<PnDTnHnMn.nS>'."
    );
    Err(ConfigError::invalid(name, value, reason))
}

/// `PnDTnHnMn.nS` in lower case, with at least one part and none that is negative.
fn is_iso_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('p') else { return false };
    let (days, time) = match rest.split_once('t') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return false,
        None => (rest, ""),
    };
    let days_fit = days.is_empty() || days.strip_suffix('d').is_some_and(digits);
    days_fit && !rest.is_empty() && is_time_of_duration(time)
}

fn is_time_of_duration(mut time: &str) -> bool {
    for unit in ['h', 'm'] {
        if let Some((number, rest)) = time.split_once(unit) {
            if !digits(number) {
                return false;
            }
            time = rest;
        }
    }
    let seconds = |number: &str| match number.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && fraction.len() <= 9 && (fraction.is_empty() || digits(fraction))
        }
        None => digits(number),
    };
    time.is_empty() || time.strip_suffix('s').is_some_and(seconds)
}

fn check_each(value: &Value, check: impl Fn(&str) -> Result<(), ConfigError>) -> Result<(), ConfigError> {
    value.as_list().unwrap_or_default().iter().try_for_each(|entry| check(entry))
}

fn check_voter(name: &str, entry: &str) -> Result<(), ConfigError> {
    let malformed =
        || ConfigError::invalid(name, entry, "Each entry should be in the form `{id}@{host}:{port}`.");
    let (id, address) = entry.split_once('@').ok_or_else(malformed)?;
    if id.parse::<i32>().is_err() {
        let reason = format!("Failed to parse voter ID as an integer from {entry}");
        return Err(ConfigError::invalid(name, entry, reason));
    }
    check_host_port(name, entry, address)
}

fn check_host_port(name: &str, entry: &str, address: &str) -> Result<(), ConfigError> {
    let fits =
        address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if fits {
        return Ok(());
    }
    Err(ConfigError::invalid(name, entry, format!("Failed to parse host name and port from {entry}")))
}
