//! Quotas of users, clients and addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use wire::metadata_records::client_quota_record::{ClientQuotaRecord, EntityData};

use crate::record::Record;

/// Whom a quota concerns: entity types (`user`, `client-id`, `ip`) with names, `None` being the default entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct QuotaEntity(pub BTreeMap<String, Option<String>>);

impl QuotaEntity {
    pub(crate) fn from_record(record: &ClientQuotaRecord<'_>) -> Self {
        let entries = record.entity.iter();
        Self(
            entries
                .map(|entry| {
                    (entry.entity_type.into_owned(), entry.entity_name.map(|name| name.into_owned()))
                })
                .collect(),
        )
    }

    fn to_data(&self) -> Vec<EntityData<'static>> {
        let entries = self.0.iter();
        entries
            .map(|(entity_type, name)| EntityData {
                entity_type: entity_type.clone().into(),
                entity_name: name.clone().map(Into::into),
            })
            .collect()
    }
}

/// Quotas of all entities.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClientQuotasImage {
    /// Invariant: no entity without quotas.
    pub(crate) entities: OrdMap<QuotaEntity, Arc<BTreeMap<String, f64>>>,
}

impl ClientQuotasImage {
    /// Quotas of an entity by key.
    pub fn of(&self, entity: &QuotaEntity) -> Option<&Arc<BTreeMap<String, f64>>> {
        self.entities.get(entity)
    }

    /// All entities with their quotas.
    pub fn iter(&self) -> impl Iterator<Item = (&QuotaEntity, &Arc<BTreeMap<String, f64>>)> + '_ {
        self.entities.iter()
    }

    pub(crate) fn write(&self, out: &mut impl FnMut(Record)) {
        for (entity, quotas) in &self.entities {
            for (key, value) in quotas.iter() {
                out(Record::v0(ClientQuotaRecord {
                    entity: entity.to_data().into(),
                    key: key.clone().into(),
                    value: *value,
                    remove: false,
                }));
            }
        }
    }
}
