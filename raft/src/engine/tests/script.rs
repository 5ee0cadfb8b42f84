//! Scripts as tests: `raft/testdata/*.txt`, commands and the whole trace they give.
//!
//! A script is a row of blocks, each a few commands, a line `----` and the expected trace; a line that
//! begins with `#` is a comment. `KRAFTLOG_REGENERATE=1 cargo test -p kraftlog-raft script` writes the
//! traces anew; read the difference before keeping it.
//!
//! Commands, with `key=value` arguments: `start`, `wait <ms>`, `persisted`, `flushed`, `propose <n…>`,
//! `vote`, `pre-vote`, `begin`, `end`, `fetch`, `fetch-snapshot`, `describe`, `add-voter`, `remove-voter`,
//! `update-voter`, `upgrade` (requests to the node), `answer-vote`, `answer-fetch`, `answer-snapshot`,
//! `answer-begin`, `answer-end`, `answer-versions`, `answer-add`, `answer-remove`, `answer-update`, `fail`
//! (answers of a peer), `frozen`, `installed`, `log-start`, `resign`, `shutdown`. `start dynamic` begins with
//! the voters of a bootstrap snapshot instead of the configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::{env, fs};

use wire::Uuid;

use super::render;
use crate::engine::{
    AddVoterRequest, BatchSummary, BeginQuorumEpochRequest, ControlRecord, Effect, ElectionState,
    EndQuorumEpochRequest, Endpoint, Engine, EngineConfig, EpochResponse, Event, FetchOutcome, FetchRequest,
    FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse, FetchedBatches, LeaderAndEpoch, LogView,
    OffsetAndEpoch, Recovered, RemoveVoterRequest, ReplicaKey, Request, Response, SnapshotChunk,
    SupportedVersions, UpdateVoterRequest, UpgradeKRaftVersionRequest, VoteRequest, VoteResponse, Voter,
    VoterHistory, VoterSet,
};

#[test]
fn every_script_gives_its_trace() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut paths: Vec<_> =
        fs::read_dir(&folder).expect("testdata").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let expected = fs::read_to_string(&path).expect("a script");
        let actual = run(&expected);
        if env::var_os("KRAFTLOG_REGENERATE").is_some() {
            fs::write(&path, actual).expect("a script can be written");
        } else {
            assert!(expected == actual, "{}: the trace is now\n{actual}", path.display());
        }
    }
}

/// The script with the traces that it gives now.
fn run(script: &str) -> String {
    let mut node = Node::default();
    let mut out = String::new();
    let mut in_trace = false;
    let mut trace = String::new();
    for line in script.lines() {
        if line.is_empty() {
            out.push_str(&std::mem::take(&mut trace));
            out.push('\n');
            in_trace = false;
        } else if line == "----" {
            out.push_str("----\n");
            in_trace = true;
        } else if !in_trace {
            out.push_str(line);
            out.push('\n');
            if !line.starts_with('#') {
                trace.push_str(&node.command(line));
            }
        }
    }
    out + &trace
}

/// Arguments of a command.
struct Arguments<'a> {
    named: BTreeMap<&'a str, &'a str>,
    plain: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    fn parse(words: impl Iterator<Item = &'a str>) -> Self {
        let mut arguments = Self { named: BTreeMap::new(), plain: Vec::new() };
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => {
                    arguments.named.insert(name, value);
                }
                None => arguments.plain.push(word),
            }
        }
        arguments
    }

    fn get<T: FromStr>(&self, name: &str) -> Option<T> {
        self.named.get(name).map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
    }

    fn or<T: FromStr>(&self, name: &str, default: T) -> T {
        self.get(name).unwrap_or(default)
    }

    fn has(&self, word: &str) -> bool {
        self.plain.contains(&word)
    }

    fn list(&self, name: &str) -> Vec<i32> {
        let text = self.named.get(name).copied().unwrap_or_default();
        text.split(',').filter(|part| !part.is_empty()).map(|part| part.parse().expect("an id")).collect()
    }

    /// `offset@epoch`, 0@0 when it is not given.
    fn position(&self, name: &str) -> OffsetAndEpoch {
        let text = self.named.get(name).copied().unwrap_or("0@0");
        let (offset, epoch) = text.split_once('@').expect("offset@epoch");
        OffsetAndEpoch::new(offset.parse().expect("an offset"), epoch.parse().expect("an epoch"))
    }

    fn leader(&self) -> LeaderAndEpoch {
        LeaderAndEpoch { leader_id: self.get("leader"), epoch: self.or("epoch", 0) }
    }
}

