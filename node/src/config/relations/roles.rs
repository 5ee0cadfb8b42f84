//! Who this node is, and how it finds the quorum.

use super::super::{NodeConfig, Role};
use super::Findings;

const VOTERS: &str = "controller.quorum.voters";
const BOOTSTRAP: &str = "controller.quorum.bootstrap.servers";

pub(super) fn check(config: &NodeConfig, findings: &mut Findings) {
    check_node_id(config, findings);
    check_quorum_is_named(config, findings);
    check_voters(config, findings);
    check_log_directories(config, findings);
    check_not_half_done(config, findings);
}

/// Settings that would be dangerous to pass over: somebody relies on them.
fn check_not_half_done(config: &NodeConfig, findings: &mut Findings) {
    let values = &config.values;
    if values.text("authorizer.class.name").is_some_and(|class| !class.is_empty()) {
        let message = "this version has no authoriser yet and would allow everything to everybody: start it without this \
            setting, where only trusted clients reach it";
        findings.problems.push(values.problem("authorizer.class.name", message));
    }
    if !values.list("config.providers").is_empty() {
        let message = "this version does not replace ${…} in values yet: write the values themselves";
        findings.problems.push(values.problem("config.providers", message));
    }
}

fn check_node_id(config: &NodeConfig, findings: &mut Findings) {
    let values = &config.values;
    match (values.is_set("node.id"), values.is_set("broker.id")) {
        (true, true) if values.is_sound("node.id") && values.is_sound("broker.id") => {
            let (node, broker) = (values.integer("node.id"), values.integer("broker.id"));
            if node != broker {
                let message = format!(
                    "must equal node.id={node}, got {broker}; KRaft needs node.id alone: remove broker.id"
                );
                findings.problems.push(values.problem("broker.id", message));
            }
        }
        (false, true) => {
            let id = values.raw("broker.id").unwrap_or_default();
            let message = format!(
                "is for clusters with ZooKeeper; a KRaft node is named by node.id: write node.id={id}"
            );
            findings.problems.push(values.problem("broker.id", message));
        }
        (false, false) => {
            let message = "required, and not set: a whole number ≥ 0 that no other node of the cluster has";
            findings.problems.push(values.problem("node.id", message));
        }
        _ => {}
    }
}

fn check_quorum_is_named(config: &NodeConfig, findings: &mut Findings) {
    let values = &config.values;
    let sound = values.is_sound(VOTERS) && values.is_sound(BOOTSTRAP);
    if sound && config.quorum.voters.is_empty() && config.quorum.bootstrap_servers.is_empty() {
        let message = format!(
            "required, and not set: host:port of each controller, this one included (or {VOTERS}=id@host:port,… for a fixed set)"
        );
        findings.problems.push(values.problem(BOOTSTRAP, message));
    }
}

fn check_voters(config: &NodeConfig, findings: &mut Findings) {
    let values = &config.values;
    let voters = &config.quorum.voters;
    if voters.is_empty() || !values.is_sound(VOTERS) || !values.is_sound("node.id") {
        return;
    }
    let id = config.node_id;
    let ids = voters.iter().map(|voter| voter.id.to_string()).collect::<Vec<_>>().join(", ");
    let listed = voters.iter().any(|voter| voter.id == id);
    if config.has(Role::Controller) && !listed {
        let message = format!(
            "must contain this node, node.id={id}, because process.roles has controller; got voters {ids}"
        );
        findings.problems.push(values.problem(VOTERS, message));
    }
    if config.is_only(Role::Broker) && listed {
        let message = format!(
            "must not contain this node, node.id={id}, because process.roles is broker alone; got voters {ids}"
        );
        findings.problems.push(values.problem(VOTERS, message));
    }
    for voter in voters.iter().filter(|voter| voter.address.host == "0.0.0.0") {
        let message =
            format!("0.0.0.0 is no address that others can reach, got {}@{}", voter.id, voter.address);
        findings.problems.push(values.problem(VOTERS, message));
    }
    if config.is_only(Role::Broker) && values.is_sound("controller.quorum.auto.join.enable") {
        check_auto_join(config, findings);
    }
}

fn check_auto_join(config: &NodeConfig, findings: &mut Findings) {
    const KEY: &str = "controller.quorum.auto.join.enable";
    if config.values.flag(KEY) {
        let message = "only a node whose process.roles has controller can join the quorum, got true";
        findings.problems.push(config.values.problem(KEY, message));
    }
}

fn check_log_directories(config: &NodeConfig, findings: &mut Findings) {
    const CORDONED: &str = "cordoned.log.dirs";
    let values = &config.values;
    if !config.has(Role::Broker) {
        return;
    }
    let cordoned = values.list(CORDONED);
    if cordoned.iter().any(|entry| entry == "*") {
        if cordoned.len() > 1 {
            findings
                .problems
                .push(values.problem(CORDONED, "expected `*` alone or a list of directories, got both"));
        }
        return;
    }
    for directory in &cordoned {
        if !config.log_dirs.iter().any(|known| known.as_os_str() == directory.as_str()) {
            let message = format!("expected directories out of log.dirs, got {directory:?}");
            findings.problems.push(values.problem(CORDONED, message));
        }
    }
}
