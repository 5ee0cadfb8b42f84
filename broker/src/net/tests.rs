//! The network over real sockets, with services that are as small as can be.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use log_store::io::{BlockingIo, FileRegion, Io, MemoryIo, OpenMode};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::*;

/// Echoes a frame; the first byte can ask for something else.
#[derive(Default)]
struct Echo {
    handled: AtomicUsize,
    parked: Mutex<Vec<oneshot::Sender<()>>>,
    region: Option<FileRegion>,
}

const SILENT: u8 = b's';
const LATER: u8 = b'l';
const RELEASE: u8 = b'r';
const CLOSE: u8 = b'c';
const REGION: u8 = b'f';
const IN_TURN: u8 = b't';

fn answer(frame: &[u8], outgoing: &mut Outgoing) {
    outgoing.bytes_mut().extend_from_slice(&(frame.len() as i32).to_be_bytes());
    outgoing.bytes_mut().extend_from_slice(frame);
}

impl Service for Echo {
    fn handle(&self, _: &Peer, frame: &[u8], outgoing: &mut Outgoing) -> Outcome {
        self.handled.fetch_add(1, Ordering::SeqCst);
        match frame[0] {
            SILENT => return Outcome::Unanswered,
            CLOSE => return Outcome::Close,
            LATER => {
                let (sender, receiver) = oneshot::channel();
                self.parked.lock().push(sender);
                let frame = frame.to_vec();
                return Outcome::Later(Box::pin(async move {
                    receiver.await.ok()?;
                    let mut outgoing = Outgoing::default();
                    answer(&frame, &mut outgoing);
                    Some(outgoing)
                }));
            }
            REGION => {
                let region = self.region.clone().expect("the test has a region");
                let length = 2 + region.length as i32;
                outgoing.bytes_mut().extend_from_slice(&length.to_be_bytes());
                outgoing.bytes_mut().push(b'<');
                outgoing.splice(outgoing.position(), region);
                outgoing.bytes_mut().push(b'>');
            }
            _ => {
                if frame[0] == RELEASE {
                    self.parked.lock().drain(..).for_each(|sender| sender.send(()).expect("still waiting"));
                }
                answer(frame, outgoing);
            }
        }
        Outcome::Answered
    }

    fn may_overtake(&self, frame: &[u8]) -> bool {
        frame[0] != IN_TURN
    }
}

struct Running {
    server: Server,
    echo: Arc<Echo>,
}

fn start(config: NetConfig, echo: Echo) -> Running {
    let info = ListenerInfo { name: "PLAINTEXT".to_owned(), kind: ListenerKind::Broker };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut server = Server::bind(vec![(info, address)], config).expect("port 0 is free");
    let echo = Arc::new(echo);
    let service: Arc<dyn Service> = echo.clone();
    server.start(&service).expect("threads start");
    Running { server, echo }
}

impl Running {
    fn connect(&self) -> TcpStream {
        let address = self.server.address("PLAINTEXT").expect("bound");
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
        stream
    }
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as i32).to_be_bytes()[..], bytes].concat()
}

fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("an answer comes");
    let mut bytes = vec![0; i32::from_be_bytes(length) as usize];
    stream.read_exact(&mut bytes).expect("the answer is whole");
    bytes
}

