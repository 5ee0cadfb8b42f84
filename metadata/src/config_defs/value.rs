//! Parsed values and how Kafka prints them.

use std::fmt;

use super::def::ConfigType;
use super::validator::ConfigError;

/// A parsed value. `Display` prints it as Kafka's error messages do; [`Value::to_config_string`] as
/// DescribeConfigs does.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Neither set nor defaulted.
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// STRING.
    String(String),
    /// SHORT, INT and LONG, within the range of the type.
    Integer(i64),
    /// DOUBLE.
    Double(f64),
    /// LIST, each entry trimmed.
    List(Vec<String>),
    /// CLASS, by its full name.
    Class(String),
    /// PASSWORD.
    Password(String),
}

impl Value {
    /// Parses text of a configuration file or of a request.
    ///
    /// # Errors
    /// Text that is not of the type; Kafka's sentence.
    pub(crate) fn parse(name: &str, kind: ConfigType, raw: &str) -> Result<Self, ConfigError> {
        let text = raw.trim();
        let not_a_number =
            || ConfigError::invalid(name, raw, format!("Not a number of type {}", kind.name()));
        Ok(match kind {
            ConfigType::Boolean if text.eq_ignore_ascii_case("true") => Self::Boolean(true),
            ConfigType::Boolean if text.eq_ignore_ascii_case("false") => Self::Boolean(false),
            ConfigType::Boolean => {
                return Err(ConfigError::invalid(name, raw, "Expected value to be either true or false"));
            }
            ConfigType::String => Self::String(text.to_owned()),
            ConfigType::Password => Self::Password(text.to_owned()),
            ConfigType::Class => Self::Class(text.to_owned()),
            ConfigType::Short => Self::Integer(text.parse::<i16>().map_err(|_| not_a_number())?.into()),
            ConfigType::Int => Self::Integer(text.parse::<i32>().map_err(|_| not_a_number())?.into()),
            ConfigType::Long => Self::Integer(text.parse().map_err(|_| not_a_number())?),
            ConfigType::Double => Self::Double(parse_double(text).ok_or_else(not_a_number)?),
            ConfigType::List if text.is_empty() => Self::List(Vec::new()),
            ConfigType::List => Self::List(text.split(',').map(|entry| entry.trim().to_owned()).collect()),
        })
    }

    /// The value as it is written in a configuration file; `None` for null.
    pub fn to_config_string(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::List(entries) => Some(entries.join(",")),
            Self::Class(text) | Self::Password(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The number in an integer value.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The flag in a BOOLEAN.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The number in a DOUBLE.
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The text in a STRING, CLASS or PASSWORD.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Class(text) | Self::Password(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a LIST.
    pub fn as_list(&self) -> Option<&[String]> {
        match self {
            Self::List(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn without_duplicates(self) -> Self {
        let Self::List(entries) = self else { return self };
        let mut kept: Vec<String> = Vec::with_capacity(entries.len());
        for entry in entries {
            if !kept.contains(&entry) {
                kept.push(entry);
            }
        }
        Self::List(kept)
    }
}

/// Java accepts a trailing `d` or `f`, Rust accepts words such as `inf`; neither is wanted here.
fn parse_double(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(flag) => write!(f, "{flag}"),
            Self::String(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Double(number) => f.write_str(&java_double(*number)),
            Self::List(entries) => write!(f, "[{}]", entries.join(", ")),
            Self::Class(name) => write!(f, "class {name}"),
            Self::Password(_) => f.write_str("[hidden]"),
        }
    }
}

/// `Double.toString` of Java: at least one digit after the point, an exponent from ten million upwards.
fn java_double(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        let text = format!("{number:E}");
        return match text.split_once('E') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
            _ => text,
        };
    }
    format!("{number:?}")
}
