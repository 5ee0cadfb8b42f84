//! Three nodes on threads of their own, over TCP on the loopback: they elect a leader and replicate, and a
//! fourth that finds them by its bootstrap servers follows.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use kraftlog_raft::{
    CommittedBatch, Driver, DriverConfig, DriverThread, Endpoint, EngineConfig, Handle, InboundRequest,
    LeaderAndEpoch, Now, RequestBody, SnapshotRecords, StateMachine, TcpTransport, VoterSet, spawn,
};
use log_store::io::BlockingIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use wire::header::{RequestHeader, ResponseHeader};
use wire::messages::api_versions_response::{ApiVersion, ApiVersionsResponse};
use wire::{ApiKey, Message, Reader, Uuid, Writer};

const CLUSTER: &str = "5L6g3nShT-eMCtK--X86sw";
const PATIENCE: Duration = Duration::from_secs(30);
const APIS: [ApiKey; 7] = [
    ApiKey::ApiVersions,
    ApiKey::Vote,
    ApiKey::BeginQuorumEpoch,
    ApiKey::EndQuorumEpoch,
    ApiKey::Fetch,
    ApiKey::FetchSnapshot,
    ApiKey::UpdateRaftVoter,
];

/// What a node's state machine saw.
enum Seen {
    Leads(i32),
    Value(Vec<u8>),
}

struct Machine {
    id: i32,
    seen: Sender<Seen>,
}

impl StateMachine for Machine {
    fn committed(&mut self, batches: &[CommittedBatch<'_>], _: i64) {
        for value in batches.iter().flat_map(|batch| batch.records) {
            let _ = self.seen.send(Seen::Value(value.to_vec()));
        }
    }
    fn load_snapshot(&mut self, _: &mut dyn SnapshotRecords) {}
    fn leader_changed(&mut self, leader: LeaderAndEpoch) {
        if leader.is_leader(self.id) {
            let _ = self.seen.send(Seen::Leads(leader.epoch));
        }
    }
    fn begin_shutdown(&mut self) {}
}

struct Node {
    handle: Handle,
    thread: DriverThread,
    seen: Receiver<Seen>,
    _directory: tempfile::TempDir,
}

/// Starts a node; those without a port of their own observe.
fn start(runtime: &Runtime, id: i32, ports: &[u16], own: Option<TcpListener>) -> Node {
    let directory = tempfile::tempdir().unwrap();
    let mut engine = EngineConfig::new(id, Uuid::from(100 + id as u128), "CONTROLLER", id as u64);
    engine.election_timeout_ms = 300;
    let mut voters = VoterSet::default();
    if let Some(listener) = &own {
        let port = listener.local_addr().unwrap().port();
        engine.endpoints = vec![Endpoint { listener: "CONTROLLER".into(), host: "127.0.0.1".into(), port }];
        let named = ports.iter().zip(0..).map(|(port, id)| (id, "127.0.0.1".to_owned(), *port));
        voters = VoterSet::from_static("CONTROLLER", named);
    } else {
        engine.bootstrap_servers = ports.iter().map(|port| ("127.0.0.1".to_owned(), *port)).collect();
    }
    let config = DriverConfig::new(directory.path().join("__cluster_metadata-0"), CLUSTER, engine, voters);
    let slot = Arc::new(OnceLock::new());
    let transport =
        TcpTransport::new(runtime.handle().clone(), id, Duration::from_secs(2), Arc::clone(&slot));
    let (sender, seen) = channel();
    let started = Instant::now();
    let clock =
        move || Now { monotonic_ms: started.elapsed().as_millis() as u64, wall_ms: 1_790_000_000_000 };
    let machine = Box::new(Machine { id, seen: sender });
    let io = Arc::new(BlockingIo::new());
    let (driver, handle) = Driver::open(io, config, machine, Box::new(transport), clock()).unwrap();
    assert!(slot.set(handle.clone()).is_ok());
    if let Some(listener) = own {
        runtime.spawn(listen(listener, handle.clone()));
    }
    let thread = spawn(driver, clock, |_| {}).unwrap();
    Node { handle, thread, seen, _directory: directory }
}

async fn listen(listener: TcpListener, handle: Handle) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, handle.clone()));
    }
}

/// Answers one connection until it ends.
async fn serve(mut stream: TcpStream, handle: Handle) -> Option<()> {
    loop {
        let length = stream.read_i32().await.ok()?;
        let mut frame = vec![0; usize::try_from(length).ok()?];
        stream.read_exact(&mut frame).await.ok()?;
        let answer = answer(&frame, &handle).await;
        stream.write_i32(answer.len() as i32).await.ok()?;
        stream.write_all(&answer).await.ok()?;
    }
}

async fn answer(frame: &[u8], handle: &Handle) -> Vec<u8> {
    let mut reader = Reader::new(frame);
    let (api, header) = RequestHeader::decode_any(&mut reader).unwrap();
    let version = header.request_api_version;
    let mut writer = Writer::new();
    let response_header = ResponseHeader { correlation_id: header.correlation_id };
    response_header.encode(&mut writer, api.response_header_version(version)).unwrap();
    if api == ApiKey::ApiVersions {
        let offered = |api: ApiKey| {
            let range = api.valid_versions();
            ApiVersion { api_key: api.code(), min_version: range.min, max_version: range.max }
        };
        let api_keys = APIS.into_iter().map(offered).collect();
        let response = ApiVersionsResponse { api_keys, ..ApiVersionsResponse::default() };
        response.encode(&mut writer, version).unwrap();
    } else {
        let body = RequestBody::decode(api, version, &mut reader).unwrap();
        let request = InboundRequest { api_version: version, listener: "CONTROLLER".to_owned(), body };
        let response = handle.request(request).await.unwrap();
        response.encode(&mut writer, version).unwrap();
    }
    writer.into_bytes()
}

#[test]
fn nodes_elect_and_replicate_over_tcp() {
    let runtime = Runtime::new().unwrap();
    let bind = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let listeners: Vec<_> = (0..3).map(|_| bind()).collect();
    let ports: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    let mut nodes: Vec<_> =
        (0..).zip(listeners).map(|(id, own)| start(&runtime, id, &ports, Some(own))).collect();
    nodes.push(start(&runtime, 7, &ports, None));

    let deadline = Instant::now() + PATIENCE;
    let leads = |node: &Node| match node.seen.try_recv() {
        Ok(Seen::Leads(epoch)) => Some(epoch),
        _ => None,
    };
    let (leader, epoch) = loop {
        assert!(Instant::now() < deadline, "a leader is elected");
        let found = nodes.iter().enumerate().find_map(|(index, node)| Some((index, leads(node)?)));
        if let Some(found) = found {
            break found;
        }
        std::thread::yield_now();
    };
    nodes[leader].handle.propose(epoch, vec![b"over the wire".to_vec()]).unwrap();
    for node in &nodes {
        let value = loop {
            if let Seen::Value(value) = node.seen.recv_timeout(PATIENCE).expect("it is replicated") {
                break value;
            }
        };
        assert_eq!(value, b"over the wire");
    }
    for node in &nodes {
        node.handle.shutdown();
    }
    for node in nodes {
        node.thread.join().unwrap();
    }
}
