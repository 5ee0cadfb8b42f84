//! The four compression kinds of Kafka's record batches, with output that is bounded while it is
//! produced, never after.
//!
//! | kind | bytes on the wire |
//! |---|---|
//! | gzip | RFC 1952 members, one after another |
//! | snappy | Xerial's framing (`\x82SNAPPY\0`, two versions, length-prefixed blocks); a bare block is read too |
//! | lz4 | the LZ4 frame format with independent blocks |
//! | zstd | zstd frames |

use std::io::{self, Read, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

/// How the records of a batch are compressed (the low three bits of its attributes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Records as they are.
    #[default]
    None,
    /// gzip, levels 1 to 9.
    Gzip,
    /// Snappy in Xerial's framing; it has no levels.
    Snappy,
    /// LZ4 frames. One speed only: the level of `compression.lz4.level` changes nothing.
    Lz4,
    /// zstd, levels -131072 to 22 (KIP-110, KIP-390).
    Zstd,
}

impl Compression {
    /// The kind with this number in the attributes of a batch; 5, 6 and 7 are not assigned.
    pub fn from_code(code: u8) -> Option<Compression> {
        Some(match code {
            0 => Compression::None,
            1 => Compression::Gzip,
            2 => Compression::Snappy,
            3 => Compression::Lz4,
            4 => Compression::Zstd,
            _ => return None,
        })
    }

    /// The kind that `compression.type` calls by this name (`uncompressed` and `none` are one).
    pub fn from_name(name: &str) -> Option<Compression> {
        Some(match name {
            "none" | "uncompressed" => Compression::None,
            "gzip" => Compression::Gzip,
            "snappy" => Compression::Snappy,
            "lz4" => Compression::Lz4,
            "zstd" => Compression::Zstd,
            _ => return None,
        })
    }

    /// The number in the attributes of a batch.
    pub fn code(self) -> u8 {
        match self {
            Compression::None => 0,
            Compression::Gzip => 1,
            Compression::Snappy => 2,
            Compression::Lz4 => 3,
            Compression::Zstd => 4,
        }
    }

    /// Kafka's name for the kind.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }
}

/// Why compressed records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// The output would pass the limit. The peer sent a bomb, or the limit is too small for it.
    #[error("records decompress to more than {limit} bytes")]
    TooLarge {
        /// The limit that was given, bytes.
        limit: usize,
    },
    /// The bytes are not what the attributes of the batch claim.
    #[error("records are not valid {}: {reason}", kind.name())]
    Corrupt {
        /// The kind that was claimed.
        kind: Compression,
        /// What the codec said.
        reason: String,
    },
}

/// First bytes of a stream in Xerial's framing.
const XERIAL_MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// The magic and two big-endian versions, both 1.
const XERIAL_HEADER_SIZE: usize = XERIAL_MAGIC.len() + 4 + 4;
/// Uncompressed bytes per block of Xerial's framing, its writer's default.
const XERIAL_BLOCK_SIZE: usize = 32 * 1024;
/// A snappy element of 3 bytes yields at most 64: no honest block expands further than this.
const SNAPPY_EXPANSION_MAX: usize = 22;
/// Smallest step by which output grows.
const GROWTH_MIN: usize = 16 * 1024;
/// Largest zstd window that any level writes: 128 MiB. A frame that claims it makes the codec reserve
/// it, but memory is touched only as output is produced, and that is bounded.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Appends `input`, compressed, to `out`. `level` is the codec's own scale, its default when absent;
/// a level out of range is brought into it.
///
/// # Errors
/// Only what a codec reports about its own state; writing to memory does not fail.
pub fn compress(kind: Compression, level: Option<i32>, input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    match kind {
        Compression::None => out.extend_from_slice(input),
        Compression::Gzip => {
            let level = level.filter(|l| *l >= 0).map_or(6, |l| l.clamp(0, 9).unsigned_abs());
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::new(level));
            encoder.write_all(input)?;
            encoder.finish()?;
        }
        Compression::Snappy => snappy_compress(input, out)?,
        Compression::Lz4 => {
            let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
            let mut encoder = FrameEncoder::with_frame_info(info, out);
            encoder.write_all(input)?;
            encoder.finish().map_err(io::Error::other)?;
        }
        Compression::Zstd => {
            let level = level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
            let mut encoder = zstd::stream::write::Encoder::new(out, level.clamp(-131_072, 22))?;
            encoder.write_all(input)?;
            encoder.finish()?;
        }
    }
    Ok(())
}

