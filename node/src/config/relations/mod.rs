//! Rules that span several settings, as Kafka 4.3.1 checks them before it starts.
//!
//! ```text
//!   roles.rs      process.roles, node.id, the quorum's addresses
//!   listeners.rs  names, maps, ports, what is advertised, what this version serves
//!   limits.rs     numbers that must lie on one side of another
//! ```

mod limits;
mod listeners;
mod roles;

use super::problem::Problem;
use super::{NodeConfig, Role};

/// Checks every rule; problems and notes come back in the order of the rules.
pub(super) fn check(config: &NodeConfig) -> Findings {
    let mut findings = Findings { problems: Vec::new(), notes: Vec::new() };
    roles::check(config, &mut findings);
    listeners::check(config, &mut findings);
    limits::check(config, &mut findings);
    findings
}

/// What the rules found.
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Problem>,
}

impl NodeConfig {
    fn is_only(&self, role: Role) -> bool {
        self.roles == [role]
    }
}
