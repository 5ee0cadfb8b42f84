//! Record batches and what is compressed in them.
//!
//! Input: a byte. 0 to 4: the rest is a stream of that compression. Otherwise: the rest is batches.

use wire::batch::{BatchBuilder, BatchView, Record, batches};
use wire::compression::{Compression, compress, decompress_bounded};

use crate::memory::peak_of;

/// What decompression may yield.
const OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// What codecs may hold beside their output: the largest blocks of LZ4 and their window.
const CODEC_BYTES_MAX: usize = 16 << 20;
/// How far records may expand and still be compressed again, so that a run stays short.
const REBUILD_BYTES_MAX: usize = 64 * 1024;

/// Judges one input.
pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match Compression::from_code(*kind) {
        Some(kind) => run_stream(kind, rest),
        None => run_batches(rest),
    }
}

fn run_stream(kind: Compression, stream: &[u8]) {
    let mut out = Vec::new();
    let (result, peak) = peak_of(|| decompress_bounded(kind, stream, &mut out, OUTPUT_BYTES_MAX));
    assert!(out.len() <= OUTPUT_BYTES_MAX, "{} yields {} bytes", kind.name(), out.len());
    assert!(peak <= OUTPUT_BYTES_MAX + CODEC_BYTES_MAX, "{} holds {peak} bytes", kind.name());
    if result.is_ok() && out.len() <= REBUILD_BYTES_MAX {
        let (mut packed, mut again) = (Vec::new(), Vec::new());
        compress(kind, None, &out, &mut packed).expect("memory takes it");
        decompress_bounded(kind, &packed, &mut again, out.len()).expect("just compressed");
        assert!(again == out, "{} changes what it carries", kind.name());
    }
}

fn run_batches(bytes: &[u8]) {
    let mut iter = batches(bytes);
    let mut walked = 0;
    for batch in iter.by_ref() {
        let Ok(batch) = batch else { return };
        walked += batch.size();
        run_batch(&batch);
    }
    assert_eq!(walked + iter.remainder().len(), bytes.len(), "batches and remainder are all there is");
}

fn run_batch(batch: &BatchView<'_>) {
    assert_eq!(batch.bytes().len(), batch.size());
    let _may_be_wrong = batch.check_crc();
    let _any = (batch.last_offset(), batch.next_offset(), batch.last_sequence(), batch.delete_horizon_ms());
    let mut scratch = Vec::new();
    let (records, peak) = peak_of(|| match batch.records(&mut scratch, OUTPUT_BYTES_MAX) {
        Ok(records) => records.map(Result::ok).map(|record| record.map(owned)).collect(),
        Err(_) => None,
    });
    let bound = CODEC_BYTES_MAX + OUTPUT_BYTES_MAX + 64 * (OUTPUT_BYTES_MAX + batch.size());
    assert!(peak <= bound, "{peak} bytes for a batch of {}", batch.size());
    let Some(records): Option<Vec<Owned>> = records else { return };
    assert_eq!(records.len(), usize::try_from(batch.record_count()).expect("a negative count is refused"));
    let bytes: usize = records.iter().map(|record| record.value.as_ref().map_or(0, Vec::len)).sum();
    if bytes <= REBUILD_BYTES_MAX {
        rebuild(batch, &records);
    }
}

#[derive(Debug, PartialEq)]
struct Owned {
    offset: i64,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn owned(record: Record<'_>) -> Owned {
    let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    let headers = record.headers().map(|header| (header.key.to_vec(), own(header.value)));
    Owned {
        offset: record.offset,
        timestamp: record.timestamp,
        key: own(record.key),
        value: own(record.value),
        headers: headers.collect(),
    }
}

/// A batch built from records that were read holds the same records, if their offsets can be built at all.
fn rebuild(batch: &BatchView<'_>, records: &[Owned]) {
    let base = batch.base_offset();
    let delta =
        |record: &Owned| record.offset.checked_sub(base).filter(|delta| i32::try_from(*delta).is_ok());
    let ordered = records.windows(2).all(|pair| pair[0].offset < pair[1].offset);
    let reachable = records.iter().all(|record| delta(record).is_some_and(|delta| delta >= 0));
    let Ok(kind) = batch.compression() else { return };
    if !ordered || !reachable {
        return;
    }
    let mut builder = BatchBuilder::new(base).compression(kind, None);
    for Owned { offset, timestamp, key, value, headers } in records {
        let headers: Vec<(&[u8], Option<&[u8]>)> =
            headers.iter().map(|(key, value)| (key.as_slice(), value.as_deref())).collect();
        builder.push_at(*offset, *timestamp, key.as_deref(), value.as_deref(), &headers);
    }
    let bytes = builder.build();
    let rebuilt = BatchView::parse(&bytes).expect("just built");
    rebuilt.check_crc().expect("just built");
    let mut scratch = Vec::new();
    let again = rebuilt.records(&mut scratch, usize::MAX).expect("just built");
    let again: Vec<Owned> = again.map(|record| owned(record.expect("just built"))).collect();
    assert_eq!(again, records);
}