/// Appends the decompressed form of `input` to `out`, which grows by at most `limit` bytes: neither a
/// claimed size nor an expanding stream reserves more.
///
/// # Errors
/// [`DecompressError::TooLarge`] once the limit is reached, [`DecompressError::Corrupt`] for bytes that
/// are not of this kind. `out` may then hold a part of the output.
pub fn decompress_bounded(
    kind: Compression,
    input: &[u8],
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<(), DecompressError> {
    match kind {
        Compression::None if input.len() > limit => Err(DecompressError::TooLarge { limit }),
        Compression::None => {
            out.extend_from_slice(input);
            Ok(())
        }
        Compression::Gzip => read_bounded(kind, flate2::bufread::MultiGzDecoder::new(input), out, limit),
        Compression::Snappy => snappy_decompress(input, out, limit),
        Compression::Lz4 => read_bounded(kind, FrameDecoder::new(input), out, limit),
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(input).map_err(|e| corrupt(kind, &e))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|e| corrupt(kind, &e))?;
            read_bounded(kind, decoder, out, limit)
        }
    }
}

fn corrupt(kind: Compression, reason: &dyn std::fmt::Display) -> DecompressError {
    DecompressError::Corrupt { kind, reason: reason.to_string() }
}

/// Reads all of `source` into `out`, growing it in doubling steps that stop at the limit.
fn read_bounded(
    kind: Compression,
    mut source: impl Read,
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<(), DecompressError> {
    let start = out.len();
    let end = start.saturating_add(limit);
    let mut filled = start;
    loop {
        if filled == out.len() {
            if filled == end {
                return if read_some(&mut source, &mut [0]).map_err(|e| corrupt(kind, &e))? == 0 {
                    Ok(())
                } else {
                    Err(DecompressError::TooLarge { limit })
                };
            }
            let grown = (filled + (filled - start).max(GROWTH_MIN)).max(out.capacity()).min(end);
            out.reserve_exact(grown - filled);
            out.resize(grown, 0);
        }
        match read_some(&mut source, &mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) => return Err(corrupt(kind, &error)),
        }
    }
    out.truncate(filled);
    Ok(())
}

fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn snappy_compress(input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    out.extend_from_slice(&XERIAL_MAGIC);
    out.extend_from_slice(&1i32.to_be_bytes());
    out.extend_from_slice(&1i32.to_be_bytes());
    let mut encoder = snap::raw::Encoder::new();
    for block in input.chunks(XERIAL_BLOCK_SIZE) {
        let length_at = out.len();
        let body_at = length_at + 4;
        out.resize(body_at + snap::raw::max_compress_len(block.len()), 0);
        let size = encoder.compress(block, &mut out[body_at..]).map_err(io::Error::other)?;
        out.truncate(body_at + size);
        let size = u32::try_from(size).map_err(io::Error::other)?;
        out[length_at..body_at].copy_from_slice(&size.to_be_bytes());
    }
    Ok(())
}

fn snappy_decompress(input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), DecompressError> {
    let Some(mut rest) = input.strip_prefix(&XERIAL_MAGIC) else {
        return snappy_block(input, out, limit, limit);
    };
    let kind = Compression::Snappy;
    rest = rest.get(XERIAL_HEADER_SIZE - XERIAL_MAGIC.len()..).ok_or_else(|| corrupt(kind, &"header cut"))?;
    let mut left = limit;
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        // Streams may be joined: a header in the place of a length starts the next one.
        if let Some(next) = rest.strip_prefix(&XERIAL_MAGIC) {
            rest = next.get(8..).ok_or_else(|| corrupt(kind, &"header cut"))?;
            continue;
        }
        let length = u32::from_be_bytes(*length) as usize;
        let block = tail.get(..length).ok_or_else(|| corrupt(kind, &"block longer than its stream"))?;
        let before = out.len();
        snappy_block(block, out, left, limit)?;
        left -= out.len() - before;
        rest = &tail[length..];
    }
    if rest.is_empty() { Ok(()) } else { Err(corrupt(kind, &"bytes after the last block")) }
}