/// The node under test, and what the script has to remember of it.
#[derive(Default)]
struct Node {
    engine: Option<Engine>,
    now_ms: u64,
    next_request: u64,
    awaited: BTreeMap<i32, u64>,
}

impl Node {
    fn command(&mut self, line: &str) -> String {
        let mut words = line.split_whitespace();
        let command = words.next().expect("a command");
        let arguments = Arguments::parse(words);
        let mut effects = Vec::new();
        match self.event(command, &arguments) {
            None => self.start(&arguments, &mut effects),
            Some(event) => {
                let engine = self.engine.as_mut().expect("start comes first");
                engine.step(self.now_ms, event, &mut effects);
            }
        }
        self.trace(&effects)
    }

    fn trace(&mut self, effects: &[Effect]) -> String {
        let engine = self.engine.as_ref().expect("start comes first");
        engine.validate();
        let mut trace = String::new();
        for effect in effects {
            if let Effect::SendRequest { to, correlation_id, .. } = effect {
                self.awaited.insert(to.id, *correlation_id);
            }
            trace += &format!("{}\n", render::effect(effect));
        }
        trace + &render::state(engine) + "\n"
    }

    fn start(&mut self, arguments: &Arguments<'_>, effects: &mut Vec<Effect>) {
        let id = arguments.or("id", 1);
        let voters = arguments.list("voters");
        let mut config = EngineConfig::new(id, directory(id), "CONTROLLER", 7);
        config.endpoints = vec![endpoint(id)];
        config.auto_join = arguments.has("auto-join");
        if arguments.has("bootstrap") {
            config.bootstrap_servers = vec![("seed".to_owned(), 9093)];
        }
        let voted = arguments.get("voted").map(|id| ReplicaKey { id, directory_id: Some(directory(id)) });
        let election = arguments.get("epoch").map(|epoch| ElectionState {
            epoch,
            leader_id: arguments.get("leader"),
            voted,
        });
        let end = arguments.position("end");
        let epochs = if end.offset > 0 { vec![(end.epoch, 0)] } else { Vec::new() };
        let is_dynamic = arguments.has("dynamic");
        let bootstrap = is_dynamic.then_some(OffsetAndEpoch::BOOTSTRAP);
        let static_voters = voters.iter().map(|id| (*id, format!("host{id}"), 9093));
        let mut history = VoterHistory::new(VoterSet::from_static("CONTROLLER", static_voters));
        if is_dynamic {
            history = VoterHistory::default();
            history.load_snapshot(OffsetAndEpoch::BOOTSTRAP, 1, Some(dynamic_voters(&voters)));
        }
        let recovered = Recovered {
            election,
            log: LogView::recovered(0, end.offset, epochs, bootstrap),
            voters: history,
        };
        self.engine = Some(Engine::new(config, recovered, self.now_ms, effects));
    }

