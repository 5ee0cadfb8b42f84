//! A log directory (`log.dirs`): what stands in it beside the logs.
//!
//! | file | what | module |
//! |---|---|---|
//! | `.lock` | keeps a second process off | `log_directory` |
//! | `meta.properties` | whose directory it is | `meta_properties` |
//! | `*-offset-checkpoint` | one offset per partition | `checkpoint` |
//! | `.kafka_cleanshutdown` | nothing needs recovery | `clean_shutdown` |
//! | `<topic>-<partition>[.<id>-delete]` | the partitions | `names` |
//! | `<topic>-<partition>/partition.metadata` | the topic's id | `partition_metadata` |
//!
//! [`LogDirectory`] is one of them, open and locked; [`LogDirectories`] all of a node.

mod checkpoint;
mod clean_shutdown;
mod directories;
mod error;
mod log_directory;
mod meta_properties;
mod names;
mod partition_metadata;

pub use checkpoint::CheckpointKind;
pub use clean_shutdown::CleanShutdown;
pub use directories::LogDirectories;
pub use error::DirectoryError;
pub use log_directory::{LogDirectory, PartitionListing};
pub use meta_properties::{
    MetaProperties, is_reserved_directory_id, read_meta_properties, write_meta_properties,
};
pub use names::{DirectoryState, PartitionDirectory, TopicPartition};
pub(crate) use partition_metadata::place_partition_metadata;
pub use partition_metadata::{PartitionMetadata, read_partition_metadata, write_partition_metadata};
