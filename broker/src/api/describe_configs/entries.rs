//! The settings of each kind of resource, as the answer lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use metadata::config_defs::{self, ConfigDef, ConfigTable, Default as ConfigDefault, UpdateMode};
use metadata::image::{ConfigResource, ConfigResourceType, MetadataImage};
use wire::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsSynonym};

use super::sources::{Sources, source};
use crate::config::Settings;
use crate::context::RequestContext;

type Entry = DescribeConfigsResourceResult<'static>;
type Synonyms = Vec<DescribeConfigsSynonym<'static>>;

/// Describes resources for one request.
pub(super) struct Describer {
    image: Arc<MetadataImage>,
    settings: Arc<Settings>,
    sources: Sources,
    with_synonyms: bool,
    with_documentation: bool,
}

impl Describer {
    pub(super) fn new(ctx: &RequestContext<'_>, with_synonyms: bool, with_documentation: bool) -> Self {
        Self {
            image: Arc::clone(&ctx.broker.image()),
            settings: Arc::clone(&ctx.broker.settings()),
            sources: Sources::new(ctx),
            with_synonyms,
            with_documentation,
        }
    }

    /// The settings of a topic; those it has not set are its broker's.
    pub(super) fn topic(&self, name: &str) -> Vec<Entry> {
        let own = self.image.configs().of(&ConfigResource::topic(name));
        let defaults = &self.settings.topic_defaults;
        let entry = |def: &'static ConfigDef| {
            let behind = config_defs::topic_synonyms(def.name).first();
            let broker = behind.map(|synonym| self.sources.synonyms(synonym.broker, def.is_sensitive()));
            let value = own.get(def.name).or_else(|| defaults.get(def.name)).cloned();
            self.layered(def, own.contains_key(def.name), source::TOPIC, value, broker.unwrap_or_default())
        };
        listed(config_defs::topic()).map(entry).collect()
    }

    /// The settings of a group; those it has not set are its broker's.
    pub(super) fn group(&self, name: &str) -> Vec<Entry> {
        let own = self.image.configs().of(&ConfigResource::new(ConfigResourceType::GROUP, name));
        let entry = |def: &'static ConfigDef| {
            let broker = match config_defs::group_synonym(def.name) {
                Some(broker) => self.sources.synonyms(&broker, def.is_sensitive()),
                None => default_synonym(def),
            };
            let inherited =
                || broker.first().and_then(|synonym| synonym.value.clone()).map(|v| v.into_owned());
            let value = own.get(def.name).cloned().or_else(inherited);
            self.layered(def, own.contains_key(def.name), source::GROUP, value, broker)
        };
        listed(config_defs::group()).map(entry).collect()
    }

    /// The settings of a client metrics subscription.
    pub(super) fn client_metrics(&self, name: &str) -> Vec<Entry> {
        let own = self.image.configs().of(&ConfigResource::new(ConfigResourceType::CLIENT_METRICS, name));
        let entry = |def: &'static ConfigDef| {
            let value = own.get(def.name).cloned().or_else(|| default_text(def));
            self.layered(def, own.contains_key(def.name), source::CLIENT_METRICS, value, Vec::new())
        };
        listed(config_defs::client_metrics()).map(entry).collect()
    }

    /// What was set for all brokers.
    pub(super) fn all_brokers(&self) -> Vec<Entry> {
        let set = self.sources.all_brokers.iter();
        set.map(|(name, value)| self.broker_entry(name, Some(value.clone()), true)).collect()
    }

    /// Every setting of this broker, those that nobody set and those that nobody knows included.
    pub(super) fn this_broker(&self) -> Vec<Entry> {
        let known = listed(config_defs::broker()).map(|def| def.name.to_owned());
        let sources = &self.sources;
        let set = [&sources.file, &*sources.all_brokers, &*sources.this_broker];
        let names: BTreeSet<String> =
            known.chain(set.into_iter().flat_map(BTreeMap::keys).cloned()).collect();
        names.iter().map(|name| self.broker_entry(name, self.broker_value(name), false)).collect()
    }

    fn broker_value(&self, name: &str) -> Option<String> {
        let raw = self.settings.explicit(name);
        match config_defs::broker().get(name) {
            Some(def) => def.parse(raw.or(default_of(def))).ok()?.to_config_string(),
            None => raw.map(str::to_owned),
        }
    }

    fn broker_entry(&self, name: &str, value: Option<String>, only_all_brokers: bool) -> Entry {
        let def = config_defs::broker().get(name).or_else(|| config_defs::dynamic_broker().get(name));
        // A setting that is not known may be a password.
        let is_sensitive = def.is_none_or(ConfigDef::is_sensitive);
        let mut synonyms = self.sources.synonyms(name, is_sensitive);
        synonyms.retain(|synonym| !only_all_brokers || synonym.source == source::ALL_BROKERS);
        let read_only = config_defs::dynamic_broker().get(name).is_none();
        debug_assert!(read_only == def.is_none_or(|def| def.update_mode == UpdateMode::ReadOnly));
        Entry {
            name: name.to_owned().into(),
            value: value.filter(|_| !is_sensitive).map(Into::into),
            read_only,
            config_source: source_of(&synonyms),
            is_sensitive,
            synonyms: self.shown(synonyms).into(),
            config_type: def.map_or(0, |def| def.kind.code()),
            documentation: def.and_then(|def| self.documentation(def)),
        }
    }

    /// An entry of a resource that overrides others with values of its own.
    fn layered(
        &self,
        def: &'static ConfigDef,
        is_own: bool,
        own_source: i8,
        value: Option<String>,
        mut synonyms: Synonyms,
    ) -> Entry {
        let shown_value = value.filter(|_| !def.is_sensitive());
        if is_own {
            let own = DescribeConfigsSynonym {
                name: def.name.into(),
                value: shown_value.clone().map(Into::into),
                source: own_source,
            };
            synonyms.insert(0, own);
        }
        Entry {
            name: def.name.into(),
            value: shown_value.map(Into::into),
            read_only: false,
            config_source: source_of(&synonyms),
            is_sensitive: def.is_sensitive(),
            synonyms: self.shown(synonyms).into(),
            config_type: def.kind.code(),
            documentation: self.documentation(def),
        }
    }

    fn shown(&self, synonyms: Synonyms) -> Synonyms {
        if self.with_synonyms { synonyms } else { Vec::new() }
    }

    fn documentation(&self, def: &'static ConfigDef) -> Option<std::borrow::Cow<'static, str>> {
        self.with_documentation.then(|| def.documentation.into())
    }
}

