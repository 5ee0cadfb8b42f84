//! The controller as a value: a cluster is a state, a controller and the records so far.

mod eligible;
mod life;
mod model;
mod registration;
mod sweeps;

use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::{BrokerRegistrationRequest, Feature, Listener};
use wire::messages::broker_registration_response::BrokerRegistrationResponse;
use wire::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use wire::messages::create_topics_response::CreateTopicsResponse;
use wire::{ErrorCode, Uuid};

use super::*;
use crate::features::MetadataVersion;
use crate::image::{MetadataImage, Partition, Provenance};
use crate::record::Record;

const CONTROLLER: i32 = 1000;

pub(super) struct Cluster {
    pub(super) state: ControllerState,
    pub(super) controller: Controller,
    pub(super) records: Vec<Record>,
    pub(super) now_ms: u64,
    pub(super) context: ControllerContext,
}

pub(super) fn config() -> ControllerConfig {
    ControllerConfig {
        node_id: CONTROLLER,
        cluster_id: "cluster".into(),
        settings: [("process.roles", "controller"), ("node.id", "1000")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        bootstrap: bootstrap_records(MetadataVersion::LATEST),
        kraft_version: 1,
    }
}

impl Cluster {
    pub(super) fn new() -> Self {
        Self::with(config())
    }

    pub(super) fn with(config: ControllerConfig) -> Self {
        let state = ControllerState::default();
        let (controller, records) = Controller::activate(config, Dice::new([5; 32]), &state, false, 0);
        let context = ControllerContext { local: false, ..ControllerContext::internal(1000) };
        let mut cluster = Self { state, controller, records: Vec::new(), now_ms: 0, context };
        cluster.append(&records);
        cluster
    }

    /// Another controller takes over.
    pub(super) fn fail_over(&mut self) {
        let (controller, records) = Controller::activate(
            config(),
            Dice::new([self.records.len() as u8; 32]),
            &self.state,
            false,
            self.now_ms,
        );
        self.controller = controller;
        self.append(&records);
    }

    pub(super) fn image(&self) -> &MetadataImage {
        self.state.image()
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.records.len() as i64
    }

    pub(super) fn append(&mut self, records: &[Record]) {
        let base_offset = self.next_offset();
        let end_offset = base_offset + records.len() as i64;
        let provenance = Provenance { end_offset, epoch: 1, append_ms: 0 };
        let messages = records.iter().map(|record| &record.message);
        let delta = self.state.replay((base_offset..).zip(messages), provenance).expect("plans fit");
        self.controller.replayed(&delta, self.now_ms);
        self.records.extend_from_slice(records);
    }

    /// Plans and appends; `None` if the request must wait for a sweep.
    pub(super) fn try_ask<T: TryFrom<ControllerResponse>>(
        &mut self,
        request: impl Into<ControllerRequest>,
    ) -> Result<Option<T>, ApiError> {
        let (request, next_offset) = (request.into(), self.next_offset());
        if let ControllerRequest::BrokerHeartbeat(heartbeat) = &request {
            self.controller.contact(heartbeat, self.now_ms);
        }
        let outcome = self.controller.plan(&self.state, next_offset, &self.context, &request, self.now_ms)?;
        match outcome {
            Outcome::Plan(planned) => {
                if !planned.records.is_empty() {
                    self.append(&planned.records);
                }
                self.controller.appended(&self.state, &request, self.next_offset() - 1);
                Ok(Some(T::try_from(planned.response).unwrap_or_else(|_| panic!("another answer"))))
            }
            Outcome::AfterSweep(records) => {
                self.append(&records);
                Ok(None)
            }
        }
    }

    pub(super) fn ask<T: TryFrom<ControllerResponse>>(
        &mut self,
        request: impl Into<ControllerRequest>,
    ) -> Result<T, ApiError> {
        self.try_ask(request).map(|response| response.expect("needs no sweep"))
    }

    /// One step of the sweeps; how many records it wrote.
    pub(super) fn sweep(&mut self) -> usize {
        let records = self.controller.sweep(&self.state);
        self.append(&records);
        records.len()
    }

    pub(super) fn sweep_all(&mut self) {
        while self.controller.has_sweeps() {
            self.sweep();
        }
    }

    pub(super) fn tick(&mut self) {
        loop {
            let records = self.controller.tick(&self.state, self.now_ms);
            if records.is_empty() {
                break;
            }
            self.append(&records);
        }
        self.sweep_all();
    }

    pub(super) fn register(&mut self, id: i32, incarnation: u8) -> i64 {
        let response: BrokerRegistrationResponse =
            self.ask(registration(id, incarnation)).expect("registers");
        response.broker_epoch
    }

    pub(super) fn heartbeat(&mut self, id: i32) -> BrokerHeartbeatResponse {
        let offset = self.next_offset();
        self.ask(heartbeat(self.image(), id, offset)).expect("lives")
    }

    /// Registers brokers and unfences them.
    pub(super) fn start_brokers(&mut self, ids: impl IntoIterator<Item = i32>) {
        for id in ids {
            self.register(id, 1);
            assert!(!self.heartbeat(id).is_fenced);
        }
    }

    /// Lets the broker's session end while the others stay in touch.
    pub(super) fn kill(&mut self, id: i32) {
        self.now_ms += 9_000;
        let others: Vec<i32> = self
            .image()
            .cluster()
            .unfenced_brokers()
            .map(|broker| broker.id)
            .filter(|other| *other != id)
            .collect();
        for other in others {
            self.heartbeat(other);
        }
        self.tick();
        assert!(self.image().cluster().broker(id).expect("stays registered").fenced);
    }

    /// A new incarnation of a broker, up to its unfencing. It ended uncleanly unless `previous_epoch` is its epoch.
    pub(super) fn restart(&mut self, id: i32, incarnation: u8, cleanly: bool) {
        let mut request = registration(id, incarnation);
        if cleanly {
            request.previous_broker_epoch = self.image().cluster().broker(id).expect("known").epoch;
        }
        let _: BrokerRegistrationResponse = self.ask(request).expect("registers");
        assert!(!self.heartbeat(id).is_fenced);
    }

    pub(super) fn create(
        &mut self,
        name: &str,
        assignments: &[Vec<i32>],
        settings: &[(&'static str, &'static str)],
    ) -> Uuid {
        let assignments = (0..).zip(assignments).map(|(partition_index, brokers)| {
            CreatableReplicaAssignment { partition_index, broker_ids: brokers.clone().into() }
        });
        let configs = settings
            .iter()
            .map(|(name, value)| CreatableTopicConfig { name: (*name).into(), value: Some((*value).into()) });
        let topic = CreatableTopic {
            name: name.to_owned().into(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: assignments.collect(),
            configs: configs.collect(),
        };
        let request = CreateTopicsRequest { topics: vec![topic].into(), ..CreateTopicsRequest::default() };
        let response: CreateTopicsResponse<'_> = self.ask(request).expect("accepted");
        let result = response.topics.iter().next().expect("one topic");
        assert_eq!(result.error_code, ErrorCode::None.code(), "{result:?}");
        result.topic_id
    }

    pub(super) fn partition(&self, topic: Uuid, number: i32) -> &Partition {
        self.image().topics().partition(topic, number).expect("there")
    }
}

pub(super) fn registration(broker_id: i32, incarnation: u8) -> BrokerRegistrationRequest<'static> {
    let features = supported_features().into_iter().map(|(name, range)| Feature {
        name: name.into(),
        min_supported_version: range.min,
        max_supported_version: range.max,
    });
    BrokerRegistrationRequest {
        broker_id,
        cluster_id: "cluster".into(),
        incarnation_id: Uuid([incarnation; 16]),
        listeners: vec![Listener {
            name: "PLAINTEXT".into(),
            host: "h".into(),
            port: 9092,
            security_protocol: 0,
        }]
        .into(),
        features: features.collect(),
        rack: None,
        log_dirs: vec![Uuid([(100 + broker_id) as u8; 16])].into(),
        ..BrokerRegistrationRequest::default()
    }
}

pub(super) fn heartbeat(image: &MetadataImage, id: i32, offset: i64) -> BrokerHeartbeatRequest<'static> {
    BrokerHeartbeatRequest {
        broker_id: id,
        broker_epoch: image.cluster().broker(id).expect("registered").epoch,
        current_metadata_offset: offset,
        ..BrokerHeartbeatRequest::default()
    }
}
