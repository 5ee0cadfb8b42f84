//! Batches of the metadata log: built from what the engine appends, summed up for it when fetched.

use wire::batch::{BatchBuilder, BatchView, ControlType, batches};
use wire::control_records::kraft_version_record::KRaftVersionRecord;
use wire::control_records::leader_change_message::{LeaderChangeMessage, Voter as LeaderChangeVoter};
use wire::control_records::voters_record::{
    Endpoint as VoterEndpoint, KRaftVersionFeature, Voter as VoterRecord, VotersRecord,
};
use wire::{Message, Reader, Uuid, Writer};

use crate::engine::{
    BatchSummary, Content, ControlRecord, Endpoint, FetchedBatches, ReplicaKey, Voter, VoterSet,
};
use crate::limits;

/// Version of every control record that is written.
const CONTROL_VERSION: i16 = 0;

/// Bytes that are no batches of a metadata log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at offset {offset}: {fault}")]
pub struct DamagedBatch {
    /// Base offset of the batch, or -1 where none can be told.
    pub offset: i64,
    /// What is wrong with it.
    pub fault: String,
}

impl DamagedBatch {
    pub(crate) fn new(offset: i64, fault: &dyn ToString) -> Self {
        Self { offset, fault: fault.to_string() }
    }
}

/// Puts one batch at the end of `out`, stamped with the leader's epoch and clock.
pub(crate) fn build_batch(out: &mut Vec<u8>, base_offset: i64, epoch: i32, content: &Content, now_ms: i64) {
    let builder = BatchBuilder::new(base_offset).leader_epoch(epoch);
    let batch = match content {
        Content::Data(records) => {
            let mut batch = builder;
            for record in records {
                batch.push(now_ms, None, Some(record), &[]);
            }
            batch
        }
        Content::Control(records) => {
            let mut batch = builder.control();
            for record in records {
                let (kind, value) = encode_control(record);
                batch.push_control(now_ms, kind, &value);
            }
            batch
        }
    };
    out.extend_from_slice(&batch.build());
}

fn encode_control(record: &ControlRecord) -> (ControlType, Vec<u8>) {
    match record {
        ControlRecord::LeaderChange { leader_id, voters, granting_voters } => {
            let ids = |ids: &[i32]| -> Vec<_> {
                ids.iter().map(|id| LeaderChangeVoter { voter_id: *id, ..Default::default() }).collect()
            };
            let message = LeaderChangeMessage {
                version: CONTROL_VERSION,
                leader_id: *leader_id,
                voters: ids(voters).into(),
                granting_voters: ids(granting_voters).into(),
            };
            (ControlType::LeaderChange, encode(&message))
        }
        ControlRecord::KRaftVersion(kraft_version) => {
            let record = KRaftVersionRecord { version: CONTROL_VERSION, kraft_version: *kraft_version };
            (ControlType::KraftVersion, encode(&record))
        }
        ControlRecord::Voters(voters) => (ControlType::KraftVoters, encode(&voters_record(voters))),
    }
}

fn encode<'a>(message: &impl Message<'a>) -> Vec<u8> {
    let mut writer = Writer::new();
    message.encode(&mut writer, CONTROL_VERSION).expect("version 0 has every field that is set");
    writer.into_bytes()
}

/// A voter set as it stands in the log and in snapshots.
pub(crate) fn voters_record(voters: &VoterSet) -> VotersRecord<'static> {
    let voters = voters.iter().map(|voter| VoterRecord {
        voter_id: voter.key.id,
        voter_directory_id: voter.key.directory_id.unwrap_or(Uuid::ZERO),
        endpoints: voter
            .endpoints
            .iter()
            .map(|endpoint| VoterEndpoint {
                name: endpoint.listener.clone().into(),
                host: endpoint.host.clone().into(),
                port: endpoint.port,
            })
            .collect(),
        kraft_version_feature: KRaftVersionFeature {
            min_supported_version: voter.kraft_version_min,
            max_supported_version: voter.kraft_version_max,
        },
    });
    VotersRecord { version: CONTROL_VERSION, voters: voters.collect() }
}

