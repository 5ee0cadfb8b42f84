//! Delete groups, and offsets of groups.

use std::collections::BTreeMap;

use wire::ErrorCode;
use wire::messages::delete_groups_request::DeleteGroupsRequest;
use wire::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};

use super::groups;
use super::table::{self, TopicPartition};
use super::{Problem, Tool};
use crate::client::{ClientError, Refusal, broker_error};

impl Tool<'_> {
    pub(super) fn delete(&mut self) -> Result<(), Problem> {
        let (mut deleted, mut failed) = (Vec::new(), Vec::new());
        for id in self.chosen_groups()? {
            match self.delete_group(&id) {
                Ok(()) => deleted.push(format!("'{id}'")),
                Err(ClientError::Refused(refusal)) => failed.push((id, refusal)),
                Err(other) => return Err(other.into()),
            }
        }
        let deleted = deleted.join(", ");
        if failed.is_empty() {
            writeln!(self.out, "Deletion of requested consumer groups ({deleted}) was successful.")?;
            return Ok(());
        }
        self.print_error("Deletion of some consumer groups failed:")?;
        for (id, refusal) in failed {
            writeln!(self.out, "* Group '{id}' could not be deleted due to: {refusal}")?;
        }
        if !deleted.is_empty() {
            writeln!(self.out, "\nThese consumer groups were deleted successfully: {deleted}")?;
        }
        Err(Problem::Told)
    }

    fn delete_group(&mut self, id: &str) -> Result<(), ClientError> {
        let coordinator = groups::coordinator(&mut self.cluster, id)?;
        let request = DeleteGroupsRequest { groups_names: vec![id.to_owned().into()].into() };
        self.cluster.retry(|cluster| {
            let reply = cluster.ask(coordinator.id, &request)?;
            for result in reply.get()?.results.iter() {
                broker_error(result.error_code, None)?;
            }
            Ok(())
        })
    }

    pub(super) fn delete_offsets(&mut self) -> Result<(), Problem> {
        let group = self.options.group.first().cloned().unwrap_or_default();
        let partitions = self.named_partitions()?;
        let coordinator = groups::coordinator(&mut self.cluster, &group)?;
        let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
        for (topic, number) in &partitions {
            topics.entry(topic).or_default().push(OffsetDeleteRequestPartition { partition_index: *number });
        }
        let topics = topics.into_iter().map(|(name, partitions)| OffsetDeleteRequestTopic {
            name: name.to_owned().into(),
            partitions: partitions.into(),
        });
        let request = OffsetDeleteRequest { group_id: group.clone().into(), topics: topics.collect() };
        let results = self.cluster.retry(|cluster| {
            let reply = cluster.ask(coordinator.id, &request)?;
            let response = reply.get()?;
            broker_error(response.error_code, None)?;
            let mut results: BTreeMap<TopicPartition, i16> = BTreeMap::new();
            for topic in response.topics.iter() {
                let name = topic.name.to_string();
                let partitions = topic.partitions.iter();
                results
                    .extend(partitions.map(|told| ((name.clone(), told.partition_index), told.error_code)));
            }
            Ok(results)
        });
        match results {
            Ok(results) => self.print_deleted(&group, &results),
            Err(ClientError::Refused(refusal)) => {
                self.print_error(&refusal.to_string())?;
                Err(Problem::Told)
            }
            Err(other) => Err(other.into()),
        }
    }

    fn print_deleted(&mut self, group: &str, results: &BTreeMap<TopicPartition, i16>) -> Result<(), Problem> {
        let is_good = results.values().all(|code| *code == ErrorCode::None.code());
        if is_good {
            writeln!(self.out, "Request succeeded for deleting offsets from group {group}.")?;
        } else {
            self.print_error("Encountered some partition-level error, see the follow-up details.")?;
        }
        let status = |code: i16| match broker_error(code, None) {
            Ok(()) => "Successful".to_owned(),
            Err(Refusal { message, .. }) => format!("Error: {message}"),
        };
        let rows =
            results.iter().map(|((topic, number), code)| [topic.clone(), number.to_string(), status(*code)]);
        let rows: Vec<[String; 3]> = rows.collect();
        table::print(["TOPIC", "PARTITION", "STATUS"], [15, 10, 15], &rows, self.out)?;
        if is_good { Ok(()) } else { Err(Problem::Told) }
    }
}