fn assert_closed(stream: &mut TcpStream) {
    match stream.read(&mut [0; 1]) {
        Ok(read) => assert_eq!(read, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let running = start(NetConfig::default(), Echo::default());
    let mut stream = running.connect();
    let requests: Vec<u8> = (0..1000u32).flat_map(|n| frame(&(n | 0xff00_0000).to_be_bytes())).collect();
    stream.write_all(&requests).expect("written");
    for n in 0..1000u32 {
        assert_eq!(read_frame(&mut stream), (n | 0xff00_0000).to_be_bytes());
    }
}

#[test]
fn an_answer_that_waits_holds_back_the_answers_behind_it_and_not_their_handling() {
    let running = start(NetConfig::default(), Echo::default());
    let mut stream = running.connect();
    let requests = [frame(b"l1"), frame(b"s"), frame(b"l2"), frame(b"x"), frame(b"r")].concat();
    stream.write_all(&requests).expect("written");
    for expected in [&b"l1"[..], b"l2", b"x", b"r"] {
        assert_eq!(read_frame(&mut stream), expected);
    }
}

#[test]
fn a_request_that_may_not_overtake_waits_for_the_answers_before_it() {
    let running = start(NetConfig::default(), Echo::default());
    let (mut stream, mut other) = (running.connect(), running.connect());
    stream.write_all(&[frame(b"l"), frame(b"t"), frame(b"x")].concat()).expect("written");
    while running.echo.parked.lock().is_empty() {
        other.write_all(&frame(b"x")).expect("written");
        read_frame(&mut other);
    }
    let handled = running.echo.handled.load(Ordering::SeqCst);
    for n in 1..=100 {
        other.write_all(&frame(b"x")).expect("written");
        read_frame(&mut other);
        assert_eq!(running.echo.handled.load(Ordering::SeqCst), handled + n, "only the other's");
    }
    other.write_all(&frame(b"r")).expect("written");
    for expected in [b"l", b"t", b"x"] {
        assert_eq!(read_frame(&mut stream), expected);
    }
}

#[test]
fn requests_behind_too_many_waiting_ones_stay_in_the_socket() {
    let running = start(NetConfig::default(), Echo::default());
    let mut stream = running.connect();
    let max = crate::limits::IN_FLIGHT_PER_CONNECTION_MAX;
    stream.write_all(&frame(b"l").repeat(max + 5)).expect("written");
    let mut other = running.connect();
    while running.echo.handled.load(Ordering::SeqCst) < max {
        other.write_all(&frame(b"s")).expect("written");
        other.write_all(&frame(b"x")).expect("written");
        read_frame(&mut other);
    }
    let waiting = running.echo.parked.lock().len();
    assert!(waiting <= max);
    let mut answered = 0;
    while answered < max + 5 {
        other.write_all(&frame(b"r")).expect("written");
        read_frame(&mut other);
        stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout can be set");
        while stream.peek(&mut [0; 6]).is_ok_and(|there| there > 0) {
            assert_eq!(read_frame(&mut stream), b"l");
            answered += 1;
        }
    }
}

#[test]
fn hostile_lengths_close_the_connection_at_the_header() {
    let config = NetConfig { socket_request_max_bytes: 1000, ..NetConfig::default() };
    let running = start(config, Echo::default());
    for length in [0, -1, i32::MIN, 1001, i32::MAX] {
        let mut stream = running.connect();
        stream.write_all(&frame(b"hello")).expect("written");
        assert_eq!(read_frame(&mut stream), b"hello");
        stream.write_all(&length.to_be_bytes()).expect("written");
        assert_closed(&mut stream);
    }
}

#[test]
fn a_request_that_cannot_be_answered_closes_after_the_answers_before_it() {
    let running = start(NetConfig::default(), Echo::default());
    let mut stream = running.connect();
    stream.write_all(&[frame(b"x"), frame(b"c")].concat()).expect("written");
    assert_eq!(read_frame(&mut stream), b"x");
    assert_closed(&mut stream);
}

#[test]
fn a_large_frame_arrives_in_pieces() {
    let running = start(NetConfig::default(), Echo::default());
    let mut stream = running.connect();
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8 | 0x80).collect();
    let sender = stream.try_clone().expect("cloned");
    let request = frame(&bytes);
    let writer = std::thread::spawn(move || {
        request.chunks(70_001).for_each(|chunk| (&sender).write_all(chunk).expect("written"));
    });
    assert_eq!(read_frame(&mut stream), bytes);
    writer.join().expect("written");
}

#[test]
fn frames_beyond_the_budget_for_queued_bytes_wait_for_their_turn() {
    let config = NetConfig {
        queued_max_request_bytes: Some(1),
        socket_request_max_bytes: 300_000,
        ..NetConfig::default()
    };
    let running = start(config, Echo::default());
    let request = frame(&vec![b'x'; 250_000]);
    let mut streams: Vec<TcpStream> = (0..4).map(|_| running.connect()).collect();
    for stream in &mut streams {
        stream.write_all(&request[..10]).expect("written");
    }
    for stream in &mut streams[1..] {
        drop(stream.try_clone().expect("cloned"));
    }
    let writers: Vec<_> = streams
        .iter()
        .map(|stream| {
            let (stream, rest) = (stream.try_clone().expect("cloned"), request[10..].to_vec());
            std::thread::spawn(move || (&stream).write_all(&rest).expect("written"))
        })
        .collect();
    for stream in &mut streams {
        assert_eq!(read_frame(stream).len(), 250_000);
    }
    writers.into_iter().for_each(|writer| writer.join().expect("written"));
}

#[test]
fn regions_of_files_are_sent_between_the_bytes() {
    let directory = tempfile::tempdir().expect("a directory");
    let backends: [Arc<dyn Io>; 2] = [Arc::new(BlockingIo::new()), Arc::new(MemoryIo::new())];
    for (io, path) in backends.iter().zip([directory.path(), Path::new("/memory")]) {
        let content: Vec<u8> = (0..5_000_000u32).map(|n| (n % 253) as u8).collect();
        io.create_dir_all(path).expect("made");
        let file = io.open(&path.join("segment"), OpenMode::Create).expect("made");
        file.write_at(&[IoSlice::new(&content)], 0).expect("written");
        let region = FileRegion { file, position: 1000, length: 4_000_000 };
        let running = start(NetConfig::default(), Echo { region: Some(region), ..Echo::default() });
        let mut stream = running.connect();
        stream.write_all(&[frame(b"f"), frame(b"f"), frame(b"x")].concat()).expect("written");
        for _ in 0..2 {
            let answer = read_frame(&mut stream);
            assert_eq!((answer[0], answer[4_000_001]), (b'<', b'>'));
            assert!(answer[1..4_000_001] == content[1000..4_001_000]);
        }
        assert_eq!(read_frame(&mut stream), b"x");
    }
}

#[test]
fn a_file_that_ends_inside_a_region_closes_the_connection() {
    let directory = tempfile::tempdir().expect("a directory");
    let io = BlockingIo::new();
    let file = io.open(&directory.path().join("segment"), OpenMode::Create).expect("made");
    file.write_at(&[IoSlice::new(b"short")], 0).expect("written");
    let region = FileRegion { file, position: 0, length: 10 };
    let running = start(NetConfig::default(), Echo { region: Some(region), ..Echo::default() });
    let mut stream = running.connect();
    stream.write_all(&frame(b"f")).expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(&answer[4..], b"<short");
}

#[test]
fn a_reader_that_does_not_read_hurts_nobody_else() {
    let config = NetConfig { threads: Some(1), ..NetConfig::default() };
    let running = start(config, Echo::default());
    let stuck = running.connect();
    stuck.set_nonblocking(true).expect("set");
    let request = frame(&vec![b'x'; 60_000]);
    while (&stuck).write(&request).is_ok() {}
    let mut stream = running.connect();
    stream.write_all(&frame(b"x")).expect("written");
    assert_eq!(read_frame(&mut stream), b"x");
}

#[test]
fn idle_connections_are_closed() {
    let config = NetConfig { connections_max_idle: Duration::from_millis(80), ..NetConfig::default() };
    let running = start(config, Echo::default());
    let mut stream = running.connect();
    stream.write_all(&frame(b"x")).expect("written");
    assert_eq!(read_frame(&mut stream), b"x");
    assert_closed(&mut stream);
}

#[test]
fn an_address_has_only_so_many_connections() {
    let config = NetConfig { max_connections_per_ip: 2, ..NetConfig::default() };
    let running = start(config, Echo::default());
    let mut streams = [running.connect(), running.connect()];
    for stream in &mut streams {
        stream.write_all(&frame(b"x")).expect("written");
        assert_eq!(read_frame(stream), b"x");
    }
    assert_closed(&mut running.connect());
}

#[test]
fn connections_beyond_the_limit_wait_until_another_ends() {
    let config = NetConfig { max_connections: 1, ..NetConfig::default() };
    let running = start(config, Echo::default());
    let mut first = running.connect();
    first.write_all(&frame(b"x")).expect("written");
    assert_eq!(read_frame(&mut first), b"x");
    let mut second = running.connect();
    second.write_all(&frame(b"y")).expect("written");
    second.set_read_timeout(Some(Duration::from_millis(50))).expect("set");
    assert!(second.read(&mut [0; 1]).is_err());
    drop(first);
    second.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    assert_eq!(read_frame(&mut second), b"y");
}

#[test]
fn stopping_closes_every_connection() {
    let mut running = start(NetConfig::default(), Echo::default());
    let mut stream = running.connect();
    stream.write_all(&frame(b"x")).expect("written");
    assert_eq!(read_frame(&mut stream), b"x");
    running.server.shutdown();
    assert_closed(&mut stream);
}
