//! Between the engine's messages and Kafka's bytes.
//!
//! | | from the wire | to the wire |
//! |---|---|---|
//! | requests | `inbound.rs` | `outbound.rs` |
//! | answers | `answers.rs` | `replies.rs` |
//! | records | `records.rs` | `records.rs` |
//! | errors | `codes.rs` | `codes.rs` |

mod answers;
mod body;
mod codes;
mod inbound;
mod outbound;
pub(crate) mod records;
mod replies;

pub use body::{InboundRequest, RequestBody, ResponseBody, TOPIC_ID, TOPIC_NAME};

pub(crate) use answers::{Answer, read_answer};
pub(crate) use inbound::{Inbound, read_request};
pub(crate) use outbound::write_request;
pub(crate) use replies::{FetchedBytes, ReplyContext, write_reply};
