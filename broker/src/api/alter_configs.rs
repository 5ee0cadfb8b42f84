//! AlterConfigs and IncrementalAlterConfigs (KIP-339): the controller changes settings; loggers are
//! this broker's own.

use std::future::Future;

use metadata::image::ConfigResourceType;
use wire::ErrorCode;
use wire::messages::alter_configs_request::AlterConfigsRequest;
use wire::messages::alter_configs_response::{self, AlterConfigsResponse};
use wire::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use wire::messages::incremental_alter_configs_response::{self, IncrementalAlterConfigsResponse};

use crate::context::RequestContext;

/// How long the controller may take.
const TIMEOUT_MS: i32 = 30_000;

/// What is said to a wish to change a logger.
const LOGGERS_ARE_FIXED: &str = "The levels of loggers cannot be changed while the node runs.";

pub(crate) fn replace(
    ctx: &RequestContext<'_>,
    request: AlterConfigsRequest<'_>,
) -> impl Future<Output = AlterConfigsResponse<'static>> + Send + use<> {
    let request = request.into_owned();
    let validate_only = request.validate_only;
    let (loggers, others): (Vec<_>, Vec<_>) =
        request.resources.into_iter().partition(|resource| is_logger(resource.resource_type));
    let request = AlterConfigsRequest { resources: others.into(), validate_only };
    let changed = ctx.broker.controller().alter_configs(ctx.caller(TIMEOUT_MS), request);
    async move {
        let mut response = changed.await;
        let refused =
            loggers.into_iter().map(|resource| alter_configs_response::AlterConfigsResourceResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                error_message: Some(LOGGERS_ARE_FIXED.into()),
                resource_type: resource.resource_type,
                resource_name: resource.resource_name,
            });
        response.responses = response.responses.into_iter().chain(refused).collect();
        response
    }
}

pub(crate) fn change(
    ctx: &RequestContext<'_>,
    request: IncrementalAlterConfigsRequest<'_>,
) -> impl Future<Output = IncrementalAlterConfigsResponse<'static>> + Send + use<> {
    let request = request.into_owned();
    let validate_only = request.validate_only;
    let (loggers, others): (Vec<_>, Vec<_>) =
        request.resources.into_iter().partition(|resource| is_logger(resource.resource_type));
    let request = IncrementalAlterConfigsRequest { resources: others.into(), validate_only };
    let changed = ctx.broker.controller().incremental_alter_configs(ctx.caller(TIMEOUT_MS), request);
    async move {
        let mut response = changed.await;
        let refused = loggers.into_iter().map(|resource| {
            incremental_alter_configs_response::AlterConfigsResourceResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                error_message: Some(LOGGERS_ARE_FIXED.into()),
                resource_type: resource.resource_type,
                resource_name: resource.resource_name,
            }
        });
        response.responses = response.responses.into_iter().chain(refused).collect();
        response
    }
}

fn is_logger(resource_type: i8) -> bool {
    ConfigResourceType(resource_type) == ConfigResourceType::BROKER_LOGGER
}
