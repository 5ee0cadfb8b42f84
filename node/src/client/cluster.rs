//! The nodes of a cluster, and requests that find their node.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use wire::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use wire::messages::metadata_response::MetadataResponse;
use wire::{ApiKey, ErrorCode, Request, Uuid};

use super::connection::{Connection, Reply};
use super::error::{ClientError, Refusal};
use super::options::ClientOptions;
use crate::config::HostPort;

/// Wait before a request is tried again.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// A cluster as its clients see it; connections are opened when they are needed and kept.
#[derive(Debug)]
pub(crate) struct Cluster {
    options: ClientOptions,
    /// The connection for whatever any node answers.
    any: Option<Connection>,
    nodes: BTreeMap<i32, HostPort>,
    connections: BTreeMap<i32, Connection>,
    controller: Option<i32>,
}

/// A topic and where its partitions are led.
#[derive(Debug, Clone, Default)]
pub(crate) struct TopicView {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) is_internal: bool,
    pub(crate) partitions: Vec<PartitionView>,
}

/// A partition as Metadata shows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartitionView {
    pub(crate) index: i32,
    /// -1 while there is none.
    pub(crate) leader: i32,
    pub(crate) replicas: Vec<i32>,
    pub(crate) isr: Vec<i32>,
    /// `None` where the server doesn't tell.
    pub(crate) elr: Option<Vec<i32>>,
    pub(crate) last_known_elr: Option<Vec<i32>>,
}

/// The refusal in an error code; `Ok` for none.
pub(crate) fn broker_error(code: i16, message: Option<&str>) -> Result<(), Refusal> {
    let known = ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError);
    if known == ErrorCode::None {
        return Ok(());
    }
    let message = message.filter(|text| !text.is_empty()).unwrap_or_else(|| known.message());
    Err(Refusal { code: known, message: message.to_owned() })
}

impl Cluster {
    /// Connects to the first of the servers that answers.
    pub(crate) fn connect(options: ClientOptions) -> Result<Self, ClientError> {
        let mut cluster = Self {
            options,
            any: None,
            nodes: BTreeMap::new(),
            connections: BTreeMap::new(),
            controller: None,
        };
        cluster.any()?;
        Ok(cluster)
    }

    /// Sets how long a whole task may take.
    pub(crate) fn limit(&mut self, task: Duration) {
        self.options.task_timeout = task;
    }

