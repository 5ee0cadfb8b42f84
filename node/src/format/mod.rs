//! Formatting log directories: the files that a node needs before its first start.
//!
//! ```text
//!   plan.rs      what to write where, after everything that speaks against it
//!   features.rs  the feature levels that a new cluster begins with
//!   voters.rs    the first controllers of a dynamic quorum (KIP-853)
//! ```

mod features;
mod plan;
#[cfg(test)]
mod tests;
mod voters;

pub(crate) use features::{Levels, required_release};
#[cfg(test)]
use plan::FormatError;
pub(crate) use plan::Plan;
pub(crate) use voters::InitialVoter;
