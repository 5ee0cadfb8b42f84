//! Records from the leaders.

use std::collections::BTreeMap;
use std::time::Duration;

use wire::ErrorCode;
use wire::batch::{BatchView, batches};
use wire::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use wire::messages::fetch_response::PartitionData;

use super::format::Place;
use super::offsets::{self, Begin};
use super::{Failure, Printer};
use crate::client::{ClientError, Cluster, TopicView, broker_error};

/// Bytes asked of a leader at once, in all and of one partition.
const FETCH_BYTES: i32 = 8 << 20;
const PARTITION_BYTES: i32 = 1 << 20;

/// The most that the records of one batch may take when they are decompressed.
const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// Reads partitions from their positions on.
pub(super) struct Fetcher<'a> {
    topic: &'a TopicView,
    positions: BTreeMap<i32, i64>,
    /// Where each partition is done; `None` waits for more for ever.
    ends: Option<BTreeMap<i32, i64>>,
    begin: Begin,
    leaders: BTreeMap<i32, i32>,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(
        topic: &'a TopicView,
        positions: BTreeMap<i32, i64>,
        ends: Option<BTreeMap<i32, i64>>,
        begin: Begin,
    ) -> Self {
        let leaders = topic.partitions.iter().map(|partition| (partition.index, partition.leader)).collect();
        Self { topic, positions, ends, begin, leaders }
    }

    /// The next offset of each partition.
    pub(super) fn positions(&self) -> &BTreeMap<i32, i64> {
        &self.positions
    }

    /// Whether every partition has come to its end.
    pub(super) fn is_done(&self) -> bool {
        self.ends.is_some() && self.unfinished().is_empty()
    }

    fn unfinished(&self) -> Vec<(i32, i64)> {
        let is_open = |partition: i32, position: i64| {
            self.ends.as_ref().is_none_or(|ends| ends.get(&partition).is_some_and(|end| position < *end))
        };
        let positions = self.positions.iter().map(|(partition, position)| (*partition, *position));
        positions.filter(|&(partition, position)| is_open(partition, position)).collect()
    }

    /// Asks each leader once and prints what comes.
    pub(super) fn fetch(
        &mut self,
        cluster: &mut Cluster,
        wait: Duration,
        printer: &mut Printer<'_>,
    ) -> Result<(), Failure> {
        let mut by_leader: BTreeMap<i32, Vec<(i32, i64)>> = BTreeMap::new();
        for (partition, position) in self.unfinished() {
            let leader = self.leaders.get(&partition).copied().unwrap_or(-1);
            by_leader.entry(leader).or_default().push((partition, position));
        }
        if by_leader.is_empty() {
            // A member without partitions still has to come back for its heartbeat.
            std::thread::sleep(wait);
        }
        let wait = wait / by_leader.len().max(1) as u32;
        for (leader, wanted) in by_leader {
            match self.fetch_from(cluster, leader, &wanted, wait, printer) {
                Ok(()) => {}
                Err(Problem::Client(error)) if error.is_retriable() => self.find_leaders(cluster, &wanted)?,
                Err(Problem::Client(error)) => return Err(error.into()),
                Err(Problem::Failure(failure)) => return Err(failure),
            }
        }
        // Whoever reads along wants to see what has come.
        printer.out.flush()?;
        printer.progress.set_position(printer.printed);
        Ok(())
    }

    fn find_leaders(&mut self, cluster: &mut Cluster, wanted: &[(i32, i64)]) -> Result<(), Failure> {
        for &(partition, _) in wanted {
            let leader = cluster.retry(|cluster| offsets::leader_of(cluster, &self.topic.name, partition))?;
            self.leaders.insert(partition, leader);
        }
        Ok(())
    }

    fn fetch_from(
        &mut self,
        cluster: &mut Cluster,
        leader: i32,
        wanted: &[(i32, i64)],
        wait: Duration,
        printer: &mut Printer<'_>,
    ) -> Result<(), Problem> {
        let partition = |&(partition, fetch_offset): &(i32, i64)| FetchPartition {
            partition,
            fetch_offset,
            partition_max_bytes: PARTITION_BYTES,
            ..FetchPartition::default()
        };
        let topic = FetchTopic {
            topic: self.topic.name.clone().into(),
            topic_id: self.topic.id,
            partitions: wanted.iter().map(partition).collect(),
        };
        let request = FetchRequest {
            max_wait_ms: i32::try_from(wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: 1,
            max_bytes: FETCH_BYTES,
            topics: vec![topic].into(),
            ..FetchRequest::default()
        };
        let reply = cluster.ask(leader, &request)?;
        let response = reply.get()?;
        broker_error(response.error_code, None).map_err(ClientError::from)?;
        for topic in response.responses.iter() {
            for data in topic.partitions.iter() {
                if printer.left > 0 {
                    self.take(cluster, &data, printer)?;
                }
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        cluster: &mut Cluster,
        data: &PartitionData<'_>,
        printer: &mut Printer<'_>,
    ) -> Result<(), Problem> {
        let partition = data.partition_index;
        if data.error_code == ErrorCode::OffsetOutOfRange.code() {
            let found = offsets::list(cluster, self.topic, &[partition], self.begin)?;
            self.positions.extend(found);
            return Ok(());
        }
        broker_error(data.error_code, None).map_err(ClientError::from)?;
        let Some(bytes) = data.records.as_ref().and_then(|records| records.bytes()) else { return Ok(()) };
        let mut scratch = Vec::new();
        // A batch that is cut off at the end comes whole with the next fetch.
        for batch in batches(bytes) {
            let batch = batch.map_err(|error| damaged(partition, &error))?;
            self.print(partition, &batch, &mut scratch, printer)?;
            if printer.left == 0 {
                break;
            }
        }
        Ok(())
    }

    fn print(
        &mut self,
        partition: i32,
        batch: &BatchView<'_>,
        scratch: &mut Vec<u8>,
        printer: &mut Printer<'_>,
    ) -> Result<(), Problem> {
        let position = self.positions.entry(partition).or_default();
        batch.check_crc().map_err(|error| damaged(partition, &error))?;
        let place = Place { topic: &self.topic.name, partition };
        if !batch.is_control() {
            let records =
                batch.records(scratch, DECOMPRESSED_BYTES_MAX).map_err(|error| damaged(partition, &error))?;
            for record in records {
                let record = record.map_err(|error| damaged(partition, &error))?;
                if record.offset < *position {
                    continue;
                }
                printer.format.write(place, &record, printer.out).map_err(Failure::from)?;
                *position = record.offset + 1;
                printer.printed += 1;
                printer.left -= 1;
                if printer.left == 0 {
                    return Ok(());
                }
            }
        }
        *position = (*position).max(batch.next_offset());
        Ok(())
    }
}

fn damaged(partition: i32, error: &dyn std::fmt::Display) -> Problem {
    Problem::Failure(Failure::refused(format!("partition {partition} holds damaged records: {error}")))
}

/// Why a fetch came to nothing.
enum Problem {
    Client(ClientError),
    Failure(Failure),
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}
