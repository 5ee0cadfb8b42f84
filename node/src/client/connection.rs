//! One connection.

use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

use wire::header::{RequestHeader, ResponseHeader};
use wire::messages::api_versions_request::ApiVersionsRequest;
use wire::{ApiKey, ErrorCode, Message, Reader, Request, VersionRange, Writer};

use super::error::{Cause, ClientError, Unreachable};
use super::options::ClientOptions;
use crate::config::HostPort;

/// The longest answer that is read, in bytes; a fetch asks for less.
const RESPONSE_BYTES_MAX: usize = 256 << 20;

/// A connection that has asked its server for versions.
#[derive(Debug)]
pub(crate) struct Connection {
    server: HostPort,
    stream: TcpStream,
    client_id: String,
    correlation_id: i32,
    versions: Vec<(i16, VersionRange)>,
}

/// A response whose content is borrowed from the frame it came in.
#[derive(Debug)]
pub(crate) struct Reply<R> {
    frame: Vec<u8>,
    version: i16,
    server: HostPort,
    request: PhantomData<fn() -> R>,
}

impl<'r, R: Request<'r>> Reply<R> {
    /// The response.
    pub(crate) fn get(&self) -> Result<R::Response<'_>, ClientError> {
        let garbled = |error: wire::DecodeError| self.garbled(&error);
        let mut reader = Reader::new(&self.frame);
        ResponseHeader::decode(&mut reader, R::API_KEY.response_header_version(self.version))
            .map_err(garbled)?;
        Message::decode(&mut reader, self.version).map_err(garbled)
    }

    fn garbled(&self, error: &wire::DecodeError) -> ClientError {
        let reason = format!("the answer to {} can't be read: {error}", R::API_KEY.name());
        ClientError::Garbled { server: self.server.clone(), reason }
    }
}

impl Connection {
    /// Dials the server and asks which versions it speaks.
    pub(crate) fn open(server: &HostPort, options: &ClientOptions) -> Result<Self, ClientError> {
        let addresses = resolve(server)?;
        let stream = dial(&addresses, options)
            .map_err(|error| unreachable(server, &addresses, Cause::Refused(error)))?;
        let configured = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(options.request_timeout)))
            .and_then(|()| stream.set_write_timeout(Some(options.request_timeout)));
        configured.map_err(|error| unreachable(server, &addresses, Cause::Refused(error)))?;
        let client_id = options.client_id.clone();
        let mut connection =
            Self { server: server.clone(), stream, client_id, correlation_id: 0, versions: Vec::new() };
        connection.negotiate(&addresses)?;
        Ok(connection)
    }

    /// Asks for versions; a server that doesn't know ours answers in version 0, which it is then asked in.
    fn negotiate(&mut self, addresses: &[SocketAddr]) -> Result<(), ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: "kraftlog".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        let mut version = ApiKey::ApiVersions.valid_versions().max;
        loop {
            let sent = self.exchange(&request, version);
            let reply = match sent {
                Ok(reply) => reply,
                Err(cause) => return Err(unreachable(&self.server, addresses, cause)),
            };
            let unsupported = error_code_at(&reply.frame) == Some(ErrorCode::UnsupportedVersion.code());
            if unsupported && version > 0 {
                version = 0;
                continue;
            }
            let response = reply.get()?;
            self.versions = response
                .api_keys
                .iter()
                .map(|api| (api.api_key, VersionRange::new(api.min_version, api.max_version)))
                .collect();
            return Ok(());
        }
    }

    /// Versions of an api that both sides speak; `None` when the server doesn't have it.
    pub(crate) fn versions(&self, api: ApiKey) -> Option<VersionRange> {
        let (_, theirs) = self.versions.iter().find(|(key, _)| *key == api.code())?;
        Some(theirs.intersect(api.valid_versions())).filter(|both| !both.is_empty())
    }

    /// Sends a request in the newest version both sides speak and waits for its answer.
    pub(crate) fn call<'r, R: Request<'r>>(&mut self, request: &R) -> Result<Reply<R>, ClientError> {
        let api = R::API_KEY;
        let versions = self.versions(api).ok_or_else(|| ClientError::Garbled {
            server: self.server.clone(),
            reason: format!("this server does not offer {} in a version known here", api.name()),
        })?;
        self.exchange(request, versions.max).map_err(|cause| self.lost(cause))
    }

    fn lost(&self, cause: Cause) -> ClientError {
        let server = self.server.clone();
        match cause {
            Cause::Unresolved(error) | Cause::Refused(error) | Cause::Silent(error) => {
                ClientError::Lost { server, error }
            }
            Cause::TooOld(error) => ClientError::Garbled {
                server,
                reason: format!("this server is too old for these tools: {error}"),
            },
            Cause::NotKafka(_) => {
                ClientError::Garbled { server, reason: "an answer is not of this protocol".into() }
            }
        }
    }

    fn frame<'r, R: Request<'r>>(&mut self, request: &R, version: i16) -> Result<Vec<u8>, Cause> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let header = RequestHeader {
            request_api_key: R::API_KEY.code(),
            request_api_version: version,
            correlation_id: self.correlation_id,
            client_id: Some(self.client_id.as_str().into()),
        };
        let mut writer = Writer::new();
        writer.i32(0);
        header
            .encode(&mut writer, R::API_KEY.request_header_version(version))
            .expect("a header fits its version");
        request.encode(&mut writer, version).map_err(Cause::TooOld)?;
        let length = i32::try_from(writer.buffer().len() - 4).expect("the tools' requests are small");
        writer.patch_i32(0, length);
        Ok(writer.into_bytes())
    }

    fn exchange<'r, R: Request<'r>>(&mut self, request: &R, version: i16) -> Result<Reply<R>, Cause> {
        let frame = self.frame(request, version)?;
        self.stream.write_all(&frame).map_err(Cause::Silent)?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).map_err(Cause::Silent)?;
        let size = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..=RESPONSE_BYTES_MAX).contains(&size) {
            return Err(Cause::NotKafka(length.to_vec()));
        }
        // The length is a claim: room is made as bytes come.
        let mut frame = Vec::new();
        (&self.stream).take(size as u64).read_to_end(&mut frame).map_err(Cause::Silent)?;
        let correlation = frame.first_chunk::<4>().map(|bytes| i32::from_be_bytes(*bytes));
        if frame.len() < size || correlation != Some(self.correlation_id) {
            return Err(Cause::NotKafka([length.to_vec(), frame].concat()));
        }
        Ok(Reply { frame, version, server: self.server.clone(), request: PhantomData })
    }
}

/// The error code of an ApiVersions answer, which stands at the same place in every version.
fn error_code_at(frame: &[u8]) -> Option<i16> {
    frame.get(4..6).map(|bytes| i16::from_be_bytes([bytes[0], bytes[1]]))
}

fn resolve(server: &HostPort) -> Result<Vec<SocketAddr>, ClientError> {
    let found = (server.host.as_str(), server.port).to_socket_addrs().map(Vec::from_iter);
    let found = found.and_then(|addresses| match addresses.is_empty() {
        true => Err(io::Error::new(io::ErrorKind::NotFound, "no address")),
        false => Ok(addresses),
    });
    found.map_err(|error| unreachable(server, &[], Cause::Unresolved(error)))
}

/// Connects to the first address that takes it.
fn dial(addresses: &[SocketAddr], options: &ClientOptions) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(address, options.connect_timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn unreachable(server: &HostPort, addresses: &[SocketAddr], cause: Cause) -> ClientError {
    ClientError::Unreachable(vec![Unreachable {
        server: server.clone(),
        addresses: addresses.to_vec(),
        cause,
    }])
}
