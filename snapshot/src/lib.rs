//! Snapshots of the metadata log: the state up to an offset, as record batches in one file.
//!
//! ```text
//! <end offset, 20 digits>-<epoch, 10 digits>.checkpoint
//!
//! control batch    SnapshotHeaderRecord, and with kraft.version 1 KRaftVersionRecord and VotersRecord
//! data batches     metadata records, opaque here
//! control batch    SnapshotFooterRecord
//! ```
//!
//! Offsets inside count from 0 and have no gap; every batch carries the snapshot's epoch. A file
//! bears its final name only when it is complete, flushed and read-only; until then it ends in
//! `.part`. KIP-630; `bootstrap.checkpoint` has the same form.
//!
//! | to | look at |
//! |---|---|
//! | list, open, serve or delete snapshots | [`SnapshotDirectory`] |
//! | write one from records | [`SnapshotWriter`] |
//! | take one over from another node, byte range by byte range | [`SnapshotReceiver`] |
//! | read one, checked | [`SnapshotReader`] |
//! | the records a cluster begins with | [`read_bootstrap`], [`write_bootstrap`] |

#![forbid(unsafe_code)]

mod bootstrap;
mod control;
mod directory;
mod error;
mod id;
pub mod limits;
mod part;
mod reader;
mod receiver;
mod writer;

pub use bootstrap::{BOOTSTRAP_FILE_NAME, read_bootstrap, write_bootstrap};
pub use control::SnapshotHeader;
pub use directory::{SnapshotDirectory, SnapshotRange};
pub use error::SnapshotError;
pub use id::SnapshotId;
pub use reader::SnapshotReader;
pub use receiver::SnapshotReceiver;
pub use writer::SnapshotWriter;
