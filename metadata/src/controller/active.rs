//! The controller: it plans what is asked and what time asks for, and remembers what is not in the records.

use std::collections::{BTreeSet, VecDeque};

use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::metadata_records::no_op_record::NoOpRecord;

use super::api::{ControllerContext, ControllerRequest, ControllerResponse};
use super::config::ControllerConfig;
use super::dice::Dice;
use super::error::ApiError;
use super::heartbeats::Heartbeats;
use super::plan::{Planned, Planning, View};
use super::state::ControllerState;
use super::sweep::Sweep;
use super::timers::{Due, Timers};
use super::{
    activation, alter_partition, configs, create_partitions, create_topics, delete_topics, directories,
    elect_leaders, features, lifecycle, producer_ids, reassignments, registration,
};
use crate::delta::MetadataDelta;
use crate::record::Record;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Append these records as one batch, and answer once they are committed.
    Plan(Planned<ControllerResponse>),
    /// Append these records; then ask again when no sweeps are left.
    AfterSweep(Vec<Record>),
}

/// An active controller. It is pure: the state, the time and the next offset are given to it, and what it wants
/// written is given back.
///
/// Hard state changes by [`ControllerState::replay`] only. What is in here is lost with the controller and can be.
#[derive(Debug)]
pub struct Controller {
    config: ControllerConfig,
    dice: Dice,
    heartbeats: Heartbeats,
    timers: Timers,
    /// Partitions still to be gone through, the oldest reason first.
    sweeps: VecDeque<Sweep>,
    /// Incarnations of brokers, by id and epoch, whose partitions have been gone through since they left.
    swept: BTreeSet<(i32, i64)>,
}

impl Controller {
    /// A controller that becomes active on `state`, and the records it begins with. `in_transaction` says that the
    /// log ends within a metadata transaction.
    pub fn activate(
        config: ControllerConfig,
        dice: Dice,
        state: &ControllerState,
        in_transaction: bool,
        now_ms: u64,
    ) -> (Self, Vec<Record>) {
        let records = activation::plan(&config, state.image(), in_transaction);
        let session_timeout_ms = config.integer("broker.session.timeout.ms") as u64;
        let heartbeats = Heartbeats::begin(session_timeout_ms, state.image(), now_ms);
        let timers = Timers::new(&config, now_ms);
        let mut controller =
            Self { config, dice, heartbeats, timers, sweeps: VecDeque::new(), swept: BTreeSet::new() };
        controller.sweeps.extend(lifecycle::unfinished_sweeps(controller.view(state)));
        (controller, records)
    }

    /// Gives the dice back, so that a later activation doesn't throw the same ids.
    pub fn into_dice(self) -> Dice {
        self.dice
    }

    fn view<'a>(&'a self, state: &'a ControllerState) -> View<'a> {
        View { state, config: &self.config }
    }

    /// Notes that a broker was heard of. Called as its heartbeat arrives, so that a long queue fences nobody.
    pub fn contact(&mut self, heartbeat: &BrokerHeartbeatRequest<'_>, now_ms: u64) {
        self.heartbeats.contact(heartbeat.broker_id, heartbeat.broker_epoch, now_ms);
    }

    /// Plans a request on `state`, which includes everything that was appended before. The first record would get
    /// the offset `next_offset`.
    ///
    /// # Errors
    /// The request as a whole is refused.
    pub fn plan(
        &mut self,
        state: &ControllerState,
        next_offset: i64,
        context: &ControllerContext,
        request: &ControllerRequest,
        now_ms: u64,
    ) -> Result<Outcome, ApiError> {
        match request {
            ControllerRequest::BrokerRegistration(_)
            | ControllerRequest::UnregisterBroker(_)
            | ControllerRequest::BrokerHeartbeat(_) => {
                self.plan_broker(state, next_offset, context, request, now_ms)
            }
            _ => self.plan_other(state, context, request, now_ms).map(Outcome::Plan),
        }
    }

    /// Requests that concern a broker's place in the cluster: they look at soft state, or begin sweeps.
    fn plan_broker(
        &mut self,
        state: &ControllerState,
        next_offset: i64,
        context: &ControllerContext,
        request: &ControllerRequest,
        now_ms: u64,
    ) -> Result<Outcome, ApiError> {
        let Self { config, dice, heartbeats, swept, .. } = self;
        let p = Planning { state, config, context, dice, now_ms };
        let is_swept =
            |id: i32| p.view().broker(id).is_some_and(|broker| swept.contains(&(id, broker.epoch)));
        let after_sweep = match request {
            ControllerRequest::BrokerRegistration(request) => {
                let swept = is_swept(request.broker_id);
                let plan = registration::plan_broker(&p, heartbeats, next_offset, swept, request)?;
                plan.map(|planned| planned.map(Into::into)).map_err(|sweep| (request.broker_id, sweep))
            }
            ControllerRequest::UnregisterBroker(request) => {
                let plan =
                    lifecycle::plan_unregister(p.view(), request.broker_id, is_swept(request.broker_id))?;
                plan.map(|planned| planned.map(Into::into)).map_err(|sweep| (request.broker_id, sweep))
            }
            ControllerRequest::BrokerHeartbeat(request) => {
                let (planned, sweep) = lifecycle::plan_heartbeat(&p, heartbeats, request)?;
                heartbeats.touch(request.broker_id, request.current_metadata_offset);
                self.sweeps.extend(sweep);
                Ok(planned.map(Into::into))
            }
            _ => unreachable!("the caller sorts requests"),
        };
        match after_sweep {
            Ok(planned) => Ok(Outcome::Plan(planned)),
            Err((id, sweep)) => {
                let records = lifecycle::fence_before_sweep(p.view(), id);
                self.sweeps.push_back(sweep);
                Ok(Outcome::AfterSweep(records))
            }
        }
    }

