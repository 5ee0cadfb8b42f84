//! What a log directory holds, read without the help of the crates under test.

use std::path::{Path, PathBuf};

/// Where a record batch lies in a segment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSpan {
    /// Offset of the batch's first record.
    pub base_offset: i64,
    /// Offset of the batch's last record.
    pub last_offset: i64,
    /// First byte, from the start of the file.
    pub position: u64,
    /// Bytes, header included.
    pub length: u64,
    /// The kind of compression: the lowest three bits of the attributes.
    pub codec: u8,
}

const LENGTH_AT: usize = 8;
const LENGTH_END: usize = 12;
const ATTRIBUTES_LOW_AT: usize = 22;
const CODEC_MASK: u8 = 0b111;
const LAST_OFFSET_DELTA_AT: usize = 23;
const LAST_OFFSET_DELTA_END: usize = 27;
const HEADER_LENGTH: usize = 61;

/// The whole batches at the front of a segment's bytes, in order.
pub fn batch_spans(segment: &[u8]) -> Vec<BatchSpan> {
    let mut spans = Vec::new();
    let mut position = 0;
    while let Some(header) = segment[position..].first_chunk::<HEADER_LENGTH>() {
        let base_offset = big_endian(&header[..LENGTH_AT]);
        let length = LENGTH_END + usize::try_from(big_endian(&header[LENGTH_AT..LENGTH_END])).unwrap_or(0);
        if length < HEADER_LENGTH || position + length > segment.len() {
            break;
        }
        let delta = big_endian(&header[LAST_OFFSET_DELTA_AT..LAST_OFFSET_DELTA_END]);
        spans.push(BatchSpan {
            base_offset,
            last_offset: base_offset + delta,
            position: position as u64,
            length: length as u64,
            codec: header[ATTRIBUTES_LOW_AT] & CODEC_MASK,
        });
        position += length;
    }
    spans
}

/// All files below `dir` whose name ends with `suffix`, in the order of their paths.
///
/// # Panics
/// When a directory cannot be read.
pub fn files_ending_with(dir: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a log directory can be listed") {
            let path = entry.expect("a directory entry can be read").path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn big_endian(bytes: &[u8]) -> i64 {
    bytes.iter().fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_batch_is_not_a_span() {
        let mut batch = vec![0; HEADER_LENGTH + 4];
        batch[LENGTH_END - 1] = u8::try_from(batch.len() - LENGTH_END).unwrap();
        batch[LAST_OFFSET_DELTA_END - 1] = 2;
        let two = [&batch[..], &batch[..]].concat();
        assert_eq!(batch_spans(&two).len(), 2);
        assert_eq!(batch_spans(&two[..two.len() - 1]).len(), 1);
        assert_eq!(batch_spans(&two)[1].position, batch.len() as u64);
        assert_eq!(batch_spans(&batch)[0].last_offset, 2);
    }
}