/// The voter set of a record.
pub(crate) fn voter_set(record: &VotersRecord<'_>) -> VoterSet {
    let voter = |voter: VoterRecord<'_>| Voter {
        key: ReplicaKey::of(voter.voter_id, voter.voter_directory_id),
        endpoints: voter
            .endpoints
            .iter()
            .map(|endpoint| Endpoint {
                listener: endpoint.name.into_owned(),
                host: endpoint.host.into_owned(),
                port: endpoint.port,
            })
            .collect(),
        kraft_version_min: voter.kraft_version_feature.min_supported_version,
        kraft_version_max: voter.kraft_version_feature.max_supported_version,
    };
    record.voters.iter().map(voter).collect()
}

/// Checks fetched bytes and sums them up. A batch that is cut off at the end is left out, as a fetch
/// may end anywhere.
///
/// # Errors
/// [`DamagedBatch`] when a checksum or a control record is wrong; nothing of the bytes is to be kept.
pub(crate) fn summarise(bytes: &[u8]) -> Result<FetchedBatches, DamagedBatch> {
    let mut fetched = FetchedBatches::default();
    let mut iter = batches(bytes);
    for batch in iter.by_ref() {
        let batch = batch.map_err(|error| DamagedBatch::new(-1, &error))?;
        batch.check_crc().map_err(|error| DamagedBatch::new(batch.base_offset(), &error))?;
        fetched.batches.push(BatchSummary {
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            epoch: batch.leader_epoch(),
            control: control_records(&batch)?,
        });
    }
    let whole = bytes.len() - iter.remainder().len();
    fetched.bytes = bytes[..whole].to_vec();
    Ok(fetched)
}

/// The control records of a batch that the quorum acts on; none for a batch of data.
///
/// # Errors
/// [`DamagedBatch`].
pub(crate) fn control_records(batch: &BatchView<'_>) -> Result<Vec<(i64, ControlRecord)>, DamagedBatch> {
    if !batch.is_control() {
        return Ok(Vec::new());
    }
    let offset = batch.base_offset();
    let mut scratch = Vec::new();
    let records = batch
        .records(&mut scratch, limits::BATCH_RECORD_BYTES_MAX)
        .map_err(|error| DamagedBatch::new(offset, &error))?;
    let mut control = Vec::new();
    for record in records {
        let record = record.map_err(|error| DamagedBatch::new(offset, &error))?;
        let kind = ControlType::from_key(record.key.unwrap_or_default());
        let decoded = kind.map(|kind| decode_control(kind, record.value.unwrap_or_default()));
        if let Some(decoded) =
            decoded.transpose().map_err(|error| DamagedBatch::new(record.offset, &error))?
        {
            control.extend(decoded.map(|decoded| (record.offset, decoded)));
        }
    }
    Ok(control)
}

/// Control records of other kinds (a snapshot's header and footer) mean nothing in the log.
fn decode_control(kind: ControlType, value: &[u8]) -> Result<Option<ControlRecord>, wire::DecodeError> {
    let reader = &mut Reader::new(value);
    Ok(match kind {
        ControlType::LeaderChange => {
            let message = LeaderChangeMessage::decode(reader, CONTROL_VERSION)?;
            Some(ControlRecord::LeaderChange {
                leader_id: message.leader_id,
                voters: message.voters.iter().map(|voter| voter.voter_id).collect(),
                granting_voters: message.granting_voters.iter().map(|voter| voter.voter_id).collect(),
            })
        }
        ControlType::KraftVersion => Some(ControlRecord::KRaftVersion(
            KRaftVersionRecord::decode(reader, CONTROL_VERSION)?.kraft_version,
        )),
        ControlType::KraftVoters => {
            Some(ControlRecord::Voters(voter_set(&VotersRecord::decode(reader, CONTROL_VERSION)?)))
        }
        _ => None,
    })
}

/// Bytes that a batch of these records takes at most, before it is built.
pub(crate) fn batch_bytes_max(records: &[Vec<u8>]) -> usize {
    // Length, attributes, timestamp and offset deltas, key, value length, header count: 32 bytes hold all.
    const RECORD_OVERHEAD: usize = 32;
    wire::batch::HEADER_SIZE + records.iter().map(|record| record.len() + RECORD_OVERHEAD).sum::<usize>()
}
