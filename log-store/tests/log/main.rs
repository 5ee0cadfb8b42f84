//! The log of a partition against what it promises.
//!
//! | module | judged against |
//! |---|---|
//! | `model` | a `BTreeMap` of batches, through random operations, openings and crashes |
//! | `crash` | a workload, stopped or failing at every change it makes to the disk |
//! | `cuts` | the same with cuts at the end, and the checkpoint in its file |
//! | `torn` | a tail torn at every byte of its last batch; damaged indexes, epochs and snapshots |
//! | `rules` | what a leader refuses and what it lets through |
//! | `reading` | bounds, sizes, times |
//! | `transactions` | duplicates, markers, the last stable offset |
//! | `retention` | time, size, start of the log, truncation |

extern crate kraftlog_log_store as log_store;

mod crash;
mod cuts;
mod model;
mod reading;
mod retention;
mod retired;
mod rules;
mod support;
mod torn;
mod transactions;
