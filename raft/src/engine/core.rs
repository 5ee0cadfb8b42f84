//! The engine's state, its one `step`, and what all roles share.

use super::config::{EngineConfig, Jitter};
use super::connections::Connections;
use super::effect::{Effect, Report};
use super::event::Event;
use super::log_view::LogView;
use super::message::{Request, RequestKind, Response};
use super::outbox::Outbox;
use super::role::{Role, Tally};
use super::types::{ElectionState, Endpoint, LeaderAndEpoch, OffsetAndEpoch, Peer, ReplicaKey};
use super::voter_history::VoterHistory;
use super::voters::VoterSet;

pub use super::role::RoleName;

/// A time that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a node finds on its disk when it starts.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// The `quorum-state` file, if there is one.
    pub election: Option<ElectionState>,
    /// The log, all of it durable.
    pub log: LogView,
    /// Voters from the configuration, the newest snapshot and the whole log.
    pub voters: VoterHistory,
}

/// One node of the quorum.
#[derive(Debug)]
pub struct Engine {
    pub(crate) config: EngineConfig,
    pub(crate) jitter: Jitter,
    pub(crate) now_ms: u64,
    /// The newest epoch seen. Invariant: never falls.
    pub(crate) epoch: i32,
    /// The leader of `epoch`. Invariant: once known in an epoch, it stays.
    pub(crate) leader_id: Option<i32>,
    /// Where that leader listens; empty while that is not known.
    pub(crate) leader_endpoints: Vec<Endpoint>,
    /// Who got this node's vote in `epoch`. Invariant: at most one replica in an epoch.
    pub(crate) voted: Option<ReplicaKey>,
    pub(crate) role: Role,
    pub(crate) log: LogView,
    pub(crate) voters: VoterHistory,
    /// Exclusive end of what is known to be committed. Invariant: never falls, never beyond what is
    /// flushed here.
    pub(crate) high_watermark: Option<i64>,
    pub(crate) connections: Connections,
    pub(crate) outbox: Outbox,
    pub(crate) shutting_down: bool,
    announced: Option<LeaderAndEpoch>,
}

/// What an operator may ask of a node at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumStatus {
    /// The node's role.
    pub role: RoleName,
    /// Leader and epoch.
    pub leader: LeaderAndEpoch,
    /// End of what is committed, `None` while unknown.
    pub high_watermark: Option<i64>,
    /// End of the log.
    pub log_end: i64,
    /// The voters.
    pub voters: VoterSet,
    /// `kraft.version`.
    pub kraft_version: i16,
    /// Voters whose (pre-)vote has been asked for and has not come, while the node stands for
    /// election.
    pub awaited_votes: Vec<i32>,
}

impl Engine {
    /// A node as it stands after opening its files. A quorum of one leads when this returns and the
    /// effects are performed; otherwise the node is what it last was, and a former leader resigned.
    #[must_use]
    pub fn new(config: EngineConfig, recovered: Recovered, now_ms: u64, out: &mut Vec<Effect>) -> Self {
        let election = recovered.election.unwrap_or_default();
        let kraft_version = recovered.voters.kraft_version();
        // A snapshot holds nothing but what is committed.
        let committed = recovered.log.latest_snapshot().map(|id| id.offset).filter(|end| *end > 0);
        let mut engine = Self {
            jitter: Jitter::new(config.seed),
            now_ms,
            epoch: election.epoch,
            leader_id: election.leader_id,
            leader_endpoints: Vec::new(),
            voted: election.voted,
            role: Role::default(),
            log: recovered.log,
            voters: recovered.voters,
            high_watermark: committed,
            connections: Connections::new(config.request_timeout_ms, config.retry_backoff_ms),
            outbox: Outbox::new(recovered.election, kraft_version),
            shutting_down: false,
            announced: None,
            config,
        };
        engine.begin();
        engine.announce_leader();
        engine.tick();
        engine.outbox.release(out);
        engine
    }

