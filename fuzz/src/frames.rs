//! Whole frames, as they come from a socket behind their length.
//!
//! Input: a request's frame. With the highest bit of the api key set it is an answer instead: api key and
//! version as in a request, then header and body of the response.

use wire::header::{RequestHeader, ResponseHeader, Target};
use wire::{ApiKey, Message, Reader, Writer};

use crate::memory::peak_of;
use crate::messages::{judge, row};

/// Bytes of an api key and a version.
const TARGET_SIZE: usize = 4;

/// Judges one input.
pub fn run(data: &[u8]) {
    match Target::peek(data) {
        Ok(target) if target.api_key < 0 => run_response(target, &data[TARGET_SIZE..]),
        _ => run_request(data),
    }
}

fn run_request(frame: &[u8]) {
    let mut r = Reader::new(frame);
    let (header, peak) = peak_of(|| RequestHeader::decode_any(&mut r));
    assert!(peak <= 2 * frame.len(), "{peak} bytes for the header of a frame of {}", frame.len());
    let Ok((api, header)) = header else { return };
    let version = header.request_api_version;
    assert_eq!(header.request_api_key, api.code());
    if api.valid_versions().contains(version) {
        let mut w = Writer::new();
        header.encode(&mut w, api.request_header_version(version)).expect("it was read in this version");
        let bytes = w.into_bytes();
        let (_, again) = RequestHeader::decode_any(&mut Reader::new(&bytes)).expect("just written");
        assert_eq!(again, header);
        judge_body(api, "Request", version, r.rest());
    }
}

fn run_response(target: Target, frame: &[u8]) {
    let Some(api) = ApiKey::from_code(target.api_key & i16::MAX) else { return };
    let version = target.api_version;
    if !api.valid_versions().contains(version) {
        return;
    }
    let mut r = Reader::new(frame);
    if ResponseHeader::decode(&mut r, api.response_header_version(version)).is_ok() {
        judge_body(api, "Response", version, r.rest());
    }
}

fn judge_body(api: ApiKey, kind: &str, version: i16, body: &[u8]) {
    let name = format!("{}{kind}", api.name());
    let row = row(&name).unwrap_or_else(|| panic!("no message {name}"));
    judge(row, version, body);
}
