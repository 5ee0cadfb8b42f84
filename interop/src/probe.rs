//! Is the server ready? Asked in Kafka's protocol, so that the answer doesn't hang on a log line.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const METADATA_API_KEY: i16 = 3;
/// The last version whose answer starts with the brokers.
const METADATA_VERSION: i16 = 1;
const CORRELATION_ID: i32 = 7;

/// A listener that accepts but doesn't answer is not ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Whether the server on `port` names at least one broker: it listens, it is registered, and the
/// controller has let it serve.
pub fn answers_metadata(port: u16) -> bool {
    brokers_named(port).is_some_and(|brokers| brokers > 0)
}

fn brokers_named(port: u16) -> Option<i32> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    stream.write_all(&metadata_request()).ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    let [_, _, _, _, c0, c1, c2, c3, b0, b1, b2, b3] = answer;
    assert_eq!(i32::from_be_bytes([c0, c1, c2, c3]), CORRELATION_ID, "an answer to another request");
    Some(i32::from_be_bytes([b0, b1, b2, b3]))
}

/// The frame: length, header version 1 without a client id, and no topics.
fn metadata_request() -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(METADATA_API_KEY.to_be_bytes());
    body.extend(METADATA_VERSION.to_be_bytes());
    body.extend(CORRELATION_ID.to_be_bytes());
    body.extend((-1_i16).to_be_bytes());
    body.extend(0_i32.to_be_bytes());
    let length = i32::try_from(body.len()).expect("the request is short");
    [&length.to_be_bytes()[..], &body].concat()
}