    /// Takes in one event and puts what is to be done at the end of `out`, in order.
    ///
    /// `now_ms` is a monotonic clock of any origin. Nothing an event carries makes this panic, except an
    /// executor that reports what it was not asked for.
    pub fn step(&mut self, now_ms: u64, event: Event, out: &mut Vec<Effect>) {
        self.now_ms = self.now_ms.max(now_ms);
        self.connections.expire(self.now_ms);
        self.handle(event);
        self.tick();
        self.announce_leader();
        self.outbox.release(out);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Tick => {}
            Event::Request { id, request } => self.on_request(id, request),
            Event::Response { correlation_id, response } => self.on_response(correlation_id, response),
            Event::SendFailed { correlation_id } => self.on_send_failed(correlation_id),
            Event::Refused { correlation_id, refusal } => self.on_refused(correlation_id, refusal),
            Event::Propose { epoch, batches } => self.on_propose(epoch, batches),
            Event::QuorumStatePersisted => self.outbox.persisted(),
            Event::Flushed { end } => self.on_flushed(end),
            Event::SnapshotFrozen { id } => self.on_snapshot_frozen(id),
            Event::SnapshotInstalled { id, kraft_version, voters } => {
                self.on_snapshot_installed(id, kraft_version, voters);
            }
            Event::SnapshotRejected { id } => self.on_snapshot_rejected(id),
            Event::LogStartAdvanced { start } => self.on_log_start_advanced(start),
            Event::Resign { epoch } => self.on_resign(epoch),
            Event::Shutdown => self.on_shutdown(),
        }
    }

    fn on_request(&mut self, id: u64, request: Request) {
        match request {
            Request::Vote(request) => self.on_vote_request(id, &request),
            Request::BeginQuorumEpoch(request) => self.on_begin_quorum_epoch_request(id, request),
            Request::EndQuorumEpoch(request) => self.on_end_quorum_epoch_request(id, request),
            Request::Fetch(request) => self.on_fetch_request(id, &request),
            Request::FetchSnapshot(request) => self.on_fetch_snapshot_request(id, &request),
            Request::DescribeQuorum => self.on_describe_quorum_request(id),
            Request::AddVoter(request) => self.on_add_voter_request(id, request),
            Request::RemoveVoter(request) => self.on_remove_voter_request(id, request),
            Request::UpdateVoter(request) => self.on_update_voter_request(id, request),
            Request::UpgradeKRaftVersion(request) => self.on_upgrade_kraft_version(id, request),
            Request::ApiVersions => unreachable!("the listener answers ApiVersions"),
        }
    }

    fn on_response(&mut self, correlation_id: u64, response: Response) {
        let Some(peer) = self.connections.answered(correlation_id, response.kind()) else { return };
        match response {
            Response::Vote(response) => self.on_vote_response(peer, response),
            Response::BeginQuorumEpoch(response) => self.on_begin_quorum_epoch_response(peer, response),
            Response::EndQuorumEpoch(response) => self.on_end_quorum_epoch_response(peer, response),
            Response::Fetch(response) => self.on_fetch_response(peer, response),
            Response::FetchSnapshot(response) => self.on_fetch_snapshot_response(peer, response),
            Response::AddVoter(refusal) | Response::RemoveVoter(refusal) => {
                self.on_join_response(peer, refusal);
            }
            Response::UpdateVoter(response) => self.on_update_voter_response(peer, response),
            Response::ApiVersions(versions) => self.on_api_versions_response(peer, versions),
        }
    }

    fn on_flushed(&mut self, end: i64) {
        self.log.flushed_to(end);
        match self.role {
            Role::Leader(_) => self.leader_advance_high_watermark(),
            Role::Follower(_) => self.follower_advance_high_watermark(),
            _ => {}
        }
    }

    fn on_snapshot_frozen(&mut self, id: OffsetAndEpoch) {
        assert!(
            self.high_watermark.is_some_and(|end| id.offset <= end),
            "a snapshot holds committed records"
        );
        self.log.add_snapshot(id);
        self.voters.truncate_before(id.offset);
    }

    fn on_log_start_advanced(&mut self, start: i64) {
        assert!(
            self.log.latest_snapshot().is_some_and(|id| start <= id.offset),
            "a snapshot covers what is gone"
        );
        self.log.advance_start(start);
    }

    fn on_shutdown(&mut self) {
        self.shutting_down = true;
        if let Role::Leader(_) = self.role {
            self.become_resigned();
        }
    }

    /// Lets time do its work: timeouts that are due, requests that may be sent.
    fn tick(&mut self) {
        match &self.role {
            Role::Unattached(_) => self.tick_unattached(),
            Role::Prospective(_) => self.tick_prospective(),
            Role::Candidate(_) => self.tick_candidate(),
            Role::Leader(_) => self.tick_leader(),
            Role::Follower(_) => self.tick_follower(),
            Role::Resigned(_) => self.tick_resigned(),
        }
    }

    /// When the next [`Event::Tick`] is due, `None` while only an event from outside can matter.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<u64> {
        let role = match &self.role {
            Role::Unattached(role) => role.election_deadline_ms,
            Role::Prospective(role) => role.election_deadline_ms,
            Role::Candidate(role) => role.election_deadline_ms,
            Role::Leader(role) => role.next_deadline_ms(self.is_alone()),
            Role::Follower(role) => self.follower_deadline_ms(role),
            Role::Resigned(role) => role.election_deadline_ms,
        };
        let role = if self.shutting_down { NEVER } else { role };
        let deadline = role.min(self.connections.next_deadline_ms().unwrap_or(NEVER));
        (deadline != NEVER).then_some(deadline)
    }

    /// Tells the listener about a new leader or epoch. A leader that resigned leads no more, although
    /// nobody else has been elected in its epoch.
    fn announce_leader(&mut self) {
        let leader = self.leader();
        if self.announced != Some(leader) {
            self.announced = Some(leader);
            let epoch_start = match &self.role {
                Role::Leader(role) => Some(role.epoch_start),
                _ => None,
            };
            self.outbox.push(Effect::LeaderChanged { leader, epoch_start });
        }
    }

    fn acting_leader_id(&self) -> Option<i32> {
        match self.role {
            Role::Resigned(_) => None,
            _ => self.leader_id,
        }
    }

    /// What the listener and the operator are told.
    #[must_use]
    pub fn status(&self) -> QuorumStatus {
        QuorumStatus {
            role: self.role.name(),
            leader: self.leader(),
            high_watermark: self.high_watermark,
            log_end: self.log.end(),
            voters: self.voters.voters().clone(),
            kraft_version: self.voters.kraft_version(),
            awaited_votes: self.awaited_votes(),
        }
    }

    /// The epoch that this node leads, if it does.
    #[must_use]
    pub fn leading_epoch(&self) -> Option<i32> {
        matches!(self.role, Role::Leader(_)).then_some(self.epoch)
    }

    /// The leader and the epoch, as the listener was told last or is about to be told.
    #[must_use]
    pub fn leader(&self) -> LeaderAndEpoch {
        LeaderAndEpoch { leader_id: self.acting_leader_id(), epoch: self.epoch }
    }

    /// Whether [`Event::Shutdown`] came.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.shutting_down
    }

    /// The log as the engine has ordered it.
    #[must_use]
    pub fn log(&self) -> &LogView {
        &self.log
    }

    /// The voters along the log.
    #[must_use]
    pub fn voters(&self) -> &VoterHistory {
        &self.voters
    }

    /// Exclusive end of what is known to be committed.
    #[must_use]
    pub fn high_watermark(&self) -> Option<i64> {
        self.high_watermark
    }

    /// Whether a node that is shutting down has nobody left to wait for.
    #[must_use]
    pub fn may_stop(&self) -> bool {
        let has_remote_leader = self.leader_id.is_some_and(|id| id != self.config.node_id);
        self.shutting_down && (!self.is_voter() || self.is_alone() || has_remote_leader)
    }

    pub(crate) fn is_voter(&self) -> bool {
        self.voters.voters().is_voter(&self.config.key())
    }

    /// Whether this node may stand for election. A voter may; so may one whose removal is in its log and
    /// not known to be committed: it may have the longest log, without which nobody would be elected and
    /// the removal never be committed. Its own vote then does not count.
    pub(crate) fn may_stand(&self) -> bool {
        let is_open = self.voters.voters_offset() >= Some(self.high_watermark.unwrap_or(0));
        let voted_before = || self.voters.former_voters().is_some_and(|set| set.is_voter(&self.config.key()));
        self.is_voter() || (is_open && voted_before())
    }

    /// An election that begins with this node's own vote, if it counts.
    pub(crate) fn own_tally(&self) -> Tally {
        Tally::new(self.is_voter().then_some(self.config.node_id))
    }

    /// Whether this node is the whole quorum.
    pub(crate) fn is_alone(&self) -> bool {
        self.voters.voters().is_only_voter(&self.config.key())
    }

    /// What must survive a restart. A leader's vote for itself is said by its leading.
    pub(crate) fn election_state(&self) -> ElectionState {
        let leads = self.leader_id == Some(self.config.node_id);
        let voted = if leads { None } else { self.voted };
        ElectionState { epoch: self.epoch, leader_id: self.leader_id, voted }
    }

    /// Orders the quorum state to disk; everything pushed later leaves only after that.
    pub(crate) fn persist(&mut self) {
        self.outbox.persist(self.election_state(), self.voters.kraft_version());
    }

    /// Moves to another epoch, in which nothing is known yet.
    pub(crate) fn enter_epoch(&mut self, epoch: i32) {
        assert!(epoch >= self.epoch, "an epoch never falls");
        if epoch > self.epoch {
            self.epoch = epoch;
            self.leader_id = None;
            self.leader_endpoints.clear();
            self.voted = None;
        }
    }

    pub(crate) fn random_election_deadline_ms(&mut self) -> u64 {
        let timeout_ms = self.config.election_timeout_ms;
        self.now_ms + timeout_ms + self.jitter.below(timeout_ms)
    }

    pub(crate) fn report(&mut self, report: Report) {
        self.outbox.push(Effect::Report(report));
    }

    /// Sends a request unless one to this peer is under way or it has just failed.
    pub(crate) fn send(&mut self, to: Peer, kind: RequestKind, request: Request) {
        if self.connections.is_ready(to.id) {
            let correlation_id = self.connections.sent(to.id, kind, self.now_ms);
            self.outbox.push(Effect::SendRequest { to, correlation_id, request });
        }
    }

    /// A voter as a peer, where it listens on the controllers' listener.
    pub(crate) fn voter_peer(&self, id: i32) -> Option<Peer> {
        self.peer_at(id, self.voters.voters().endpoints(id))
    }

    pub(crate) fn peer_at(&self, id: i32, endpoints: &[Endpoint]) -> Option<Peer> {
        let endpoint = endpoints.iter().find(|endpoint| endpoint.listener == self.config.listener)?;
        Some(Peer { id, endpoint: endpoint.clone() })
    }

    pub(crate) fn other_voters(&self) -> Vec<i32> {
        self.voters.voters().ids().filter(|id| *id != self.config.node_id).collect()
    }

    /// Whom to ask for the leader: the bootstrap servers, under negative ids as Kafka numbers them, or
    /// the other voters.
    pub(crate) fn bootstrap_peers(&self) -> Vec<Peer> {
        let listener = &self.config.listener;
        let servers = self.config.bootstrap_servers.iter().zip((2..).map(|n: i32| -n));
        let servers = servers.map(|((host, port), id)| Peer {
            id,
            endpoint: Endpoint { listener: listener.clone(), host: host.clone(), port: *port },
        });
        let peers: Vec<_> = servers.collect();
        if !peers.is_empty() {
            return peers;
        }
        self.other_voters().into_iter().filter_map(|id| self.voter_peer(id)).collect()
    }

    pub(crate) fn leader_and_epoch(&self) -> LeaderAndEpoch {
        LeaderAndEpoch { leader_id: self.leader_id, epoch: self.epoch }
    }
}
