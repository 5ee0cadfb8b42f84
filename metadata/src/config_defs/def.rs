//! One row of a table of settings.

use super::validator::{ConfigError, Validator};
use super::value::Value;

/// Type of a setting's value. Kafka's names; the codes are those of DescribeConfigs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigType {
    /// `true` or `false`, in any case.
    Boolean,
    /// Text, trimmed.
    String,
    /// 32-bit integer.
    Int,
    /// 16-bit integer.
    Short,
    /// 64-bit integer.
    Long,
    /// 64-bit floating point number.
    Double,
    /// Entries separated by commas.
    List,
    /// Name of a class.
    Class,
    /// Text that is never shown.
    Password,
}

impl ConfigType {
    /// Kafka's name of the type, as in its error messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }

    /// `ConfigType` field of a DescribeConfigs answer.
    pub fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }
}

/// How much a setting matters to an operator, in Kafka's judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Look at it before going into production.
    High,
    /// Worth knowing.
    Medium,
    /// Rarely changed.
    Low,
}

impl Importance {
    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        }
    }
}

/// What a setting is when nobody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It must be set.
    Required,
    /// It has no value.
    Null,
    /// This value, written as in a configuration file.
    Value(&'static str),
}

/// Whether a broker takes a new value while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMode {
    /// Only by restarting with a changed file.
    ReadOnly,
    /// For a single broker.
    PerBroker,
    /// For a single broker, or for all of them as a cluster-wide default.
    ClusterWide,
}

/// A setting: its name and everything DescribeConfigs or a validation needs to know about it.
#[derive(Debug, Clone, Copy)]
pub struct ConfigDef {
    /// Kafka's name of the setting.
    pub name: &'static str,
    /// Type of its value.
    pub kind: ConfigType,
    /// What it is when nobody sets it.
    pub default: Default,
    /// How much it matters.
    pub importance: Importance,
    /// One sentence for the operator.
    pub documentation: &'static str,
    /// What its value must satisfy beyond its type.
    pub validator: Validator,
    /// Whether a running broker takes a new value; meaningful for broker settings only.
    pub update_mode: UpdateMode,
    /// Not meant for operators: parsed, but listed nowhere.
    pub internal: bool,
}

impl ConfigDef {
    /// Parses and validates one value, as Kafka's `ConfigDef` would. `None` stands for Java's null, the state
    /// of a setting with neither value nor default.
    ///
    /// # Errors
    /// A value that is not of the type or that the validator refuses; the message is Kafka's.
    pub fn parse(&self, raw: Option<&str>) -> Result<Value, ConfigError> {
        let value = match raw {
            Some(raw) => Value::parse(self.name, self.kind, raw)?,
            None => Value::Null,
        };
        let value = if self.validator.removes_duplicates() { value.without_duplicates() } else { value };
        self.validator.check(self.name, &value)?;
        Ok(value)
    }

    /// The default, parsed.
    ///
    /// # Errors
    /// A setting without a default.
    pub fn default_value(&self) -> Result<Value, ConfigError> {
        match self.default {
            Default::Required => Err(ConfigError::missing(self.name)),
            Default::Null => Ok(Value::Null),
            Default::Value(raw) => self.parse(Some(raw)),
        }
    }

    /// Whether the value must not be shown.
    pub fn is_sensitive(&self) -> bool {
        self.kind == ConfigType::Password
    }

    pub(crate) const fn new(
        name: &'static str,
        kind: ConfigType,
        default: Default,
        importance: Importance,
        documentation: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            default,
            importance,
            documentation,
            validator: Validator::Any,
            update_mode: UpdateMode::ReadOnly,
            internal: false,
        }
    }
}

/// Words of the bracket in a table row, in the order in which the rows use them.
impl ConfigDef {
    const fn with(self, validator: Validator) -> Self {
        Self { validator, ..self }
    }

    pub(crate) const fn at_least(self, min: i64) -> Self {
        self.with(Validator::AtLeast(min as f64))
    }

    pub(crate) const fn between(self, min: f64, max: f64) -> Self {
        self.with(Validator::Between(min, max))
    }

    pub(crate) const fn one_of(self, allowed: &'static [&'static str]) -> Self {
        self.with(Validator::OneOf(allowed))
    }

    pub(crate) const fn one_of_ignoring_case(self, allowed: &'static [&'static str]) -> Self {
        self.with(Validator::OneOfIgnoringCase(allowed))
    }

    pub(crate) const fn each_of(self, allowed: &'static [&'static str]) -> Self {
        self.with(Validator::Entries { allowed, empty: true, null: false })
    }

    pub(crate) const fn distinct(self) -> Self {
        self.each_of(&[])
    }

    pub(crate) const fn non_empty(self) -> Self {
        match self.validator {
            Validator::Entries { allowed, null, .. } => {
                self.with(Validator::Entries { allowed, empty: false, null })
            }
            _ => panic!("only a list of entries can be non-empty"),
        }
    }

    pub(crate) const fn nullable(self) -> Self {
        match self.validator {
            Validator::Entries { allowed, empty, .. } => {
                self.with(Validator::Entries { allowed, empty, null: true })
            }
            _ => panic!("only a list of entries can be nullable"),
        }
    }

    pub(crate) const fn non_null(self) -> Self {
        self.with(Validator::NonNull)
    }

    pub(crate) const fn non_empty_string(self) -> Self {
        self.with(Validator::NonEmptyString)
    }

    pub(crate) const fn gzip_level(self) -> Self {
        self.with(Validator::GzipLevel)
    }

    pub(crate) const fn throttled_replicas(self) -> Self {
        self.with(Validator::ThrottledReplicas)
    }

    pub(crate) const fn offset_reset(self) -> Self {
        self.with(Validator::OffsetReset)
    }

    pub(crate) const fn quorum_voters(self) -> Self {
        self.with(Validator::QuorumVoters)
    }

    pub(crate) const fn host_ports(self) -> Self {
        self.with(Validator::HostPorts)
    }

    pub(crate) const fn per_broker(self) -> Self {
        Self { update_mode: UpdateMode::PerBroker, ..self }
    }

    pub(crate) const fn cluster_wide(self) -> Self {
        Self { update_mode: UpdateMode::ClusterWide, ..self }
    }

    pub(crate) const fn internal(self) -> Self {
        Self { internal: true, ..self }
    }
}

/// Writes a table: rows of `"name" Type = default Importance [words] "documentation";`, sorted by name.
macro_rules! settings {
    (@default null) => { $crate::config_defs::Default::Null };
    (@default required) => { $crate::config_defs::Default::Required };
    (@default $value:literal) => { $crate::config_defs::Default::Value($value) };
    ($table:ident $(
        $name:literal $kind:ident = $default:tt $importance:ident
            [ $( $word:ident $( ( $($arg:expr),* ) )? ),* ]
            $documentation:literal ;
    )*) => {
        pub(in $crate::config_defs) const $table: &[ConfigDef] = &[ $(
            ConfigDef::new(
                $name,
                $crate::config_defs::ConfigType::$kind,
                settings!(@default $default),
                $crate::config_defs::Importance::$importance,
                $documentation,
            ) $( .$word( $($($arg),*)? ) )*
        ),* ];
    };
}
pub(crate) use settings;
