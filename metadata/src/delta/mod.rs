//! What a run of records changed: one file per aspect of [`crate::image`], and the only code that changes an
//! image.
//!
//! ```text
//!   metadata_delta.rs   the whole: which record concerns which aspect; before, after, and what is different
//!   error.rs            records that don't fit the image
//! ```

mod acls;
mod client_quotas;
mod cluster;
mod configs;
mod delegation_tokens;
mod error;
mod features;
mod metadata_delta;
mod scram;
mod topics;

pub use acls::AclsDelta;
pub use client_quotas::ClientQuotasDelta;
pub use cluster::ClusterDelta;
pub use configs::ConfigsDelta;
pub use delegation_tokens::DelegationTokensDelta;
pub use error::ReplayError;
pub use features::FeaturesDelta;
pub use metadata_delta::MetadataDelta;
pub use scram::ScramDelta;
pub use topics::{TopicChange, TopicsDelta};

#[cfg(test)]
mod tests;
