//! A server that does only what no server can leave out: it receives, checks the CRC, writes what it
//! received into the page cache and answers, or sends a file. No log, no offsets, no protocol. What it
//! reaches under the same load is the limit of this machine, its network and its file system.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::thread;

use rustix::fs::sendfile;
use rustix::net::{SendFlags, send};

use crate::frames::ReplyShape;

/// Bytes of a produce reply behind the error code: offset, append time, log start, throttle.
const REPLY_TAIL: usize = 8 + 8 + 8 + 4;
const INPUT_BYTES: usize = 256 << 10;

/// What the server does with a request.
#[derive(Clone, Copy)]
pub(crate) enum Duty {
    /// Checks and writes it.
    Keep,
    /// Sends this many bytes of a file.
    Send(usize),
}

/// Listens until the process ends; each connection has a thread, which ends with it. Returns the port.
pub(crate) fn start(shape: ReplyShape, duty: Duty) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let file = Arc::new(file_to_send(duty)?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let file = Arc::clone(&file);
            thread::spawn(move || serve(stream, shape, duty, &file));
        }
    });
    Ok(port)
}

fn file_to_send(duty: Duty) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    if let Duty::Send(bytes) = duty {
        file.write_all(&vec![7; bytes])?;
    }
    Ok(file)
}

/// Ends when the peer does.
fn serve(mut stream: TcpStream, shape: ReplyShape, duty: Duty, file: &File) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let reply = reply(shape, duty);
    let own = tempfile::tempfile()?;
    let (mut input, mut filled, mut written) = (vec![0; INPUT_BYTES], 0, 0);
    loop {
        match stream.read(&mut input[filled..])? {
            0 => return Ok(()),
            read => filled += read,
        }
        let (mut handled, mut requests) = (0, 0);
        while let Some(length) = whole_frame(&input[handled..filled]) {
            std::hint::black_box(crc32c::crc32c(&input[handled..handled + length]));
            handled += length;
            requests += 1;
        }
        match duty {
            Duty::Keep => {
                own.write_all_at(&input[..handled], written)?;
                written += handled as u64;
                stream.write_all(&reply.repeat(requests))?;
            }
            Duty::Send(bytes) => (0..requests).try_for_each(|_| send_file(&stream, &reply, file, bytes))?,
        }
        input.copy_within(handled..filled, 0);
        filled -= handled;
    }
}

/// Length of the frame at the front with its length field, when all of it is there.
fn whole_frame(input: &[u8]) -> Option<usize> {
    let length = 4 + u32::from_be_bytes(*input.first_chunk()?) as usize;
    (length <= input.len()).then_some(length)
}

/// A reply that says that all went well.
fn reply(shape: ReplyShape, duty: Duty) -> Vec<u8> {
    let int32 = |value: usize| i32::try_from(value).expect("replies of a bench are small").to_be_bytes();
    let (bytes, payload) = match duty {
        Duty::Keep => (shape.head + REPLY_TAIL, 0),
        Duty::Send(payload) => (shape.head, payload),
    };
    let mut reply = vec![0; bytes];
    reply[..4].copy_from_slice(&int32(bytes - 4 + payload));
    if let Some(at) = shape.records_length_at {
        reply[at..at + 4].copy_from_slice(&int32(payload));
    }
    reply
}

fn send_file(stream: &TcpStream, head: &[u8], file: &File, bytes: usize) -> io::Result<()> {
    let sent = send(stream, head, SendFlags::NOSIGNAL | SendFlags::MORE)?;
    assert_eq!(sent, head.len(), "a socket in blocking mode takes all");
    let (mut position, mut left) = (0, bytes);
    while left > 0 {
        left -= sendfile(stream, file, Some(&mut position), left)?;
    }
    Ok(())
}
