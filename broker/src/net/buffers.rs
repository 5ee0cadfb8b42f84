//! Read buffers, kept per thread: a connection has one only while bytes are there.

use std::cell::RefCell;

use crate::limits::{READ_BUFFER_BYTES, READ_BUFFER_KEPT_BYTES_MAX, READ_BUFFERS_KEPT_MAX};

/// The read buffers of one network thread that no connection uses.
#[derive(Debug, Default)]
pub(super) struct BufferPool {
    free: RefCell<Vec<Vec<u8>>>,
}

impl BufferPool {
    /// An empty buffer with at least [`READ_BUFFER_BYTES`] of capacity.
    pub(super) fn take(&self) -> Vec<u8> {
        self.free.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(READ_BUFFER_BYTES))
    }

    /// Gives a buffer back. One that grew large, or that is one too many, is freed.
    pub(super) fn put(&self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        let mut free = self.free.borrow_mut();
        if (READ_BUFFER_BYTES..=READ_BUFFER_KEPT_BYTES_MAX).contains(&capacity)
            && free.len() < READ_BUFFERS_KEPT_MAX
        {
            buffer.clear();
            free.push(buffer);
        }
    }
}
