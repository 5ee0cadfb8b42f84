//! One connection of the generator: frames out, reply heads in, the rest thrown away unread.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::net::{RecvFlags, recv};

use crate::frames::ReplyShape;
use crate::generator::GeneratorError;

/// Room for the longest head of a reply.
const HEAD_ROOM: usize = 256;
/// Payload is dropped in pieces of at most this size.
const DISCARD_BYTES: usize = 1 << 20;

/// A finished request, as the generator counts it.
pub(crate) struct Completed {
    pub(crate) latency: Duration,
    /// Bytes of records in a fetch reply, else 0.
    pub(crate) records_bytes: u64,
}

/// A connection that is written and read without blocking, with several requests under way.
pub(crate) struct Connection {
    stream: TcpStream,
    shape: ReplyShape,
    /// When each request under way was begun; replies come in the same order.
    begun: VecDeque<Instant>,
    /// Bytes of the present frame that are sent.
    sent: usize,
    head: [u8; HEAD_ROOM],
    head_filled: usize,
    /// Bytes of the present reply that are still to be dropped.
    to_discard: usize,
    records_bytes: u64,
}

impl Connection {
    pub(crate) fn open(port: u16, shape: ReplyShape) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        assert!(shape.head <= HEAD_ROOM, "the head of a reply is longer than its room");
        Ok(Self {
            stream,
            shape,
            begun: VecDeque::new(),
            sent: 0,
            head: [0; HEAD_ROOM],
            head_filled: 0,
            to_discard: 0,
            records_bytes: 0,
        })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.begun.len()
    }

    /// Whether a frame is sent in part.
    pub(crate) fn mid_frame(&self) -> bool {
        self.sent > 0
    }

    /// Sends what the socket takes of `frame`; true when all of it is out.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Result<bool, GeneratorError> {
        if self.sent == 0 {
            self.begun.push_back(Instant::now());
        }
        while self.sent < frame.len() {
            match self.stream.write(&frame[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        self.sent = 0;
        Ok(true)
    }

    /// Reads until the socket is empty or one reply is complete.
    pub(crate) fn receive(&mut self, scratch: &mut Scratch) -> Result<Option<Completed>, GeneratorError> {
        loop {
            if self.head_filled < self.shape.head {
                if !self.fill_head()? {
                    return Ok(None);
                }
            } else if self.to_discard > 0 {
                if !self.discard(scratch)? {
                    return Ok(None);
                }
            } else {
                return Ok(Some(self.complete()));
            }
        }
    }

    /// False when the socket is empty.
    fn fill_head(&mut self) -> Result<bool, GeneratorError> {
        let room = &mut self.head[self.head_filled..self.shape.head];
        let read = match self.stream.read(room) {
            Ok(0) => return Err(GeneratorError::Closed),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        self.head_filled += read;
        if self.head_filled == self.shape.head {
            self.judge_head()?;
        }
        Ok(true)
    }

    fn judge_head(&mut self) -> Result<(), GeneratorError> {
        let error = i16::from_be_bytes([self.head[self.shape.error_at], self.head[self.shape.error_at + 1]]);
        if error != 0 {
            return Err(GeneratorError::Refused(error));
        }
        let length = 4 + self.int32_at(0)?;
        self.to_discard = length.checked_sub(self.shape.head).ok_or(GeneratorError::Malformed)?;
        self.records_bytes = match self.shape.records_length_at {
            Some(at) => self.int32_at(at)? as u64,
            None => 0,
        };
        Ok(())
    }

    fn int32_at(&self, at: usize) -> Result<usize, GeneratorError> {
        let bytes = self.head[at..].first_chunk().ok_or(GeneratorError::Malformed)?;
        usize::try_from(i32::from_be_bytes(*bytes)).map_err(|_| GeneratorError::Malformed)
    }

    /// Drops payload inside the kernel; false when the socket is empty.
    fn discard(&mut self, scratch: &mut Scratch) -> Result<bool, GeneratorError> {
        let room = self.to_discard.min(DISCARD_BYTES);
        match recv(&self.stream, &mut scratch.0[..room], RecvFlags::TRUNC) {
            Ok((_, 0)) => Err(GeneratorError::Closed),
            Ok((_, dropped)) => {
                self.to_discard -= dropped;
                Ok(true)
            }
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(false),
            Err(error) => Err(GeneratorError::Io(error.into())),
        }
    }

    fn complete(&mut self) -> Completed {
        self.head_filled = 0;
        let begun = self.begun.pop_front().expect("a reply follows a request");
        Completed { latency: begun.elapsed(), records_bytes: self.records_bytes }
    }
}

/// Memory that `recv` is given but never writes: with `MSG_TRUNC` TCP drops the bytes.
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(vec![0; DISCARD_BYTES])
    }
}

/// Sends one frame on a connection of its own and waits for the reply.
pub(crate) fn ask(port: u16, frame: &[u8], shape: ReplyShape) -> Result<(), GeneratorError> {
    let mut connection = Connection::open(port, shape)?;
    connection.stream.set_nonblocking(false)?;
    connection.stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    connection.send(frame)?;
    connection.receive(&mut Scratch::new())?.map(|_| ()).ok_or(GeneratorError::Closed)
}
