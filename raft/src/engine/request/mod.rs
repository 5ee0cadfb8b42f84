//! One request, one file: how it is answered, and what its answer means.

mod add_voter;
mod begin_quorum_epoch;
mod common;
mod describe_quorum;
mod end_quorum_epoch;
mod fetch;
mod fetch_snapshot;
mod join;
mod kraft_version;
mod remove_voter;
mod update_voter;
mod vote;
