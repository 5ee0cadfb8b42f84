//! DescribeClientQuotas: the quotas that were set, by whom they concern (KIP-546).

use metadata::image::QuotaEntity;
use wire::ErrorCode;
use wire::messages::describe_client_quotas_request::{ComponentData, DescribeClientQuotasRequest};
use wire::messages::describe_client_quotas_response::{
    DescribeClientQuotasResponse, EntityData, EntryData, ValueData,
};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;

/// How a component of the request is to be matched: by this name, by the default, or by any.
const MATCH_EXACT: i8 = 0;
const MATCH_DEFAULT: i8 = 1;
const MATCH_SPECIFIED: i8 = 2;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: DescribeClientQuotasRequest<'_>,
) -> DescribeClientQuotasResponse<'static> {
    if !ctx.authorise(Operation::DescribeConfigs, Resource::Cluster) {
        return refused(ErrorCode::ClusterAuthorizationFailed, None);
    }
    let components = request.components.to_vec();
    if let Some(fault) = components.iter().find_map(fault) {
        return refused(ErrorCode::InvalidRequest, Some(fault));
    }
    let image = ctx.broker.image();
    let matching = image.client_quotas().iter().filter(|(entity, _)| {
        let all_match = components.iter().all(|component| matches(entity, component));
        all_match && (!request.strict || entity.0.len() == components.len())
    });
    let entries = matching.map(|(entity, quotas)| EntryData {
        entity: entity.0.iter().map(|(kind, name)| entity_data(kind, name.as_deref())).collect(),
        values: quotas
            .iter()
            .map(|(key, value)| ValueData { key: key.clone().into(), value: *value })
            .collect(),
    });
    DescribeClientQuotasResponse {
        entries: Some(entries.collect()),
        ..DescribeClientQuotasResponse::default()
    }
}

fn entity_data(kind: &str, name: Option<&str>) -> EntityData<'static> {
    EntityData { entity_type: kind.to_owned().into(), entity_name: name.map(|name| name.to_owned().into()) }
}

/// What is wrong with a component.
fn fault(component: &ComponentData<'_>) -> Option<String> {
    if component.entity_type.is_empty() {
        return Some("Unexpected empty filter component entity type".to_owned());
    }
    match (component.match_type, &component.match_) {
        (MATCH_EXACT, Some(_)) | (MATCH_DEFAULT | MATCH_SPECIFIED, None) => None,
        (MATCH_EXACT, None) => Some("Unexpected null match for an exact filter component".to_owned()),
        (MATCH_DEFAULT | MATCH_SPECIFIED, Some(_)) => Some("Unexpected non-null match".to_owned()),
        (other, _) => Some(format!("Unexpected match type: {other}")),
    }
}

fn matches(entity: &QuotaEntity, component: &ComponentData<'_>) -> bool {
    let named = entity.0.get(&*component.entity_type);
    named.is_some_and(|name| match component.match_type {
        MATCH_EXACT => name.as_deref() == component.match_.as_deref(),
        MATCH_DEFAULT => name.is_none(),
        _ => true,
    })
}

fn refused(code: ErrorCode, message: Option<String>) -> DescribeClientQuotasResponse<'static> {
    DescribeClientQuotasResponse {
        error_code: code.code(),
        error_message: message.map(Into::into),
        entries: None,
        ..DescribeClientQuotasResponse::default()
    }
}
