//! Where the build's output enters the crate. Every module holds one message and its structs.

/// Requests and responses.
pub mod messages {
    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}

/// Records of the metadata log (KIP-631).
pub mod metadata_records {
    use crate::codec::prelude::*;
    use crate::framing::framed_records;

    include!(concat!(env!("OUT_DIR"), "/metadata_records.rs"));
}

/// Records of the topic that keeps the metadata of remote log segments (KIP-405).
pub mod remote_log_records {
    use crate::codec::prelude::*;
    use crate::framing::framed_records;

    include!(concat!(env!("OUT_DIR"), "/remote_log_records.rs"));
}

/// Records of the coordinators' topics; each coordinator has a `Key` and a `Value`.
pub mod coordinator_records {
    /// `__consumer_offsets`: groups of every kind and their offsets.
    pub mod group {
        use crate::codec::prelude::*;
        use crate::framing::coordinator_records;

        include!(concat!(env!("OUT_DIR"), "/group.rs"));
    }

    /// `__transaction_state`.
    pub mod transaction {
        use crate::codec::prelude::*;
        use crate::framing::coordinator_records;

        include!(concat!(env!("OUT_DIR"), "/transaction.rs"));
    }

    /// `__share_group_state`.
    pub mod share {
        use crate::codec::prelude::*;
        use crate::framing::coordinator_records;

        include!(concat!(env!("OUT_DIR"), "/share.rs"));
    }
}

/// Records inside control batches, and the schema of their keys.
pub mod control_records {
    include!(concat!(env!("OUT_DIR"), "/control_records.rs"));
}

/// What other fields carry as bytes: subscriptions and assignments of consumers, principals.
pub mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// What small files of a log directory hold.
pub mod state_files {
    include!(concat!(env!("OUT_DIR"), "/state_files.rs"));
}

include!(concat!(env!("OUT_DIR"), "/message_list.rs"));
