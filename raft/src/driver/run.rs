//! The driver's state and its rounds.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use log_store::io::Io;
use log_store::log::Log;
use snapshot::SnapshotReceiver;

use super::handle::{Command, Reply, SendFailed, UpgradeReply};
use super::shared::{QuorumInfo, Shared};
use super::{DriverConfig, DriverError};
use crate::engine::{CorrelationId, Engine, Event, LeaderAndEpoch, Peer, Request, RequestId};
use crate::limits;
use crate::protocol::{
    Answer, Inbound, InboundRequest, RequestBody, ResponseBody, read_answer, read_request,
};
use crate::state_machine::StateMachine;

/// The two clocks of a round, read by whoever drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of any origin, never falling: timeouts.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970: timestamps of records.
    pub wall_ms: i64,
}

/// What a round leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// When the next round is due at the latest, in monotonic milliseconds; `None` when only news from
    /// outside matters.
    pub next_deadline_ms: Option<u64>,
    /// Whether more is waiting that was left for the next round.
    pub has_more: bool,
    /// Whether the node is shutting down and has nobody left to wait for.
    pub may_stop: bool,
}

/// Carries requests to other nodes.
pub trait Transport: Send {
    /// Sends a request, without blocking. Each must be completed once by
    /// [`Handle::handle_response`](super::Handle::handle_response), from another thread or after the
    /// round; the engine asks at most one request of a peer at a time and gives one up after its timeout.
    fn send(&mut self, to: &Peer, correlation_id: CorrelationId, request: RequestBody);
}

/// A request whose answer is awaited.
pub(super) struct PendingReply {
    pub(super) api_version: i16,
    pub(super) listener: String,
    pub(super) reply: Reply,
}

/// Owns the metadata log, the snapshots, the quorum state and the engine of one node.
pub struct Driver {
    pub(super) config: DriverConfig,
    pub(super) io: Arc<dyn Io>,
    pub(super) now: Now,
    pub(super) log: Log,
    pub(super) engine: Engine,
    pub(super) state_machine: Box<dyn StateMachine>,
    pub(super) transport: Box<dyn Transport>,
    pub(super) shared: Arc<Shared>,
    pub(super) commands: Receiver<Command>,
    /// Keeps the inbox open when the last handle is gone.
    pub(super) _sender: Sender<Command>,
    /// A command that came while the thread slept.
    pub(super) waiting: Option<Command>,
    /// Completions of effects, for the engine.
    pub(super) events: VecDeque<Event>,
    /// Batches that are ordered and not yet written: one write for many.
    pub(super) unwritten: Vec<u8>,
    /// End of the log once they are written.
    pub(super) unwritten_end: i64,
    pub(super) flush_wanted: bool,
    pub(super) receiving: Option<SnapshotReceiver>,
    pub(super) replies: BTreeMap<RequestId, PendingReply>,
    /// Who asked for an upgrade of `kraft.version`.
    pub(super) upgrades: BTreeMap<RequestId, UpgradeReply>,
    pub(super) next_request: RequestId,
    /// Whom the requests under way are for.
    pub(super) outstanding: BTreeMap<CorrelationId, i32>,
    /// Why peers could not be reached when last tried.
    pub(super) unreachable: BTreeMap<i32, String>,
    /// Exclusive end of what the state machine was shown. Invariant: at most the high watermark.
    pub(super) applied: i64,
    /// This node leads, and the state machine hears of it once it has applied this offset.
    pub(super) awaited_leadership: Option<(LeaderAndEpoch, i64)>,
    pub(super) next_cleaning_ms: u64,
    pub(super) voters_revision: u64,
    pub(super) failed: bool,
}

impl Debug for Driver {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Driver {
    /// Does one round: takes in what waits, writes and flushes it once, shows what is committed.
    ///
    /// # Errors
    /// [`DriverError`]: the driver's last word. Later rounds only repeat that it failed; proposals are
    /// refused, and what was proposed and not shown as committed may or may not survive.
    pub fn poll(&mut self, now: Now) -> Result<Poll, DriverError> {
        if self.failed {
            return Err(DriverError::Failed);
        }
        let round = self.round(now);
        if let Err(error) = &round {
            tracing::error!(%error, "the metadata log stops");
            self.failed = true;
            self.shared.queue.lock().stop();
        }
        round
    }

    fn round(&mut self, now: Now) -> Result<Poll, DriverError> {
        self.now = Now { monotonic_ms: now.monotonic_ms.max(self.now.monotonic_ms), ..now };
        let mut taken = 0;
        while taken < limits::COMMANDS_PER_ROUND
            && let Some(command) = self.waiting.take().or_else(|| self.commands.try_recv().ok())
        {
            self.take_command(command)?;
            taken += 1;
        }
        self.step(Event::Tick)?;
        self.settle()?;
        let is_behind = self.deliver()?;
        self.clean_when_due()?;
        self.publish();
        self.validate();
        Ok(Poll {
            next_deadline_ms: self.next_deadline_ms(),
            has_more: is_behind || taken == limits::COMMANDS_PER_ROUND,
            may_stop: self.engine.may_stop(),
        })
    }

    fn next_deadline_ms(&self) -> Option<u64> {
        let cleaning = Some(self.next_cleaning_ms);
        self.engine.next_deadline_ms().into_iter().chain(cleaning).min()
    }

