//! Listeners: what a node binds, what it tells others, and which of them are whose.

use std::collections::BTreeMap;
use std::fmt;

use super::address::ListenerAddress;
use super::problem::Problem;
use super::values::Values;

/// How the bytes on a listener are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Not at all.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL authentication without encryption.
    SaslPlaintext,
    /// SASL authentication inside TLS.
    SaslSsl,
}

impl SecurityProtocol {
    const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl];

    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// The code in registrations of brokers and controllers.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The protocol of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(name.trim()))
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The listeners of a node, as its file describes them.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// `listeners`: what is bound.
    pub bound: Vec<ListenerAddress>,
    /// `advertised.listeners`, where it is set.
    pub advertised: Option<Vec<ListenerAddress>>,
    /// `controller.listener.names`, in capitals.
    pub controller_names: Vec<String>,
    /// Name of the listener that brokers use among themselves.
    pub inter_broker_name: String,
    /// `listener.security.protocol.map`, with what Kafka adds when the file doesn't set it.
    pub protocols: BTreeMap<String, SecurityProtocol>,
}

impl Listeners {
    /// Reads all that concerns listeners; every entry that can't be read becomes a problem.
    pub(crate) fn read(values: &Values, problems: &mut Vec<Problem>) -> Self {
        let bound = read_addresses(values, "listeners", problems);
        let advertised = values
            .is_set("advertised.listeners")
            .then(|| read_addresses(values, "advertised.listeners", problems));
        let controller_names = upper(values.list("controller.listener.names"));
        let protocols = read_protocols(values, &bound, &controller_names, problems);
        let inter_broker_name = match values.text("inter.broker.listener.name") {
            Some(name) => name.to_uppercase(),
            None => values.text("security.inter.broker.protocol").unwrap_or_default().to_uppercase(),
        };
        Self { bound, advertised, controller_names, inter_broker_name, protocols }
    }

    /// Whether the listener is one of the controllers'.
    pub fn is_controller(&self, listener: &ListenerAddress) -> bool {
        self.controller_names.contains(&listener.name)
    }

    /// Listeners this node binds for controllers.
    pub fn controller(&self) -> impl Iterator<Item = &ListenerAddress> {
        self.bound.iter().filter(|listener| self.is_controller(listener))
    }

    /// Listeners this node binds for clients and brokers.
    pub fn broker(&self) -> impl Iterator<Item = &ListenerAddress> {
        self.bound.iter().filter(|listener| !self.is_controller(listener))
    }

    /// What a broker tells its clients: `advertised.listeners` or else `listeners`, without the controllers'.
    pub fn advertised_broker(&self) -> impl Iterator<Item = &ListenerAddress> {
        let shown = self.advertised.as_ref().unwrap_or(&self.bound);
        shown.iter().filter(|listener| !self.is_controller(listener))
    }

    /// What a controller tells the others, for each of its names that is bound.
    ///
    /// An address for all interfaces can't be told: the host is `None` then and stands for this machine's name.
    pub fn advertised_controller(&self) -> Vec<ListenerAddress> {
        let advertised = self.advertised.iter().flatten();
        let find = |name: &String| {
            let told = advertised.clone().find(|listener| listener.name == *name).cloned();
            told.or_else(|| {
                let mut bound = self.bound.iter().find(|listener| listener.name == *name)?.clone();
                bound.host = bound.host.filter(|host| host != "0.0.0.0");
                Some(bound)
            })
        };
        self.controller_names.iter().filter_map(find).collect()
    }

    /// Names of the listeners that are bound.
    pub(crate) fn bound_names(&self) -> Vec<&str> {
        self.bound.iter().map(|listener| listener.name.as_str()).collect()
    }
}

fn upper(names: Vec<String>) -> Vec<String> {
    names.into_iter().map(|name| name.to_uppercase()).collect()
}

fn read_addresses(values: &Values, key: &str, problems: &mut Vec<Problem>) -> Vec<ListenerAddress> {
    let mut addresses = Vec::new();
    for entry in values.list(key) {
        match ListenerAddress::parse(&entry) {
            Ok(address) => addresses.push(address),
            Err(message) => problems.push(values.problem(key, message)),
        }
    }
    addresses
}

/// The map as set; or else Kafka's default, which also makes every controller listener PLAINTEXT as
/// long as no listener bears the name of another protocol.
fn read_protocols(
    values: &Values,
    bound: &[ListenerAddress],
    controller_names: &[String],
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, SecurityProtocol> {
    const KEY: &str = "listener.security.protocol.map";
    let mut map = BTreeMap::new();
    for entry in values.text(KEY).unwrap_or_default().split(',').filter(|entry| !entry.trim().is_empty()) {
        let pair = entry.rsplit_once(':').map(|(name, protocol)| (name.trim(), protocol.trim()));
        let known = pair.and_then(|(name, protocol)| Some((name, SecurityProtocol::from_name(protocol)?)));
        match known {
            Some((name, protocol)) => {
                map.insert(name.to_uppercase(), protocol);
            }
            None => {
                let names = SecurityProtocol::ALL.map(SecurityProtocol::name).join(", ");
                let message = format!("expected NAME:PROTOCOL with a protocol out of {names}, got {entry:?}");
                problems.push(values.problem(KEY, message));
            }
        }
    }
    if !values.is_set(KEY) {
        let names = bound.iter().map(|listener| &listener.name).chain(controller_names);
        let other_protocol = |name: &String| {
            SecurityProtocol::from_name(name).is_some_and(|protocol| protocol != SecurityProtocol::Plaintext)
        };
        if !names.clone().any(other_protocol) {
            for name in controller_names {
                map.insert(name.clone(), SecurityProtocol::Plaintext);
            }
        }
    }
    map
}