    /// The event a command stands for; `None` for `start`.
    fn event(&mut self, command: &str, arguments: &Arguments<'_>) -> Option<Event> {
        let event = match command {
            "start" => return None,
            "wait" => {
                self.now_ms += arguments.plain[0].parse::<u64>().expect("milliseconds");
                Event::Tick
            }
            "persisted" => Event::QuorumStatePersisted,
            "flushed" => Event::Flushed { end: self.engine.as_ref().expect("a node").log().end() },
            "propose" => Event::Propose {
                epoch: arguments.or("epoch", 1),
                batches: arguments
                    .plain
                    .iter()
                    .map(|count| vec![vec![0]; count.parse().expect("a count")])
                    .collect(),
            },
            "frozen" => Event::SnapshotFrozen { id: arguments.position("id") },
            "installed" => {
                Event::SnapshotInstalled { id: arguments.position("id"), kraft_version: 0, voters: None }
            }
            "log-start" => Event::LogStartAdvanced { start: arguments.or("at", 0) },
            "resign" => Event::Resign { epoch: arguments.or("epoch", 0) },
            "shutdown" => Event::Shutdown,
            "fail" => Event::SendFailed { correlation_id: self.correlation_id(arguments) },
            _ => match command.strip_prefix("answer-") {
                Some(kind) => {
                    let correlation_id = self.correlation_id(arguments);
                    Event::Response { correlation_id, response: response(kind, arguments) }
                }
                None => {
                    self.next_request += 1;
                    Event::Request { id: self.next_request, request: request(command, arguments) }
                }
            },
        };
        Some(event)
    }

    fn correlation_id(&self, arguments: &Arguments<'_>) -> u64 {
        let from = arguments.get::<i32>("from").expect("from");
        *self
            .awaited
            .get(&from)
            .unwrap_or_else(|| panic!("at {} ms node {from} was asked nothing", self.now_ms))
    }
}

/// A set as it stands in the log.
fn dynamic_voters(ids: &[i32]) -> VoterSet {
    let voter = |id: &i32| Voter {
        key: replica(*id),
        endpoints: vec![endpoint(*id)],
        kraft_version_min: 0,
        kraft_version_max: 1,
    };
    ids.iter().map(voter).collect()
}

fn directory(id: i32) -> Uuid {
    Uuid::from(u128::from(id.unsigned_abs()) + 100)
}

fn endpoint(id: i32) -> Endpoint {
    Endpoint { listener: "CONTROLLER".to_owned(), host: format!("host{id}"), port: 9093 }
}

fn replica(id: i32) -> ReplicaKey {
    ReplicaKey { id, directory_id: Some(directory(id)) }
}

fn request(command: &str, arguments: &Arguments<'_>) -> Request {
    let from = arguments.or("from", -1);
    let epoch = arguments.or("epoch", 0);
    let voter = arguments.get("to").map(replica);
    match command {
        "vote" | "pre-vote" => Request::Vote(VoteRequest {
            voter,
            candidate: replica(from),
            epoch,
            log_end: arguments.position("end"),
            pre_vote: command == "pre-vote",
        }),
        "begin" => Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
            voter,
            leader_id: from,
            epoch,
            leader_endpoints: vec![endpoint(from)],
        }),
        "end" => Request::EndQuorumEpoch(EndQuorumEpochRequest {
            leader_id: from,
            epoch,
            preferred_candidates: arguments.list("successors").into_iter().map(replica).collect(),
            leader_endpoints: vec![endpoint(from)],
        }),
        "fetch" => {
            let at = arguments.position("at");
            Request::Fetch(FetchRequest {
                replica: replica(from),
                leader_epoch: epoch,
                fetch_offset: at.offset,
                last_fetched_epoch: at.epoch,
                high_watermark: arguments.or("hw", -1),
                max_wait_ms: arguments.or("wait", 0),
                max_bytes: 1024,
            })
        }
        "fetch-snapshot" => Request::FetchSnapshot(FetchSnapshotRequest {
            replica: replica(from),
            leader_epoch: epoch,
            snapshot_id: arguments.position("id"),
            position: arguments.or("position", 0),
            max_bytes: 1024,
        }),
        "describe" => Request::DescribeQuorum,
        "add-voter" => Request::AddVoter(AddVoterRequest {
            voter: Some(replica(arguments.or("id", 0))),
            endpoints: vec![endpoint(arguments.or("id", 0))],
            ack_when_committed: !arguments.has("ack-appended"),
        }),
        "remove-voter" => {
            Request::RemoveVoter(RemoveVoterRequest { voter: Some(replica(arguments.or("id", 0))) })
        }
        "update-voter" => Request::UpdateVoter(UpdateVoterRequest {
            epoch,
            voter: Some(replica(from)),
            endpoints: vec![Endpoint { port: arguments.or("port", 9093), ..endpoint(from) }],
            kraft_versions: SupportedVersions { min: 0, max: arguments.or("max", 1) },
        }),
        "upgrade" => Request::UpgradeKRaftVersion(UpgradeKRaftVersionRequest {
            epoch,
            kraft_version: arguments.or("version", 1),
            validate_only: arguments.has("validate-only"),
        }),
        _ => panic!("unknown command {command}"),
    }
}

