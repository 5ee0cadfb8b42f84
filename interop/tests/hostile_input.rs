//! Frames and batches that no honest client sends: Kafka's answer, nothing stored, and the node lives.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use kraftlog_interop::{Node, Server, answers_metadata, java};
use wire::batch::{BatchBuilder, BatchView};
use wire::compression::Compression;

const NO_ERROR: i16 = 0;
const CORRUPT_MESSAGE: i16 = 2;
const MESSAGE_TOO_LARGE: i16 = 10;
const UNSUPPORTED_VERSION: i16 = 35;
const INVALID_RECORD: i16 = 87;

/// Position of the error code in a reply to [`produce`], behind the length field.
const PRODUCE_ERROR_AT: usize = 4 + 4 + 2 + TOPIC.len() + 4 + 4;
const TOPIC: &str = "target";
/// `socket.request.max.bytes` by default.
const FRAME_MAX: i32 = 100 << 20;

fn connect(node: &Node) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, node.port())).expect("the node listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
    stream
}

/// Length, header version 1 without a client id, and `body`.
fn frame(api_key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let header = [&api_key.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 9], &[0xff, 0xff]].concat();
    let length = i32::try_from(header.len() + body.len()).expect("a short frame");
    [&length.to_be_bytes()[..], &header, body].concat()
}

/// Produce version 8, acks=all, one batch for the only partition of the topic.
fn produce(batch: &[u8]) -> Vec<u8> {
    let name = [&i16::try_from(TOPIC.len()).expect("short").to_be_bytes()[..], TOPIC.as_bytes()].concat();
    let length = i32::try_from(batch.len()).expect("a small batch").to_be_bytes();
    let one = 1_i32.to_be_bytes();
    let front =
        [&[0xff, 0xff][..], &[0xff, 0xff], &30_000_i32.to_be_bytes(), &one, &name, &one, &[0; 4], &length];
    frame(0, 8, &[&front.concat()[..], batch].concat())
}

/// The reply behind its length, or `None` if the server closes the connection.
fn reply(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut reply = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a positive length")];
    stream.read_exact(&mut reply).ok()?;
    Some(reply)
}

fn is_closed_after(node: &Node, bytes: &[u8]) -> bool {
    let mut stream = connect(node);
    stream.write_all(bytes).expect("the socket takes a few bytes");
    // Closed with an end or with a reset; a timeout would be neither.
    match stream.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

fn produce_error(node: &Node, batch: &[u8]) -> i16 {
    let mut stream = connect(node);
    stream.write_all(&produce(batch)).expect("the socket takes it");
    let reply = reply(&mut stream).expect("an answer");
    i16::from_be_bytes([reply[PRODUCE_ERROR_AT], reply[PRODUCE_ERROR_AT + 1]])
}

fn topic(node: &Node) {
    java("TopicCommand")
        .words(&format!("--bootstrap-server {} --create --topic {TOPIC}", node.bootstrap()))
        .run();
}

fn batch_of(records: usize, compression: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).compression(compression, None);
    for n in 0..records {
        builder.push(1_700_000_000_000, None, Some(format!("value {n}").as_bytes()), &[]);
    }
    builder.build()
}

/// Sets the record count in the header, and the checksum so that it fits.
fn lie_about_count(batch: &mut [u8], count: i32) {
    batch[57..61].copy_from_slice(&count.to_be_bytes());
    let crc = wire::batch::checksum(&batch[..61], &batch[61..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    BatchView::parse(batch).expect("whole").check_crc().expect("the checksum fits again");
}

#[test]
fn frames_that_lie_close_their_connection_and_nothing_else() {
    let node = Node::start();
    for length in [-1, 0, FRAME_MAX + 1, i32::MAX, i32::MIN] {
        assert!(is_closed_after(&node, &length.to_be_bytes()), "length {length}");
    }
    let unknown_api = frame(9999, 0, &[0; 8]);
    assert!(is_closed_after(&node, &unknown_api), "an api that nobody knows");
    let unknown_version = frame(3, 99, &[0; 8]);
    assert!(is_closed_after(&node, &unknown_version), "a version of Metadata that nobody knows");
    let short_body = frame(3, 1, &[0]);
    assert!(is_closed_after(&node, &short_body), "a body that ends early");
    let count_beyond_frame = frame(3, 1, &i32::MAX.to_be_bytes());
    assert!(is_closed_after(&node, &count_beyond_frame), "more topics than the frame has bytes");
    assert!(answers_metadata(node.port()));
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let node = Node::start();
    let mut stream = connect(&node);
    stream.write_all(&frame(18, 99, &[0; 4])).unwrap();
    let reply = reply(&mut stream).expect("an answer");
    assert_eq!(reply[..4], [0, 0, 0, 9], "the correlation id");
    assert_eq!(i16::from_be_bytes([reply[4], reply[5]]), UNSUPPORTED_VERSION);
    let count = i32::from_be_bytes([reply[6], reply[7], reply[8], reply[9]]);
    assert!(count > 0, "it says what ApiVersions would be understood");
    assert!((reply.len() - 10).is_multiple_of(6), "entries of version 0 have six bytes");
}

#[test]
fn batches_that_lie_are_refused_and_nothing_of_them_is_stored() {
    let node = Node::start();
    topic(&node);
    let mut flipped = batch_of(3, Compression::None);
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(produce_error(&node, &flipped), CORRUPT_MESSAGE, "a flipped bit");
    for (count, records) in [(2, 3), (4, 3), (i32::MAX, 3), (-1, 3), (0, 3)] {
        for compression in [Compression::None, Compression::Zstd] {
            let mut batch = batch_of(records, compression);
            lie_about_count(&mut batch, count);
            let error = produce_error(&node, &batch);
            assert!(
                [CORRUPT_MESSAGE, INVALID_RECORD].contains(&error),
                "{count} records said, {records} there: {error}"
            );
        }
    }
    let mut huge = BatchBuilder::new(0);
    huge.push(1_700_000_000_000, None, Some(&vec![b'x'; 2 << 20]), &[]);
    assert_eq!(produce_error(&node, &huge.build()), MESSAGE_TOO_LARGE, "two megabytes");

    assert_eq!(produce_error(&node, &batch_of(3, Compression::None)), NO_ERROR);
    let offsets = java("GetOffsetShell").words(&format!("--bootstrap-server {}", node.bootstrap())).run();
    assert!(offsets.contains("target:0:3"), "{offsets}");
}

/// Apache Kafka stores such a batch and leaves the danger to its readers.
#[test]
fn a_compression_bomb_costs_no_memory() {
    const BOMB_BYTES: usize = 512 << 20;
    const MEMORY_KIB_MAX: u64 = 256 << 10;
    let node = Node::start();
    if node.server() != Server::Kraftlog {
        return;
    }
    topic(&node);
    for compression in [Compression::Gzip, Compression::Zstd] {
        let mut bomb = BatchBuilder::new(0).compression(compression, None);
        bomb.push(1_700_000_000_000, None, Some(&vec![0; BOMB_BYTES]), &[]);
        let error = produce_error(&node, &bomb.build());
        assert!([CORRUPT_MESSAGE, INVALID_RECORD].contains(&error), "{compression:?}: {error}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.process_id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < MEMORY_KIB_MAX, "{peak} KiB at most");
}
