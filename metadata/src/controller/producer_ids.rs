//! AllocateProducerIds: blocks of ids, none given twice.

use wire::ErrorCode;
use wire::messages::allocate_producer_ids_request::AllocateProducerIdsRequest;
use wire::messages::allocate_producer_ids_response::AllocateProducerIdsResponse;
use wire::metadata_records::producer_ids_record::ProducerIdsRecord;

use super::error::ApiError;
use super::plan::{Plan, Planned, Planning};
use crate::limits::PRODUCER_ID_BLOCK;
use crate::record::Record;

pub(crate) fn plan(
    p: &Planning<'_>,
    request: &AllocateProducerIdsRequest,
) -> Plan<AllocateProducerIdsResponse> {
    p.view().check_broker_epoch(request.broker_id, request.broker_epoch)?;
    let first = p.image().producer_ids().next_producer_id();
    let Some(next_producer_id) = first.checked_add(PRODUCER_ID_BLOCK) else {
        let message = "Exhausted all producerIds as the next block's end producerId has exceeded the int64 type \
                       limit";
        return Err(ApiError::new(ErrorCode::UnknownServerError, message));
    };
    let record = ProducerIdsRecord {
        broker_id: request.broker_id,
        broker_epoch: request.broker_epoch,
        next_producer_id,
    };
    let response = AllocateProducerIdsResponse {
        producer_id_start: first,
        producer_id_len: PRODUCER_ID_BLOCK as i32,
        ..AllocateProducerIdsResponse::default()
    };
    Ok(Planned::new(vec![Record::v0(record)], response))
}