/// The one logger that has a level of its own.
pub(super) fn root_logger() -> Entry {
    let level = tracing::level_filters::LevelFilter::current().to_string().to_uppercase();
    Entry {
        name: "root".into(),
        value: Some(level.into()),
        config_source: source::LOGGER,
        ..Entry::default()
    }
}

/// The settings that are meant for operators.
fn listed(table: &'static ConfigTable) -> impl Iterator<Item = &'static ConfigDef> {
    table.iter().filter(|def| !def.internal)
}

fn default_of(def: &ConfigDef) -> Option<&'static str> {
    match def.default {
        ConfigDefault::Value(text) => Some(text),
        ConfigDefault::Null | ConfigDefault::Required => None,
    }
}

fn default_text(def: &ConfigDef) -> Option<String> {
    default_of(def).map(str::to_owned)
}

fn default_synonym(def: &'static ConfigDef) -> Synonyms {
    let synonym = |value: &'static str| DescribeConfigsSynonym {
        name: def.name.into(),
        value: (!def.is_sensitive()).then(|| value.into()),
        source: source::DEFAULT,
    };
    default_of(def).map(synonym).into_iter().collect()
}

fn source_of(synonyms: &Synonyms) -> i8 {
    synonyms.first().map_or(source::DEFAULT, |synonym| synonym.source)
}
