//! InitProducerId: an id for an idempotent producer.

use std::future::Future;
use std::sync::Arc;

use wire::ErrorCode;
use wire::messages::init_producer_id_request::InitProducerIdRequest;
use wire::messages::init_producer_id_response::InitProducerIdResponse;

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;

/// A producer that has no id or epoch yet.
const NONE: i64 = -1;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: InitProducerIdRequest<'_>,
) -> impl Future<Output = InitProducerIdResponse> + Send + use<> {
    let (refused, broker) = (refusal(ctx, &request), Arc::clone(ctx.broker));
    async move {
        let assigned = match refused {
            Some(code) => Err(code),
            None => broker.producer_ids().next(&broker).await,
        };
        match assigned {
            Ok(producer_id) => {
                InitProducerIdResponse { producer_id, producer_epoch: 0, ..InitProducerIdResponse::default() }
            }
            Err(code) => InitProducerIdResponse {
                error_code: code.code(),
                producer_id: NONE,
                producer_epoch: NONE as i16,
                ..InitProducerIdResponse::default()
            },
        }
    }
}

fn refusal(ctx: &RequestContext<'_>, request: &InitProducerIdRequest<'_>) -> Option<ErrorCode> {
    match &request.transactional_id {
        Some(id) if !ctx.authorise(Operation::Write, Resource::TransactionalId(id)) => {
            return Some(ErrorCode::TransactionalIdAuthorizationFailed);
        }
        // There is no transaction coordinator. A code that clients do not retry says so at once.
        Some(_) => return Some(ErrorCode::UnsupportedVersion),
        None => {}
    }
    if !may_write_idempotently(ctx) {
        return Some(ErrorCode::ClusterAuthorizationFailed);
    }
    let half_known = (request.producer_id == NONE) != (i64::from(request.producer_epoch) == NONE);
    half_known.then_some(ErrorCode::InvalidRequest)
}

/// Whether the client has the right itself, or may write to some topic (KIP-679).
fn may_write_idempotently(ctx: &RequestContext<'_>) -> bool {
    let image = ctx.broker.image();
    ctx.authorise(Operation::IdempotentWrite, Resource::Cluster)
        || image.topics().iter().any(|topic| ctx.authorise(Operation::Write, Resource::Topic(topic.name())))
}
