//! What a controller does by itself, and when.

use super::config::ControllerConfig;

/// Something that time asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Fence brokers that were not heard of.
    FenceStale,
    /// Move leaders back to preferred replicas.
    BalanceLeaders,
    /// Elect leaders uncleanly for topics that allow it.
    ElectUnclean,
    /// Write a record that says nothing, so that readers see the controller alive and their lag is measured.
    NoOp,
}

const ALL: [Due; 4] = [Due::FenceStale, Due::BalanceLeaders, Due::ElectUnclean, Due::NoOp];

/// One task's interval and its next time. `None` never comes.
#[derive(Debug, Clone, Copy)]
struct Timer {
    interval_ms: Option<u64>,
    next_ms: u64,
}

/// The timers of an active controller.
#[derive(Debug, Clone)]
pub(crate) struct Timers {
    timers: [Timer; ALL.len()],
}

impl Timers {
    pub(crate) fn new(config: &ControllerConfig, now_ms: u64) -> Self {
        let timers = ALL.map(|due| {
            let interval_ms = interval_ms(config, due);
            Timer { interval_ms, next_ms: now_ms + interval_ms.unwrap_or_default() }
        });
        Self { timers }
    }

    /// Something that is due.
    pub(crate) fn due(&self, now_ms: u64) -> Option<Due> {
        let is_due = |timer: &Timer| timer.interval_ms.is_some() && timer.next_ms <= now_ms;
        ALL.into_iter().zip(&self.timers).find(|(_, timer)| is_due(timer)).map(|(due, _)| due)
    }

    /// Sets the next time: at once if there is more to do.
    pub(crate) fn done(&mut self, due: Due, is_more: bool, now_ms: u64) {
        let timer = &mut self.timers[due as usize];
        if !is_more {
            timer.next_ms = now_ms + timer.interval_ms.unwrap_or_default();
        }
    }

    /// Something was written: no need to say nothing for a while.
    pub(crate) fn wrote(&mut self, now_ms: u64) {
        self.done(Due::NoOp, false, now_ms);
    }

    pub(crate) fn next_ms(&self) -> u64 {
        let set = self.timers.iter().filter(|timer| timer.interval_ms.is_some());
        set.map(|timer| timer.next_ms).min().unwrap_or(u64::MAX)
    }
}

fn interval_ms(config: &ControllerConfig, due: Due) -> Option<u64> {
    let interval = match due {
        Due::FenceStale => config.integer("broker.session.timeout.ms") / 8,
        Due::BalanceLeaders if !config.flag("auto.leader.rebalance.enable") => 0,
        Due::BalanceLeaders => config.integer("leader.imbalance.check.interval.seconds") * 1000,
        Due::ElectUnclean => config.integer("unclean.leader.election.interval.ms"),
        Due::NoOp => config.integer("metadata.max.idle.interval.ms"),
    };
    u64::try_from(interval).ok().filter(|interval| *interval > 0)
}
