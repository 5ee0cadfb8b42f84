//! What a cluster knows about itself, as a value: persistent maps, so that an image and its successor share
//! everything that did not change, and a clone is cheap.
//!
//! ```text
//!   metadata_image.rs   the whole: MetadataImage, and its way into a snapshot
//!   features, cluster, topics (+ partition), configs, client_quotas, producer_ids, acls, scram, delegation_tokens
//! ```
//!
//! Each aspect has its counterpart in [`crate::delta`], which is the only place that changes it.

mod acls;
mod client_quotas;
mod cluster;
mod configs;
mod delegation_tokens;
mod features;
mod metadata_image;
mod partition;
mod producer_ids;
mod scram;
mod topics;

pub use acls::{Acl, AclsImage};
pub use client_quotas::{ClientQuotasImage, QuotaEntity};
pub use cluster::{BrokerRegistration, ClusterImage, ControllerRegistration, Listener, SupportedRange};
pub use configs::{ConfigResource, ConfigResourceType, ConfigValues, ConfigsImage};
pub use delegation_tokens::{DelegationToken, DelegationTokensImage};
pub use features::FeaturesImage;
pub use metadata_image::{MetadataImage, Provenance};
pub use partition::{
    LeaderRecoveryState, NO_LEADER, NO_LEADER_CHANGE, Partition, PartitionState, directory_id,
};
pub use producer_ids::ProducerIdsImage;
pub use scram::{ScramCredential, ScramImage};
pub use topics::{Topic, TopicsImage};

pub(crate) use configs::config_record;
pub(crate) use topics::partition_record;
