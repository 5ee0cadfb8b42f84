//! Settings that Kafka had and no longer has: those of ZooKeeper, and others that went with 4.0.

/// What became of a removed setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removed {
    /// Only a cluster with ZooKeeper understands it; a node that ignored it would not be the node that was asked for.
    ZooKeeper(&'static str),
    /// Kafka 4 ignores it, and so do we, with a word about what replaced it.
    Ignored(&'static str),
}

const QUORUM: &str = "is for clusters with ZooKeeper; a KRaft node names its controllers with \
     controller.quorum.bootstrap.servers=host:port,… (or controller.quorum.voters=id@host:port,…) and its own part with process.roles";

const NO_PART: &str = "is for clusters with ZooKeeper and has no part in KRaft: remove it";

const TABLE: &[(&str, Removed)] = &[
    ("zookeeper.connect", Removed::ZooKeeper(QUORUM)),
    (
        "zookeeper.metadata.migration.enable",
        Removed::ZooKeeper("was for the migration to KRaft, which Kafka 4 no longer does: remove it"),
    ),
    (
        "zookeeper.session.timeout.ms",
        Removed::ZooKeeper(
            "is for clusters with ZooKeeper; a KRaft broker's session is broker.session.timeout.ms",
        ),
    ),
    (
        "broker.id.generation.enable",
        Removed::ZooKeeper("is for clusters with ZooKeeper; every KRaft node sets its own node.id"),
    ),
    (
        "reserved.broker.max.id",
        Removed::ZooKeeper("is for clusters with ZooKeeper; every KRaft node sets its own node.id"),
    ),
    (
        "control.plane.listener.name",
        Removed::ZooKeeper("is for clusters with ZooKeeper; in KRaft set controller.listener.names"),
    ),
    (
        "inter.broker.protocol.version",
        Removed::Ignored(
            "was removed in Kafka 4.0; the metadata.version feature took its place (kafka-features)",
        ),
    ),
    ("log.message.format.version", Removed::Ignored("was removed in Kafka 4.0; all records use format 2")),
    (
        "log.message.downconversion.enable",
        Removed::Ignored("was removed in Kafka 4.0; all clients read format 2"),
    ),
    (
        "log.message.timestamp.difference.max.ms",
        Removed::Ignored(
            "was removed in Kafka 4.0; set log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms",
        ),
    ),
    (
        "auto.include.jmx.reporter",
        Removed::Ignored("was removed in Kafka 4.0; reporters are named by metric.reporters"),
    ),
];

/// Looks a key up that Kafka 4.3.1 doesn't define.
pub(crate) fn removed(key: &str) -> Option<Removed> {
    if let Some((_, found)) = TABLE.iter().find(|(name, _)| *name == key) {
        return Some(*found);
    }
    if key.starts_with("zookeeper.") {
        return Some(Removed::ZooKeeper(NO_PART));
    }
    if key.starts_with("password.encoder.") {
        return Some(Removed::Ignored("was removed in Kafka 4.0: KRaft does not encode passwords"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zookeeper_keys_name_what_replaced_them() {
        let Some(Removed::ZooKeeper(text)) = removed("zookeeper.connect") else { panic!("not found") };
        assert!(text.contains("controller.quorum.bootstrap.servers"));
        assert_eq!(removed("zookeeper.ssl.client.enable"), Some(Removed::ZooKeeper(NO_PART)));
    }

    #[test]
    fn a_live_key_is_not_removed() {
        assert_eq!(removed("node.id"), None);
    }
}
