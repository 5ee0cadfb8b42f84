//! One file per request. A handler reads the request, asks the authoriser, calls the part of the
//! broker that does the work and puts the result into the response; `crate::errors` says which
//! code an error has.

pub(crate) mod api_versions;
mod coordination;
pub(crate) mod delete_groups;
pub(crate) mod describe_cluster;
pub(crate) mod describe_groups;
pub(crate) mod describe_topic_partitions;
pub(crate) mod fetch;
pub(crate) mod find_coordinator;
pub(crate) mod heartbeat;
pub(crate) mod join_group;
mod leaders;
pub(crate) mod leave_group;
pub(crate) mod list_groups;
pub(crate) mod metadata;
pub(crate) mod offset_commit;
pub(crate) mod offset_delete;
pub(crate) mod offset_fetch;
pub(crate) mod produce;
pub(crate) mod sync_group;
