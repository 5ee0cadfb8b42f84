//! Records that don't fit the image they are replayed on.

use wire::Uuid;

/// A record that contradicts the image. It means that the log is damaged or was written by something that
/// knows more than we do; whoever replays must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A partition or a removal of a topic that isn't there.
    #[error("no topic has the id {0}")]
    UnknownTopic(Uuid),
    /// A topic name that is to lose its eligible leader replicas, but isn't there.
    #[error("there is no topic {0}")]
    UnknownTopicName(String),
    /// A change of a partition that isn't there.
    #[error("topic {topic} has no partition {partition}")]
    UnknownPartition {
        /// Id of the topic.
        topic: Uuid,
        /// Number of the partition.
        partition: i32,
    },
    /// A partition id below 0, or without one directory for each replica.
    #[error("partition {partition} of topic {topic} is malformed")]
    MalformedPartition {
        /// Id of the topic.
        topic: Uuid,
        /// Number of the partition.
        partition: i32,
    },
    /// A change of a broker that isn't registered.
    #[error("broker {0} is not registered")]
    UnknownBroker(i32),
    /// A change of an incarnation of a broker that isn't the registered one.
    #[error("broker {broker} is registered with epoch {registered}, not {given}")]
    WrongBrokerEpoch {
        /// Id of the broker.
        broker: i32,
        /// Epoch in the image.
        registered: i64,
        /// Epoch in the record.
        given: i64,
    },
    /// A code that a field of BrokerRegistrationChangeRecord doesn't have.
    #[error("a change of broker {broker} carries the unknown code {code}")]
    UnknownBrokerChange {
        /// Id of the broker.
        broker: i32,
        /// The code.
        code: i8,
    },
    /// A metadata version that this node doesn't know.
    #[error("metadata.version {0} is not supported by this node; it knows 7 (3.3-IV3) to 30 (4.3-IV0)")]
    UnsupportedMetadataVersion(i16),
    /// A removal of an access control entry that isn't there.
    #[error("no access control entry has the id {0}")]
    UnknownAcl(Uuid),
}
