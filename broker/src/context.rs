//! What a handler knows about the request besides its body.

use std::net::IpAddr;
use std::sync::Arc;

use crate::authorise::{Operation, Principal, Resource, authorised_operations};
use crate::broker::Broker;
use crate::controller::Caller;
use crate::net::ListenerInfo;

/// A request's circumstances.
#[derive(Clone, Copy)]
pub(crate) struct RequestContext<'a> {
    /// The broker that answers.
    pub(crate) broker: &'a Arc<Broker>,
    /// Who asks.
    pub(crate) principal: &'a Principal,
    /// What the client calls itself; empty when it does not.
    pub(crate) client_id: &'a str,
    /// Where it connected from.
    pub(crate) client_address: IpAddr,
    /// Where it connected to.
    pub(crate) listener: &'a Arc<ListenerInfo>,
    /// Version of the request, and of its response.
    pub(crate) api_version: i16,
    /// When the request was read, in milliseconds since 1970.
    pub(crate) now_ms: i64,
}

impl RequestContext<'_> {
    /// Whether the client may do `operation` to `resource`.
    pub(crate) fn authorise(&self, operation: Operation, resource: Resource<'_>) -> bool {
        self.broker.authoriser().allows(self.principal, self.client_address, operation, resource)
    }

    /// The client, as the controller is told of it; the answer is of use for `timeout_ms`.
    pub(crate) fn caller(&self, timeout_ms: i32) -> Caller {
        Caller {
            principal: self.principal.clone(),
            address: self.client_address,
            api_version: self.api_version,
            deadline_ms: self.now_ms + i64::from(timeout_ms),
        }
    }

    /// All that the client may do to `resource`, as a set of bits (KIP-430).
    pub(crate) fn authorised_operations(&self, resource: Resource<'_>) -> i32 {
        authorised_operations(resource, |operation| self.authorise(operation, resource))
    }
}
