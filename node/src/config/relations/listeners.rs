//! Rules between listeners, their maps, and the roles of a node.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::address::ListenerAddress;
use super::super::listeners::SecurityProtocol;
use super::super::{NodeConfig, Role};
use super::Findings;

const LISTENERS: &str = "listeners";
const ADVERTISED: &str = "advertised.listeners";
const CONTROLLER_NAMES: &str = "controller.listener.names";
const INTER_BROKER: &str = "inter.broker.listener.name";
const INTER_BROKER_PROTOCOL: &str = "security.inter.broker.protocol";
const MAP: &str = "listener.security.protocol.map";

pub(super) fn check(config: &NodeConfig, findings: &mut Findings) {
    for key in [LISTENERS, ADVERTISED] {
        check_names_differ(config, key, findings);
    }
    check_ports_differ(config, findings);
    check_mapped(config, findings);
    check_served(config, findings);
    check_controller_names(config, findings);
    if config.has(Role::Broker) {
        check_inter_broker(config, findings);
        check_advertised(config, findings);
    }
    check_routable(config, findings);
    check_early_start(config, findings);
}

fn addresses<'a>(config: &'a NodeConfig, key: &str) -> &'a [ListenerAddress] {
    match key {
        LISTENERS => &config.listeners.bound,
        _ => config.listeners.advertised.as_deref().unwrap_or_default(),
    }
}

fn check_names_differ(config: &NodeConfig, key: &str, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for listener in addresses(config, key) {
        if !seen.insert(&listener.name) {
            let message = format!("each listener needs a name of its own, got {} twice", listener.name);
            findings.problems.push(config.values.problem(key, message));
        }
    }
}

/// Two listeners share a port only when one has an IPv4 address and the other an IPv6 address.
fn check_ports_differ(config: &NodeConfig, findings: &mut Findings) {
    let mut by_port: BTreeMap<u16, Vec<&ListenerAddress>> = BTreeMap::new();
    for listener in config.listeners.bound.iter().filter(|listener| listener.port != 0) {
        by_port.entry(listener.port).or_default().push(listener);
    }
    for (port, sharing) in by_port.into_iter().filter(|(_, sharing)| sharing.len() > 1) {
        if !is_v4_and_v6(&sharing) {
            let names =
                sharing.iter().map(|listener| listener.name.as_str()).collect::<Vec<_>>().join(" and ");
            let message = format!(
                "each listener needs a port of its own (or one an IPv4 and the other an IPv6 address), got {port} for {names}"
            );
            findings.problems.push(config.values.problem(LISTENERS, message));
        }
    }
}

fn is_v4_and_v6(pair: &[&ListenerAddress]) -> bool {
    let literal = |listener: &&ListenerAddress| listener.host.as_deref()?.parse::<IpAddr>().ok();
    let literals: Vec<IpAddr> = pair.iter().filter_map(literal).collect();
    literals.len() == 2 && pair.len() == 2 && literals[0].is_ipv4() != literals[1].is_ipv4()
}

