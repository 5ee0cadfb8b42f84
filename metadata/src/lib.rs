//! Cluster metadata: what a Kafka cluster knows about itself, and who may change it.
//!
//! ```text
//!   config_defs/  Kafka's settings as tables: types, defaults, validators, synonyms
//!   features/     feature levels, the metadata version first among them
//!   image/        everything the metadata log says, as a persistent value
//!   delta/        what a run of records changes; the only writer of images
//!   controller/   plan, append, replay: what may be changed, as a value
//!   runtime/      the thread that joins controller, loader and publishers with raft
//!   record.rs     a record and the version it is written in
//!   limits.rs     bounds
//! ```

#![forbid(unsafe_code)]

pub mod config_defs;
pub mod controller;
pub mod delta;
pub mod features;
pub mod image;
mod limits;
mod record;
pub mod runtime;

pub use controller::{Access, AllowAll, ApiError, ControllerContext, TopicAccess};
pub use record::{OwnedRecord, Record};
pub use runtime::{ControllerHandle, MetadataCache, Publisher};
