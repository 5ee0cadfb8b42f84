//! One connection to a peer: frames, versions, correlation ids.

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::header::{RequestHeader, ResponseHeader};
use wire::messages::api_versions_response::ApiVersionsResponse;
use wire::{ApiKey, ErrorCode, Message, Reader, VersionRange, Writer};

use crate::engine::Endpoint;
use crate::limits;
use crate::protocol::{RequestBody, ResponseBody, api_versions_request};

/// Opens connections; TLS and authentication are a connector's business.
pub trait Connector: Send + Sync + 'static {
    /// A connection on which frames may be sent.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// Connects to an endpoint.
    ///
    /// # Errors
    /// It cannot be reached, or does not let this node in.
    fn connect(&self, endpoint: &Endpoint) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Plain TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Connector for Tcp {
    type Stream = TcpStream;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Why a connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("an answer of {0} bytes")]
    Size(i32),
    #[error("an answer to another request")]
    OtherRequest,
    #[error("an answer that is not of this protocol: {0}")]
    Damaged(#[from] wire::DecodeError),
    #[error("versions were refused with code {0}")]
    Versions(i16),
}

/// An open connection, and the versions that its other end speaks.
pub(super) struct Connection<S> {
    stream: S,
    client_id: String,
    correlation_id: i32,
    versions: Vec<(i16, VersionRange)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Agrees on versions over a fresh stream. A peer that does not know the newest ApiVersions answers in
    /// version 0, and is asked in it.
    pub(super) async fn open(stream: S, client_id: &str) -> Result<Self, Fault> {
        let mut connection =
            Self { stream, client_id: client_id.to_owned(), correlation_id: 0, versions: Vec::new() };
        let request = RequestBody::ApiVersions(api_versions_request());
        let mut version = ApiKey::ApiVersions.valid_versions().max;
        loop {
            let frame = connection.frame(&request, version).expect("every version of it is empty");
            let answer = connection.exchange_frame(&frame).await?;
            let error_code = Reader::new(answer.get(4..).unwrap_or_default()).i16()?;
            if error_code == ErrorCode::UnsupportedVersion.code() && version > 0 {
                version = 0;
                continue;
            }
            if error_code != ErrorCode::None.code() {
                return Err(Fault::Versions(error_code));
            }
            let response = ApiVersionsResponse::decode(&mut Reader::new(&answer[4..]), version)?;
            let range = |min, max| VersionRange::new(min, max);
            let offered = response.api_keys.iter();
            connection.versions =
                offered.map(|api| (api.api_key, range(api.min_version, api.max_version))).collect();
            return Ok(connection);
        }
    }

    /// Sends a request in the newest version that both speak, and waits for its answer. One that no common
    /// version can say is answered here.
    pub(super) async fn exchange(&mut self, request: &RequestBody) -> Result<ResponseBody, Fault> {
        let api = request.api_key();
        let theirs = self.versions.iter().find(|(key, _)| *key == api.code()).map(|(_, range)| *range);
        let common = theirs.map(|theirs| theirs.intersect(api.valid_versions()));
        let Some(version) = common.filter(|common| !common.is_empty()).map(|common| common.max) else {
            return Ok(request.unsupported());
        };
        let Ok(frame) = self.frame(request, version) else { return Ok(request.unsupported()) };
        let answer = self.exchange_frame(&frame).await?;
        let mut reader = Reader::new(&answer);
        ResponseHeader::decode(&mut reader, api.response_header_version(version))?;
        Ok(ResponseBody::decode(api, version, &mut reader)?)
    }

    fn frame(&mut self, request: &RequestBody, version: i16) -> Result<Vec<u8>, wire::EncodeError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let api = request.api_key();
        let header = RequestHeader {
            request_api_key: api.code(),
            request_api_version: version,
            correlation_id: self.correlation_id,
            client_id: Some(self.client_id.as_str().into()),
        };
        let mut writer = Writer::new();
        writer.i32(0);
        header.encode(&mut writer, api.request_header_version(version))?;
        request.in_version(version).encode(&mut writer, version)?;
        let length = i32::try_from(writer.buffer().len() - 4).expect("requests of the quorum are small");
        writer.patch_i32(0, length);
        Ok(writer.into_bytes())
    }

    /// The answer to the request that was framed last, from its correlation id on.
    async fn exchange_frame(&mut self, frame: &[u8]) -> Result<Vec<u8>, Fault> {
        self.stream.write_all(frame).await?;
        self.stream.flush().await?;
        let length = self.stream.read_i32().await?;
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if !(4..=limits::ANSWER_BYTES_MAX).contains(&size) {
            return Err(Fault::Size(length));
        }
        // The length is a claim: room is made as bytes come.
        let mut answer = Vec::new();
        (&mut self.stream).take(size as u64).read_to_end(&mut answer).await?;
        if answer.len() < size {
            return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        let correlation_id = Reader::new(&answer).i32()?;
        if correlation_id != self.correlation_id {
            return Err(Fault::OtherRequest);
        }
        Ok(answer)
    }
}
