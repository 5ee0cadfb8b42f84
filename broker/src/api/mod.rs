//! One file per request. A handler reads the request, asks the authoriser, calls the part of the
//! broker that does the work and puts the result into the response; `crate::errors` says which
//! code an error has.

pub(crate) mod api_versions;
pub(crate) mod describe_cluster;
pub(crate) mod describe_topic_partitions;
pub(crate) mod metadata;
