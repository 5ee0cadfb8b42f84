//! The segmented log of one partition, and the directories that hold many.
//!
//! ```text
//!   directory   a log.dir: lock, meta.properties, checkpoints, partition directories
//!       │
//!      log      one partition: append, read, roll, recover
//!       │
//!      io       the one seam to a disk: memory (with faults), io_uring, blocking
//! ```
//!
//! This crate is the only one with file I/O and with unsafe code, which lives in [`io`] alone.

pub mod directory;
pub mod epochs;
mod index;
pub mod io;
pub mod limits;
pub mod log;
pub mod producers;
pub mod properties;
mod segment;
pub mod validate;

pub use index::AbortedTxn;
