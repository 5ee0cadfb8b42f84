//! What Apache prints about a topic and its partitions.

use std::collections::BTreeMap;
use std::io::{self, Write};

use wire::Uuid;

use crate::client::{PartitionView, TopicView};

/// A setting of a topic, in the order in which the server lists them.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) is_default: bool,
}

/// A partition on its way to other replicas.
#[derive(Debug, Clone, Default)]
pub(super) struct Reassignment {
    pub(super) replicas: Vec<i32>,
    pub(super) adding: Vec<i32>,
    pub(super) removing: Vec<i32>,
}

impl Reassignment {
    fn is_in_progress(&self, partition: &PartitionView) -> bool {
        partition.replicas.iter().any(|id| self.adding.contains(id) || self.removing.contains(id))
    }
}

/// Reassignments of a topic by partition.
pub(super) type Reassignments = BTreeMap<i32, Reassignment>;

/// A topic with its settings.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) topic: TopicView,
    pub(super) settings: Vec<Setting>,
    pub(super) reassignments: Reassignments,
}

impl Description {
    pub(super) fn has_overrides(&self) -> bool {
        self.settings.iter().any(|setting| !setting.is_default)
    }

    fn replication_factor(&self, partition: &PartitionView) -> usize {
        match self.reassignments.get(&partition.index) {
            Some(moving) if moving.is_in_progress(partition) => moving.replicas.len() - moving.adding.len(),
            _ => partition.replicas.len(),
        }
    }

    fn min_isr(&self) -> usize {
        let setting = self.settings.iter().find(|setting| setting.name == "min.insync.replicas");
        setting.and_then(|setting| setting.value.parse().ok()).unwrap_or(1)
    }

    pub(super) fn is_under_replicated(&self, partition: &PartitionView) -> bool {
        self.replication_factor(partition) > partition.isr.len()
    }

    pub(super) fn is_under_min_isr(&self, partition: &PartitionView) -> bool {
        partition.leader < 0 || partition.isr.len() < self.min_isr()
    }

    pub(super) fn is_at_min_isr(&self, partition: &PartitionView) -> bool {
        partition.isr.len() == self.min_isr()
    }

    /// The topic's line.
    pub(super) fn print_topic(&self, out: &mut dyn Write) -> io::Result<()> {
        let topic = &self.topic;
        let overridden = self.settings.iter().filter(|setting| !setting.is_default);
        let configs: Vec<String> =
            overridden.map(|setting| format!("{}={}", setting.name, setting.value)).collect();
        let factor = topic.partitions.first().map_or(0, |first| self.replication_factor(first));
        write!(out, "Topic: {}", topic.name)?;
        if topic.id != Uuid::ZERO {
            write!(out, "\tTopicId: {}", topic.id)?;
        }
        writeln!(
            out,
            "\tPartitionCount: {}\tReplicationFactor: {factor}\tConfigs: {}",
            topic.partitions.len(),
            configs.join(",")
        )
    }

    /// A partition's line.
    pub(super) fn print_partition(&self, partition: &PartitionView, out: &mut dyn Write) -> io::Result<()> {
        let leader = if partition.leader < 0 { "none".to_owned() } else { partition.leader.to_string() };
        write!(
            out,
            "\tTopic: {}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}",
            self.topic.name,
            partition.index,
            ids(&partition.replicas),
            ids(&partition.isr)
        )?;
        if let Some(moving) = self.reassignments.get(&partition.index) {
            write!(
                out,
                "\tAdding Replicas: {}\tRemoving Replicas: {}",
                ids(&moving.adding),
                ids(&moving.removing)
            )?;
        }
        let told = |list: &Option<Vec<i32>>| list.as_deref().map_or_else(|| "N/A".to_owned(), ids);
        writeln!(out, "\tElr: {}\tLastKnownElr: {}", told(&partition.elr), told(&partition.last_known_elr))
    }
}

fn ids(ids: &[i32]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        let partition = PartitionView {
            index: 0,
            leader: 1,
            replicas: vec![1, 2],
            isr: vec![1],
            elr: Some(vec![]),
            last_known_elr: Some(vec![2]),
        };
        let setting = |name: &str, value: &str, is_default| Setting {
            name: name.into(),
            value: value.into(),
            is_default,
        };
        Description {
            topic: TopicView {
                name: "b".into(),
                id: "dkQwUVq4S_GxH1OqsTLOAw".parse().unwrap(),
                is_internal: false,
                partitions: vec![partition],
            },
            settings: vec![
                setting("min.insync.replicas", "1", false),
                setting("flush.ms", "9", true),
                setting("retention.ms", "1000", false),
            ],
            reassignments: Reassignments::new(),
        }
    }

    fn printed(
        print: impl Fn(&Description, &mut dyn Write) -> io::Result<()>,
        description: &Description,
    ) -> String {
        let mut out = Vec::new();
        print(description, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_those_of_apache() {
        let description = description();
        assert_eq!(
            printed(|d, out| d.print_topic(out), &description),
            "Topic: b\tTopicId: dkQwUVq4S_GxH1OqsTLOAw\tPartitionCount: 1\tReplicationFactor: 2\tConfigs: \
             min.insync.replicas=1,retention.ms=1000\n"
        );
        assert_eq!(
            printed(|d, out| d.print_partition(&d.topic.partitions[0], out), &description),
            "\tTopic: b\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1\tElr: \tLastKnownElr: 2\n"
        );
    }

    #[test]
    fn a_moving_partition_shows_where_from_and_to() {
        let mut description = description();
        let moving = Reassignment { replicas: vec![1, 2, 3], adding: vec![2, 3], removing: vec![] };
        description.reassignments.insert(0, moving);
        assert!(!description.is_under_replicated(&description.topic.partitions[0]));
        let line = printed(|d, out| d.print_partition(&d.topic.partitions[0], out), &description);
        assert!(line.contains("\tIsr: 1\tAdding Replicas: 2,3\tRemoving Replicas: \tElr: "), "{line}");
    }

    #[test]
    fn filters_compare_the_isr() {
        let mut description = description();
        let partition = description.topic.partitions[0].clone();
        assert!(description.is_under_replicated(&partition));
        assert!(description.is_at_min_isr(&partition) && !description.is_under_min_isr(&partition));
        description.settings[0].value = "2".into();
        assert!(description.is_under_min_isr(&partition));
        let leaderless = PartitionView { leader: -1, ..partition };
        assert!(description.is_under_min_isr(&leaderless));
        let line = printed(|d, out| d.print_partition(&leaderless, out), &description);
        assert!(line.contains("\tLeader: none\t"), "{line}");
    }
}
