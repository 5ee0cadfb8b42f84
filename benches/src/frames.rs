//! The four requests that the generator sends, as whole frames, and the places of what it looks at
//! in the replies.
//!
//! Versions are the newest without tagged fields and topic ids: the same bytes suit every server, and
//! a reply's fixed layout lets the generator check it without decoding it.

use crate::batches::Batch;

const PRODUCE: (i16, i16) = (0, 8);
const FETCH: (i16, i16) = (1, 11);
const CREATE_TOPICS: (i16, i16) = (19, 4);
const DELETE_TOPICS: (i16, i16) = (20, 3);

const TIMEOUT_MS: i32 = 30_000;
const CLIENT_ID: &str = "versus";

/// Bytes of a reply before its body: length and correlation id.
const REPLY_PREFIX: usize = 8;

/// What a reply's front looks like: how much of it must be there, and where its error code lies.
#[derive(Clone, Copy)]
pub(crate) struct ReplyShape {
    /// Bytes from the length field to the last byte that is looked at.
    pub(crate) head: usize,
    /// Position of the error code.
    pub(crate) error_at: usize,
    /// Position of the length of the records, in a fetch reply.
    pub(crate) records_length_at: Option<usize>,
}

/// A frame under construction.
struct Frame(Vec<u8>);

impl Frame {
    fn of((api_key, version): (i16, i16)) -> Self {
        let frame = Self(vec![0; 4]);
        frame.int16(api_key).int16(version).int32(0).string(CLIENT_ID)
    }

    fn int8(mut self, value: i8) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn int16(mut self, value: i16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn int32(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn int64(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn string(mut self, value: &str) -> Self {
        self = self.int16(i16::try_from(value.len()).expect("names of a bench are short"));
        self.0.extend(value.as_bytes());
        self
    }

    fn bytes(mut self, value: &[u8]) -> Self {
        self = self.int32(i32::try_from(value.len()).expect("batches of a bench are small"));
        self.0.extend(value);
        self
    }

    fn done(mut self) -> Vec<u8> {
        let length = i32::try_from(self.0.len() - 4).expect("frames of a bench are small");
        self.0[..4].copy_from_slice(&length.to_be_bytes());
        self.0
    }
}

/// One batch for one partition, acknowledged by all in-sync replicas.
pub(crate) fn produce(topic: &str, partition: i32, batch: &Batch) -> Vec<u8> {
    let no_transaction = -1_i16;
    let all_replicas = -1_i16;
    Frame::of(PRODUCE)
        .int16(no_transaction)
        .int16(all_replicas)
        .int32(TIMEOUT_MS)
        .int32(1)
        .string(topic)
        .int32(1)
        .int32(partition)
        .bytes(&batch.bytes)
        .done()
}

pub(crate) fn produce_reply(topic: &str) -> ReplyShape {
    // topics, name, partitions, index; then the error code.
    let error_at = REPLY_PREFIX + 4 + 2 + topic.len() + 4 + 4;
    ReplyShape { head: error_at + 2, error_at, records_length_at: None }
}

/// At most `max_bytes` of one partition from `offset` on, outside any session. Also returns where the
/// offset lies in the frame, so that the next request is eight bytes away.
pub(crate) fn fetch(topic: &str, partition: i32, offset: i64, max_bytes: i32) -> (Vec<u8>, usize) {
    let (max_wait_ms, min_bytes) = (500, 1);
    let front = Frame::of(FETCH)
        .int32(-1) // not a replica
        .int32(max_wait_ms)
        .int32(min_bytes)
        .int32(max_bytes)
        .int8(0) // reads uncommitted
        .int32(0) // no session ...
        .int32(-1) // ... and none wanted
        .int32(1)
        .string(topic)
        .int32(1)
        .int32(partition)
        .int32(-1); // leader epoch unknown
    let offset_at = front.0.len();
    let frame = front
        .int64(offset)
        .int64(-1) // log start: for followers only
        .int32(max_bytes)
        .int32(0) // forgotten topics
        .string("") // rack
        .done();
    (frame, offset_at)
}

pub(crate) fn fetch_reply(topic: &str) -> ReplyShape {
    // throttle, error, session, topics, name, partitions, index; then the partition's error code.
    let error_at = REPLY_PREFIX + 4 + 2 + 4 + 4 + 2 + topic.len() + 4 + 4;
    // High watermark, last stable offset, log start, aborted transactions (none), preferred replica.
    let records_length_at = error_at + 2 + 8 + 8 + 8 + 4 + 4;
    ReplyShape { head: records_length_at + 4, error_at, records_length_at: Some(records_length_at) }
}

pub(crate) fn create_topic(topic: &str, partitions: i32) -> Vec<u8> {
    let replication = 1_i16;
    Frame::of(CREATE_TOPICS)
        .int32(1)
        .string(topic)
        .int32(partitions)
        .int16(replication)
        .int32(0) // no assignment by hand
        .int32(0) // no configs
        .int32(TIMEOUT_MS)
        .int8(0) // not only validated
        .done()
}

pub(crate) fn delete_topic(topic: &str) -> Vec<u8> {
    Frame::of(DELETE_TOPICS).int32(1).string(topic).int32(TIMEOUT_MS).done()
}

/// The shape of a reply to [`create_topic`] and [`delete_topic`].
pub(crate) fn topic_reply(topic: &str) -> ReplyShape {
    // throttle, topics, name; then the error code.
    let error_at = REPLY_PREFIX + 4 + 4 + 2 + topic.len();
    ReplyShape { head: error_at + 2, error_at, records_length_at: None }
}
