//! Requests to other nodes over TCP, on a tokio runtime beside the driver's thread.
//!
//! ```text
//!   driver ──send(peer, correlation id, request)──► TcpTransport ──► one task per address
//!     ▲                                                                connect, agree on versions,
//!     └────────────── Handle::handle_response ◄───────────────────────  one request at a time
//! ```
//!
//! The seam is [`Transport`](crate::Transport): a simulator stands in its place, and so would a test. Within
//! this module the seam is [`Connector`], for connections that are more than TCP.
//!
//! | file | holds |
//! |---|---|
//! | `transport.rs` | the tasks, one per address, their back-off and their timeouts |
//! | `connection.rs` | one connection: frames, versions, correlation ids |

mod connection;
mod transport;

pub use connection::{Connector, Tcp};
pub use transport::TcpTransport;
