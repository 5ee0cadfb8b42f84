//! Between the engine's messages and Kafka's bytes.
//!
//! | | from the wire | to the wire |
//! |---|---|---|
//! | requests | `inbound.rs` | `outbound.rs` |
//! | answers | `answers.rs` | `replies.rs` |
//! | records | `records.rs` | `records.rs` |
//! | bodies | `frames.rs` | `frames.rs` |
//! | changes of the voters | `membership.rs` | `membership.rs` |
//! | errors | `codes.rs` | `codes.rs` |

mod answers;
mod body;
mod codes;
mod frames;
mod inbound;
mod membership;
mod outbound;
pub(crate) mod records;
mod replies;

pub use body::{InboundRequest, RequestBody, ResponseBody, TOPIC_ID, TOPIC_NAME};

pub(crate) use answers::{Answer, read_answer};
pub(crate) use inbound::{Inbound, read_request};
pub(crate) use membership::write_api_versions as api_versions_request;
pub(crate) use outbound::write_request;
pub(crate) use replies::{FetchedBytes, ReplyContext, write_reply};
