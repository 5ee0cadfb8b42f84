//! Where a broker setting can have its value from, the strongest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::config_defs::{self, Default as ConfigDefault};
use metadata::image::{ConfigResource, ConfigValues};
use wire::messages::describe_configs_response::DescribeConfigsSynonym;

use crate::context::RequestContext;

/// Kafka's codes for where a value comes from.
pub(super) mod source {
    pub(in super::super) const TOPIC: i8 = 1;
    pub(in super::super) const THIS_BROKER: i8 = 2;
    pub(in super::super) const ALL_BROKERS: i8 = 3;
    pub(in super::super) const FILE: i8 = 4;
    pub(in super::super) const DEFAULT: i8 = 5;
    pub(in super::super) const LOGGER: i8 = 6;
    pub(in super::super) const CLIENT_METRICS: i8 = 7;
    pub(in super::super) const GROUP: i8 = 8;
}

/// What was set for this broker.
pub(super) struct Sources {
    pub(super) this_broker: Arc<ConfigValues>,
    pub(super) all_brokers: Arc<ConfigValues>,
    pub(super) file: BTreeMap<String, String>,
}

impl Sources {
    pub(super) fn new(ctx: &RequestContext<'_>) -> Self {
        let (config, image) = (ctx.broker.config(), ctx.broker.image());
        Self {
            this_broker: image.configs().of(&ConfigResource::broker(config.node_id)),
            all_brokers: image.configs().of(&ConfigResource::broker_default()),
            file: config.properties.clone(),
        }
    }

    /// The values behind a broker setting and the settings it falls back to, the one in force first.
    pub(super) fn synonyms(&self, name: &str, is_sensitive: bool) -> Vec<DescribeConfigsSynonym<'static>> {
        let names = config_defs::broker_synonyms(name);
        let synonym = |name: &str, value: &str, source: i8| DescribeConfigsSynonym {
            name: name.to_owned().into(),
            value: (!is_sensitive).then(|| value.to_owned().into()),
            source,
        };
        let set = [
            (&*self.this_broker, source::THIS_BROKER),
            (&*self.all_brokers, source::ALL_BROKERS),
            (&self.file, source::FILE),
        ];
        let set = set.into_iter().flat_map(|(values, source)| {
            names.iter().filter_map(move |name| Some(synonym(name, values.get(*name)?, source)))
        });
        let defaults = names.iter().filter_map(|name| {
            let ConfigDefault::Value(value) = config_defs::broker().get(name)?.default else { return None };
            Some(synonym(name, value, source::DEFAULT))
        });
        // What stands before the setting itself overrides it for one listener only.
        set.chain(defaults).skip_while(|synonym| synonym.name != name).collect()
    }
}