    fn take_command(&mut self, command: Command) -> Result<(), DriverError> {
        match command {
            Command::Wake => Ok(()),
            Command::Request(request, reply) => self.take_request(request, reply),
            Command::Response(correlation_id, response) => self.take_response(correlation_id, response),
            Command::SnapshotFrozen(id) => {
                self.next_cleaning_ms = self.now.monotonic_ms;
                self.step(Event::SnapshotFrozen { id })
            }
            Command::UpgradeKRaftVersion(request, reply) => {
                let id = self.next_request;
                self.next_request += 1;
                self.upgrades.insert(id, reply);
                self.step(Event::Request { id, request: Request::UpgradeKRaftVersion(request) })
            }
            Command::Resign(epoch) => self.step(Event::Resign { epoch }),
            Command::Shutdown => self.step(Event::Shutdown),
        }
    }

    fn take_request(&mut self, request: InboundRequest, reply: Reply) -> Result<(), DriverError> {
        match read_request(request.body, &self.config.cluster_id) {
            Inbound::Refused(response) => {
                reply(response);
                Ok(())
            }
            Inbound::Request(body) => {
                let id = self.next_request;
                self.next_request += 1;
                let (api_version, listener) = (request.api_version, request.listener);
                self.replies.insert(id, PendingReply { api_version, listener, reply });
                self.step(Event::Request { id, request: body })
            }
        }
    }

    fn take_response(
        &mut self,
        correlation_id: CorrelationId,
        response: Result<ResponseBody, SendFailed>,
    ) -> Result<(), DriverError> {
        let Some(peer) = self.outstanding.remove(&correlation_id) else { return Ok(()) };
        let body = match response {
            Ok(body) => body,
            Err(failed) => {
                self.unreachable.insert(peer, failed.reason);
                return self.step(Event::SendFailed { correlation_id });
            }
        };
        self.unreachable.remove(&peer);
        match read_answer(&body, &self.config.engine.listener) {
            Ok(Answer::Response(response)) => self.step(Event::Response { correlation_id, response }),
            Ok(Answer::Refused(refusal)) => self.step(Event::Refused { correlation_id, refusal }),
            Err(error) => {
                tracing::warn!(peer, %error, "an answer of the quorum cannot be used");
                self.step(Event::SendFailed { correlation_id })
            }
        }
    }

    /// Lets the engine take a step, and whatever steps follow from its effects. Waiting proposals go
    /// first, under the lock that promised them their offsets.
    pub(super) fn step(&mut self, event: Event) -> Result<(), DriverError> {
        self.events.push_back(event);
        while let Some(event) = self.events.pop_front() {
            let now_ms = self.now.monotonic_ms;
            let mut effects = Vec::new();
            {
                let mut queue = self.shared.queue.lock();
                if let Some((epoch, batches)) = queue.take() {
                    self.engine.step(now_ms, Event::Propose { epoch, batches }, &mut effects);
                }
                self.engine.step(now_ms, event, &mut effects);
                queue.follow(&self.engine);
            }
            self.perform_all(effects)?;
        }
        Ok(())
    }

    /// Writes and flushes until nothing waits for the disk: one write and one flush for everything that
    /// was ordered so far.
    pub(super) fn settle(&mut self) -> Result<(), DriverError> {
        while let Some(event) = self.events.pop_front() {
            self.step(event)?;
        }
        while self.flush_wanted {
            self.write()?;
            self.flush_wanted = false;
            self.log.flush()?;
            self.step(Event::Flushed { end: self.log.log_end() })?;
        }
        self.write()
    }

    /// Lets handles see where the node stands.
    pub(super) fn publish(&mut self) {
        let status = self.engine.status();
        let info = QuorumInfo {
            node_id: self.config.engine.node_id,
            role: status.role,
            leader: status.leader,
            high_watermark: status.high_watermark,
            applied: self.applied,
            log_end: status.log_end,
            voters: status.voters,
            kraft_version: status.kraft_version,
            latest_snapshot: self.engine.log().latest_snapshot(),
            awaited_votes: status.awaited_votes,
            unreachable: self.unreachable.iter().map(|(id, reason)| (*id, reason.clone())).collect(),
        };
        if **self.shared.info.read() != info {
            *self.shared.info.write() = Arc::new(info);
        }
        if self.engine.voters().revision() != self.voters_revision {
            self.voters_revision = self.engine.voters().revision();
            *self.shared.voters.lock() = self.engine.voters().clone();
        }
    }

    /// Whether a handle asked for the end.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.engine.is_shutting_down()
    }

    /// Sleeps until a command comes or the time is over.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) {
        self.waiting = match timeout {
            Some(timeout) => self.commands.recv_timeout(timeout).ok(),
            None => self.commands.recv().ok(),
        };
    }

    /// Ends in order: the state machine hears of it, the log is closed clean.
    ///
    /// # Errors
    /// [`DriverError::Flush`].
    pub fn close(mut self) -> Result<(), DriverError> {
        self.shared.queue.lock().stop();
        self.state_machine.begin_shutdown();
        if self.failed {
            return Err(DriverError::Failed);
        }
        self.log.close()?;
        Ok(())
    }

    /// Checks `log_start ≤ snapshot_end ≤ applied ≤ high_watermark ≤ flushed ≤ log_end`.
    fn validate(&self) {
        self.engine.validate();
        let view = self.engine.log();
        assert_eq!(view.end(), self.log.log_end(), "the engine's log ends where the log does");
        assert!(view.flushed() <= self.log.recovery_point(), "flushed means durable");
        let snapshot_end = view.latest_snapshot().map_or(view.start(), |id| id.offset);
        assert!(view.start() <= snapshot_end);
        assert!(self.applied <= self.engine.high_watermark().unwrap_or(0).max(snapshot_end));
    }
}
