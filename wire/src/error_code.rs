//! Kafka's error codes.

macro_rules! error_codes {
    ($($(#[$default:meta])? $variant:ident = $code:literal, $name:ident, $retriable:literal, $message:literal;)+) => {
        /// An error as responses carry it. The names and numbers are Kafka's.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(
                #[doc = $message]
                $(#[$default])?
                $variant = $code,
            )+
        }

        impl ErrorCode {
            /// Every code, ascending.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// Kafka's name for it, e.g. `NOT_LEADER_OR_FOLLOWER`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(ErrorCode::$variant => stringify!($name),)+
                }
            }

            /// A sentence for people, for responses that carry a message.
            pub const fn message(self) -> &'static str {
                match self {
                    $(ErrorCode::$variant => $message,)+
                }
            }

            /// Whether a client may expect the same request to succeed later.
            pub const fn is_retriable(self) -> bool {
                match self {
                    $(ErrorCode::$variant => $retriable,)+
                }
            }
        }
    };
}

// Code, Kafka's name, whether it is retriable.
error_codes! {
    UnknownServerError = -1, UNKNOWN_SERVER_ERROR, false,
        "The server ran into an error that it did not expect.";
    #[default]
    None = 0, NONE, false,
        "No error.";
    OffsetOutOfRange = 1, OFFSET_OUT_OF_RANGE, false,
        "The offset lies outside the range that the server has.";
    CorruptMessage = 2, CORRUPT_MESSAGE, true,
        "The record fails its checksum, is too large, lacks a key that a compacted topic needs, or is damaged in some other way.";
    UnknownTopicOrPartition = 3, UNKNOWN_TOPIC_OR_PARTITION, true,
        "This server has no such topic or partition.";
    InvalidFetchSize = 4, INVALID_FETCH_SIZE, false,
        "The fetch size is not valid.";
    LeaderNotAvailable = 5, LEADER_NOT_AVAILABLE, true,
        "The partition has no leader at the moment; an election is under way.";
    NotLeaderOrFollower = 6, NOT_LEADER_OR_FOLLOWER, true,
        "This broker is not the leader of the partition, or, where any replica would do, not a replica of it.";
    RequestTimedOut = 7, REQUEST_TIMED_OUT, true,
        "The request took longer than its timeout.";
    BrokerNotAvailable = 8, BROKER_NOT_AVAILABLE, false,
        "The broker is not available.";
    ReplicaNotAvailable = 9, REPLICA_NOT_AVAILABLE, true,
        "The partition's replica is not available.";
    MessageTooLarge = 10, MESSAGE_TOO_LARGE, false,
        "A record or batch is larger than the server accepts.";
    StaleControllerEpoch = 11, STALE_CONTROLLER_EPOCH, false,
        "The controller has moved to another node.";
    OffsetMetadataTooLarge = 12, OFFSET_METADATA_TOO_LARGE, false,
        "The metadata beside the offset is too large.";
    NetworkException = 13, NETWORK_EXCEPTION, true,
        "The connection ended before a response came.";
    CoordinatorLoadInProgress = 14, COORDINATOR_LOAD_IN_PROGRESS, true,
        "The coordinator is still loading its state.";
    CoordinatorNotAvailable = 15, COORDINATOR_NOT_AVAILABLE, true,
        "The coordinator is not available.";
    NotCoordinator = 16, NOT_COORDINATOR, true,
        "This broker is not the coordinator.";
    InvalidTopicException = 17, INVALID_TOPIC_EXCEPTION, false,
        "The topic's name is not valid, or the operation is not allowed on this topic.";
    RecordListTooLarge = 18, RECORD_LIST_TOO_LARGE, false,
        "The batch is larger than a segment may be on this server.";
    NotEnoughReplicas = 19, NOT_ENOUGH_REPLICAS, true,
        "Fewer replicas are in sync than the topic requires; nothing was written.";
    NotEnoughReplicasAfterAppend = 20, NOT_ENOUGH_REPLICAS_AFTER_APPEND, true,
        "The records were written, but to fewer replicas in sync than the topic requires.";
    InvalidRequiredAcks = 21, INVALID_REQUIRED_ACKS, false,
        "The required acks have a value that is not valid.";
    IllegalGeneration = 22, ILLEGAL_GENERATION, false,
        "The group's generation is another one.";
    InconsistentGroupProtocol = 23, INCONSISTENT_GROUP_PROTOCOL, false,
        "The member's protocols do not fit those of the group, or are empty.";
    InvalidGroupId = 24, INVALID_GROUP_ID, false,
        "The group id is not valid.";
    UnknownMemberId = 25, UNKNOWN_MEMBER_ID, false,
        "The coordinator does not know this member.";
    InvalidSessionTimeout = 26, INVALID_SESSION_TIMEOUT, false,
        "The session timeout is outside the range from group.min.session.timeout.ms to group.max.session.timeout.ms.";
    RebalanceInProgress = 27, REBALANCE_IN_PROGRESS, false,
        "The group is rebalancing; the member has to join again.";
    InvalidCommitOffsetSize = 28, INVALID_COMMIT_OFFSET_SIZE, false,
        "The size of the committed offset's data is not valid.";
    TopicAuthorizationFailed = 29, TOPIC_AUTHORIZATION_FAILED, false,
        "The principal may not access the topic.";
    GroupAuthorizationFailed = 30, GROUP_AUTHORIZATION_FAILED, false,
        "The principal may not access the group.";
    ClusterAuthorizationFailed = 31, CLUSTER_AUTHORIZATION_FAILED, false,
        "The principal may not do this to the cluster.";
    InvalidTimestamp = 32, INVALID_TIMESTAMP, false,
        "A record's timestamp is outside the accepted range.";
    UnsupportedSaslMechanism = 33, UNSUPPORTED_SASL_MECHANISM, false,
        "The broker does not offer this SASL mechanism.";
    IllegalSaslState = 34, ILLEGAL_SASL_STATE, false,
        "The request does not fit the state of SASL authentication.";
    UnsupportedVersion = 35, UNSUPPORTED_VERSION, false,
        "The version of the API is not supported.";
    TopicAlreadyExists = 36, TOPIC_ALREADY_EXISTS, false,
        "A topic of this name exists already.";
    InvalidPartitions = 37, INVALID_PARTITIONS, false,
        "The number of partitions is less than one or otherwise not valid.";
    InvalidReplicationFactor = 38, INVALID_REPLICATION_FACTOR, false,
        "The replication factor is less than one or more than the available brokers.";
    InvalidReplicaAssignment = 39, INVALID_REPLICA_ASSIGNMENT, false,
        "The assignment of replicas is not valid.";
    InvalidConfig = 40, INVALID_CONFIG, false,
        "The configuration is not valid.";
    NotController = 41, NOT_CONTROLLER, true,
        "This node is not the active controller.";
    InvalidRequest = 42, INVALID_REQUEST, false,
        "The request is malformed or does not fit what this broker expects; its log says more.";
    UnsupportedForMessageFormat = 43, UNSUPPORTED_FOR_MESSAGE_FORMAT, false,
        "The message format on the broker does not support the request.";
    PolicyViolation = 44, POLICY_VIOLATION, false,
        "The request does not comply with the configured policy.";
    OutOfOrderSequenceNumber = 45, OUT_OF_ORDER_SEQUENCE_NUMBER, false,
        "A producer's sequence number is out of order.";
    DuplicateSequenceNumber = 46, DUPLICATE_SEQUENCE_NUMBER, false,
        "A producer's sequence number has been seen before.";
    InvalidProducerEpoch = 47, INVALID_PRODUCER_EPOCH, false,
        "The producer's epoch is an old one.";
    InvalidTxnState = 48, INVALID_TXN_STATE, false,
        "The transaction's state does not allow the operation.";
    InvalidProducerIdMapping = 49, INVALID_PRODUCER_ID_MAPPING, false,
        "The producer id does not belong to the transactional id.";
    InvalidTransactionTimeout = 50, INVALID_TRANSACTION_TIMEOUT, false,
        "The transaction timeout is larger than transaction.max.timeout.ms allows.";
    ConcurrentTransactions = 51, CONCURRENT_TRANSACTIONS, true,
        "Another operation on the same transaction is still going on.";
    TransactionCoordinatorFenced = 52, TRANSACTION_COORDINATOR_FENCED, false,
        "The transaction coordinator that sent the markers has been replaced.";
    TransactionalIdAuthorizationFailed = 53, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, false,
        "The principal may not use the transactional id.";
    SecurityDisabled = 54, SECURITY_DISABLED, false,
        "Security features are disabled.";
    OperationNotAttempted = 55, OPERATION_NOT_ATTEMPTED, false,
        "The operation was not attempted, because another one of the same request failed.";
    KafkaStorageError = 56, KAFKA_STORAGE_ERROR, true,
        "The disk failed while the log was accessed.";
    LogDirNotFound = 57, LOG_DIR_NOT_FOUND, false,
        "The broker has no such log directory.";
    SaslAuthenticationFailed = 58, SASL_AUTHENTICATION_FAILED, false,
        "SASL authentication failed.";
    UnknownProducerId = 59, UNKNOWN_PRODUCER_ID, false,
        "The broker has no state of this producer id; its records may have been deleted.";
    ReassignmentInProgress = 60, REASSIGNMENT_IN_PROGRESS, false,
        "A reassignment of the partition is in progress.";
    DelegationTokenAuthDisabled = 61, DELEGATION_TOKEN_AUTH_DISABLED, false,
        "Delegation tokens are not enabled.";
    DelegationTokenNotFound = 62, DELEGATION_TOKEN_NOT_FOUND, false,
        "The server does not know the delegation token.";
    DelegationTokenOwnerMismatch = 63, DELEGATION_TOKEN_OWNER_MISMATCH, false,
        "The principal is neither owner nor renewer of the delegation token.";
    DelegationTokenRequestNotAllowed = 64, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, false,
        "Delegation tokens cannot be requested over this channel.";
    DelegationTokenAuthorizationFailed = 65, DELEGATION_TOKEN_AUTHORIZATION_FAILED, false,
        "The principal may not access the delegation token.";
    DelegationTokenExpired = 66, DELEGATION_TOKEN_EXPIRED, false,
        "The delegation token has expired.";
    InvalidPrincipalType = 67, INVALID_PRINCIPAL_TYPE, false,
        "The type of principal is not supported.";
    NonEmptyGroup = 68, NON_EMPTY_GROUP, false,
        "The group is not empty.";
    GroupIdNotFound = 69, GROUP_ID_NOT_FOUND, false,
        "There is no group with this id.";
    FetchSessionIdNotFound = 70, FETCH_SESSION_ID_NOT_FOUND, true,
        "There is no fetch session with this id.";
    InvalidFetchSessionEpoch = 71, INVALID_FETCH_SESSION_EPOCH, true,
        "The fetch session's epoch is not valid.";
    ListenerNotFound = 72, LISTENER_NOT_FOUND, true,
        "The leader has no listener that matches the one the request came in by.";
    TopicDeletionDisabled = 73, TOPIC_DELETION_DISABLED, false,
        "Topics cannot be deleted here.";
    FencedLeaderEpoch = 74, FENCED_LEADER_EPOCH, true,
        "The request's leader epoch is older than the broker's.";
    UnknownLeaderEpoch = 75, UNKNOWN_LEADER_EPOCH, true,
        "The request's leader epoch is newer than the broker's.";
    UnsupportedCompressionType = 76, UNSUPPORTED_COMPRESSION_TYPE, false,
        "The client does not support the compression of the partition's records.";
    StaleBrokerEpoch = 77, STALE_BROKER_EPOCH, false,
        "The broker's epoch has changed.";
    OffsetNotAvailable = 78, OFFSET_NOT_AVAILABLE, true,
        "A new leader's high watermark has not caught up yet, so offsets could go backwards.";
    MemberIdRequired = 79, MEMBER_ID_REQUIRED, false,
        "The member needs a member id before it can join.";
    PreferredLeaderNotAvailable = 80, PREFERRED_LEADER_NOT_AVAILABLE, true,
        "The preferred leader is not available.";
    GroupMaxSizeReached = 81, GROUP_MAX_SIZE_REACHED, false,
        "The group has as many members as it may have.";
    FencedInstanceId = 82, FENCED_INSTANCE_ID, false,
        "Another member with the same group.instance.id has taken this one's place.";
    EligibleLeadersNotAvailable = 83, ELIGIBLE_LEADERS_NOT_AVAILABLE, true,
        "No eligible leader of the partition is available.";
    ElectionNotNeeded = 84, ELECTION_NOT_NEEDED, true,
        "The partition needs no election.";
    NoReassignmentInProgress = 85, NO_REASSIGNMENT_IN_PROGRESS, false,
        "No reassignment of the partition is in progress.";
    GroupSubscribedToTopic = 86, GROUP_SUBSCRIBED_TO_TOPIC, false,
        "Offsets of a topic cannot be deleted while the group subscribes to it.";
    InvalidRecord = 87, INVALID_RECORD, false,
        "The broker refuses the record as not valid.";
    UnstableOffsetCommit = 88, UNSTABLE_OFFSET_COMMIT, true,
        "Some offsets are not settled yet.";
    ThrottlingQuotaExceeded = 89, THROTTLING_QUOTA_EXCEEDED, true,
        "The throttling quota is exceeded.";
    ProducerFenced = 90, PRODUCER_FENCED, false,
        "A newer producer with the same transactional id has taken over.";
    ResourceNotFound = 91, RESOURCE_NOT_FOUND, false,
        "The resource does not exist.";
    DuplicateResource = 92, DUPLICATE_RESOURCE, false,
        "The request names the same resource twice.";
    UnacceptableCredential = 93, UNACCEPTABLE_CREDENTIAL, false,
        "The credential does not meet the requirements.";
    InconsistentVoterSet = 94, INCONSISTENT_VOTER_SET, false,
        "The sender or the receiver is not among the expected voters.";
    InvalidUpdateVersion = 95, INVALID_UPDATE_VERSION, false,
        "The version to update to is not valid.";
    FeatureUpdateFailed = 96, FEATURE_UPDATE_FAILED, false,
        "Finalized features could not be updated, for a reason the server did not expect.";
    PrincipalDeserializationFailure = 97, PRINCIPAL_DESERIALIZATION_FAILURE, false,
        "The principal of a forwarded request cannot be read; the brokers' security may be misconfigured.";
    SnapshotNotFound = 98, SNAPSHOT_NOT_FOUND, false,
        "There is no such snapshot.";
    PositionOutOfRange = 99, POSITION_OUT_OF_RANGE, false,
        "The position is negative or not below the snapshot's size.";
    UnknownTopicId = 100, UNKNOWN_TOPIC_ID, true,
        "This server has no topic with this id.";
    DuplicateBrokerRegistration = 101, DUPLICATE_BROKER_REGISTRATION, false,
        "The broker id is in use.";
    BrokerIdNotRegistered = 102, BROKER_ID_NOT_REGISTERED, false,
        "The broker id is not registered.";
    InconsistentTopicId = 103, INCONSISTENT_TOPIC_ID, true,
        "The topic id is another one than the log's.";
    InconsistentClusterId = 104, INCONSISTENT_CLUSTER_ID, false,
        "The cluster id is another one than the server's.";
    TransactionalIdNotFound = 105, TRANSACTIONAL_ID_NOT_FOUND, false,
        "There is no such transactional id.";
    FetchSessionTopicIdError = 106, FETCH_SESSION_TOPIC_ID_ERROR, true,
        "The fetch session uses topic ids inconsistently.";
    IneligibleReplica = 107, INELIGIBLE_REPLICA, false,
        "The new ISR has a replica that is not eligible.";
    NewLeaderElected = 108, NEW_LEADER_ELECTED, false,
        "The partition has been changed, and its leader is another one now.";
    OffsetMovedToTieredStorage = 109, OFFSET_MOVED_TO_TIERED_STORAGE, false,
        "The offset has moved to tiered storage.";
    FencedMemberEpoch = 110, FENCED_MEMBER_EPOCH, false,
        "The coordinator has fenced the member's epoch; the member gives up its partitions and joins again.";
    UnreleasedInstanceId = 111, UNRELEASED_INSTANCE_ID, false,
        "Another member still uses the instance id and has to leave first.";
    UnsupportedAssignor = 112, UNSUPPORTED_ASSIGNOR, false,
        "The group does not support the assignor or its version.";
    StaleMemberEpoch = 113, STALE_MEMBER_EPOCH, false,
        "The member's epoch is out of date; the next heartbeat brings the current one.";
    MismatchedEndpointType = 114, MISMATCHED_ENDPOINT_TYPE, false,
        "The endpoint is not of the type that the request is for.";
    UnsupportedEndpointType = 115, UNSUPPORTED_ENDPOINT_TYPE, false,
        "The type of endpoint is not supported.";
    UnknownControllerId = 116, UNKNOWN_CONTROLLER_ID, false,
        "There is no controller with this id.";
    UnknownSubscriptionId = 117, UNKNOWN_SUBSCRIPTION_ID, false,
        "The subscription id of the telemetry is not valid or out of date.";
    TelemetryTooLarge = 118, TELEMETRY_TOO_LARGE, false,
        "The telemetry is larger than the broker accepts.";
    InvalidRegistration = 119, INVALID_REGISTRATION, false,
        "The controller does not accept the broker's registration.";
    TransactionAbortable = 120, TRANSACTION_ABORTABLE, false,
        "The transaction failed; it can be aborted, and the transactional id used again.";
    InvalidRecordState = 121, INVALID_RECORD_STATE, false,
        "The record's state does not allow it to be acknowledged.";
    ShareSessionNotFound = 122, SHARE_SESSION_NOT_FOUND, true,
        "There is no such share session.";
    InvalidShareSessionEpoch = 123, INVALID_SHARE_SESSION_EPOCH, true,
        "The share session's epoch is not valid.";
    FencedStateEpoch = 124, FENCED_STATE_EPOCH, false,
        "The share group's state epoch is another one.";
    InvalidVoterKey = 125, INVALID_VOTER_KEY, false,
        "The voter key is another one than the receiver's.";
    DuplicateVoter = 126, DUPLICATE_VOTER, false,
        "The voter is in the set already.";
    VoterNotFound = 127, VOTER_NOT_FOUND, false,
        "The voter is not in the set.";
    InvalidRegularExpression = 128, INVALID_REGULAR_EXPRESSION, false,
        "The regular expression is not valid.";
    RebootstrapRequired = 129, REBOOTSTRAP_REQUIRED, false,
        "The client's metadata is out of date; it has to bootstrap again.";
    StreamsInvalidTopology = 130, STREAMS_INVALID_TOPOLOGY, false,
        "The topology is not valid.";
    StreamsInvalidTopologyEpoch = 131, STREAMS_INVALID_TOPOLOGY_EPOCH, false,
        "The epoch of the topology is not valid.";
    StreamsTopologyFenced = 132, STREAMS_TOPOLOGY_FENCED, false,
        "The epoch of the topology is out of date.";
    ShareSessionLimitReached = 133, SHARE_SESSION_LIMIT_REACHED, true,
        "There are as many share sessions as there may be.";
}

/// The lowest code.
const FIRST: i16 = ErrorCode::UnknownServerError as i16;

impl ErrorCode {
    /// The error with this code, if Kafka 4.3.1 has it.
    pub fn from_code(code: i16) -> Option<ErrorCode> {
        let index = usize::try_from(i32::from(code) - i32::from(FIRST)).ok()?;
        ErrorCode::ALL.get(index).copied()
    }

    /// Its number on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }
}

// `from_code` indexes by code.
const _: () = {
    let mut index = 0;
    while index < ErrorCode::ALL.len() {
        assert!(ErrorCode::ALL[index] as i16 == index as i16 + FIRST);
        index += 1;
    }
};

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