    fn plan_other(
        &mut self,
        state: &ControllerState,
        context: &ControllerContext,
        request: &ControllerRequest,
        now_ms: u64,
    ) -> Result<Planned<ControllerResponse>, ApiError> {
        let mut p = Planning { state, config: &self.config, context, dice: &mut self.dice, now_ms };
        Ok(match request {
            ControllerRequest::CreateTopics(r) => create_topics::plan(&mut p, r)?.map(Into::into),
            ControllerRequest::DeleteTopics(r) => delete_topics::plan(&p, r)?.map(Into::into),
            ControllerRequest::CreatePartitions(r) => create_partitions::plan(&mut p, r)?.map(Into::into),
            ControllerRequest::IncrementalAlterConfigs(r) => {
                configs::plan_incremental(&p, r)?.map(Into::into)
            }
            ControllerRequest::AlterConfigs(r) => configs::plan_legacy(&p, r)?.map(Into::into),
            ControllerRequest::AllocateProducerIds(r) => producer_ids::plan(&p, r)?.map(Into::into),
            ControllerRequest::AlterPartition(r) => alter_partition::plan(&p, r)?.map(Into::into),
            ControllerRequest::ElectLeaders(r) => elect_leaders::plan(&p, r)?.map(Into::into),
            ControllerRequest::ListPartitionReassignments(r) => reassignments::plan(&p, r)?.map(Into::into),
            ControllerRequest::UpdateFeatures(r) => features::plan(&p, r)?.map(Into::into),
            ControllerRequest::ControllerRegistration(r) => {
                registration::plan_controller(&p, r)?.map(Into::into)
            }
            ControllerRequest::AssignReplicasToDirs(r) => directories::plan_assign(&p, r)?.map(Into::into),
            ControllerRequest::BrokerRegistration(_)
            | ControllerRequest::UnregisterBroker(_)
            | ControllerRequest::BrokerHeartbeat(_) => unreachable!("planned as concerning a broker"),
        })
    }

    /// Follows what was appended: soft state is kept in step with registrations.
    pub fn replayed(&mut self, delta: &MetadataDelta, now_ms: u64) {
        self.heartbeats.replay(delta);
        self.timers.wrote(now_ms);
        for id in delta.cluster().changed_brokers() {
            let fenced = delta.after().cluster().broker(*id).filter(|broker| broker.fenced);
            let epoch = fenced.map(|broker| broker.epoch);
            self.swept.retain(|(swept, swept_epoch)| swept != id || Some(*swept_epoch) == epoch);
        }
    }

    /// Notes how far the log reached when a request had been planned, and appended if there was anything to append.
    /// A broker may end its controlled shutdown once all others have come that far.
    pub fn appended(&mut self, state: &ControllerState, request: &ControllerRequest, last_offset: i64) {
        if let ControllerRequest::BrokerHeartbeat(request) = request
            && lifecycle::is_shutting_down(self.view(state), request.broker_id)
        {
            self.heartbeats.begin_controlled_shutdown(request.broker_id, last_offset);
        }
    }

    /// Whether partitions are still to be gone through.
    pub fn has_sweeps(&self) -> bool {
        !self.sweeps.is_empty()
    }

    /// The next step of the oldest sweep: records to append before the next step is asked for. May be empty.
    pub fn sweep(&mut self, state: &ControllerState) -> Vec<Record> {
        let Some(mut sweep) = self.sweeps.pop_front() else { return Vec::new() };
        let view = View { state, config: &self.config };
        if !sweep.is_current(view) {
            return Vec::new();
        }
        let step = sweep.step(view);
        if step.is_last {
            let broker = sweep.reason.broker();
            self.swept.extend(view.broker(broker).filter(|b| b.fenced).map(|b| (broker, b.epoch)));
        } else {
            self.sweeps.push_front(sweep);
        }
        step.records
    }

    /// Records that time asks for, one reason at a time; ask again until there are none.
    pub fn tick(&mut self, state: &ControllerState, now_ms: u64) -> Vec<Record> {
        while let Some(due) = self.timers.due(now_ms) {
            let (records, is_more) = self.plan_due(state, due, now_ms);
            self.timers.done(due, is_more, now_ms);
            if !records.is_empty() {
                return records;
            }
        }
        Vec::new()
    }

    fn plan_due(&mut self, state: &ControllerState, due: Due, now_ms: u64) -> (Vec<Record>, bool) {
        let view = View { state, config: &self.config };
        match due {
            Due::FenceStale => {
                let Some((id, epoch)) = self.heartbeats.take_expired(now_ms) else {
                    return (Vec::new(), false);
                };
                let (records, sweep) = lifecycle::fence_expired(view, id, epoch);
                self.sweeps.extend(sweep);
                (records, true)
            }
            Due::BalanceLeaders => elect_leaders::balance_leaders(view),
            Due::ElectUnclean => elect_leaders::elect_unclean_leaders(view),
            Due::NoOp => (vec![Record::v0(NoOpRecord {})], false),
        }
    }

    /// When [`Self::tick`] has something to do next.
    pub fn next_tick_ms(&self) -> u64 {
        self.timers.next_ms()
    }
}
