//! Records of the metadata log and of the coordinators' topics, each with its own frame, and what consumers put
//! into JoinGroup and SyncGroup for one another.
//!
//! Input: a byte that says whose record it is, then the record. For a coordinator: the length of the key in
//! one byte, the key, the value. For a consumer: the version in two bytes, then the message.

use wire::coordinator_records::{group, share, transaction};
use wire::embedded::consumer_protocol_assignment::ConsumerProtocolAssignment;
use wire::embedded::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::metadata_records::MetadataRecord;
use wire::remote_log_records::RemoteLogRecord;
use wire::{Message, Reader, Writer};

use crate::input::Input;

/// Judges one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 7 {
        0 => run_metadata(input.rest()),
        1 => run_remote_log(input.rest()),
        2 => run_group(&mut input),
        3 => run_transaction(&mut input),
        4 => run_share(&mut input),
        5 => run_subscription(input.rest()),
        _ => run_assignment(input.rest()),
    }
}

/// Frame version and record type come before the version.
fn version_of(bytes: &[u8]) -> i16 {
    let mut r = Reader::new(bytes);
    let numbers = [r.uvarint(), r.uvarint(), r.uvarint()].map(|number| number.expect("it was read before"));
    i16::try_from(numbers[2]).expect("it was read before")
}

macro_rules! framed_target {
    ($name:ident, $record:ident) => {
        fn $name(bytes: &[u8]) {
            let Ok(record) = $record::decode(bytes) else { return };
            let version = version_of(bytes);
            let mut w = Writer::new();
            record.encode(&mut w, version).expect("it was read in this version");
            let written = w.into_bytes();
            let again = $record::decode(&written).expect("what was written can be read");
            // By their bytes, not by their fields: a number that is none equals nothing.
            for same in [again.clone(), again.into_owned(), record.clone().into_owned()] {
                let mut w = Writer::new();
                same.encode(&mut w, version).expect("it was read in this version");
                assert_eq!(w.into_bytes(), written, "{record:?}");
            }
            record.to_json(version).expect("every record has a JSON form");
        }
    };
}

framed_target!(run_metadata, MetadataRecord);
framed_target!(run_remote_log, RemoteLogRecord);

fn split<'a>(input: &mut Input<'a>) -> (&'a [u8], &'a [u8]) {
    let length = usize::from(input.byte());
    let rest = input.rest();
    rest.split_at(length.min(rest.len()))
}

macro_rules! coordinator_target {
    ($name:ident, $coordinator:ident) => {
        fn $name(input: &mut Input<'_>) {
            let (key, value) = split(input);
            let Ok(decoded) = $coordinator::Key::decode(key) else { return };
            let mut w = Writer::new();
            decoded.encode(&mut w).expect("it was read");
            assert_eq!($coordinator::Key::decode(&w.into_bytes()), Ok(decoded.clone()));
            decoded.to_json().expect("every key has a JSON form");
            let Ok(read) = decoded.decode_value(value) else { return };
            let version = Reader::new(value).i16().expect("it was read before");
            let mut w = Writer::new();
            read.encode(&mut w, version).expect("it was read in this version");
            let written = w.into_bytes();
            assert_eq!(decoded.decode_value(&written), Ok(read.clone()));
            read.to_json(version).expect("every value has a JSON form");
        }
    };
}

coordinator_target!(run_group, group);
coordinator_target!(run_transaction, transaction);
coordinator_target!(run_share, share);

/// A message of a consumer in the version that it names.
fn read<'a, T: Message<'a>>(bytes: &'a [u8]) -> Option<(T, i16)> {
    let mut r = Reader::new(bytes);
    let version = r.i16().ok().filter(|version| T::VERSIONS.contains(*version))?;
    Some((T::decode(&mut r, version).ok()?, version))
}

fn written<'a, T: Message<'a>>(message: &T, version: i16) -> Vec<u8> {
    let mut w = Writer::new();
    w.i16(version);
    message.encode(&mut w, version).expect("it was read in this version");
    w.into_bytes()
}

/// The coordinator reads the topics of any version as those of the first.
fn run_subscription(bytes: &[u8]) {
    let Some((subscription, version)) = read::<ConsumerProtocolSubscription<'_>>(bytes) else { return };
    let mut r = Reader::new(&bytes[2..]);
    let first = ConsumerProtocolSubscription::decode(&mut r, 0).expect("the first version is a prefix");
    assert_eq!(
        (first.topics, first.user_data),
        (subscription.topics.clone(), subscription.user_data.clone())
    );
    let again = written(&subscription, version);
    assert_eq!(read(&again), Some((subscription, version)));
}

fn run_assignment(bytes: &[u8]) {
    let Some((assignment, version)) = read::<ConsumerProtocolAssignment<'_>>(bytes) else { return };
    let again = written(&assignment, version);
    assert_eq!(read(&again), Some((assignment, version)));
}
