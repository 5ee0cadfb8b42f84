//! Access control entries.

use std::sync::Arc;

use imbl::OrdMap;
use wire::Uuid;
use wire::metadata_records::access_control_entry_record::AccessControlEntryRecord;

use crate::record::Record;

/// An access control entry; the numbers are Kafka's codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// Kind of resource.
    pub resource_type: i8,
    /// Name of the resource, or its prefix.
    pub resource_name: String,
    /// How the name is matched: 3 literally, 4 as a prefix.
    pub pattern_type: i8,
    /// Whom it concerns, as type:name.
    pub principal: String,
    /// From where, `*` being anywhere.
    pub host: String,
    /// What they do.
    pub operation: i8,
    /// 2 denies, 3 allows.
    pub permission_type: i8,
}

impl Acl {
    pub(crate) fn from_record(record: &AccessControlEntryRecord<'_>) -> Self {
        Self {
            resource_type: record.resource_type,
            resource_name: record.resource_name.to_string(),
            pattern_type: record.pattern_type,
            principal: record.principal.to_string(),
            host: record.host.to_string(),
            operation: record.operation,
            permission_type: record.permission_type,
        }
    }

    fn to_record(&self, id: Uuid) -> Record {
        Record::v0(AccessControlEntryRecord {
            id,
            resource_type: self.resource_type,
            resource_name: self.resource_name.clone().into(),
            pattern_type: self.pattern_type,
            principal: self.principal.clone().into(),
            host: self.host.clone().into(),
            operation: self.operation,
            permission_type: self.permission_type,
        })
    }
}

/// All access control entries by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AclsImage {
    pub(crate) entries: OrdMap<Uuid, Arc<Acl>>,
}

impl AclsImage {
    /// All entries by id.
    pub fn iter(&self) -> impl Iterator<Item = (&Uuid, &Arc<Acl>)> + '_ {
        self.entries.iter()
    }

    pub(crate) fn write(&self, out: &mut impl FnMut(Record)) {
        self.entries.iter().for_each(|(id, acl)| out(acl.to_record(*id)));
    }
}
