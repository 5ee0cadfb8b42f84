//! The driver on a disk in memory, round by round.

mod bootstrap;
mod crashes;
mod harness;
mod replication;
mod requests;
mod single;
mod snapshots;
