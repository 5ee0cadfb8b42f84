//! A client that blocks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use wire::codec::Detach;
use wire::header::{RequestHeader, ResponseHeader};
use wire::{Message, Reader, Request, Writer};

/// A connection that sends requests and reads answers.
pub(crate) struct Client {
    stream: TcpStream,
    next_correlation_id: i32,
    pub(crate) client_id: &'static str,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the broker listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
        Self { stream, next_correlation_id: 1, client_id: "test" }
    }

    /// Sends a request and reads its answer.
    pub(crate) fn call<'a, Q>(&mut self, request: &Q, version: i16) -> Q::Response<'static>
    where
        Q: Request<'a>,
        for<'b> Q::Response<'b>: Detach<Owned = Q::Response<'static>>,
    {
        let correlation_id = self.send(request, version);
        let frame = self.read_frame();
        let mut reader = Reader::new(&frame);
        let header = Q::API_KEY.response_header_version(version);
        let header = ResponseHeader::decode(&mut reader, header).expect("a header");
        assert_eq!(header.correlation_id, correlation_id);
        let response = <Q::Response<'_>>::decode(&mut reader, version).expect("an answer of this version");
        assert_eq!(reader.remaining(), 0);
        response.detach()
    }

    /// Sends a request and returns its correlation id.
    pub(crate) fn send<'a, Q: Request<'a>>(&mut self, request: &Q, version: i16) -> i32 {
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id += 1;
        let header = RequestHeader {
            request_api_key: Q::API_KEY.code(),
            request_api_version: version,
            correlation_id,
            client_id: Some(self.client_id.into()),
        };
        let mut writer = Writer::new();
        writer.i32(0);
        header.encode(&mut writer, Q::API_KEY.request_header_version(version)).expect("a header");
        request.encode(&mut writer, version).expect("a request of this version");
        writer.patch_i32(0, writer.total_length() as i32 - 4);
        self.write(&writer.into_bytes());
        correlation_id
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("written");
    }

    pub(crate) fn read_frame(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).expect("an answer comes");
        let mut frame = vec![0; i32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).expect("the answer is whole");
        frame
    }

    /// Whether the broker has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.stream.read(&mut [0; 1]).map_or(true, |read| read == 0)
    }
}
