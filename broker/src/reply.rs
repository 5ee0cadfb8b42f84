//! From a handler's answer to the bytes that leave.

use std::future::Future;
use std::pin::Pin;

use log_store::io::FileRegion;
use wire::header::ResponseHeader;
use wire::{ApiKey, EncodeError, Message, Writer};

use crate::net::{Outcome, Outgoing};

/// What a handler that may have to wait returns.
pub(crate) enum Reply<T> {
    /// The answer.
    Now(T),
    /// The answer, later.
    Later(Pin<Box<dyn Future<Output = T> + Send>>),
    /// The request wants no answer.
    Unanswered,
    /// The connection is to be closed.
    Close,
}

/// Anything that can be sent as an answer.
pub(crate) trait Answer {
    /// Appends the body in `version`.
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError>;

    /// Regions of files, one for each splice in the body, in their order.
    fn into_regions(self) -> Vec<FileRegion>;
}

/// A response without regions of files.
pub(crate) struct Plain<R>(pub(crate) R);

impl<'a, R: Message<'a>> Answer for Plain<R> {
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.0.encode(writer, version)
    }

    fn into_regions(self) -> Vec<FileRegion> {
        Vec::new()
    }
}

/// A response whose records are regions of files.
pub(crate) struct WithRegions<R> {
    /// The response, with [`wire::Records::External`] for each region.
    pub(crate) response: R,
    /// The regions, in the order in which the response has them.
    pub(crate) regions: Vec<FileRegion>,
}

impl<'a, R: Message<'a>> Answer for WithRegions<R> {
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.response.encode(writer, version)
    }

    fn into_regions(self) -> Vec<FileRegion> {
        self.regions
    }
}

/// What an answer needs to know about its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    /// The api.
    pub(crate) api: ApiKey,
    /// Version of the body.
    pub(crate) version: i16,
    /// The client's number for the request.
    pub(crate) correlation_id: i32,
}

impl Envelope {
    /// Appends a whole answer: length, header and body. On an error, which is the handler's
    /// fault, nothing is appended and the connection is to be closed.
    pub(crate) fn write(self, answer: impl Answer, outgoing: &mut Outgoing) -> Outcome {
        let start = outgoing.position();
        let mut writer = Writer::over(std::mem::take(outgoing.bytes_mut()));
        let result = self.write_frame(&answer, &mut writer, start);
        let (mut bytes, splices) = writer.into_parts();
        if let Err(error) = result {
            tracing::error!(api = %self.api, version = self.version, %error, "cannot write an answer");
            bytes.truncate(start);
            *outgoing.bytes_mut() = bytes;
            return Outcome::Close;
        }
        *outgoing.bytes_mut() = bytes;
        let regions = answer.into_regions();
        assert_eq!(splices.len(), regions.len());
        for (splice, region) in splices.iter().zip(regions) {
            assert_eq!(splice.length, region.length);
            outgoing.splice(splice.position, region);
        }
        Outcome::Answered
    }

    fn write_frame(self, answer: &impl Answer, writer: &mut Writer, start: usize) -> Result<(), EncodeError> {
        writer.i32(0);
        let header = ResponseHeader { correlation_id: self.correlation_id };
        header.encode(writer, self.api.response_header_version(self.version))?;
        answer.encode(writer, self.version)?;
        let length = writer.total_length() - start - size_of::<i32>();
        writer.patch_i32(start, i32::try_from(length).map_err(|_| EncodeError::TooLong(length))?);
        Ok(())
    }

    /// Turns what a handler returned into what the network does.
    pub(crate) fn finish<T: Answer + 'static>(self, reply: Reply<T>, outgoing: &mut Outgoing) -> Outcome {
        match reply {
            Reply::Now(answer) => self.write(answer, outgoing),
            Reply::Later(answer) => Outcome::Later(Box::pin(async move { self.write_alone(answer.await) })),
            Reply::Unanswered => Outcome::Unanswered,
            Reply::Close => Outcome::Close,
        }
    }

    /// The answer by itself; `None` when it cannot be written.
    pub(crate) fn write_alone(self, answer: impl Answer) -> Option<Outgoing> {
        let mut outgoing = Outgoing::default();
        match self.write(answer, &mut outgoing) {
            Outcome::Close => None,
            _ => Some(outgoing),
        }
    }
}
