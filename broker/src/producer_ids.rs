//! Ids for idempotent producers, taken from the controller in blocks.

use std::ops::Range;

use tokio::sync::Mutex;
use wire::ErrorCode;
use wire::messages::allocate_producer_ids_request::AllocateProducerIdsRequest;

use crate::broker::Broker;

/// The ids that are left of the last block.
#[derive(Debug, Default)]
pub(crate) struct ProducerIds {
    block: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// An id that nobody else has. Waits for the controller when the block is used up.
    ///
    /// # Errors
    /// The code that the controller gave instead of a block.
    pub(crate) async fn next(&self, broker: &Broker) -> Result<i64, ErrorCode> {
        let mut block = self.block.lock().await;
        if block.is_empty() {
            *block = allocate(broker).await?;
        }
        block.next().ok_or(ErrorCode::UnknownServerError)
    }
}

async fn allocate(broker: &Broker) -> Result<Range<i64>, ErrorCode> {
    let request =
        AllocateProducerIdsRequest { broker_id: broker.config().node_id, broker_epoch: broker.epoch() };
    let response = broker.controller().allocate_producer_ids(request).await;
    match ErrorCode::from_code(response.error_code) {
        Some(ErrorCode::None) => {
            let start = response.producer_id_start;
            Ok(start..start + i64::from(response.producer_id_len))
        }
        // What is wrong between broker and controller passes; the producer asks again.
        _ => Err(ErrorCode::CoordinatorLoadInProgress),
    }
}
