//! From the start of the process to the first connection, and to the first topic.

use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use interop::{Node, Server};

use crate::connection::ask;
use crate::frames;
use crate::usage::memory_now;

const LOOK_INTERVAL: Duration = Duration::from_micros(200);
const START_MAX: Duration = Duration::from_secs(60);
/// How long a node is left alone before its memory counts as idle.
const SETTLE: Duration = Duration::from_secs(2);

/// One start of an empty, formatted single node.
#[derive(Clone, Copy)]
pub(crate) struct Startup {
    /// Until a connection is accepted.
    pub(crate) listening: Duration,
    /// Until a topic is created.
    pub(crate) first_topic: Duration,
    /// Resident memory some seconds later, bytes.
    pub(crate) memory_idle: u64,
}

/// Formats, starts and stops one node.
pub(crate) fn measure(server: Server) -> Startup {
    let mut node = Node::of(server).format();
    let start = node.spawn();
    let port = node.port();
    let listening = first_success(start, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    let (request, shape) = (frames::create_topic("first", 1), frames::topic_reply("first"));
    let first_topic = first_success(start, || ask(port, &request, shape).is_ok());
    std::thread::sleep(SETTLE);
    let memory_idle = memory_now(node.process_id());
    node.stop();
    Startup { listening, first_topic, memory_idle }
}

fn first_success(start: Instant, mut attempt: impl FnMut() -> bool) -> Duration {
    while !attempt() {
        assert!(start.elapsed() < START_MAX, "the node does not come up within {START_MAX:?}");
        std::thread::sleep(LOOK_INTERVAL);
    }
    start.elapsed()
}
