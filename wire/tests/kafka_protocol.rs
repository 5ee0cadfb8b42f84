//! Generated messages against two other encoders: one in these tests that walks the schemas, and
//! the `kafka-protocol` crate, whose code comes from Apache's JSON by another way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiKey as TheirKey, RequestKind, ResponseKind};
use kraftlog_wire::{ApiKey, ErrorCode};
use support::random::Random;
use support::schema::{Kind, Message};
use support::table;
use support::values::Sample;

/// Samples of each message in each version.
const SAMPLES: u64 = 12;

/// Calls `judge` with the samples of every message and version.
fn for_every_version(mut judge: impl FnMut(&Message, i16, &Sample, &mut Random)) {
    for message in &support::messages() {
        for version in message.versions.min..=message.versions.max {
            for seed in 0..SAMPLES {
                let random = &mut Random::new(seed << 16 | u64::from(version.cast_unsigned()));
                let sample = Sample::random(message, version, random);
                judge(message, version, &sample, random);
            }
        }
    }
}

#[test]
fn what_is_read_is_written_as_the_schema_says() {
    for_every_version(|message, version, sample, _| {
        let (bytes, row) = (sample.bytes(), table::row(&message.name));
        assert_eq!((row.recode)(&bytes, version).as_ref(), Ok(&bytes), "{} v{version}", message.name);
        assert_eq!((row.recode_owned)(&bytes, version), Ok(bytes), "{} v{version}", message.name);
    });
}

#[test]
fn unknown_tagged_fields_are_skipped() {
    for_every_version(|message, version, sample, random| {
        let bytes = sample.bytes_from_the_future(random);
        let recoded = (table::row(&message.name).recode)(&bytes, version);
        assert_eq!(recoded, Ok(sample.bytes()), "{} v{version}", message.name);
    });
}

/// Requests whose newest version `kafka-protocol` names and does not read: it is made for Kafka 4.1,
/// where these were not final.
const UNREAD: &[(&str, i16)] =
    &[("InitProducerIdRequest", 6), ("OffsetCommitRequest", 10), ("OffsetFetchRequest", 10)];

#[test]
fn kafka_protocol_agrees_in_every_version_it_has() {
    let mut judged = 0;
    for_every_version(|message, version, sample, _| {
        let bytes = sample.bytes();
        let Some(theirs) = recoded_by_kafka_protocol(message, &bytes, version) else { return };
        assert_eq!(theirs, bytes, "{} v{version}", message.name);
        let ours = (table::row(&message.name).recode)(&theirs, version);
        assert_eq!(ours, Ok(theirs), "{} v{version}", message.name);
        judged += 1;
    });
    assert!(judged > 5000, "kafka-protocol has most versions, but {judged} samples are few");
}

/// The message as `kafka-protocol` reads and writes it; `None` for versions newer than it.
fn recoded_by_kafka_protocol(message: &Message, bytes: &[u8], version: i16) -> Option<Vec<u8>> {
    let key = TheirKey::try_from(message.key?).ok()?;
    let known = key.valid_versions();
    if !(known.min..=known.max).contains(&version) || UNREAD.contains(&(&message.name, version)) {
        return None;
    }
    let (mut frame, mut out) = (Bytes::copy_from_slice(bytes), BytesMut::new());
    let written = match message.kind {
        Kind::Request => {
            RequestKind::decode(key, &mut frame, version).and_then(|it| it.encode(&mut out, version))
        }
        Kind::Response => {
            ResponseKind::decode(key, &mut frame, version).and_then(|it| it.encode(&mut out, version))
        }
        _ => return None,
    };
    written.unwrap_or_else(|error| panic!("{} v{version}: {error:#}", message.name));
    assert!(frame.is_empty(), "{} v{version}: {} bytes left", message.name, frame.len());
    Some(out.to_vec())
}

#[test]
fn kafka_protocol_has_the_same_header_versions() {
    for &ours in ApiKey::ALL {
        let Ok(theirs) = TheirKey::try_from(ours.code()) else { continue };
        let (known, versions) = (theirs.valid_versions(), ours.valid_versions());
        for version in versions.min.max(known.min)..=versions.max.min(known.max) {
            assert_eq!(
                ours.request_header_version(version),
                theirs.request_header_version(version),
                "{ours}"
            );
            assert_eq!(
                ours.response_header_version(version),
                theirs.response_header_version(version),
                "{ours}"
            );
        }
    }
}

#[test]
fn kafka_protocol_has_the_same_errors() {
    let mut known = 0;
    for &ours in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_code(ours.code()), Some(ours));
        match ResponseError::try_from_code(ours.code()) {
            None => assert_eq!(ours, ErrorCode::None),
            Some(ResponseError::Unknown(_)) => {}
            Some(theirs) => {
                known += 1;
                assert_eq!(format!("{theirs:?}").to_lowercase(), format!("{ours:?}").to_lowercase());
                // Retriable in 4.3, and not in the version that the crate is made for.
                let changed = ours == ErrorCode::ConcurrentTransactions;
                assert_eq!(theirs.is_retriable() != changed, ours.is_retriable(), "{ours}");
            }
        }
    }
    assert!(known > 120, "kafka-protocol has most codes, but {known} are few");
    assert_eq!(ErrorCode::from_code(-2), None);
    assert_eq!(ErrorCode::from_code(134), None);
}
