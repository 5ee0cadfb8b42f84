//! Produce: append each batch, and answer when the acks allow it.

use std::sync::Arc;
use std::time::Duration;

use log_store::log::{AppendError, AppendRules};
use log_store::validate::InvalidBatch;
use tokio::time::Instant;
use wire::batch::BatchHeader;
use wire::compression::Compression;
use wire::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use wire::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceResponse,
    TopicProduceResponse,
};
use wire::{ErrorCode, Records, Uuid};

use crate::api::leaders::Leaders;
use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::errors::Fault;
use crate::partition::{Accepted, AppendFault, Goal, Partition};
use crate::reply::{Plain, Reply};
use crate::topic_names;
use crate::waiting::Wait;

/// First version that names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;
/// First version that may carry zstd.
const FIRST_VERSION_WITH_ZSTD: i16 = 7;
/// First version that tells who leads instead.
const FIRST_VERSION_WITH_LEADERS: i16 = 10;
/// What Apache's tools for administrators call themselves: they may write to Kafka's own topics.
const ADMIN_CLIENT_ID: &str = "__admin_client";

/// Acks that stand for all in-sync replicas.
const ACKS_ALL: i16 = -1;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: ProduceRequest<'_>,
) -> Reply<Plain<ProduceResponse<'static>>> {
    let mut appending = Appending { ctx, acks: request.acks, outcome: Outcome::default() };
    for topic in &request.topic_data {
        appending.append_topic(&topic);
    }
    let outcome = appending.outcome;
    if request.acks == 0 {
        return if outcome.has_errors { Reply::Close } else { Reply::Unanswered };
    }
    if outcome.pending.is_empty() {
        return Reply::Now(Plain(outcome.into_response()));
    }
    let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    Reply::Later(Box::pin(async move { Plain(outcome.wait(timeout).await.into_response()) }))
}

/// What became of a request's batches so far.
#[derive(Default)]
struct Outcome {
    topics: Vec<(String, Uuid, Vec<PartitionProduceResponse<'static>>)>,
    pending: Vec<Pending>,
    leaders: Leaders,
    has_errors: bool,
}

/// A batch that was appended and may not be acknowledged yet.
struct Pending {
    partition: Arc<Partition>,
    goal: Goal,
    /// Where its answer stands: topic, partition.
    place: (usize, usize),
}

/// Appends the batches of one request.
struct Appending<'a> {
    ctx: &'a RequestContext<'a>,
    acks: i16,
    outcome: Outcome,
}

impl Appending<'_> {
    fn append_topic(&mut self, topic: &TopicProduceData<'_>) {
        let image = self.ctx.broker.image();
        let by_id = self.ctx.api_version >= FIRST_VERSION_WITH_TOPIC_IDS;
        let known =
            if by_id { image.topics().by_id(topic.topic_id) } else { image.topics().by_name(&topic.name) };
        let name = known.map_or(&*topic.name, |topic| topic.name());
        let refused = match known {
            None if by_id => Some(ErrorCode::UnknownTopicId),
            _ if !self.ctx.authorise(Operation::Write, Resource::Topic(name)) => {
                Some(ErrorCode::TopicAuthorizationFailed)
            }
            None => Some(ErrorCode::UnknownTopicOrPartition),
            Some(_) if !matches!(self.acks, ACKS_ALL..=1) => Some(ErrorCode::InvalidRequiredAcks),
            Some(_) if topic_names::is_internal(name) && self.ctx.client_id != ADMIN_CLIENT_ID => {
                Some(ErrorCode::InvalidTopicException)
            }
            Some(_) => None,
        };
        let id = known.map_or(topic.topic_id, |topic| topic.id());
        let shown = if by_id { String::new() } else { topic.name.to_string() };
        self.outcome.topics.push((shown, id, Vec::with_capacity(topic.partition_data.len())));
        for partition in &topic.partition_data {
            let response = match refused {
                Some(code) => failed(partition.index, code),
                None => self.append_partition(id, &partition),
            };
            self.outcome.has_errors |= response.error_code != ErrorCode::None.code();
            self.outcome.last_topic().push(response);
        }
    }

    fn append_partition(
        &mut self,
        id: Uuid,
        data: &PartitionProduceData<'_>,
    ) -> PartitionProduceResponse<'static> {
        let batch = data.records.as_ref().and_then(Records::bytes).unwrap_or_default();
        if self.ctx.api_version < FIRST_VERSION_WITH_ZSTD && is_zstd(batch) {
            return failed(data.index, ErrorCode::UnsupportedCompressionType);
        }
        let appended = self.ctx.broker.partitions().by_id(id, data.index).map_err(Fault::from);
        let appended = appended.and_then(|partition| {
            let all_in_sync = self.acks == ACKS_ALL;
            let accepted = partition.append(batch, all_in_sync, self.ctx.now_ms, &AppendRules::CLIENT)?;
            Ok((partition, accepted))
        });
        match appended {
            Ok((partition, accepted)) => self.accepted(data.index, partition, &accepted),
            Err(fault) => self.refused(id, data.index, &fault),
        }
    }

    fn accepted(
        &mut self,
        index: i32,
        partition: Arc<Partition>,
        accepted: &Accepted,
    ) -> PartitionProduceResponse<'static> {
        if let Some(goal) = accepted.goal {
            let place = (self.outcome.topics.len() - 1, self.outcome.last_topic().len());
            self.outcome.pending.push(Pending { partition, goal, place });
        }
        PartitionProduceResponse {
            index,
            base_offset: accepted.appended.base_offset,
            log_append_time_ms: accepted.appended.log_append_time,
            log_start_offset: accepted.appended.log_start_offset,
            ..PartitionProduceResponse::default()
        }
    }

    fn refused(&mut self, topic: Uuid, index: i32, fault: &Fault) -> PartitionProduceResponse<'static> {
        let code = fault.code();
        let mut response = failed(index, code);
        if code == ErrorCode::NotLeaderOrFollower && self.ctx.api_version >= FIRST_VERSION_WITH_LEADERS {
            let (leader_id, leader_epoch) =
                self.outcome.leaders.of(&self.ctx.broker.image(), &self.ctx.listener.name, topic, index);
            response.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch };
        }
        if let Fault::Append(AppendFault::Log(AppendError::Invalid(invalid))) = fault {
            describe_invalid(invalid, &mut response);
        }
        response
    }
}

