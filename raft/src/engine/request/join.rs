//! What a follower asks of the leader for itself: to be described as it is, or to vote (KIP-853).

use crate::engine::core::Engine;
use crate::engine::membership::{AddVoterRequest, RemoveVoterRequest, SupportedVersions, UpdateVoterRequest};
use crate::engine::message::{Refusal, Request, RequestKind};
use crate::engine::role::Role;
use crate::engine::voters::KRAFT_VERSION_RECONFIG;

impl Engine {
    /// Once in a fetch timeout a follower looks whether it has something to ask. True when it asked:
    /// there is one request at a time, so it does not fetch now.
    pub(crate) fn send_membership_request_when_due(&mut self) -> bool {
        let Role::Follower(role) = &self.role else { return false };
        if self.now_ms < role.membership_deadline_ms {
            return false;
        }
        if let Some((kind, request)) = self.membership_request() {
            let peer = self.leader_id.and_then(|id| self.peer_at(id, &self.leader_endpoints));
            let Some(peer) = peer.filter(|peer| self.connections.is_ready(peer.id)) else { return false };
            if self.connections.is_awaiting_any() {
                return false;
            }
            self.send(peer, kind, request);
            self.postpone_membership_request();
            return true;
        }
        self.postpone_membership_request();
        false
    }

    fn postpone_membership_request(&mut self) {
        let deadline_ms = self.now_ms + self.config.fetch_timeout_ms;
        if let Role::Follower(role) = &mut self.role {
            role.membership_deadline_ms = deadline_ms;
        }
    }

    fn membership_request(&self) -> Option<(RequestKind, Request)> {
        let Role::Follower(role) = &self.role else { return None };
        let (own, voters) = (self.config.voter(), self.voters.voters());
        let is_dynamic = self.voters.kraft_version() >= KRAFT_VERSION_RECONFIG;
        if self.is_voter() {
            let is_known = if is_dynamic { !voters.is_outdated(&own) } else { role.has_updated };
            return (!is_known).then(|| {
                let kraft_versions =
                    SupportedVersions { min: own.kraft_version_min, max: own.kraft_version_max };
                let request = UpdateVoterRequest {
                    epoch: self.epoch,
                    voter: Some(own.key),
                    endpoints: own.endpoints,
                    kraft_versions,
                };
                (RequestKind::UpdateVoter, Request::UpdateVoter(request))
            });
        }
        if !is_dynamic || !self.config.auto_join || !self.config.can_become_voter() {
            return None;
        }
        // The directory that voted under this id is gone; it has to go before the new one comes.
        if let Some(former) = voters.get(own.key.id) {
            let request = RemoveVoterRequest { voter: Some(former.key) };
            return Some((RequestKind::RemoveVoter, Request::RemoveVoter(request)));
        }
        let request =
            AddVoterRequest { voter: Some(own.key), endpoints: own.endpoints, ack_when_committed: false };
        Some((RequestKind::AddVoter, Request::AddVoter(request)))
    }

    /// The leader answered the wish to join; what comes of it is in the log. It is asked again later.
    pub(crate) fn on_join_response(&mut self, peer: i32, refusal: Option<Refusal>) {
        self.postpone_membership_request();
        let is_expected = matches!(
            refusal,
            None | Some(Refusal::RequestTimedOut | Refusal::DuplicateVoter | Refusal::VoterNotFound)
        );
        if let Some(refusal) = refusal.filter(|_| !is_expected) {
            self.refused(peer, refusal);
        }
    }
}
