//! ListConfigResources: what has settings (KIP-1142).

use std::collections::BTreeSet;

use metadata::image::{ConfigResourceType, MetadataImage};
use wire::ErrorCode;
use wire::messages::list_config_resources_request::ListConfigResourcesRequest;
use wire::messages::list_config_resources_response::{ConfigResource, ListConfigResourcesResponse};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;

/// Every kind of resource, by code.
const KINDS: [ConfigResourceType; 5] = [
    ConfigResourceType::TOPIC,
    ConfigResourceType::BROKER,
    ConfigResourceType::BROKER_LOGGER,
    ConfigResourceType::CLIENT_METRICS,
    ConfigResourceType::GROUP,
];

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: ListConfigResourcesRequest<'_>,
) -> ListConfigResourcesResponse<'static> {
    let refused = |code: ErrorCode| ListConfigResourcesResponse {
        error_code: code.code(),
        ..ListConfigResourcesResponse::default()
    };
    if !ctx.authorise(Operation::DescribeConfigs, Resource::Cluster) {
        return refused(ErrorCode::ClusterAuthorizationFailed);
    }
    let asked: BTreeSet<i8> = request.resource_types.iter().collect();
    if asked.iter().any(|code| !KINDS.contains(&ConfigResourceType(*code))) {
        return refused(ErrorCode::UnsupportedVersion);
    }
    let image = ctx.broker.image();
    let wanted = KINDS.into_iter().filter(|kind| match ctx.api_version {
        // Version 0 is ListClientMetricsResources.
        0 => *kind == ConfigResourceType::CLIENT_METRICS,
        _ => asked.is_empty() || asked.contains(&kind.0),
    });
    let resources = wanted.flat_map(|kind| {
        let names = names(&image, kind);
        names
            .into_iter()
            .map(move |name| ConfigResource { resource_name: name.into(), resource_type: kind.0 })
    });
    ListConfigResourcesResponse {
        config_resources: resources.collect(),
        ..ListConfigResourcesResponse::default()
    }
}

fn names(image: &MetadataImage, kind: ConfigResourceType) -> Vec<String> {
    match kind {
        ConfigResourceType::TOPIC => image.topics().iter().map(|topic| topic.name().to_string()).collect(),
        ConfigResourceType::BROKER | ConfigResourceType::BROKER_LOGGER => {
            image.cluster().brokers().map(|broker| broker.id.to_string()).collect()
        }
        _ => {
            let resources = image.configs().iter().filter(|(resource, _)| resource.kind == kind);
            resources.map(|(resource, _)| resource.name.to_string()).collect()
        }
    }
}