fn response(kind: &str, arguments: &Arguments<'_>) -> Response {
    let leader = arguments.leader();
    let leader_endpoints = leader.leader_id.map(endpoint).into_iter().collect();
    match kind {
        "vote" => Response::Vote(VoteResponse {
            refusal: None,
            leader,
            leader_endpoints,
            vote_granted: arguments.has("granted"),
        }),
        "begin" => Response::BeginQuorumEpoch(EpochResponse { refusal: None, leader, leader_endpoints }),
        "end" => Response::EndQuorumEpoch(EpochResponse { refusal: None, leader, leader_endpoints }),
        "fetch" => Response::Fetch(FetchResponse {
            refusal: None,
            leader,
            leader_endpoints,
            high_watermark: arguments.or("hw", -1),
            log_start: 0,
            outcome: outcome(arguments),
        }),
        "snapshot" => Response::FetchSnapshot(FetchSnapshotResponse {
            leader,
            leader_endpoints,
            chunk: Ok(SnapshotChunk {
                id: arguments.position("id"),
                size: arguments.or("size", 0),
                position: arguments.or("position", 0),
                bytes: vec![0; arguments.or("bytes", 0)],
            }),
        }),
        "versions" => Response::ApiVersions(Ok(SupportedVersions { min: 0, max: arguments.or("max", 1) })),
        "add" => Response::AddVoter(None),
        "remove" => Response::RemoveVoter(None),
        "update" => Response::UpdateVoter(EpochResponse { refusal: None, leader, leader_endpoints }),
        _ => panic!("unknown answer {kind}"),
    }
}

fn outcome(arguments: &Arguments<'_>) -> FetchOutcome<FetchedBatches> {
    if arguments.named.contains_key("diverging") {
        return FetchOutcome::Diverging(arguments.position("diverging"));
    }
    if arguments.named.contains_key("snapshot") {
        return FetchOutcome::Snapshot(arguments.position("snapshot"));
    }
    let Some(records) = arguments.named.get("records") else {
        return FetchOutcome::Records(FetchedBatches::default());
    };
    // first-last@epoch,…
    let mut batches: Vec<_> = records
        .split(',')
        .map(|text| {
            let (range, epoch) = text.split_once('@').expect("range@epoch");
            let (first, last) = range.split_once('-').expect("first-last");
            BatchSummary {
                base_offset: first.parse().expect("an offset"),
                last_offset: last.parse().expect("an offset"),
                epoch: epoch.parse().expect("an epoch"),
                control: Vec::new(),
            }
        })
        .collect();
    // The first batch begins with these voters.
    let voters = arguments.list("voters");
    if let Some(batch) = batches.first_mut().filter(|_| !voters.is_empty()) {
        let records = [ControlRecord::KRaftVersion(1), ControlRecord::Voters(dynamic_voters(&voters))];
        batch.control = (batch.base_offset..).zip(records).collect();
    }
    let bytes = vec![0; batches.len()];
    FetchOutcome::Records(FetchedBatches { batches, bytes })
}
