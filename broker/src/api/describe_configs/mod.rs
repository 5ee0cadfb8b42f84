//! DescribeConfigs: settings with their values, where these come from, and what stands behind them.

mod entries;
mod sources;

use wire::ErrorCode;
use wire::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult,
};

use metadata::image::ConfigResourceType;

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::topic_names;
use entries::Describer;

/// Why a resource is not described: code and sentence.
type Refusal = (ErrorCode, String);

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: DescribeConfigsRequest<'_>,
) -> DescribeConfigsResponse<'static> {
    let describer = Describer::new(ctx, request.include_synonyms, request.include_documentation);
    let results = request.resources.iter().map(|resource| {
        let described = authorise(ctx, &resource).and_then(|()| describe(ctx, &describer, &resource));
        let refusal = described.as_ref().err().cloned();
        let wanted = |name: &str| match &resource.configuration_keys {
            Some(keys) => keys.iter().any(|key| key == name),
            None => true,
        };
        let configs = described.unwrap_or_default().into_iter().filter(|entry| wanted(&entry.name));
        DescribeConfigsResult {
            error_code: refusal.as_ref().map_or(ErrorCode::None, |(code, _)| *code).code(),
            error_message: refusal.map(|(_, message)| message.into()),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.to_string().into(),
            configs: configs.collect(),
        }
    });
    DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() }
}

fn authorise(ctx: &RequestContext<'_>, resource: &DescribeConfigsResource<'_>) -> Result<(), Refusal> {
    let name = &*resource.resource_name;
    let (on, code) = match ConfigResourceType(resource.resource_type) {
        ConfigResourceType::TOPIC => (Resource::Topic(name), ErrorCode::TopicAuthorizationFailed),
        ConfigResourceType::GROUP => (Resource::Group(name), ErrorCode::GroupAuthorizationFailed),
        _ => (Resource::Cluster, ErrorCode::ClusterAuthorizationFailed),
    };
    match ctx.authorise(Operation::DescribeConfigs, on) {
        true => Ok(()),
        false => Err((code, code.message().to_owned())),
    }
}

fn describe(
    ctx: &RequestContext<'_>,
    describer: &Describer,
    resource: &DescribeConfigsResource<'_>,
) -> Result<Vec<DescribeConfigsResourceResult<'static>>, Refusal> {
    let name = &*resource.resource_name;
    match ConfigResourceType(resource.resource_type) {
        ConfigResourceType::TOPIC if !topic_names::is_valid(name) => {
            Err((ErrorCode::InvalidTopicException, format!("Topic name is invalid: '{name}'")))
        }
        ConfigResourceType::TOPIC if ctx.broker.image().topics().by_name(name).is_none() => {
            let code = ErrorCode::UnknownTopicOrPartition;
            Err((code, code.message().to_owned()))
        }
        ConfigResourceType::TOPIC => Ok(describer.topic(name)),
        ConfigResourceType::BROKER if name.is_empty() => Ok(describer.all_brokers()),
        ConfigResourceType::BROKER => {
            check_broker_id(ctx, name, "or empty string, ")?;
            Ok(describer.this_broker())
        }
        ConfigResourceType::BROKER_LOGGER if name.is_empty() => {
            Err((ErrorCode::InvalidRequest, "Broker id must not be empty".to_owned()))
        }
        ConfigResourceType::BROKER_LOGGER => {
            check_broker_id(ctx, name, "")?;
            Ok(vec![entries::root_logger()])
        }
        ConfigResourceType::CLIENT_METRICS if name.is_empty() => {
            Err((ErrorCode::InvalidRequest, "Client metrics subscription name must not be empty".to_owned()))
        }
        ConfigResourceType::CLIENT_METRICS => Ok(describer.client_metrics(name)),
        ConfigResourceType::GROUP if name.is_empty() => {
            Err((ErrorCode::InvalidRequest, "Group name must not be empty".to_owned()))
        }
        ConfigResourceType::GROUP => Ok(describer.group(name)),
        ConfigResourceType(code) => {
            Err((ErrorCode::InvalidRequest, format!("Unexpected resource type {code} for resource {name}")))
        }
    }
}

fn check_broker_id(ctx: &RequestContext<'_>, name: &str, or_empty: &str) -> Result<(), Refusal> {
    let invalid = |message: String| Err((ErrorCode::InvalidRequest, message));
    let this = ctx.broker.config().node_id;
    match name.parse::<i32>() {
        Ok(id) if id == this => Ok(()),
        Ok(_) => invalid(format!("Unexpected broker id, expected {this} {or_empty}but received {name}")),
        Err(_) => invalid(format!("Broker id must be an integer, but it is: {name}")),
    }
}
