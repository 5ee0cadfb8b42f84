//! DescribeQuorum: the leader tells how far everybody is.

use crate::engine::core::Engine;
use crate::engine::message::{Refusal, Reply, RequestId};
use crate::engine::role::Role;

impl Engine {
    pub(crate) fn on_describe_quorum_request(&mut self, id: RequestId) {
        let description = match &self.role {
            Role::Leader(role) => Ok(self.describe_quorum(role)),
            _ => Err(Refusal::NotLeaderOrFollower),
        };
        self.reply(id, Reply::DescribeQuorum(description));
    }
}