    /// The longest a whole task may take.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.options.task_timeout
    }

    /// A server that answers.
    fn any(&mut self) -> Result<&mut Connection, ClientError> {
        if self.any.is_none() {
            let mut attempts = Vec::new();
            for server in self.options.servers.clone() {
                match Connection::open(&server, &self.options) {
                    Ok(connection) => {
                        self.any = Some(connection);
                        break;
                    }
                    Err(ClientError::Unreachable(failed)) => attempts.extend(failed),
                    Err(other) => return Err(other),
                }
            }
            if self.any.is_none() {
                return Err(ClientError::Unreachable(attempts));
            }
        }
        Ok(self.any.as_mut().expect("just connected"))
    }

    /// Whether a node offers an api.
    pub(crate) fn offers(&mut self, api: ApiKey) -> Result<bool, ClientError> {
        Ok(self.any()?.versions(api).is_some())
    }

    /// Asks any node.
    pub(crate) fn ask_any<'r, R: Request<'r>>(&mut self, request: &R) -> Result<Reply<R>, ClientError> {
        let reply = self.any()?.call(request);
        if matches!(reply, Err(ClientError::Lost { .. })) {
            self.any = None;
        }
        reply
    }

    /// Asks a node by its id, which a [`Cluster::describe`] must have named.
    pub(crate) fn ask<'r, R: Request<'r>>(
        &mut self,
        node: i32,
        request: &R,
    ) -> Result<Reply<R>, ClientError> {
        let reply = self.node(node)?.call(request);
        if matches!(reply, Err(ClientError::Lost { .. })) {
            self.connections.remove(&node);
        }
        reply
    }

    /// Asks the node that passes requests on to the active controller.
    pub(crate) fn ask_controller<'r, R: Request<'r>>(
        &mut self,
        request: &R,
    ) -> Result<Reply<R>, ClientError> {
        if self.controller.is_none() {
            self.describe(Some(&[]), false)?;
        }
        match self.controller {
            Some(node) => self.ask(node, request),
            None => self.ask_any(request),
        }
    }

    fn node(&mut self, node: i32) -> Result<&mut Connection, ClientError> {
        if !self.connections.contains_key(&node) {
            let Some(server) = self.nodes.get(&node) else {
                return Err(ClientError::TimedOut(format!(
                    "node {node} is not among the live brokers of the cluster"
                )));
            };
            let connection = Connection::open(server, &self.options)?;
            self.connections.insert(node, connection);
        }
        Ok(self.connections.get_mut(&node).expect("just connected"))
    }

    /// Ids of the live brokers, as of the last description.
    pub(crate) fn live(&self) -> Vec<i32> {
        self.nodes.keys().copied().collect()
    }

    /// Describes the named topics, or all; a topic that is not there is left out.
    pub(crate) fn describe(
        &mut self,
        names: Option<&[&str]>,
        create: bool,
    ) -> Result<Vec<TopicView>, ClientError> {
        let topic = |name: &&str| MetadataRequestTopic {
            topic_id: Uuid::ZERO,
            name: Some((*name).to_owned().into()),
        };
        let request = MetadataRequest {
            topics: names.map(|names| names.iter().map(topic).collect()),
            allow_auto_topic_creation: create,
            ..MetadataRequest::default()
        };
        let reply = self.ask_any(&request)?;
        let response = reply.get()?;
        self.note_nodes(&response);
        let mut views = Vec::new();
        for topic in response.topics.iter() {
            let code = ErrorCode::from_code(topic.error_code).unwrap_or(ErrorCode::UnknownServerError);
            if code == ErrorCode::UnknownTopicOrPartition || code == ErrorCode::LeaderNotAvailable {
                continue;
            }
            broker_error(topic.error_code, None)?;
            let partitions = topic.partitions.iter().map(|partition| PartitionView {
                index: partition.partition_index,
                leader: partition.leader_id,
                replicas: partition.replica_nodes.to_vec(),
                isr: partition.isr_nodes.to_vec(),
                elr: None,
                last_known_elr: None,
            });
            let mut partitions: Vec<PartitionView> = partitions.collect();
            partitions.sort_by_key(|partition| partition.index);
            let name = topic.name.as_deref().unwrap_or_default().to_owned();
            views.push(TopicView { name, id: topic.topic_id, is_internal: topic.is_internal, partitions });
        }
        views.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(views)
    }

    fn note_nodes(&mut self, response: &MetadataResponse<'_>) {
        let address = |host: &str, port: i32| HostPort {
            host: host.to_owned(),
            port: u16::try_from(port).unwrap_or(0),
        };
        let brokers = response.brokers.iter();
        self.nodes = brokers.map(|broker| (broker.node_id, address(&broker.host, broker.port))).collect();
        self.controller = Some(response.controller_id).filter(|id| self.nodes.contains_key(id));
    }

    /// Learns where a node is, from an answer that names it.
    pub(crate) fn note_node(&mut self, id: i32, host: &str, port: i32) {
        let port = u16::try_from(port).unwrap_or(0);
        self.nodes.insert(id, HostPort { host: host.to_owned(), port });
    }

    /// Repeats `attempt` while it fails in a way that passes, until the task's time is up.
    pub(crate) fn retry<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let deadline = self.deadline();
        loop {
            match attempt(self) {
                Err(error) if error.is_retriable() && Instant::now() < deadline => {
                    thread::sleep(RETRY_BACKOFF);
                }
                other => return other,
            }
        }
    }
}
