//! The next producer id that has not been given away.

use wire::metadata_records::producer_ids_record::ProducerIdsRecord;

use crate::record::Record;

/// Producer ids given to brokers so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProducerIdsImage {
    pub(crate) next: Option<i64>,
}

impl ProducerIdsImage {
    /// First id of the next block; 0 before any block was given.
    pub fn next_producer_id(self) -> i64 {
        self.next.unwrap_or(0)
    }

    pub(crate) fn write(self, out: &mut impl FnMut(Record)) {
        if let Some(next_producer_id) = self.next {
            out(Record::v0(ProducerIdsRecord { broker_id: -1, broker_epoch: -1, next_producer_id }));
        }
    }
}
