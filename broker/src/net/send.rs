//! Answers on their way out: bytes, with regions of files between them.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use log_store::io::FileRegion;
use rustix::fs::sendfile;
use rustix::net::{SendFlags, send};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::limits::{COPIED_REGION_BYTES_MAX, GATHERED_ANSWER_BYTES_MAX, SENDFILE_BYTES_MAX};
use crate::net::idle::Activity;

/// Answers of one connection that have not left yet.
///
/// Invariant: `sent <= regions[0].at <= regions[1].at <= … <= bytes.len()`; no region is empty.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    regions: VecDeque<Splice>,
}

/// A region of a file that is sent after the byte before `at`.
#[derive(Debug)]
struct Splice {
    at: usize,
    region: FileRegion,
}

impl Outgoing {
    /// The bytes, to append to. What is already there must not change.
    pub(crate) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Number of bytes so far, regions not counted: where the next append goes.
    pub(crate) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Puts a region between the bytes before `at` and those from `at` on. Regions are added in
    /// order.
    pub(crate) fn splice(&mut self, at: usize, region: FileRegion) {
        assert!(at >= self.sent && at <= self.bytes.len());
        assert!(self.regions.back().is_none_or(|last| last.at <= at));
        if region.length > 0 {
            self.regions.push_back(Splice { at, region });
        }
    }

    /// Adds another answer behind what is there.
    pub(crate) fn append(&mut self, other: Self) {
        assert!(other.sent == 0);
        let shift = self.bytes.len();
        if shift == 0 && self.regions.is_empty() {
            *self = other;
            return;
        }
        self.bytes.extend_from_slice(&other.bytes);
        self.regions
            .extend(other.regions.into_iter().map(|Splice { at, region }| Splice { at: at + shift, region }));
    }

    /// Whether enough has gathered that it should be sent before more requests are handled.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= GATHERED_ANSWER_BYTES_MAX || !self.regions.is_empty()
    }

    /// Sends everything, waiting for the reader as long as it takes.
    ///
    /// # Errors
    /// The peer is gone, or a file ended before its region did.
    pub(super) async fn send(&mut self, stream: &TcpStream, activity: &Activity) -> io::Result<()> {
        while !self.is_empty() {
            stream.async_io(Interest::WRITABLE, || self.send_some(stream.as_fd())).await?;
            activity.touch();
        }
        self.reset();
        Ok(())
    }

    /// Whether everything has been sent.
    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len() && self.regions.is_empty()
    }

    /// Starts over, keeping a buffer of ordinary size.
    fn reset(&mut self) {
        self.bytes.clear();
        self.sent = 0;
        if self.bytes.capacity() > GATHERED_ANSWER_BYTES_MAX {
            self.bytes = Vec::new();
        }
    }

    /// Frees the buffer, when the connection has nothing to do.
    pub(super) fn release(&mut self) {
        assert!(self.is_empty());
        if self.bytes.capacity() > 512 {
            self.bytes = Vec::new();
        }
        if self.regions.capacity() > 0 {
            self.regions = VecDeque::new();
        }
    }

    /// Gives the socket as much as it takes of the next stretch of bytes or the next region.
    fn send_some(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        match self.regions.front_mut() {
            None => self.sent += send(socket, &self.bytes[self.sent..], SendFlags::NOSIGNAL)?,
            Some(splice) if splice.at > self.sent => {
                let flags = SendFlags::NOSIGNAL | SendFlags::MORE;
                self.sent += send(socket, &self.bytes[self.sent..splice.at], flags)?;
            }
            Some(splice) => {
                let sent = send_region(socket, &splice.region)?;
                splice.region.position += sent as u64;
                splice.region.length -= sent as u32;
                if splice.region.length == 0 {
                    self.regions.pop_front();
                }
            }
        }
        Ok(())
    }
}

/// Sends from the front of a region without copying it, and returns how much the socket took.
fn send_region(socket: BorrowedFd<'_>, region: &FileRegion) -> io::Result<usize> {
    let Some(file) = region.file.as_fd() else { return send_region_copied(socket, region) };
    let mut position = region.position;
    let count = (region.length as usize).min(SENDFILE_BYTES_MAX);
    match sendfile(socket, file, Some(&mut position), count)? {
        0 => Err(cut_short()),
        sent => Ok(sent),
    }
}

/// As [`send_region`] for a file in memory.
fn send_region_copied(socket: BorrowedFd<'_>, region: &FileRegion) -> io::Result<usize> {
    let mut bytes = vec![0; (region.length as usize).min(COPIED_REGION_BYTES_MAX)];
    match region.file.read_at(&mut bytes, region.position)? {
        0 => Err(cut_short()),
        read => Ok(send(socket, &bytes[..read], SendFlags::NOSIGNAL)?),
    }
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends inside the region that is being sent")
}
