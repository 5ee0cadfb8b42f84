//! DeleteTopics.

use std::collections::{BTreeMap, BTreeSet};

use wire::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use wire::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use wire::metadata_records::remove_topic_record::RemoveTopicRecord;
use wire::{ErrorCode, Uuid};

use super::api::Access;
use super::error::ApiError;
use super::plan::{Plan, Planned, Planning};
use crate::limits::RECORDS_PER_REQUEST;
use crate::record::Record;

/// What is to go, sorted out: each topic once, and an answer for everything that cannot be deleted.
#[derive(Default)]
struct Deletion {
    names: BTreeSet<String>,
    ids: BTreeSet<Uuid>,
    duplicate_names: BTreeSet<String>,
    duplicate_ids: BTreeSet<Uuid>,
    /// Topics to delete, with their names.
    topics: BTreeMap<Uuid, String>,
    results: Vec<DeletableTopicResult<'static>>,
}

pub(crate) fn plan(
    p: &Planning<'_>,
    request: &DeleteTopicsRequest<'_>,
) -> Plan<DeleteTopicsResponse<'static>> {
    check_enabled(p)?;
    let mut deletion = Deletion::default();
    deletion.collect(request);
    deletion.refuse_duplicates();
    deletion.resolve_ids(p);
    deletion.resolve_names(p);
    if deletion.topics.len() > RECORDS_PER_REQUEST {
        return Err(ApiError::too_many_records());
    }
    let remove = |topic_id: &Uuid| Record::v0(RemoveTopicRecord { topic_id: *topic_id });
    let records = deletion.topics.keys().map(remove).collect();
    for (id, name) in std::mem::take(&mut deletion.topics) {
        deletion.answer(Some(&name), id, None);
    }
    let responses = deletion.results.into();
    Ok(Planned::new(records, DeleteTopicsResponse { throttle_time_ms: 0, responses }))
}

fn check_enabled(p: &Planning<'_>) -> Result<(), ApiError> {
    if p.config.flag("delete.topic.enable") {
        return Ok(());
    }
    if p.context.api_version < 3 {
        return Err(ApiError::invalid_request("This version does not support topic deletion."));
    }
    Err(ApiError::of(ErrorCode::TopicDeletionDisabled))
}

impl Deletion {
    fn answer(&mut self, name: Option<&str>, topic_id: Uuid, error: Option<ApiError>) {
        let (error_code, error_message) = error.map_or((0, None), ApiError::fields);
        let name = name.map(|name| name.to_owned().into());
        self.results.push(DeletableTopicResult { name, topic_id, error_code, error_message });
    }

    fn refuse(&mut self, name: Option<&str>, topic_id: Uuid, error: ApiError) {
        self.answer(name, topic_id, Some(error));
    }

    fn collect(&mut self, request: &DeleteTopicsRequest<'_>) {
        for name in &request.topic_names {
            self.add_name(&name);
        }
        for DeleteTopicState { name, topic_id } in &request.topics {
            match (name, topic_id.is_zero()) {
                (Some(name), true) => self.add_name(&name),
                (None, false) => self.add_id(topic_id),
                (None, true) => {
                    let error = ApiError::invalid_request("Neither topic name nor id were specified.");
                    self.refuse(None, Uuid::ZERO, error);
                }
                (Some(name), false) => {
                    let error =
                        ApiError::invalid_request("You may not specify both topic name and topic id.");
                    self.refuse(Some(&name), topic_id, error);
                }
            }
        }
    }

    fn add_name(&mut self, name: &str) {
        if self.duplicate_names.contains(name) || !self.names.insert(name.to_owned()) {
            self.duplicate_names.insert(name.to_owned());
            self.names.remove(name);
        }
    }

    fn add_id(&mut self, id: Uuid) {
        if self.duplicate_ids.contains(&id) || !self.ids.insert(id) {
            self.duplicate_ids.insert(id);
            self.ids.remove(&id);
        }
    }

    fn refuse_duplicates(&mut self) {
        for name in self.duplicate_names.clone() {
            self.refuse(Some(&name), Uuid::ZERO, ApiError::invalid_request("Duplicate topic name."));
        }
        for id in self.duplicate_ids.clone() {
            self.refuse(None, id, ApiError::invalid_request("Duplicate topic id."));
        }
    }

    /// A name is told to whoever may see the topic, and only to them.
    fn resolve_ids(&mut self, p: &Planning<'_>) {
        for id in std::mem::take(&mut self.ids) {
            let Some(topic) = p.image().topics().by_id(id) else {
                self.refuse(None, id, ApiError::of(ErrorCode::UnknownTopicId));
                continue;
            };
            let name = topic.name();
            if p.context.access.allows(Access::Delete, name) {
                self.topics.insert(id, name.to_string());
            } else {
                let shown = p.context.access.allows(Access::Describe, name).then_some(&**name);
                self.refuse(shown, id, ApiError::of(ErrorCode::TopicAuthorizationFailed));
            }
        }
    }

    fn resolve_names(&mut self, p: &Planning<'_>) {
        let access = &p.context.access;
        for name in std::mem::take(&mut self.names) {
            let unauthorised = ApiError::of(ErrorCode::TopicAuthorizationFailed);
            if !access.allows(Access::Describe, &name) {
                self.refuse(Some(&name), Uuid::ZERO, unauthorised);
                continue;
            }
            let Some(topic) = p.image().topics().by_name(&name) else {
                self.refuse(Some(&name), Uuid::ZERO, ApiError::of(ErrorCode::UnknownTopicOrPartition));
                continue;
            };
            if !access.allows(Access::Delete, &name) {
                self.refuse(Some(&name), Uuid::ZERO, unauthorised);
                continue;
            }
            let id = topic.id();
            if self.duplicate_ids.contains(&id) || self.topics.insert(id, name.clone()).is_some() {
                self.duplicate_ids.insert(id);
                self.topics.remove(&id);
                let message = "The provided topic name maps to an ID that was already supplied.";
                self.refuse(Some(&name), id, ApiError::invalid_request(message));
            }
        }
    }
}
