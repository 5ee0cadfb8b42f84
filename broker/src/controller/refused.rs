//! The answers to requests that a controller refuses as a whole: where an api has no place for
//! that, every part of the request gets the error.

use std::borrow::Cow;

use metadata::ApiError;
use wire::Uuid;
use wire::messages::alter_configs_request::AlterConfigsRequest;
use wire::messages::alter_configs_response::{self, AlterConfigsResponse};
use wire::messages::create_partitions_request::CreatePartitionsRequest;
use wire::messages::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};
use wire::messages::create_topics_request::CreateTopicsRequest;
use wire::messages::create_topics_response::{CreatableTopicResult, CreateTopicsResponse};
use wire::messages::delete_topics_request::DeleteTopicsRequest;
use wire::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::ElectLeadersResponse;
use wire::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use wire::messages::incremental_alter_configs_response::{self, IncrementalAlterConfigsResponse};
use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::messages::update_features_request::UpdateFeaturesRequest;
use wire::messages::update_features_response::UpdateFeaturesResponse;

/// What a refusal has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A topic, by name or id.
    Topic(Option<String>, Uuid),
    /// A resource with settings: type and name.
    Resource(i8, String),
}

/// The parts of a request, kept to refuse them.
pub(super) struct Refused<Q> {
    parts: Vec<Part>,
    request: std::marker::PhantomData<fn(Q)>,
}

/// A request that can be refused as a whole.
pub(super) trait Refusable {
    /// Its response.
    type Response;

    /// What the response has to name.
    fn parts(&self) -> Vec<Part>;

    /// The response in which everything is refused.
    fn refuse(parts: Vec<Part>, code: i16, message: Option<Cow<'static, str>>) -> Self::Response;
}

impl<Q: Refusable> Refused<Q> {
    /// Notes the parts of a request before it is given away.
    pub(super) fn prepare(request: &Q) -> Self {
        Self { parts: request.parts(), request: std::marker::PhantomData }
    }

    /// The answer.
    pub(super) fn answer(self, error: &ApiError) -> Q::Response {
        Q::refuse(self.parts, error.code.code(), error.message.clone().map(Into::into))
    }
}

fn named(name: &str) -> Part {
    Part::Topic(Some(name.to_owned()), Uuid::ZERO)
}

impl Part {
    fn into_topic(self) -> (Option<Cow<'static, str>>, Uuid) {
        match self {
            Self::Topic(name, id) => (name.map(Into::into), id),
            Self::Resource(..) => unreachable!("a request about topics names topics"),
        }
    }

    fn into_resource(self) -> (i8, Cow<'static, str>) {
        match self {
            Self::Resource(kind, name) => (kind, name.into()),
            Self::Topic(..) => unreachable!("a request about settings names resources"),
        }
    }
}

impl Refusable for CreateTopicsRequest<'static> {
    type Response = CreateTopicsResponse<'static>;

    fn parts(&self) -> Vec<Part> {
        self.topics.iter().map(|topic| named(&topic.name)).collect()
    }

    fn refuse(parts: Vec<Part>, error_code: i16, message: Option<Cow<'static, str>>) -> Self::Response {
        let topics = parts.into_iter().map(|part| CreatableTopicResult {
            name: part.into_topic().0.unwrap_or_default(),
            error_code,
            error_message: message.clone(),
            ..CreatableTopicResult::default()
        });
        CreateTopicsResponse { topics: topics.collect(), ..CreateTopicsResponse::default() }
    }
}

impl Refusable for DeleteTopicsRequest<'static> {
    type Response = DeleteTopicsResponse<'static>;

    fn parts(&self) -> Vec<Part> {
        let topics = self.topics.iter();
        let topics = topics.map(|topic| Part::Topic(topic.name.map(Cow::into_owned), topic.topic_id));
        topics.chain(self.topic_names.iter().map(|name| named(&name))).collect()
    }

    fn refuse(parts: Vec<Part>, error_code: i16, message: Option<Cow<'static, str>>) -> Self::Response {
        let responses = parts.into_iter().map(|part| {
            let (name, topic_id) = part.into_topic();
            DeletableTopicResult { name, topic_id, error_code, error_message: message.clone() }
        });
        DeleteTopicsResponse { responses: responses.collect(), ..DeleteTopicsResponse::default() }
    }
}

impl Refusable for CreatePartitionsRequest<'static> {
    type Response = CreatePartitionsResponse<'static>;

    fn parts(&self) -> Vec<Part> {
        self.topics.iter().map(|topic| named(&topic.name)).collect()
    }

    fn refuse(parts: Vec<Part>, error_code: i16, message: Option<Cow<'static, str>>) -> Self::Response {
        let results = parts.into_iter().map(|part| CreatePartitionsTopicResult {
            name: part.into_topic().0.unwrap_or_default(),
            error_code,
            error_message: message.clone(),
        });
        CreatePartitionsResponse { results: results.collect(), ..CreatePartitionsResponse::default() }
    }
}

impl Refusable for AlterConfigsRequest<'static> {
    type Response = AlterConfigsResponse<'static>;

    fn parts(&self) -> Vec<Part> {
        let resources = self.resources.iter();
        resources.map(|one| Part::Resource(one.resource_type, one.resource_name.into_owned())).collect()
    }

    fn refuse(parts: Vec<Part>, error_code: i16, message: Option<Cow<'static, str>>) -> Self::Response {
        let responses = parts.into_iter().map(|part| {
            let (resource_type, resource_name) = part.into_resource();
            let error_message = message.clone();
            alter_configs_response::AlterConfigsResourceResponse {
                error_code,
                error_message,
                resource_type,
                resource_name,
            }
        });
        AlterConfigsResponse { responses: responses.collect(), ..AlterConfigsResponse::default() }
    }
}

impl Refusable for IncrementalAlterConfigsRequest<'static> {
    type Response = IncrementalAlterConfigsResponse<'static>;

    fn parts(&self) -> Vec<Part> {
        let resources = self.resources.iter();
        resources.map(|one| Part::Resource(one.resource_type, one.resource_name.into_owned())).collect()
    }

    fn refuse(parts: Vec<Part>, error_code: i16, message: Option<Cow<'static, str>>) -> Self::Response {
        let responses = parts.into_iter().map(|part| {
            let (resource_type, resource_name) = part.into_resource();
            let error_message = message.clone();
            incremental_alter_configs_response::AlterConfigsResourceResponse {
                error_code,
                error_message,
                resource_type,
                resource_name,
            }
        });
        IncrementalAlterConfigsResponse {
            responses: responses.collect(),
            ..IncrementalAlterConfigsResponse::default()
        }
    }
}

/// Requests whose response has one code for all of it.
macro_rules! refused_by_one_code {
    ($($request:ty => $response:ident { $($message:ident)? };)+) => {
        $(impl Refusable for $request {
            type Response = $response<'static>;

            fn parts(&self) -> Vec<Part> {
                Vec::new()
            }

            fn refuse(_: Vec<Part>, error_code: i16, _message: Option<Cow<'static, str>>) -> Self::Response {
                $response { error_code, $($message: _message,)? ..$response::default() }
            }
        })+
    };
}

refused_by_one_code! {
    ElectLeadersRequest<'static> => ElectLeadersResponse {};
    ListPartitionReassignmentsRequest<'static> => ListPartitionReassignmentsResponse { error_message };
    UpdateFeaturesRequest<'static> => UpdateFeaturesResponse { error_message };
    UnregisterBrokerRequest => UnregisterBrokerResponse { error_message };
}
