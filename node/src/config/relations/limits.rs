//! Numbers that must lie on one side of another.

use super::super::values::Values;
use super::super::{HostPort, NodeConfig, Role};
use super::Findings;

/// How the left number must lie to the right one.
#[derive(Clone, Copy)]
enum Order {
    Below,
    AtMost,
}

/// `left order right`, and why where it isn't plain.
struct Rule(&'static str, Order, &'static str, &'static str);

use Order::{AtMost, Below};

const RULES: &[Rule] = &[
    Rule(
        "replica.fetch.wait.max.ms",
        AtMost,
        "replica.socket.timeout.ms",
        ", or fetches that wait would time out",
    ),
    Rule(
        "replica.fetch.wait.max.ms",
        AtMost,
        "replica.lag.time.max.ms",
        ", or the ISR would shrink and grow all the time",
    ),
    Rule("group.consumer.min.heartbeat.interval.ms", AtMost, "group.consumer.max.heartbeat.interval.ms", ""),
    Rule("group.consumer.min.heartbeat.interval.ms", AtMost, "group.consumer.heartbeat.interval.ms", ""),
    Rule("group.consumer.heartbeat.interval.ms", AtMost, "group.consumer.max.heartbeat.interval.ms", ""),
    Rule("group.consumer.min.session.timeout.ms", AtMost, "group.consumer.max.session.timeout.ms", ""),
    Rule("group.consumer.min.session.timeout.ms", AtMost, "group.consumer.session.timeout.ms", ""),
    Rule("group.consumer.session.timeout.ms", AtMost, "group.consumer.max.session.timeout.ms", ""),
    Rule("group.consumer.heartbeat.interval.ms", Below, "group.consumer.session.timeout.ms", ""),
    Rule(
        "group.consumer.min.assignment.interval.ms",
        AtMost,
        "group.consumer.max.assignment.interval.ms",
        "",
    ),
    Rule("group.consumer.min.assignment.interval.ms", AtMost, "group.consumer.assignment.interval.ms", ""),
    Rule("group.consumer.assignment.interval.ms", AtMost, "group.consumer.max.assignment.interval.ms", ""),
    Rule("group.share.min.heartbeat.interval.ms", AtMost, "group.share.max.heartbeat.interval.ms", ""),
    Rule("group.share.min.heartbeat.interval.ms", AtMost, "group.share.heartbeat.interval.ms", ""),
    Rule("group.share.heartbeat.interval.ms", AtMost, "group.share.max.heartbeat.interval.ms", ""),
    Rule("group.share.min.session.timeout.ms", AtMost, "group.share.max.session.timeout.ms", ""),
    Rule("group.share.min.session.timeout.ms", AtMost, "group.share.session.timeout.ms", ""),
    Rule("group.share.session.timeout.ms", AtMost, "group.share.max.session.timeout.ms", ""),
    Rule("group.share.heartbeat.interval.ms", Below, "group.share.session.timeout.ms", ""),
    Rule("group.share.min.assignment.interval.ms", AtMost, "group.share.max.assignment.interval.ms", ""),
    Rule("group.share.min.assignment.interval.ms", AtMost, "group.share.assignment.interval.ms", ""),
    Rule("group.share.assignment.interval.ms", AtMost, "group.share.max.assignment.interval.ms", ""),
    Rule("group.share.delivery.count.limit", AtMost, "group.share.max.delivery.count.limit", ""),
    Rule("group.share.min.delivery.count.limit", AtMost, "group.share.delivery.count.limit", ""),
    Rule("group.share.partition.max.record.locks", AtMost, "group.share.max.partition.max.record.locks", ""),
    Rule("group.share.min.partition.max.record.locks", AtMost, "group.share.partition.max.record.locks", ""),
    Rule("group.share.min.record.lock.duration.ms", AtMost, "group.share.record.lock.duration.ms", ""),
    Rule("group.share.record.lock.duration.ms", AtMost, "group.share.max.record.lock.duration.ms", ""),
    Rule("group.share.max.size", AtMost, "group.share.max.share.sessions", ""),
    Rule("group.streams.min.heartbeat.interval.ms", AtMost, "group.streams.max.heartbeat.interval.ms", ""),
    Rule("group.streams.min.heartbeat.interval.ms", AtMost, "group.streams.heartbeat.interval.ms", ""),
    Rule("group.streams.heartbeat.interval.ms", AtMost, "group.streams.max.heartbeat.interval.ms", ""),
    Rule("group.streams.min.session.timeout.ms", AtMost, "group.streams.max.session.timeout.ms", ""),
    Rule("group.streams.min.session.timeout.ms", AtMost, "group.streams.session.timeout.ms", ""),
    Rule("group.streams.session.timeout.ms", AtMost, "group.streams.max.session.timeout.ms", ""),
    Rule("group.streams.heartbeat.interval.ms", Below, "group.streams.session.timeout.ms", ""),
    Rule("group.streams.min.assignment.interval.ms", AtMost, "group.streams.max.assignment.interval.ms", ""),
    Rule("group.streams.min.assignment.interval.ms", AtMost, "group.streams.assignment.interval.ms", ""),
    Rule("group.streams.assignment.interval.ms", AtMost, "group.streams.max.assignment.interval.ms", ""),
    Rule("group.streams.num.standby.replicas", AtMost, "group.streams.max.standby.replicas", ""),
];

pub(super) fn check(config: &NodeConfig, findings: &mut Findings) {
    for rule in RULES {
        check_rule(&config.values, rule, findings);
    }
    check_retention(&config.values, findings);
    check_heartbeat(&config.values, findings);
    check_queued_bytes(&config.values, findings);
    check_connections_per_ip(&config.values, findings);
    check_idle_time(&config.values, findings);
    check_cleaner_buffer(&config.values, findings);
    check_rebalance_protocols(config, findings);
}

fn check_rule(values: &Values, &Rule(left, order, right, why): &Rule, findings: &mut Findings) {
    if !values.is_sound(left) || !values.is_sound(right) {
        return;
    }
    let (low, high) = (values.integer(left), values.integer(right));
    let (kept, sign) = match order {
        AtMost => (low <= high, "≤"),
        Below => (low < high, "<"),
    };
    if !kept {
        // The line to look at is the one that was written; the other is Kafka's default.
        let (key, got) =
            if values.is_set(left) || !values.is_set(right) { (left, low) } else { (right, high) };
        let message = format!("{left} ({low}) must be {sign} {right} ({high}){why}; got {got}");
        findings.problems.push(values.problem(key, message));
    }
}

fn check_retention(values: &Values, findings: &mut Findings) {
    let keys = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
    let Some(key) = keys.into_iter().find(|key| values.is_set(key)) else { return };
    if values.is_sound(key) && values.integer_or_none(key) == Some(0) {
        findings
            .problems
            .push(values.problem(key, "expected a whole number ≥ 1, or -1 for no limit, got \"0\""));
    }
}

/// Kafka only logs this one, because the two settings belong to different roles.
fn check_heartbeat(values: &Values, findings: &mut Findings) {
    let interval = values.integer("broker.heartbeat.interval.ms");
    let session = values.integer("broker.session.timeout.ms");
    if interval * 2 > session {
        let message = format!(
            "{interval} is more than half of broker.session.timeout.ms ({session}): one lost heartbeat fences the broker"
        );
        findings.notes.push(values.problem("broker.heartbeat.interval.ms", message));
    }
}

fn check_queued_bytes(values: &Values, findings: &mut Findings) {
    let (queued, request) =
        (values.integer("queued.max.request.bytes"), values.integer("socket.request.max.bytes"));
    if queued > 0 && queued < request {
        let message = format!("must be at least socket.request.max.bytes ({request}), or -1, got {queued}");
        findings.problems.push(values.problem("queued.max.request.bytes", message));
    }
}

fn check_connections_per_ip(values: &Values, findings: &mut Findings) {
    const OVERRIDES: &str = "max.connections.per.ip.overrides";
    let overrides = values.text(OVERRIDES).unwrap_or_default();
    let entries: Vec<&str> = overrides.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    for entry in &entries {
        let count = HostPort::parse(entry).is_ok()
            || entry
                .rsplit_once(':')
                .is_some_and(|(host, count)| !host.is_empty() && count.parse::<i32>().is_ok());
        if !count {
            let message = format!("expected host:count, …, got {entry:?}");
            findings.problems.push(values.problem(OVERRIDES, message));
        }
    }
    if entries.is_empty() && values.integer("max.connections.per.ip") == 0 {
        let message = format!("0 refuses every client unless {OVERRIDES} names some");
        findings.problems.push(values.problem("max.connections.per.ip", message));
    }
}

fn check_idle_time(values: &Values, findings: &mut Findings) {
    const KEY: &str = "connection.failed.authentication.delay.ms";
    let (delay, idle) = (values.integer(KEY), values.integer("connections.max.idle.ms"));
    if idle >= 0 && delay >= idle {
        let message = format!("must be < connections.max.idle.ms ({idle}), got {delay}");
        findings.problems.push(values.problem(KEY, message));
    }
}

fn check_cleaner_buffer(values: &Values, findings: &mut Findings) {
    const KEY: &str = "log.cleaner.dedupe.buffer.size";
    let (buffer, threads) = (values.integer(KEY), values.integer("log.cleaner.threads").max(1));
    if values.is_sound(KEY) && buffer / threads <= 1 << 20 {
        let message =
            format!("must be more than 1048576 for each of {threads} log.cleaner.threads, got {buffer}");
        findings.problems.push(values.problem(KEY, message));
    }
}

fn check_rebalance_protocols(config: &NodeConfig, findings: &mut Findings) {
    const KEY: &str = "group.coordinator.rebalance.protocols";
    let named = config.values.list(KEY);
    if config.has(Role::Broker) && config.values.is_sound(KEY) && !named.iter().any(|name| name == "classic")
    {
        let message = format!("must contain classic, got {:?}", named.join(","));
        findings.problems.push(config.values.problem(KEY, message));
    }
}
