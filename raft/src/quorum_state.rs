//! The `quorum-state` file: the one thing a voter must never forget.
//!
//! One line of JSON, Kafka's fields in Kafka's order. Version 0 goes with `kraft.version` 0 and lists
//! the static voters; version 1 goes with dynamic voters and knows the directory that got the vote.
//!
//! ```text
//! {"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}
//! {"leaderId":-1,"leaderEpoch":2,"votedId":1,"votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1}
//! ```

use std::io;
use std::path::{Path, PathBuf};

use log_store::io::{Io, read_file, replace_file};
use serde_json::{Map, Value};
use wire::Uuid;

use crate::engine::{ElectionState, KRAFT_VERSION_RECONFIG, ReplicaKey, VoterSet};

/// Kafka's name of the file, in the directory of the metadata log.
pub const QUORUM_STATE_FILE_NAME: &str = "quorum-state";

/// Why a quorum state could not be read or written. The node must not start, or go on, without it.
#[derive(Debug, thiserror::Error)]
pub enum QuorumStateError {
    /// The disk failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The content is not what Kafka or this node writes.
    #[error("{}: {fault}; restore the file, or remove this voter from the quorum and format its directory anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The configuration names other voters than those this node last voted among.
    #[error(
        "{}: written with the voters {written:?}, but controller.quorum.voters names {configured:?}; \
         restore the former setting, or remove the file on every voter once the new set is right", path.display()
    )]
    OtherVoters {
        /// The file.
        path: PathBuf,
        /// Ids in the file.
        written: Vec<i32>,
        /// Ids in the configuration.
        configured: Vec<i32>,
    },
}

/// Reads the file; `None` when there is none, as on a node that was just formatted.
///
/// # Errors
/// [`QuorumStateError`]: the disk failed, the file is damaged, or it was written among other static
/// voters.
pub fn read_quorum_state(
    io: &dyn Io,
    directory: &Path,
    static_voters: &VoterSet,
) -> Result<Option<ElectionState>, QuorumStateError> {
    let path = directory.join(QUORUM_STATE_FILE_NAME);
    let bytes = match read_file(io, &path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(QuorumStateError::Io { path, source }),
        Ok(bytes) => bytes,
    };
    let (state, written) = match decode(&bytes) {
        Ok(decoded) => decoded,
        Err(fault) => return Err(QuorumStateError::Damaged { path, fault }),
    };
    let configured: Vec<i32> = static_voters.ids().collect();
    if !written.is_empty() && !configured.is_empty() && written != configured {
        return Err(QuorumStateError::OtherVoters { path, written, configured });
    }
    Ok(Some(state))
}

/// Replaces the file. Durable on `Ok`; after a crash the old state or the new one is there, whole.
///
/// # Errors
/// [`QuorumStateError::Io`].
pub fn write_quorum_state(
    io: &dyn Io,
    directory: &Path,
    state: &ElectionState,
    kraft_version: i16,
    voters: &VoterSet,
) -> Result<(), QuorumStateError> {
    let path = directory.join(QUORUM_STATE_FILE_NAME);
    let text = encode(state, kraft_version, voters);
    replace_file(io, &path, text.as_bytes()).map_err(|source| QuorumStateError::Io { path, source })
}

fn encode(state: &ElectionState, kraft_version: i16, voters: &VoterSet) -> String {
    let leader_id = state.leader_id.unwrap_or(-1);
    let voted_id = state.voted.map_or(-1, |key| key.id);
    let epoch = state.epoch;
    if kraft_version >= KRAFT_VERSION_RECONFIG {
        let directory_id = state.voted.and_then(|key| key.directory_id).unwrap_or(Uuid::ZERO);
        return format!(
            "{{\"leaderId\":{leader_id},\"leaderEpoch\":{epoch},\"votedId\":{voted_id},\
             \"votedDirectoryId\":\"{directory_id}\",\"data_version\":1}}"
        );
    }
    let voters: Vec<String> = voters.ids().map(|id| format!("{{\"voterId\":{id}}}")).collect();
    format!(
        "{{\"clusterId\":\"\",\"leaderId\":{leader_id},\"leaderEpoch\":{epoch},\"votedId\":{voted_id},\
         \"appliedOffset\":0,\"currentVoters\":[{}],\"data_version\":0}}",
        voters.join(",")
    )
}

