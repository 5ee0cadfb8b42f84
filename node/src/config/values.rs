//! The settings of one node, typed: what the file says, checked row by row against Kafka's tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use log_store::properties::Property;
use metadata::config_defs::{self, ConfigDef, ConfigType, Default, Validator, Value};

use super::effective::is_effective;
use super::problem::{Origin, Problem};
use super::removed::{Removed, removed};
use super::suggest;

/// Prefixes under which the keys of plugins stand; Kafka hands them over unread, and so do we.
const PLUGIN_PREFIXES: &[&str] = &["rsm.config.", "rlmm.config.", "config.providers."];

/// One setting with a value in the file or on the command line.
#[derive(Debug, Clone)]
struct Setting {
    value: Value,
    raw: String,
    origin: Origin,
    /// The value was refused: `value` is the default, and no relation should complain about it again.
    refused: bool,
}

/// Typed settings of a node.
///
/// Reading a key that Kafka doesn't define, or as another type than its own, is a mistake in this
/// program and panics.
#[derive(Debug, Clone)]
pub struct Values {
    file: PathBuf,
    settings: BTreeMap<&'static str, Setting>,
}

/// What came of reading the entries of a file.
#[derive(Debug)]
pub(crate) struct ReadValues {
    pub(crate) values: Values,
    pub(crate) problems: Vec<Problem>,
    /// Things to mention that keep nothing from starting.
    pub(crate) notes: Vec<Problem>,
    /// Keys nobody knows; they count as problems once there is another one.
    pub(crate) unknown: Vec<Problem>,
}

impl Values {
    /// Types and checks `entries`, then `overrides`, later ones winning; finds everything that is wrong.
    pub(crate) fn read(file: &Path, entries: Vec<Property>, overrides: &[(String, String)]) -> ReadValues {
        let values = Self { file: file.to_owned(), settings: BTreeMap::new() };
        let mut read = ReadValues { values, problems: Vec::new(), notes: Vec::new(), unknown: Vec::new() };
        for entry in entries {
            read.take(&entry.key, entry.value, Origin::Line(entry.line));
        }
        for (key, value) in overrides {
            read.take(key, value.clone(), Origin::Override);
        }
        read.require_required();
        read
    }

    fn setting(&self, key: &str) -> Option<&Setting> {
        self.settings.get(key)
    }

    /// Where the key was set.
    pub fn origin(&self, key: &str) -> Origin {
        self.setting(key).map_or(Origin::Unset, |setting| setting.origin.clone())
    }

    /// Whether the file or the command line sets the key.
    pub fn is_set(&self, key: &str) -> bool {
        self.setting(key).is_some()
    }

    /// Whether the key has a value that was not refused.
    pub(crate) fn is_sound(&self, key: &str) -> bool {
        self.setting(key).is_none_or(|setting| !setting.refused)
    }

    /// The value as written, when it is set.
    pub(crate) fn raw(&self, key: &str) -> Option<&str> {
        self.setting(key).map(|setting| setting.raw.as_str())
    }

    /// A problem with the value of `key`.
    pub(crate) fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            origin: self.origin(key),
            key: key.to_owned(),
            message: message.into(),
        }
    }

    /// The value in force: what was set, or Kafka's default.
    pub fn get(&self, key: &str) -> Value {
        if let Some(setting) = self.setting(key) {
            return setting.value.clone();
        }
        default_of(definition(key))
    }

    /// A number, or `None` where there is neither a value nor a default.
    pub fn integer_or_none(&self, key: &str) -> Option<i64> {
        self.get(key).as_integer()
    }

    /// A number.
    pub fn integer(&self, key: &str) -> i64 {
        self.integer_or_none(key).unwrap_or_else(|| panic!("{key} has no number"))
    }

    /// A flag.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).as_bool().unwrap_or_else(|| panic!("{key} has no flag"))
    }

    /// A floating point number.
    pub fn double(&self, key: &str) -> f64 {
        self.get(key).as_double().unwrap_or_else(|| panic!("{key} has no number"))
    }

    /// Text, or `None` where there is neither a value nor a default.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).as_str().map(str::to_owned)
    }

    /// The entries of a list; none where there is neither a value nor a default.
    pub fn list(&self, key: &str) -> Vec<String> {
        self.get(key).as_list().map(<[String]>::to_vec).unwrap_or_default()
    }

    /// A note that names the keys that are set, to something else than their default, for nothing.
    pub(crate) fn without_effect(&self) -> Option<Problem> {
        let differs = |key: &str, setting: &Setting| setting.value != default_of(definition(key));
        let idle = self.settings.iter().filter(|(key, setting)| !is_effective(key) && differs(key, setting));
        let idle: Vec<&str> = idle.map(|(key, _)| *key).collect();
        let message = format!("known, and without effect in this version: {}", idle.join(", "));
        let problem = Problem { file: self.file.clone(), origin: Origin::Unset, key: String::new(), message };
        (!idle.is_empty()).then_some(problem)
    }

    /// All settings that were given, as written, for the layers that keep the static configuration of a broker.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.settings.iter().map(|(key, setting)| (*key, setting.raw.as_str()))
    }
}

