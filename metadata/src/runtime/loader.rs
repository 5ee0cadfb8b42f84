//! From committed bytes to images.

use wire::DecodeError;
use wire::metadata_records::MetadataRecord;

use super::events::RaftBatch;
use crate::controller::ControllerState;
use crate::delta::{MetadataDelta, ReplayError};
use crate::image::{MetadataImage, Provenance};
use crate::record::OwnedRecord;

/// Why the log cannot be followed any further. It is fatal: the node would otherwise act on a guess.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// Bytes that are no record known here.
    #[error("the record at offset {offset} cannot be read: {error}")]
    Decode {
        /// Where it is.
        offset: i64,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A record that contradicts what came before.
    #[error("the records up to offset {offset} contradict the metadata: {error}")]
    Replay {
        /// Where the batch ends.
        offset: i64,
        /// What is wrong.
        error: ReplayError,
    },
    /// A transaction that begins within another, or ends without having begun (KIP-868).
    #[error("the transaction marker at offset {0} is out of place")]
    Transaction(i64),
}

/// Committed state.
#[derive(Debug, Default)]
pub(crate) struct Loader {
    state: ControllerState,
    /// Records of a metadata transaction that has begun and not ended: they count only once it ends.
    transaction: Option<Vec<(i64, OwnedRecord)>>,
    provenance: Provenance,
}

impl Loader {
    pub(crate) fn state(&self) -> &ControllerState {
        &self.state
    }

    /// Whether the log ends within a transaction.
    pub(crate) fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// How far the log has been read, which is past the image within a transaction.
    pub(crate) fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Takes what the controller replayed when it wrote it: the state after a proposal that is now committed.
    pub(crate) fn adopt(
        &mut self,
        state: ControllerState,
        delta: &mut MetadataDelta,
        provenance: Provenance,
    ) {
        self.provenance = provenance;
        self.state = state;
        // The controller could not know when the log would write the batch.
        self.state.set_provenance(provenance);
        delta.set_provenance(provenance);
    }

    /// Replays committed batches as one delta.
    ///
    /// # Errors
    /// The log cannot be followed any further.
    pub(crate) fn load(&mut self, batches: &[RaftBatch]) -> Result<Option<MetadataDelta>, LoadError> {
        let Some(last) = batches.last() else { return Ok(None) };
        let mut ready = Vec::new();
        for batch in batches {
            for (offset, bytes) in (batch.base_offset..).zip(&batch.records) {
                self.sort_record(offset, decode(offset, bytes)?, &mut ready)?;
            }
        }
        self.provenance = provenance_after(last);
        // An image within a transaction ends before it, as if nothing of it had been written.
        let provenance =
            if self.in_transaction() { self.state.image().provenance() } else { self.provenance };
        let records = ready.iter().map(|(offset, record)| (*offset, record));
        let replayed = self.state.replay(records, provenance);
        replayed.map(Some).map_err(|error| LoadError::Replay { offset: last.last_offset, error })
    }

    /// Puts a record where it counts: among the ready ones, or into the open transaction.
    fn sort_record(
        &mut self,
        offset: i64,
        record: OwnedRecord,
        ready: &mut Vec<(i64, OwnedRecord)>,
    ) -> Result<(), LoadError> {
        match (record, &mut self.transaction) {
            (MetadataRecord::BeginTransaction(_), None) => self.transaction = Some(Vec::new()),
            (MetadataRecord::EndTransaction(_), open @ Some(_)) => {
                ready.extend(open.take().unwrap_or_default());
            }
            (MetadataRecord::AbortTransaction(_), open @ Some(_)) => *open = None,
            (
                MetadataRecord::BeginTransaction(_)
                | MetadataRecord::EndTransaction(_)
                | MetadataRecord::AbortTransaction(_),
                _,
            ) => return Err(LoadError::Transaction(offset)),
            (record, Some(open)) => open.push((offset, record)),
            (record, None) => ready.push((offset, record)),
        }
        Ok(())
    }

    /// Replaces everything by a snapshot.
    ///
    /// # Errors
    /// The snapshot cannot be read; nothing has changed.
    pub(crate) fn load_snapshot(
        &mut self,
        provenance: Provenance,
        batches: impl Iterator<Item = Vec<Vec<u8>>>,
    ) -> Result<MetadataDelta, LoadError> {
        let offset = provenance.end_offset - 1;
        let mut delta = MetadataDelta::new(&MetadataImage::default());
        for bytes in batches.flatten() {
            let record = decode(offset, &bytes)?;
            delta.replay(&record).map_err(|error| LoadError::Replay { offset, error })?;
        }
        let image = delta.finish(provenance);
        self.state = ControllerState::of_image(image);
        self.transaction = None;
        self.provenance = provenance;
        Ok(delta)
    }
}

fn decode(offset: i64, bytes: &[u8]) -> Result<OwnedRecord, LoadError> {
    let record = MetadataRecord::decode(bytes).map_err(|error| LoadError::Decode { offset, error })?;
    Ok(record.into_owned())
}

fn provenance_after(batch: &RaftBatch) -> Provenance {
    Provenance { end_offset: batch.last_offset + 1, epoch: batch.epoch, append_ms: batch.append_ms }
}
