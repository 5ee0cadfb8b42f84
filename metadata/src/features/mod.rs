//! Feature levels that a cluster finalises (KIP-584): the metadata version, and features beside it.

mod feature;
mod metadata_version;

pub use feature::{
    ELIGIBLE_LEADER_REPLICAS_VERSION, FEATURES, Feature, GROUP_VERSION, KRAFT_VERSION, METADATA_VERSION,
    SHARE_VERSION, STREAMS_VERSION, TRANSACTION_VERSION,
};
pub use metadata_version::MetadataVersion;