/// The state and the ids of the voters that the file lists, or what is wrong.
fn decode(bytes: &[u8]) -> Result<(ElectionState, Vec<i32>), String> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Object(fields) = value else { return Err("not a JSON object".to_owned()) };
    let version = integer(&fields, "data_version")?;
    if !(0..=1).contains(&version) {
        return Err(format!("data_version is {version}, 0 and 1 are known"));
    }
    let epoch = integer(&fields, "leaderEpoch")?;
    if epoch < 0 {
        return Err(format!("leaderEpoch is {epoch}"));
    }
    let leader_id = Some(integer(&fields, "leaderId")?).filter(|id| *id >= 0);
    let voted_id = integer(&fields, "votedId")?;
    let directory_id = if version >= 1 { directory_id(&fields)? } else { Uuid::ZERO };
    let voted = (voted_id >= 0).then(|| ReplicaKey::of(voted_id, directory_id));
    let voters = if version == 0 { voter_ids(&fields)? } else { Vec::new() };
    Ok((ElectionState { epoch, leader_id, voted }, voters))
}

fn integer(fields: &Map<String, Value>, name: &str) -> Result<i32, String> {
    let value = fields.get(name).ok_or_else(|| format!("{name} is missing"))?;
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| format!("{name} is {value}, expected a 32-bit integer"))
}

fn directory_id(fields: &Map<String, Value>) -> Result<Uuid, String> {
    let value = fields.get("votedDirectoryId").ok_or("votedDirectoryId is missing")?;
    let id = value.as_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| format!("votedDirectoryId is {value}, expected 22 characters of base64"))
}

fn voter_ids(fields: &Map<String, Value>) -> Result<Vec<i32>, String> {
    let value = fields.get("currentVoters").ok_or("currentVoters is missing")?;
    let voters = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(voters) => voters,
        _ => return Err(format!("currentVoters is {value}, expected a list")),
    };
    let id = |voter: &Value| match voter {
        Value::Object(fields) => integer(fields, "voterId"),
        _ => Err(format!("currentVoters holds {voter}")),
    };
    let mut ids: Vec<i32> = voters.iter().map(id).collect::<Result<_, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn static_voters(ids: &[i32]) -> VoterSet {
        VoterSet::from_static("CONTROLLER", ids.iter().map(|id| (*id, "localhost".to_owned(), 9093)))
    }

    #[test]
    fn version_0_is_written_as_kafka_writes_it() {
        let state = ElectionState { epoch: 2, leader_id: Some(1), voted: None };
        let text = encode(&state, 0, &static_voters(&[1, 2]));
        assert_eq!(
            text,
            r#"{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1},{"voterId":2}],"data_version":0}"#
        );
        assert_eq!(decode(text.as_bytes()), Ok((state, vec![1, 2])));
    }

    #[test]
    fn version_1_is_written_as_kafka_writes_it() {
        let directory_id: Uuid = "J8aAPcfLQt2bqs1JT_rMgQ".parse().expect("an id");
        let state = ElectionState { epoch: 2, leader_id: None, voted: Some(ReplicaKey::of(1, directory_id)) };
        let text = encode(&state, 1, &VoterSet::default());
        assert_eq!(
            text,
            r#"{"leaderId":-1,"leaderEpoch":2,"votedId":1,"votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1}"#
        );
        assert_eq!(decode(text.as_bytes()), Ok((state, Vec::new())));
    }

    #[test]
    fn every_damage_is_named() {
        let whole = encode(&ElectionState::default(), 0, &static_voters(&[1]));
        for cut in 0..whole.len() {
            assert!(decode(&whole.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let cases = [
            ("", "the file is empty"),
            ("[]", "not a JSON object"),
            (r#"{"leaderId":1}"#, "data_version is missing"),
            (
                &whole.replace("\"data_version\":0", "\"data_version\":7"),
                "data_version is 7, 0 and 1 are known",
            ),
            (&whole.replace("\"leaderEpoch\":0", "\"leaderEpoch\":-3"), "leaderEpoch is -3"),
            (
                &whole.replace("\"votedId\":-1", "\"votedId\":\"x\""),
                "votedId is \"x\", expected a 32-bit integer",
            ),
            (&whole.replace("\"leaderId\":-1,", ""), "leaderId is missing"),
            (&whole.replace("[{\"voterId\":1}]", "7"), "currentVoters is 7, expected a list"),
        ];
        for (text, fault) in cases {
            assert_eq!(decode(text.as_bytes()), Err(fault.to_owned()));
        }
    }
}
