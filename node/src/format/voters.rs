//! The first controllers of a quorum that keeps its voters in the log (KIP-853).

use std::collections::BTreeSet;

use wire::Uuid;
use wire::control_records::voters_record::{Endpoint, KRaftVersionFeature, Voter, VotersRecord};

use crate::config::HostPort;

/// One of them: `id@host:port:directory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InitialVoter {
    pub(crate) id: i32,
    pub(crate) address: HostPort,
    /// Id of its metadata directory.
    pub(crate) directory: Uuid,
}

impl InitialVoter {
    /// Reads the list that `--initial-controllers` takes. An error is a sentence for whoever wrote it.
    pub(crate) fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let voters = entries.map(Self::parse).collect::<Result<Vec<Self>, String>>()?;
        if voters.is_empty() {
            return Err(
                "--initial-controllers names no controller: expected id@host:port:directory, …".to_owned()
            );
        }
        let mut ids = BTreeSet::new();
        match voters.iter().find(|voter| !ids.insert(voter.id)) {
            Some(twice) => Err(format!("--initial-controllers names {} twice", twice.id)),
            None => Ok(voters),
        }
    }

    fn parse(entry: &str) -> Result<Self, String> {
        let expected = || format!("--initial-controllers: expected id@host:port:directory, got {entry:?}");
        let (id, rest) = entry.split_once('@').ok_or_else(expected)?;
        let (address, directory) = rest.rsplit_once(':').ok_or_else(expected)?;
        let id = id.parse().ok().filter(|id| *id >= 0).ok_or_else(expected)?;
        let address = HostPort::parse(address).map_err(|_| expected())?;
        let directory = directory.parse().map_err(|_| {
            format!("{}: the directory is an id of 22 characters, got {directory:?}", expected())
        })?;
        Ok(Self { id, address, directory })
    }
}

/// The record that names the voters; `listener` is the one under which their addresses are known.
pub(super) fn voters_record(voters: &[InitialVoter], listener: &str) -> VotersRecord<'static> {
    let voter = |voter: &InitialVoter| {
        let host = voter.address.host.clone().into();
        let endpoint = Endpoint { name: listener.to_owned().into(), host, port: voter.address.port };
        Voter {
            voter_id: voter.id,
            voter_directory_id: voter.directory,
            endpoints: vec![endpoint].into(),
            kraft_version_feature: KRaftVersionFeature { min_supported_version: 0, max_supported_version: 1 },
        }
    };
    VotersRecord { version: 0, voters: voters.iter().map(voter).collect() }
}
