//! The driver on a disk in memory, round by round.

mod crashes;
mod harness;
mod replication;
mod requests;
mod single;
mod snapshots;