/// Names in use, each with the key that brings it up.
fn names_in_use(config: &NodeConfig) -> Vec<(&str, &'static str)> {
    let mut names: Vec<(&str, &'static str)> = Vec::new();
    let bound = config.listeners.bound.iter().map(|listener| (listener.name.as_str(), LISTENERS));
    let told = addresses(config, ADVERTISED).iter().map(|listener| (listener.name.as_str(), ADVERTISED));
    let controllers = config.listeners.controller_names.iter().map(|name| (name.as_str(), CONTROLLER_NAMES));
    for (name, key) in bound.chain(told).chain(controllers) {
        if !names.iter().any(|(known, _)| *known == name) {
            names.push((name, key));
        }
    }
    names
}

/// Without `controller.listener.names`, which is a problem of its own, nobody knows which names need no entry.
fn check_mapped(config: &NodeConfig, findings: &mut Findings) {
    if !config.values.is_set(CONTROLLER_NAMES) {
        return;
    }
    let protocols = &config.listeners.protocols;
    for (name, key) in names_in_use(config) {
        if protocols.contains_key(name) {
            continue;
        }
        let known = protocols
            .iter()
            .map(|(name, protocol)| format!("{name}:{protocol}"))
            .collect::<Vec<_>>()
            .join(",");
        let proposal = match config.values.raw(MAP) {
            Some(map) => format!("{},{name}:PLAINTEXT", map.trim()),
            None => format!("{known},{name}:PLAINTEXT"),
        };
        let message = format!(
            "listener {name} has no security protocol: {MAP} maps {known}; add it with {MAP}={proposal}"
        );
        findings.problems.push(config.values.problem(key, message));
    }
}

fn check_served(config: &NodeConfig, findings: &mut Findings) {
    for (name, key) in names_in_use(config) {
        let Some(&protocol) = config.listeners.protocols.get(name) else { continue };
        if protocol != SecurityProtocol::Plaintext {
            let message = format!(
                "listener {name} uses {protocol}, which this version does not serve yet: it speaks PLAINTEXT only, so keep it inside a trusted network or end TLS in front of it"
            );
            findings.problems.push(config.values.problem(key, message));
        }
    }
}

fn check_controller_names(config: &NodeConfig, findings: &mut Findings) {
    if !config.values.is_set(CONTROLLER_NAMES) || !config.values.is_sound(CONTROLLER_NAMES) {
        return;
    }
    let bound = config.listeners.bound_names();
    let mut complain =
        |key: &str, message: String| findings.problems.push(config.values.problem(key, message));
    if config.has(Role::Controller) {
        for name in config.listeners.controller_names.iter().filter(|name| !bound.contains(&name.as_str())) {
            let message = format!(
                "expected names out of listeners ({}) because process.roles has controller, got {name:?}",
                bound.join(", ")
            );
            complain(CONTROLLER_NAMES, message);
        }
    }
    if config.is_only(Role::Broker) {
        for listener in config.listeners.controller() {
            let message = format!(
                "must not contain the controllers' listener {} because process.roles is broker alone",
                listener.name
            );
            complain(LISTENERS, message);
        }
    }
    if config.is_only(Role::Controller) {
        for listener in config.listeners.broker() {
            let message = format!(
                "expected only names out of {CONTROLLER_NAMES} because process.roles is controller alone, got {:?}",
                listener.name
            );
            complain(LISTENERS, message);
        }
        if config.values.is_set(INTER_BROKER)
            && config.listeners.controller_names.contains(&config.listeners.inter_broker_name)
        {
            let message = format!(
                "must not be one of {CONTROLLER_NAMES}, got {:?}",
                config.listeners.inter_broker_name
            );
            complain(INTER_BROKER, message);
        }
    }
}

fn check_inter_broker(config: &NodeConfig, findings: &mut Findings) {
    let values = &config.values;
    let name = &config.listeners.inter_broker_name;
    if values.is_set(INTER_BROKER) && values.is_set(INTER_BROKER_PROTOCOL) {
        let message = format!("set this or {INTER_BROKER_PROTOCOL}, not both");
        findings.problems.push(values.problem(INTER_BROKER, message));
        return;
    }
    let told: Vec<&str> =
        config.listeners.advertised_broker().map(|listener| listener.name.as_str()).collect();
    if !told.is_empty() && !told.contains(&name.as_str()) {
        let message =
            format!("expected a listener that brokers advertise ({}), got {name:?}", told.join(", "));
        findings.problems.push(values.problem(INTER_BROKER, message));
    }
}

fn check_advertised(config: &NodeConfig, findings: &mut Findings) {
    let bound = config.listeners.bound_names();
    let told: Vec<&ListenerAddress> = config.listeners.advertised_broker().collect();
    let key = if config.listeners.advertised.is_some() { ADVERTISED } else { LISTENERS };
    if told.is_empty() && config.values.is_sound(key) && !bound.is_empty() {
        let message = format!("a broker needs a listener for clients besides those of {CONTROLLER_NAMES}");
        findings.problems.push(config.values.problem(key, message));
    }
    if key == LISTENERS {
        return;
    }
    for listener in told.iter().filter(|listener| !bound.contains(&listener.name.as_str())) {
        let message =
            format!("expected names out of listeners ({}), got {:?}", bound.join(", "), listener.name);
        findings.problems.push(config.values.problem(ADVERTISED, message));
    }
}

fn check_routable(config: &NodeConfig, findings: &mut Findings) {
    let controllers =
        addresses(config, ADVERTISED).iter().filter(|listener| config.listeners.is_controller(listener));
    let brokers = config.listeners.advertised_broker().filter(|_| config.has(Role::Broker));
    for listener in brokers.chain(controllers).filter(|listener| listener.is_wildcard_v4()) {
        let message = format!(
            "0.0.0.0 is no address that clients can reach: set {ADVERTISED}={}://<the name clients use>:{}",
            listener.name, listener.port
        );
        let key = if config.listeners.advertised.is_some() { ADVERTISED } else { LISTENERS };
        findings.problems.push(config.values.problem(key, message));
    }
}

fn check_early_start(config: &NodeConfig, findings: &mut Findings) {
    const KEY: &str = "early.start.listeners";
    let known: Vec<&str> = names_in_use(config).into_iter().map(|(name, _)| name).collect();
    for name in config.values.list(KEY).iter().filter(|name| !name.is_empty()) {
        if !known.contains(&name.to_uppercase().as_str()) {
            let message = format!("expected names out of listeners ({}), got {name:?}", known.join(", "));
            findings.problems.push(config.values.problem(KEY, message));
        }
    }
}
