//! One request, one file: how it is answered, and what its answer means.

mod begin_quorum_epoch;
mod common;
mod describe_quorum;
mod end_quorum_epoch;
mod fetch;
mod fetch_snapshot;
mod vote;
