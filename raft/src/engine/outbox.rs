//! The order in which effects leave the engine, and the one barrier in it.

use std::collections::VecDeque;

use super::effect::Effect;
use super::types::ElectionState;

/// Effects wait here for the quorum state that they rest on.
///
/// Effects leave in the order in which they were pushed. Behind a `PersistQuorumState` nothing
/// leaves until the executor reports it durable, so a vote, an append or a request of an epoch
/// cannot overtake the file that remembers the epoch.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Effect>,
    persisting: bool,
    last: Option<(ElectionState, i16)>,
}

impl Outbox {
    /// An outbox of a node that remembers `state`.
    pub(crate) fn new(state: Option<ElectionState>, kraft_version: i16) -> Self {
        Self { last: state.map(|state| (state, kraft_version)), ..Self::default() }
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.waiting.push_back(effect);
    }

    /// Queues the quorum state unless it is what was queued last. One that nothing rests on yet gives
    /// way to its successor, so that a quorum of one writes its file once on the way to leadership.
    pub(crate) fn persist(&mut self, state: ElectionState, kraft_version: i16) {
        if let Some((last, _)) = self.last {
            assert!(state.epoch >= last.epoch, "an epoch is never forgotten");
        }
        if self.last != Some((state, kraft_version)) {
            self.last = Some((state, kraft_version));
            if let Some(Effect::PersistQuorumState { .. }) = self.waiting.back() {
                self.waiting.pop_back();
            }
            self.push(Effect::PersistQuorumState { state, kraft_version });
        }
    }

    /// The executor reports the state that left last as durable.
    pub(crate) fn persisted(&mut self) {
        assert!(self.persisting, "the executor persisted a quorum state that was not asked for");
        self.persisting = false;
    }

    /// Moves out whatever may leave.
    pub(crate) fn release(&mut self, out: &mut Vec<Effect>) {
        while !self.persisting {
            let Some(effect) = self.waiting.pop_front() else { return };
            self.persisting = matches!(effect, Effect::PersistQuorumState { .. });
            out.push(effect);
        }
    }
}
