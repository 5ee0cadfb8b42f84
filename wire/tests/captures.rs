//! Frames that Apache Kafka 4.3.1 sent (`testdata/captures`): read, written again, the same bytes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use kraftlog_wire::header::{RequestHeader, ResponseHeader};
use kraftlog_wire::{ApiKey, Message, Reader, Writer};
use std::fs;
use std::path::{Path, PathBuf};
use support::table;

/// One frame without its length.
struct Capture {
    api: ApiKey,
    is_request: bool,
    version: i16,
    frame: Vec<u8>,
}

#[test]
fn what_apache_sent_is_written_again() {
    let captures = captures();
    for capture in &captures {
        let (header, body) = split(capture);
        let side = if capture.is_request { "Request" } else { "Response" };
        let name = format!("{}{side}", capture.api);
        let recoded = (table::row(&name).recode)(body, capture.version);
        let recoded = recoded.unwrap_or_else(|error| panic!("{name} v{}: {error}", capture.version));
        assert_eq!([header, recoded].concat(), capture.frame, "{name} v{}", capture.version);
    }
}

#[test]
fn captures_cover_clients_brokers_and_controllers() {
    let captures = captures();
    for api in [
        ApiKey::Produce,
        ApiKey::JoinGroup,
        ApiKey::AddPartitionsToTxn,
        ApiKey::BrokerHeartbeat,
        ApiKey::Vote,
    ] {
        for is_request in [true, false] {
            assert!(captures.iter().any(|it| it.api == api && it.is_request == is_request), "{api}");
        }
    }
}

/// The header, written again, and the body.
fn split(capture: &Capture) -> (Vec<u8>, &[u8]) {
    let (mut r, mut w) = (Reader::new(&capture.frame), Writer::new());
    if capture.is_request {
        let (api, header) = RequestHeader::decode_any(&mut r).unwrap();
        assert_eq!((api, header.request_api_version), (capture.api, capture.version));
        header.encode(&mut w, api.request_header_version(capture.version)).unwrap();
    } else {
        let version = capture.api.response_header_version(capture.version);
        ResponseHeader::decode(&mut r, version).unwrap().encode(&mut w, version).unwrap();
    }
    (w.into_bytes(), r.rest())
}

fn captures() -> Vec<Capture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.flat_map(|path| read(&path)).collect()
}

fn read(path: &PathBuf) -> Vec<Capture> {
    let stem = path.file_stem().unwrap().to_string_lossy().replace('_', "");
    let api = ApiKey::ALL.iter().find(|api| api.name().to_lowercase() == stem).expect("named after an api");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| capture(*api, line)).collect()
}

fn capture(api: ApiKey, line: &str) -> Capture {
    let words: Vec<&str> = line.split(' ').collect();
    let [side, version, hex] = words[..] else { panic!("three words in a line of {api}") };
    let digits = |place: usize| u8::from_str_radix(&hex[place..place + 2], 16).unwrap();
    Capture {
        api,
        is_request: side == "request",
        version: version.parse().unwrap(),
        frame: (0..hex.len()).step_by(2).map(digits).collect(),
    }
}
