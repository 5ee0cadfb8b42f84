//! `kraft.version`: from static to dynamic voters (KIP-853), when the controller finalises it.

use crate::engine::core::Engine;
use crate::engine::membership::{ChangeFault, UpgradeKRaftVersionRequest};
use crate::engine::message::{Reply, RequestId};
use crate::engine::role::Role;
use crate::engine::voter_history::ControlRecord;
use crate::engine::voters::VoterSet;

impl Engine {
    pub(crate) fn on_upgrade_kraft_version(&mut self, id: RequestId, request: UpgradeKRaftVersionRequest) {
        let result = self.upgrade_kraft_version(request);
        self.reply(id, Reply::UpgradeKRaftVersion(result));
    }

    /// Appends version and voters as one batch. Answered at once: what is not committed is lost together
    /// with the leadership, of which the controller hears.
    fn upgrade_kraft_version(&mut self, request: UpgradeKRaftVersionRequest) -> Result<(), ChangeFault> {
        let (from, to) = (self.voters.kraft_version(), request.kraft_version);
        if self.leading_epoch() != Some(request.epoch) {
            return Err(ChangeFault::NotLeader);
        }
        if to == from {
            return Ok(());
        }
        if to < from {
            return Err(ChangeFault::Downgrade { from, to });
        }
        let voters = self.upgradable_voters(to)?;
        if request.validate_only {
            return Ok(());
        }
        self.leader_append_control(vec![ControlRecord::KRaftVersion(to), ControlRecord::Voters(voters)]);
        if let Role::Leader(role) = &mut self.role {
            role.static_voters = None;
        }
        Ok(())
    }

    /// The static voters with directories and versions, once all of them have told this leader.
    fn upgradable_voters(&self, to: i16) -> Result<VoterSet, ChangeFault> {
        let Role::Leader(role) = &self.role else { return Err(ChangeFault::NotLeader) };
        let unknown = || ChangeFault::NotSupported(to, self.voters.voters().clone());
        let voters = role.static_voters.as_ref().ok_or_else(unknown)?;
        let are_known = voters.keys().all(|key| key.directory_id.is_some());
        if !are_known || !voters.supports(to) {
            return Err(ChangeFault::NotSupported(to, voters.clone()));
        }
        Ok(voters.clone())
    }
}
