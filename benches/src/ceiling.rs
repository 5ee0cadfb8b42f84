//! What this machine can do without any broker, in the same minute as the brokers' runs.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Instant;

use rustix::fs::sendfile;
use rustix::net::{RecvFlags, recv};

const CHUNK: usize = 1 << 20;
const FILE_BYTES: usize = 256 << 20;
const SENDFILE_PASSES: usize = 16;
const WRITE_CHUNK: usize = 64 << 10;
const WRITE_BYTES: usize = 1 << 30;
const CRC_PASSES: usize = 1 << 15;

/// Bytes per second, each on one thread (sendfile: one on each side).
#[derive(Clone, Copy)]
pub(crate) struct Ceilings {
    /// Page cache to a loopback connection whose reader drops everything.
    pub(crate) sendfile: f64,
    /// 64 KiB writes into the page cache.
    pub(crate) page_cache_write: f64,
    /// CRC-32C over 64 KiB blocks.
    pub(crate) crc: f64,
}

/// Measures all three; takes about two seconds.
pub(crate) fn measure() -> io::Result<Ceilings> {
    Ok(Ceilings { sendfile: sendfile_rate()?, page_cache_write: write_rate()?, crc: crc_rate() })
}

fn rate(bytes: usize, start: Instant) -> f64 {
    bytes as f64 / start.elapsed().as_secs_f64()
}

fn sendfile_rate() -> io::Result<f64> {
    let mut file = tempfile::tempfile()?;
    let chunk = vec![7; CHUNK];
    for _ in 0..FILE_BYTES / CHUNK {
        file.write_all(&chunk)?;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let reader = TcpStream::connect(listener.local_addr()?)?;
    let (sender, _) = listener.accept()?;
    let start = Instant::now();
    let sending = std::thread::spawn(move || send_passes(&sender, &file));
    let received = drop_all(&reader)?;
    let rate = rate(received, start);
    sending.join().expect("the sender doesn't panic")?;
    assert_eq!(received, FILE_BYTES * SENDFILE_PASSES, "every byte arrived");
    Ok(rate)
}

fn send_passes(sender: &TcpStream, file: &File) -> io::Result<()> {
    for _ in 0..SENDFILE_PASSES {
        let mut position = 0;
        while position < FILE_BYTES as u64 {
            sendfile(sender, file, Some(&mut position), CHUNK)?;
        }
    }
    Ok(())
}

fn drop_all(reader: &TcpStream) -> io::Result<usize> {
    let mut room = vec![0; CHUNK];
    let mut received = 0;
    loop {
        match recv(reader, &mut room[..], RecvFlags::TRUNC)? {
            (_, 0) => return Ok(received),
            (_, dropped) => received += dropped,
        }
    }
}

fn write_rate() -> io::Result<f64> {
    let mut file = tempfile::tempfile()?;
    let chunk = vec![7; WRITE_CHUNK];
    let start = Instant::now();
    for _ in 0..WRITE_BYTES / WRITE_CHUNK {
        file.write_all(&chunk)?;
    }
    let rate = rate(WRITE_BYTES, start);
    file.rewind()?;
    file.set_len(0)?;
    Ok(rate)
}

fn crc_rate() -> f64 {
    let chunk = vec![7; WRITE_CHUNK];
    let start = Instant::now();
    let sum = (0..CRC_PASSES).fold(0, |sum, _| crc32c::crc32c_append(sum, &chunk));
    std::hint::black_box(sum);
    rate(CRC_PASSES * WRITE_CHUNK, start)
}