impl Outcome {
    fn last_topic(&mut self) -> &mut Vec<PartitionProduceResponse<'static>> {
        &mut self.topics.last_mut().expect("a topic was begun").2
    }

    /// Waits until every batch may be acknowledged, or will not be.
    async fn wait(mut self, timeout: Duration) -> Self {
        let deadline = Instant::now() + timeout;
        let mut wait = Wait::default();
        for pending in &self.pending {
            wait.on(pending.partition.waiters(), pending.goal.end - 1);
        }
        loop {
            self.settle();
            let left = deadline.saturating_duration_since(Instant::now());
            if self.pending.is_empty() {
                return self;
            }
            if left.is_zero() || !wait.next(left).await {
                self.settle();
                let late: Vec<_> = self.pending.drain(..).map(|pending| pending.place).collect();
                late.into_iter().for_each(|place| self.fail(place, ErrorCode::RequestTimedOut));
                return self;
            }
        }
    }

    /// Takes out what has been decided by now.
    fn settle(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            match pending.partition.reached(&pending.goal) {
                Ok(Some(())) => {}
                Ok(None) => self.pending.push(pending),
                Err(fault) => self.fail(pending.place, Fault::from(fault).code()),
            }
        }
    }

    fn fail(&mut self, (topic, partition): (usize, usize), code: ErrorCode) {
        self.topics[topic].2[partition].error_code = code.code();
    }

    fn into_response(self) -> ProduceResponse<'static> {
        let responses = self.topics.into_iter().map(|(name, topic_id, partitions)| TopicProduceResponse {
            name: name.into(),
            topic_id,
            partition_responses: partitions.into(),
        });
        let endpoints = self.leaders.into_endpoints().map(|(node_id, endpoint)| NodeEndpoint {
            node_id,
            host: endpoint.host.into(),
            port: endpoint.port,
            rack: endpoint.rack.map(Into::into),
        });
        ProduceResponse {
            responses: responses.collect(),
            node_endpoints: endpoints.collect(),
            ..ProduceResponse::default()
        }
    }
}

fn failed(index: i32, code: ErrorCode) -> PartitionProduceResponse<'static> {
    PartitionProduceResponse {
        index,
        error_code: code.code(),
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        ..PartitionProduceResponse::default()
    }
}

/// Names the records that made a batch invalid (KIP-467).
fn describe_invalid(invalid: &InvalidBatch, response: &mut PartitionProduceResponse<'static>) {
    let (InvalidBatch::Records { faults } | InvalidBatch::Timestamps { faults }) = invalid else { return };
    let errors = faults.iter().map(|fault| BatchIndexAndErrorMessage {
        batch_index: fault.index,
        batch_index_error_message: Some(fault.message.clone().into()),
    });
    response.record_errors = errors.collect();
    response.error_message = Some(invalid.to_string().into());
}

fn is_zstd(batch: &[u8]) -> bool {
    BatchHeader::parse(batch).is_ok_and(|header| header.compression() == Ok(Compression::Zstd))
}
