use super::{Array, DecodeError, Reader, Records, Splice, Writer};
use crate::messages::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};
use crate::messages::metadata_request::MetadataRequest;
use crate::{ApiKey, EncodeError, Message};

fn written<'a>(message: &impl Message<'a>, version: i16) -> Vec<u8> {
    let mut w = Writer::new();
    message.encode(&mut w, version).expect("the version can carry it");
    w.into_bytes()
}

#[test]
fn variable_length_integers_go_both_ways() {
    for value in [0, 1, -1, 63, -64, 64, i32::MAX, i32::MIN] {
        let mut w = Writer::new();
        w.varint(value);
        w.varlong(i64::from(value) << 20);
        w.uvarint(value.cast_unsigned());
        let bytes = w.into_bytes();
        let mut r = Reader::new(&bytes);
        assert_eq!(r.varint(), Ok(value));
        assert_eq!(r.varlong(), Ok(i64::from(value) << 20));
        assert_eq!(r.uvarint(), Ok(value.cast_unsigned()));
        assert_eq!(r.finish(), Ok(()));
    }
    let mut w = Writer::new();
    w.varlong(i64::MIN);
    assert_eq!(Reader::new(&w.into_bytes()).varlong(), Ok(i64::MIN));
}

#[test]
fn variable_length_integers_end_where_their_type_does() {
    assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).uvarint(), Ok(u32::MAX));
    assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).uvarint(), Err(DecodeError::Varint));
    assert_eq!(Reader::new(&[0x80; 6]).uvarint(), Err(DecodeError::Varint));
    assert_eq!(Reader::new(&[0x80; 11]).varlong(), Err(DecodeError::Varint));
    let mut eleven_bits_too_many = [0xff; 10];
    eleven_bits_too_many[9] = 0x02;
    assert_eq!(Reader::new(&eleven_bits_too_many).varlong(), Err(DecodeError::Varint));
}

#[test]
fn external_records_leave_a_splice() {
    let partition = PartitionData { records: Some(Records::External(1000)), ..PartitionData::default() };
    let inside = PartitionData { records: Some(vec![7; 1000].into()), ..partition.clone() };
    let response = |partition: PartitionData<'static>| FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic: "orders".into(),
            partitions: vec![partition].into(),
            ..FetchableTopicResponse::default()
        }]
        .into(),
        ..FetchResponse::default()
    };
    let mut w = Writer::new();
    response(partition).encode(&mut w, 12).expect("version 12");
    let whole = written(&response(inside), 12);
    let &[Splice { position, length: 1000 }] = w.splices() else { panic!("one splice") };
    assert_eq!(w.total_length(), whole.len());
    let spliced = [&w.buffer()[..position], &[7; 1000], &w.buffer()[position..]].concat();
    assert_eq!(spliced, whole);
}

#[test]
fn a_field_that_a_version_lacks_is_refused_unless_ignorable() {
    let request = MetadataRequest { allow_auto_topic_creation: false, ..MetadataRequest::default() };
    let mut w = Writer::new();
    let refused = request.encode(&mut w, 3);
    assert_eq!(
        refused,
        Err(EncodeError::UnsupportedField { field: "MetadataRequest.AllowAutoTopicCreation", version: 3 })
    );
    assert!(request.encode(&mut w, 4).is_ok());
}

#[test]
fn null_is_refused_where_a_version_has_none() {
    let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let refused = request.encode(&mut Writer::new(), 0);
    assert_eq!(refused, Err(EncodeError::Null { field: "MetadataRequest.Topics", version: 0 }));
    assert_eq!(MetadataRequest::decode(&mut Reader::new(&[0xff; 4]), 0).map(|_| ()), Err(DecodeError::Null));
    assert!(MetadataRequest::decode(&mut Reader::new(&[0xff; 4]), 1).is_ok_and(|it| it.topics.is_none()));
}

#[test]
fn claimed_counts_are_checked_before_anything_is_read() {
    let claimed = MetadataRequest::decode(&mut Reader::new(&[0x7f, 0xff, 0xff, 0xff, 0]), 0);
    assert_eq!(claimed.map(|_| ()), Err(DecodeError::ClaimedCount { count: 0x7fff_ffff, left: 1 }));
}

#[test]
fn owned_lists_and_views_are_alike() {
    let topics = ["a", "b"]
        .map(|name| FetchableTopicResponse { topic: name.into(), ..FetchableTopicResponse::default() });
    let response = FetchResponse { responses: Array::from_iter(topics), ..FetchResponse::default() };
    let bytes = written(&response, 4);
    let read = FetchResponse::decode(&mut Reader::new(&bytes), 4).expect("what was written");
    assert_eq!(read, response);
    assert_eq!(read.responses.len(), 2);
    assert_eq!(read.responses.iter().map(|topic| topic.topic).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(written(&read, 4), bytes);
    assert_eq!(read.into_owned(), response);
}

#[test]
fn the_answer_to_api_versions_has_the_oldest_header() {
    assert_eq!(ApiKey::ApiVersions.request_header_version(4), 2);
    assert_eq!(ApiKey::ApiVersions.response_header_version(4), 0);
    assert_eq!(ApiKey::Fetch.response_header_version(11), 0);
    assert_eq!(ApiKey::Fetch.response_header_version(12), 1);
    assert!(ApiKey::LeaderAndIsr.valid_versions().is_empty());
}
