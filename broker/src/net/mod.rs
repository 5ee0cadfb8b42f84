//! Listeners, connections and frames.
//!
//! ```text
//!  listener ──accept──▶ the thread with the fewest connections
//!  connection: frame ──▶ Service::handle ──▶ Outgoing ──▶ send (bytes, then sendfile)
//!                                     └────▶ later: a future, answered in its turn
//! ```
//!
//! One thread per core runs one single-threaded runtime; a connection stays on its thread. A
//! request is handled by the task that read it, so a small produce request costs one read, one
//! write to the log and one write to the socket. Answers leave in the order of the requests; one
//! that has to wait holds back the answers behind it, not the handling of the requests.

mod admission;
mod buffers;
mod connection;
mod frame;
mod idle;
mod listener;
mod send;
mod server;
mod service;

#[cfg(test)]
mod tests;

pub(crate) use send::Outgoing;
pub use server::{NetConfig, Server};
pub use service::{ListenerInfo, ListenerKind};
pub(crate) use service::{Outcome, Peer, Service};
