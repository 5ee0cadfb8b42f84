//! Passes over the wanted partitions, and the wait between two of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wire::messages::fetch_request::FetchRequest;
use wire::{ErrorCode, Uuid};

use super::conversation::{Conversation, Wanted};
use crate::authorise::{Operation, Resource};
use crate::broker::Broker;
use crate::context::RequestContext;
use crate::errors::Fault;
use crate::fetch_sessions::SessionTopic;
use crate::net::ListenerInfo;
use crate::partition::{Fetched, Partition, UpTo};
use crate::partitions::LookupFault;
use crate::waiting::Wait;

/// First version in which a follower names itself in a tagged field.
const FIRST_VERSION_WITH_REPLICA_STATE: i16 = 15;

/// A fetch that is being served.
pub(super) struct Fetch {
    pub(super) broker: Arc<Broker>,
    pub(super) listener: Arc<ListenerInfo>,
    pub(super) api_version: i16,
    pub(super) from_follower: bool,
    pub(super) conversation: Conversation,
    /// For each wanted partition, whether the client may have it.
    targets: Vec<Target>,
    up_to: UpTo,
    bytes_max: usize,
    bytes_min: usize,
    deadline: Instant,
}

/// What stands behind a wanted partition.
pub(super) struct Target {
    pub(super) topic: Uuid,
    /// Why it is not looked at: unknown, or not for this client.
    refused: Option<ErrorCode>,
}

/// What one pass found.
pub(super) struct Pass {
    /// For each wanted partition.
    pub(super) found: Vec<Result<Fetched, ErrorCode>>,
    bytes: usize,
    /// Something must be told at once: an error, a diverging log.
    urgent: bool,
}

impl Fetch {
    pub(super) fn new(
        ctx: &RequestContext<'_>,
        request: &FetchRequest<'_>,
        conversation: Conversation,
    ) -> Self {
        let in_state = ctx.api_version >= FIRST_VERSION_WITH_REPLICA_STATE;
        let replica_id = if in_state { request.replica_state.replica_id } else { request.replica_id };
        let from_follower = replica_id >= 0;
        let bytes_max =
            usize::try_from(request.max_bytes).unwrap_or(0).min(ctx.broker.settings().fetch_max_bytes);
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let targets = conversation.wanted.iter().map(|wanted| target(ctx, wanted, from_follower)).collect();
        Self {
            broker: Arc::clone(ctx.broker),
            listener: Arc::clone(ctx.listener),
            api_version: ctx.api_version,
            from_follower,
            conversation,
            targets,
            up_to: match request.isolation_level {
                _ if from_follower => UpTo::LogEnd,
                1 => UpTo::LastStable,
                _ => UpTo::HighWatermark,
            },
            bytes_max,
            bytes_min: usize::try_from(request.min_bytes).unwrap_or(0).min(bytes_max),
            deadline: Instant::now() + wait,
        }
    }

    /// Looks at every wanted partition once.
    pub(super) fn read(&self) -> Pass {
        let mut pass = Pass { found: Vec::with_capacity(self.targets.len()), bytes: 0, urgent: false };
        for (wanted, target) in self.conversation.wanted.iter().zip(&self.targets) {
            let found = match target.refused {
                Some(code) => Err(code),
                None => self.read_one(wanted, target, &mut pass).map_err(|fault| {
                    pass.urgent = true;
                    fault.code()
                }),
            };
            pass.found.push(found);
        }
        pass
    }

    fn read_one(&self, wanted: &Wanted, target: &Target, pass: &mut Pass) -> Result<Fetched, Fault> {
        let partition = self.partition(wanted, target)?;
        let left = self.bytes_max.saturating_sub(pass.bytes);
        let bytes_max = left.min(usize::try_from(wanted.wish.max_bytes).unwrap_or(0));
        // The first records are sent however large their batch is, so that a client gets on.
        let fetched = partition.fetch(&wanted.wish, self.up_to, bytes_max, pass.bytes == 0)?;
        pass.bytes += fetched.region.as_ref().map_or(0, |region| region.length as usize);
        pass.urgent |= fetched.diverging.is_some();
        Ok(fetched)
    }

    fn partition(&self, wanted: &Wanted, target: &Target) -> Result<Arc<Partition>, LookupFault> {
        self.broker.partitions().by_id(target.topic, wanted.key.partition)
    }

    /// Whether there is a reason not to wait for more.
    pub(super) fn is_enough(&self, pass: &Pass) -> bool {
        pass.bytes >= self.bytes_min
            || pass.urgent
            || self.targets.iter().all(|target| target.refused.is_some())
            || self.deadline <= Instant::now()
    }

    /// Looks again whenever a partition has moved, until there is enough or the time is over.
    pub(super) async fn wait(&self) -> Pass {
        let mut wait = Wait::default();
        for (wanted, target) in self.conversation.wanted.iter().zip(&self.targets) {
            if target.refused.is_none()
                && let Ok(partition) = self.partition(wanted, target)
            {
                let end = partition.readable_end(self.up_to);
                wait.on(partition.waiters(), end.max(wanted.wish.fetch_offset));
            }
        }
        loop {
            let pass = self.read();
            let left = self.deadline.saturating_duration_since(Instant::now());
            if self.is_enough(&pass) || !wait.next(left).await {
                return pass;
            }
        }
    }

    /// The topics behind the wanted partitions.
    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }
}

fn target(ctx: &RequestContext<'_>, wanted: &Wanted, from_follower: bool) -> Target {
    let image = ctx.broker.image();
    let topic = match &wanted.key.topic {
        SessionTopic::Id(id) => image.topics().by_id(*id),
        SessionTopic::Name(name) => image.topics().by_name(name),
    };
    let name = match (&wanted.key.topic, topic) {
        (_, Some(topic)) => topic.name(),
        (SessionTopic::Name(name), None) => name,
        (SessionTopic::Id(id), None) => {
            return Target { topic: *id, refused: Some(ErrorCode::UnknownTopicId) };
        }
    };
    let allowed = match from_follower {
        true => ctx.authorise(Operation::ClusterAction, Resource::Cluster),
        false => ctx.authorise(Operation::Read, Resource::Topic(name)),
    };
    let known = topic.and_then(|topic| topic.partition(wanted.key.partition)).is_some();
    let refused = match (allowed, known) {
        (false, _) => Some(ErrorCode::TopicAuthorizationFailed),
        (true, false) => Some(ErrorCode::UnknownTopicOrPartition),
        (true, true) => None,
    };
    Target { topic: topic.map_or(Uuid::ZERO, |topic| topic.id()), refused }
}
