//! RemoveRaftVoter: one voter less (KIP-853). A leader that removes itself goes on until that is committed,
//! by a majority that it is not part of, and then resigns.

use super::add_voter::named_voter;
use crate::engine::core::Engine;
use crate::engine::membership::{ChangeFault, RemoveVoterRequest};
use crate::engine::message::{Reply, RequestId};
use crate::engine::role::Stage;
use crate::engine::voter_history::ControlRecord;

impl Engine {
    pub(crate) fn on_remove_voter_request(&mut self, id: RequestId, request: RemoveVoterRequest) {
        match self.append_removal(request) {
            Ok(offset) => self.begin_voter_change(Some(id), Stage::Removed { offset }),
            Err(fault) => self.reply(id, Reply::RemoveVoter(Err(fault))),
        }
    }

    fn append_removal(&mut self, request: RemoveVoterRequest) -> Result<i64, ChangeFault> {
        self.leading_epoch().ok_or(ChangeFault::NotLeader)?;
        let key = named_voter(request.voter)?;
        let voters = self.changeable_voters()?;
        let remaining = voters.without(&key).ok_or(ChangeFault::NotRemovable { key, voters })?;
        Ok(self.leader_append_control(vec![ControlRecord::Voters(remaining)]))
    }
}
