//! The whole of what a run of records changed.

use wire::metadata_records::MetadataRecord;

use super::acls::AclsDelta;
use super::client_quotas::ClientQuotasDelta;
use super::cluster::ClusterDelta;
use super::configs::ConfigsDelta;
use super::delegation_tokens::DelegationTokensDelta;
use super::error::ReplayError;
use super::features::FeaturesDelta;
use super::scram::ScramDelta;
use super::topics::TopicsDelta;
use crate::image::{MetadataImage, Provenance};

/// Records replayed on an image: the image before, the image after, and what is different between them.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataDelta {
    before: MetadataImage,
    after: MetadataImage,
    features: FeaturesDelta,
    cluster: ClusterDelta,
    topics: TopicsDelta,
    configs: ConfigsDelta,
    client_quotas: ClientQuotasDelta,
    producer_ids_changed: bool,
    acls: AclsDelta,
    scram: ScramDelta,
    delegation_tokens: DelegationTokensDelta,
}

impl MetadataDelta {
    /// A delta without changes.
    pub fn new(before: &MetadataImage) -> Self {
        Self {
            before: before.clone(),
            after: before.clone(),
            features: FeaturesDelta::default(),
            cluster: ClusterDelta::default(),
            topics: TopicsDelta::default(),
            configs: ConfigsDelta::default(),
            client_quotas: ClientQuotasDelta::default(),
            producer_ids_changed: false,
            acls: AclsDelta::default(),
            scram: ScramDelta::default(),
            delegation_tokens: DelegationTokensDelta::default(),
        }
    }

    /// The image that the delta started from.
    pub fn before(&self) -> &MetadataImage {
        &self.before
    }

    /// The image with all records so far.
    pub fn after(&self) -> &MetadataImage {
        &self.after
    }

    /// Changes of the features.
    pub fn features(&self) -> &FeaturesDelta {
        &self.features
    }

    /// Changes of brokers and controllers.
    pub fn cluster(&self) -> &ClusterDelta {
        &self.cluster
    }

    /// Changes of topics and partitions.
    pub fn topics(&self) -> &TopicsDelta {
        &self.topics
    }

    /// Changes of settings.
    pub fn configs(&self) -> &ConfigsDelta {
        &self.configs
    }

    /// Changes of client quotas.
    pub fn client_quotas(&self) -> &ClientQuotasDelta {
        &self.client_quotas
    }

    /// Whether producer ids were given away.
    pub fn producer_ids_changed(&self) -> bool {
        self.producer_ids_changed
    }

    /// Changes of access control entries.
    pub fn acls(&self) -> &AclsDelta {
        &self.acls
    }

    /// Changes of SCRAM credentials.
    pub fn scram(&self) -> &ScramDelta {
        &self.scram
    }

    /// Changes of delegation tokens.
    pub fn delegation_tokens(&self) -> &DelegationTokensDelta {
        &self.delegation_tokens
    }

    /// Replays one record.
    ///
    /// # Errors
    /// The record contradicts the image; the delta must not be used any more.
    pub fn replay(&mut self, record: &MetadataRecord<'_>) -> Result<(), ReplayError> {
        let after = &mut self.after;
        match record {
            MetadataRecord::FeatureLevel(r) => self.features.replay(&mut after.features, r)?,
            MetadataRecord::Config(r) => self.configs.replay(&mut after.configs, r),
            MetadataRecord::ClientQuota(r) => self.client_quotas.replay(&mut after.client_quotas, r),
            MetadataRecord::ProducerIds(r) => {
                after.producer_ids.next = Some(r.next_producer_id);
                self.producer_ids_changed = true;
            }
            MetadataRecord::AccessControlEntry(r) => self.acls.replay_entry(&mut after.acls, r),
            MetadataRecord::RemoveAccessControlEntry(r) => {
                self.acls.replay_remove(&mut after.acls, r.id)?;
            }
            MetadataRecord::UserScramCredential(r) => {
                self.scram.replay_credential(&mut after.scram, r);
            }
            MetadataRecord::RemoveUserScramCredential(r) => {
                self.scram.replay_remove(&mut after.scram, r);
            }
            MetadataRecord::DelegationToken(r) => {
                self.delegation_tokens.replay_token(&mut after.delegation_tokens, r);
            }
            MetadataRecord::RemoveDelegationToken(r) => {
                self.delegation_tokens.replay_remove(&mut after.delegation_tokens, &r.token_id);
            }
            // They mark the log and change nothing; transactions are resolved before records come here.
            MetadataRecord::NoOp(_)
            | MetadataRecord::ZkMigrationState(_)
            | MetadataRecord::BeginTransaction(_)
            | MetadataRecord::EndTransaction(_)
            | MetadataRecord::AbortTransaction(_) => {}
            _ => return self.replay_cluster_or_topics(record),
        }
        Ok(())
    }

    fn replay_cluster_or_topics(&mut self, record: &MetadataRecord<'_>) -> Result<(), ReplayError> {
        let (cluster, topics) = (&mut self.after.cluster, &mut self.after.topics);
        match record {
            MetadataRecord::RegisterBroker(r) => self.cluster.replay_register_broker(cluster, r),
            MetadataRecord::UnregisterBroker(r) => {
                self.cluster.replay_unregister_broker(cluster, r.broker_id)?;
            }
            MetadataRecord::RegisterController(r) => {
                self.cluster.replay_register_controller(cluster, r);
            }
            MetadataRecord::FenceBroker(r) => {
                self.cluster.replay_fenced(cluster, r.id, r.epoch, true)?;
            }
            MetadataRecord::UnfenceBroker(r) => {
                self.cluster.replay_fenced(cluster, r.id, r.epoch, false)?;
            }
            MetadataRecord::BrokerRegistrationChange(r) => {
                self.cluster.replay_broker_change(cluster, r)?;
            }
            MetadataRecord::Topic(r) => self.topics.replay_topic(topics, r),
            MetadataRecord::Partition(r) => self.topics.replay_partition(topics, r)?,
            MetadataRecord::PartitionChange(r) => self.topics.replay_partition_change(topics, r)?,
            MetadataRecord::ClearElr(r) => self.topics.replay_clear_elr(topics, r)?,
            MetadataRecord::RemoveTopic(r) => {
                let name = self.topics.replay_remove_topic(topics, r.topic_id)?;
                self.configs.replay_remove_topic(&mut self.after.configs, &name);
            }
            _ => {}
        }
        Ok(())
    }

    /// Corrects how far and until when the image after it reaches.
    pub(crate) fn set_provenance(&mut self, provenance: Provenance) {
        self.after.provenance = provenance;
    }

    /// The same change seen from `before`, of which nothing is left: what a snapshot does to whoever had another
    /// image. What both have in common counts as changed.
    pub(crate) fn seen_from(mut self, before: &MetadataImage) -> Self {
        self.cluster.add_gone(&before.cluster);
        self.topics.add_gone(&before.topics, &self.after.topics);
        self.configs.add_gone(&before.configs);
        self.client_quotas.add_gone(&before.client_quotas);
        self.acls.add_gone(&before.acls);
        self.scram.add_gone(&before.scram);
        self.delegation_tokens.add_gone(&before.delegation_tokens);
        self.features.add_gone(&before.features);
        self.before = before.clone();
        self
    }

    /// Ends the delta: the image after it, reaching as far as `provenance` says.
    pub fn finish(&mut self, provenance: Provenance) -> MetadataImage {
        self.topics.finish(&mut self.after.topics);
        self.after.provenance = provenance;
        self.after.clone()
    }
}
