//! Who asks, and whether they may.

use std::net::IpAddr;

/// Who a connection acts for, `User:ANONYMOUS` where nobody said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The kind, `User` for all that Kafka makes itself.
    pub kind: String,
    /// The name.
    pub name: String,
}

impl Principal {
    /// The principal of a connection without authentication.
    pub fn anonymous() -> Self {
        Self { kind: "User".to_owned(), name: "ANONYMOUS".to_owned() }
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.kind, self.name)
    }
}

/// What is to be done, as `AclOperation` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Fetch records, join a group.
    Read,
    /// Produce records.
    Write,
    /// Create a topic.
    Create,
    /// Delete a topic, a group or records.
    Delete,
    /// Change a topic's partitions, elect leaders, reassign.
    Alter,
    /// See that a resource exists, and its state.
    Describe,
    /// What brokers and controllers do among themselves.
    ClusterAction,
    /// See configurations.
    DescribeConfigs,
    /// Change configurations.
    AlterConfigs,
    /// Obtain a producer id without being allowed to write to a certain topic.
    IdempotentWrite,
}

impl Operation {
    /// Kafka's code, which is also its bit in a set of authorised operations (KIP-430).
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Read => 3,
            Self::Write => 4,
            Self::Create => 5,
            Self::Delete => 6,
            Self::Alter => 7,
            Self::Describe => 8,
            Self::ClusterAction => 9,
            Self::DescribeConfigs => 10,
            Self::AlterConfigs => 11,
            Self::IdempotentWrite => 12,
        }
    }
}

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource<'a> {
    /// A topic by name.
    Topic(&'a str),
    /// A group by id.
    Group(&'a str),
    /// The cluster as a whole.
    Cluster,
    /// A transactional id.
    TransactionalId(&'a str),
}

impl Resource<'_> {
    /// The operations that exist for a resource of this kind, as `AclEntry.supportedOperations`.
    const fn operations(&self) -> &'static [Operation] {
        use Operation as O;
        match self {
            Self::Topic(_) => &[
                O::Read,
                O::Write,
                O::Create,
                O::Describe,
                O::Delete,
                O::Alter,
                O::DescribeConfigs,
                O::AlterConfigs,
            ],
            Self::Group(_) => &[O::Read, O::Describe, O::Delete, O::DescribeConfigs, O::AlterConfigs],
            Self::Cluster => &[
                O::Create,
                O::ClusterAction,
                O::DescribeConfigs,
                O::AlterConfigs,
                O::IdempotentWrite,
                O::Alter,
                O::Describe,
            ],
            Self::TransactionalId(_) => &[O::Describe, O::Write],
        }
    }
}

/// Decides who may do what. Asked by every handler, on the network threads: it must not block.
pub trait Authoriser: Send + Sync {
    /// Whether `principal`, connected from `host`, may do `operation` to `resource`.
    fn allows(
        &self,
        principal: &Principal,
        host: IpAddr,
        operation: Operation,
        resource: Resource<'_>,
    ) -> bool;
}

/// What holds while `authorizer.class.name` is unset: everything is allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl Authoriser for AllowAll {
    fn allows(&self, _: &Principal, _: IpAddr, _: Operation, _: Resource<'_>) -> bool {
        true
    }
}

/// The set of operations that `allowed` admits for a resource, one bit per code (KIP-430).
pub(crate) fn authorised_operations(resource: Resource<'_>, allowed: impl Fn(Operation) -> bool) -> i32 {
    let operations = resource.operations().iter().filter(|operation| allowed(**operation));
    operations.fold(0, |bits, operation| bits | 1 << operation.code())
}
