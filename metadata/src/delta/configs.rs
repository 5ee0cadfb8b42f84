//! Changes of [`ConfigsImage`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::metadata_records::config_record::ConfigRecord;

use crate::image::{ConfigResource, ConfigResourceType, ConfigsImage};

/// Settings that were set or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigsDelta {
    changed: BTreeMap<ConfigResource, BTreeSet<String>>,
}

impl ConfigsDelta {
    /// Names of the settings that were set or taken away, by resource.
    pub fn changed(&self) -> &BTreeMap<ConfigResource, BTreeSet<String>> {
        &self.changed
    }

    pub(crate) fn replay(&mut self, image: &mut ConfigsImage, record: &ConfigRecord<'_>) {
        let resource = ConfigResource::new(ConfigResourceType(record.resource_type), &record.resource_name);
        self.changed.entry(resource.clone()).or_default().insert(record.name.to_string());
        let mut values = image.resources.remove(&resource).unwrap_or_default();
        match &record.value {
            Some(value) => {
                Arc::make_mut(&mut values).insert(record.name.to_string(), value.to_string());
            }
            None => {
                Arc::make_mut(&mut values).remove(record.name.as_ref());
            }
        }
        if !values.is_empty() {
            image.resources.insert(resource, values);
        }
    }

    /// A topic's settings go with the topic.
    pub(crate) fn replay_remove_topic(&mut self, image: &mut ConfigsImage, topic: &str) {
        let resource = ConfigResource::topic(topic);
        if let Some(values) = image.resources.remove(&resource) {
            self.changed.entry(resource).or_default().extend(values.keys().cloned());
        }
    }

    /// Everything that was in `before` counts as changed.
    pub(crate) fn add_gone(&mut self, before: &ConfigsImage) {
        for (resource, values) in before.iter() {
            self.changed.entry(resource.clone()).or_default().extend(values.keys().cloned());
        }
    }
}
