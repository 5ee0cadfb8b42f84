//! The whole of the metadata.

use super::acls::AclsImage;
use super::client_quotas::ClientQuotasImage;
use super::cluster::ClusterImage;
use super::configs::ConfigsImage;
use super::delegation_tokens::DelegationTokensImage;
use super::features::FeaturesImage;
use super::producer_ids::ProducerIdsImage;
use super::scram::ScramImage;
use super::topics::TopicsImage;
use crate::record::Record;

/// How far into the metadata log an image reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance {
    /// Offset after the last record that is in the image; 0 for the empty image.
    pub end_offset: i64,
    /// Epoch of the last record; 0 for the empty image.
    pub epoch: i32,
    /// When the leader wrote the last record, in milliseconds of the Unix epoch; 0 for the empty image.
    pub append_ms: i64,
}

impl Provenance {
    /// Of the image before the first record.
    pub const EMPTY: Self = Self { end_offset: 0, epoch: 0, append_ms: 0 };
}

impl Default for Provenance {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Everything the metadata log says, up to some offset. Cloning it copies a few pointers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetadataImage {
    pub(crate) provenance: Provenance,
    pub(crate) features: FeaturesImage,
    pub(crate) cluster: ClusterImage,
    pub(crate) topics: TopicsImage,
    pub(crate) configs: ConfigsImage,
    pub(crate) client_quotas: ClientQuotasImage,
    pub(crate) producer_ids: ProducerIdsImage,
    pub(crate) acls: AclsImage,
    pub(crate) scram: ScramImage,
    pub(crate) delegation_tokens: DelegationTokensImage,
}

impl MetadataImage {
    /// How far into the log it reaches.
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Finalised feature levels.
    pub fn features(&self) -> &FeaturesImage {
        &self.features
    }

    /// Brokers and controllers that have registered.
    pub fn cluster(&self) -> &ClusterImage {
        &self.cluster
    }

    /// Topics and their partitions.
    pub fn topics(&self) -> &TopicsImage {
        &self.topics
    }

    /// Dynamic settings.
    pub fn configs(&self) -> &ConfigsImage {
        &self.configs
    }

    /// Client quotas.
    pub fn client_quotas(&self) -> &ClientQuotasImage {
        &self.client_quotas
    }

    /// Producer ids given away.
    pub fn producer_ids(&self) -> ProducerIdsImage {
        self.producer_ids
    }

    /// Access control entries.
    pub fn acls(&self) -> &AclsImage {
        &self.acls
    }

    /// SCRAM credentials.
    pub fn scram(&self) -> &ScramImage {
        &self.scram
    }

    /// Delegation tokens.
    pub fn delegation_tokens(&self) -> &DelegationTokensImage {
        &self.delegation_tokens
    }

    /// Hands `out` the records that rebuild this image from the empty one, the metadata version first: what a
    /// snapshot holds (KIP-630).
    pub fn write(&self, mut out: impl FnMut(Record)) {
        let version = self.features.metadata_version_or_minimum();
        self.features.write(&mut out);
        self.cluster.write(version, &mut out);
        self.topics.write(version, &mut out);
        self.configs.write(&mut out);
        self.client_quotas.write(&mut out);
        self.producer_ids.write(&mut out);
        self.acls.write(&mut out);
        self.scram.write(version, &mut out);
        self.delegation_tokens.write(version, &mut out);
    }
}
