//! A running node: what `server-start` and `dev` start.
//!
//! ```text
//!   start.rs               the ladder from a configuration to a node that serves, and down again
//!   directories.rs         locked, formatted, of one node and one cluster
//!   listeners.rs           addresses to bind, addresses to tell
//!   quorum.rs              the metadata log: raft's thread and the metadata thread
//!   ending.rs              signals and failures that end the process
//!   logging.rs             the log on standard output
//!   jvm.rs                 settings for a Java machine that isn't there
//! ```

mod directories;
mod ending;
mod jvm;
mod listeners;
mod logging;
mod quorum;
mod start;

pub(crate) use start::serve;