/// Decompresses one bare block of at most `left` bytes; `limit` is what the error names.
fn snappy_block(block: &[u8], out: &mut Vec<u8>, left: usize, limit: usize) -> Result<(), DecompressError> {
    let kind = Compression::Snappy;
    let size = snap::raw::decompress_len(block).map_err(|e| corrupt(kind, &e))?;
    if size > left {
        return Err(DecompressError::TooLarge { limit });
    }
    if size > block.len().saturating_mul(SNAPPY_EXPANSION_MAX) {
        return Err(corrupt(kind, &"block claims more than its bytes can hold"));
    }
    let start = out.len();
    out.reserve_exact(size);
    out.resize(start + size, 0);
    snap::raw::Decoder::new().decompress(block, &mut out[start..]).map_err(|e| corrupt(kind, &e))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    fn compressed(kind: Compression, input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        compress(kind, None, input, &mut out).expect("compresses");
        out
    }

    #[test]
    fn every_kind_gives_back_what_it_took() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        for kind in KINDS {
            for input in [&text[..], &text[..1], &[]] {
                let mut out = b"kept".to_vec();
                decompress_bounded(kind, &compressed(kind, input), &mut out, input.len()).expect("fits");
                assert_eq!(&out[..4], b"kept");
                assert!(out[4..] == *input, "{} of {} bytes", kind.name(), input.len());
            }
        }
    }

    #[test]
    fn levels_are_taken_and_brought_into_range() {
        let input = vec![7u8; 100_000];
        for kind in KINDS {
            for level in [-1_000_000, -1, 1, 9, 22, 1000] {
                let mut packed = Vec::new();
                compress(kind, Some(level), &input, &mut packed).expect("compresses");
                let mut out = Vec::new();
                decompress_bounded(kind, &packed, &mut out, input.len()).expect("reads back");
                assert!(out == input);
            }
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit_and_reserves_no_more() {
        const LIMIT: usize = 64 * 1024;
        let bomb = vec![0u8; 64 << 20];
        for kind in &KINDS[1..] {
            let packed = compressed(*kind, &bomb);
            let mut out = Vec::new();
            let error = decompress_bounded(*kind, &packed, &mut out, LIMIT).expect_err("too large");
            assert!(matches!(error, DecompressError::TooLarge { limit: LIMIT }), "{error}");
            assert!(out.capacity() <= LIMIT, "{}: {} bytes", kind.name(), out.capacity());
        }
    }

    #[test]
    fn one_byte_over_the_limit_is_too_much() {
        for kind in KINDS {
            let packed = compressed(kind, &[1; 1000]);
            assert!(decompress_bounded(kind, &packed, &mut Vec::new(), 1000).is_ok());
            let error = decompress_bounded(kind, &packed, &mut Vec::new(), 999).expect_err("one over");
            assert!(matches!(error, DecompressError::TooLarge { .. }));
        }
    }

    #[test]
    fn a_bare_snappy_block_is_read() {
        let block = snap::raw::Encoder::new().compress_vec(b"hello hello hello").expect("compresses");
        let mut out = Vec::new();
        decompress_bounded(Compression::Snappy, &block, &mut out, 100).expect("reads");
        assert_eq!(out, b"hello hello hello");
    }

    #[test]
    fn a_snappy_block_that_lies_about_its_size_reserves_nothing() {
        let lie = [0xff, 0xff, 0xff, 0x3f, 0];
        let mut out = Vec::new();
        assert!(decompress_bounded(Compression::Snappy, &lie, &mut out, usize::MAX / 2).is_err());
        assert_eq!(out.capacity(), 0);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        for kind in &KINDS[1..] {
            let packed = compressed(*kind, &[b"some text ".repeat(100)].concat());
            // The last bytes of an LZ4 frame are an end mark that its decoder can do without.
            for cut in [1, packed.len() / 2, packed.len() - 8] {
                let result = decompress_bounded(*kind, &packed[..cut], &mut Vec::new(), 10_000);
                assert!(result.is_err(), "{} cut at {cut}", kind.name());
            }
            let error =
                decompress_bounded(*kind, b"\xff\xff\xff\xff\xff\xff\xffgarbage", &mut Vec::new(), 10_000);
            assert!(error.is_err(), "{}", kind.name());
        }
    }
}
