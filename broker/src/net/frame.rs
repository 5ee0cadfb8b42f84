//! Frames in a stream of bytes: a length of four bytes, then as many bytes.

use thiserror::Error;

use crate::limits::READ_BUFFER_BYTES;
use crate::net::buffers::BufferPool;

/// Bytes of a frame's length.
pub(crate) const LENGTH_BYTES: usize = 4;

/// A length no frame has. The connection is closed: what follows cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum FrameError {
    /// Zero or negative.
    #[error("a frame of {0} bytes")]
    NotPositive(i32),
    /// More than `socket.request.max.bytes`.
    #[error("a frame of {size} bytes; socket.request.max.bytes is {max}")]
    TooLarge {
        /// The length in the header.
        size: usize,
        /// The limit.
        max: usize,
    },
}

/// Bytes received and not yet handled.
///
/// Invariant: `start <= buffer.len()`, and the buffer is unallocated when nothing is stored.
#[derive(Debug, Default)]
pub(super) struct Input {
    buffer: Vec<u8>,
    /// First byte that belongs to no handled frame.
    start: usize,
    /// Whether the last read filled the buffer, so that a larger one saves reads.
    filled: bool,
}

impl Input {
    /// Length of the frame at the front, without its header; `None` until the header is whole.
    ///
    /// # Errors
    /// The header carries a length that no frame has.
    pub(super) fn frame_length(&self, max: usize) -> Result<Option<usize>, FrameError> {
        let Some(header) = self.buffer[self.start..].first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*header);
        if length <= 0 {
            return Err(FrameError::NotPositive(length));
        }
        let size = length as usize;
        if size > max { Err(FrameError::TooLarge { size, max }) } else { Ok(Some(size)) }
    }

    /// The frame at the front when it is whole.
    ///
    /// # Errors
    /// As [`Input::frame_length`].
    pub(super) fn frame(&self, max: usize) -> Result<Option<&[u8]>, FrameError> {
        let Some(length) = self.frame_length(max)? else { return Ok(None) };
        Ok(self.buffer[self.start + LENGTH_BYTES..].get(..length))
    }

    /// Takes the frame at the front when it is whole.
    ///
    /// # Errors
    /// As [`Input::frame_length`].
    pub(super) fn next_frame(&mut self, max: usize) -> Result<Option<&[u8]>, FrameError> {
        let Some(length) = self.frame(max)?.map(<[u8]>::len) else { return Ok(None) };
        let begin = self.start + LENGTH_BYTES;
        self.start = begin + length;
        Ok(Some(&self.buffer[begin..self.start]))
    }

    /// The buffer to read into, with room for more bytes. Room grows with what really arrived:
    /// a header that announces much reserves nothing.
    pub(super) fn room(&mut self, pool: &BufferPool) -> &mut Vec<u8> {
        if self.buffer.capacity() == 0 {
            self.buffer = pool.take();
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let spare = self.buffer.capacity() - self.buffer.len();
        if self.filled || spare < READ_BUFFER_BYTES / 4 {
            self.buffer.reserve(self.buffer.capacity().max(READ_BUFFER_BYTES));
        }
        &mut self.buffer
    }

    /// Notes that a read has ended.
    pub(super) fn received(&mut self) {
        self.filled = self.buffer.len() == self.buffer.capacity();
    }

    /// Gives the buffer back when every byte has been handled.
    pub(super) fn release_if_empty(&mut self, pool: &BufferPool) {
        if self.start == self.buffer.len() && self.buffer.capacity() > 0 {
            pool.put(std::mem::take(&mut self.buffer));
            self.start = 0;
            self.filled = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input_of(bytes: &[u8]) -> Input {
        let mut input = Input::default();
        input.room(&BufferPool::default()).extend_from_slice(bytes);
        input
    }

    #[test]
    fn frames_come_out_one_by_one() {
        let mut input = input_of(&[0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9, 0, 0]);
        assert_eq!(input.next_frame(10), Ok(Some(&[7, 8][..])));
        assert_eq!(input.next_frame(10), Ok(Some(&[9][..])));
        assert_eq!(input.next_frame(10), Ok(None));
        let pool = BufferPool::default();
        input.room(&pool).extend_from_slice(&[0, 1, 5]);
        assert_eq!(input.next_frame(10), Ok(Some(&[5][..])));
        input.release_if_empty(&pool);
        assert_eq!(input.buffer.capacity(), 0);
    }

    #[test]
    fn lengths_that_no_frame_has_are_refused_at_the_header() {
        assert_eq!(input_of(&[0, 0, 0, 0]).next_frame(10), Err(FrameError::NotPositive(0)));
        assert_eq!(input_of(&[255, 255, 255, 255]).next_frame(10), Err(FrameError::NotPositive(-1)));
        assert_eq!(input_of(&[0, 0, 0, 11]).next_frame(10), Err(FrameError::TooLarge { size: 11, max: 10 }));
    }

    #[test]
    fn an_announced_length_reserves_nothing() {
        let mut input = input_of(&[0x06, 0, 0, 0, 1]);
        assert_eq!(input.next_frame(usize::MAX), Ok(None));
        assert!(input.room(&BufferPool::default()).capacity() <= 2 * READ_BUFFER_BYTES);
    }
}