fn definition(key: &str) -> &'static ConfigDef {
    config_defs::broker().get(key).unwrap_or_else(|| panic!("{key} is not a setting of Kafka"))
}

fn default_of(def: &ConfigDef) -> Value {
    match def.default {
        Default::Required | Default::Null => Value::Null,
        Default::Value(_) => def.default_value().expect("defaults of the table satisfy it"),
    }
}

impl ReadValues {
    fn take(&mut self, key: &str, raw: String, origin: Origin) {
        let Some(def) = config_defs::broker().get(key) else {
            self.take_undefined(key, origin);
            return;
        };
        if let Some(earlier) = self.values.settings.get(key)
            && let (Origin::Line(first), Origin::Line(_)) = (&earlier.origin, &origin)
        {
            let message = format!("set again; this value replaces the one of line {first}");
            self.notes.push(self.at(origin.clone(), key, message));
        }
        let (value, refused) = match def.parse(Some(&raw)) {
            Ok(value) => (value, false),
            Err(error) => {
                let message = refusal(def, &raw).unwrap_or_else(|| error.to_string());
                self.problems.push(self.at(origin.clone(), key, message));
                (default_of(def), true)
            }
        };
        self.values.settings.insert(def.name, Setting { value, raw, origin, refused });
    }

    fn take_undefined(&mut self, key: &str, origin: Origin) {
        if PLUGIN_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) || is_listener_key(key) {
            return;
        }
        match removed(key) {
            Some(Removed::ZooKeeper(message)) => self.problems.push(self.at(origin, key, message)),
            Some(Removed::Ignored(message)) => self.notes.push(self.at(origin, key, message)),
            None => {
                let names = config_defs::broker().iter().filter(|def| !def.internal).map(|def| def.name);
                let message = match suggest::nearest(key, names) {
                    Some(name) => format!("unknown key, did you mean {name}?"),
                    None => "unknown key".to_owned(),
                };
                self.unknown.push(self.at(origin, key, message));
            }
        }
    }

    /// Required keys of Kafka's tables; `node.id` has a word of its own because of `broker.id`.
    fn require_required(&mut self) {
        for def in config_defs::broker().iter() {
            if def.default == Default::Required && def.name != "node.id" && !self.values.is_set(def.name) {
                let message = format!("required, and not set: {}", def.documentation);
                self.problems.push(self.at(Origin::Unset, def.name, message));
            }
        }
    }

    fn at(&self, origin: Origin, key: &str, message: impl Into<String>) -> Problem {
        Problem { file: self.values.file.clone(), origin, key: key.to_owned(), message: message.into() }
    }
}

/// `listener.name.<listener>.<key>` sets a key for one listener.
fn is_listener_key(key: &str) -> bool {
    let Some(rest) = key.strip_prefix("listener.name.") else { return false };
    rest.match_indices('.').any(|(dot, _)| {
        let suffix = &rest[dot + 1..];
        config_defs::broker().get(suffix).is_some()
            || suffix.starts_with("sasl.")
            || suffix.ends_with(".sasl.jaas.config")
    })
}

/// What would have been right, in an operator's words; `None` leaves it to Kafka's own.
fn refusal(def: &ConfigDef, raw: &str) -> Option<String> {
    let raw = if def.is_sensitive() { "[hidden]" } else { raw.trim() };
    if raw.is_empty() && !matches!(def.kind, ConfigType::String | ConfigType::Password | ConfigType::Class) {
        return Some(format!("expected {}, got nothing", expectation(def)?));
    }
    Some(format!("expected {}, got {raw:?}", expectation(def)?))
}

fn expectation(def: &ConfigDef) -> Option<String> {
    let number = match def.kind {
        ConfigType::Short | ConfigType::Int | ConfigType::Long => "a whole number",
        ConfigType::Double => "a number",
        ConfigType::Boolean => return Some("true or false".to_owned()),
        _ => return expectation_of_text(def.validator),
    };
    Some(match def.validator {
        Validator::AtLeast(least) => format!("{number} ≥ {least}"),
        Validator::Between(least, most) => format!("{number} from {least} to {most}"),
        Validator::GzipLevel => "a whole number from 1 to 9, or -1".to_owned(),
        _ => match def.kind {
            ConfigType::Short => format!("{number} from {} to {}", i16::MIN, i16::MAX),
            ConfigType::Int => format!("{number} from {} to {}", i32::MIN, i32::MAX),
            _ => number.to_owned(),
        },
    })
}

fn expectation_of_text(validator: Validator) -> Option<String> {
    match validator {
        Validator::OneOf(allowed) | Validator::OneOfIgnoringCase(allowed) => {
            Some(format!("one of {}", allowed.join(", ")))
        }
        Validator::Entries { allowed: [], .. } => {
            Some("a list with at least one entry and no empty one".to_owned())
        }
        Validator::Entries { allowed, .. } => Some(format!("a list of {}", allowed.join(", "))),
        Validator::NonEmptyString => Some("some text".to_owned()),
        Validator::QuorumVoters => Some("id@host:port, …".to_owned()),
        Validator::HostPorts => Some("host:port, …".to_owned()),
        _ => None,
    }
}
