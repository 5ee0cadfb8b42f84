//! Single layers on the way of a produced and a fetched record, each alone.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use log_store::io::{Backend, Io, probe};
use log_store::log::{AppendRules, Log, LogConfig, Recovery};
use wire::batch::{BatchBuilder, BatchView};
use wire::compression::Compression;

const RECORDS: usize = 64;
const VALUE_BYTES: usize = 1000;
const DECOMPRESSED_MAX: usize = 1 << 20;
/// Appends to one log before it is replaced, so that a bench doesn't fill the disk.
const APPENDS_PER_LOG: usize = 256;
const FETCH_BYTES: usize = 1 << 20;

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(now.as_millis()).expect("milliseconds fit for millions of years")
}

/// A batch of 64 KiB before compression.
fn batch(compression: Compression) -> Vec<u8> {
    let words: Vec<u8> =
        b"produced, stored and fetched; ".iter().copied().cycle().take(VALUE_BYTES).collect();
    let mut builder = BatchBuilder::new(0).compression(compression, None);
    for _ in 0..RECORDS {
        builder.push(now_ms(), None, Some(&words), &[]);
    }
    builder.build()
}

fn wire_layers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch of 64 KiB");
    let plain = batch(Compression::None);
    group.throughput(Throughput::Bytes(plain.len() as u64));
    group.bench_function("crc", |bencher| {
        bencher.iter(|| BatchView::parse(&plain).expect("whole").check_crc().expect("sound"));
    });
    for kind in
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
    {
        let bytes = batch(kind);
        let mut scratch = Vec::new();
        group.bench_function(format!("records, {}", kind.name()), |bencher| {
            bencher.iter(|| {
                let view = BatchView::parse(&bytes).expect("whole");
                view.records(&mut scratch, DECOMPRESSED_MAX).expect("sound").count()
            });
        });
    }
    group.finish();
}

fn new_log(io: &Arc<dyn Io>, dir: &Path, name: usize) -> Log {
    let recovery = Recovery { clean: true, recovery_point: 0, log_start: 0 };
    let dir = dir.join(format!("bench-{name}"));
    std::fs::create_dir(&dir).expect("a temporary directory can be written");
    Log::open(io.clone(), &dir, Arc::new(LogConfig::default()), recovery, now_ms()).expect("a new log opens")
}

fn log_layers(criterion: &mut Criterion) {
    let plain = batch(Compression::None);
    let mut group = criterion.benchmark_group("log");
    group.throughput(Throughput::Bytes((plain.len() * APPENDS_PER_LOG) as u64));
    for backend in [Backend::Blocking, Backend::Uring] {
        // A container may forbid io_uring.
        let Ok(probed) = probe(Some(backend)) else { continue };
        let dir = tempfile::tempdir().expect("the temporary directory can be written");
        let mut logs = 0;
        group.bench_function(format!("append 64 KiB, {backend:?}"), |bencher| {
            let setup = || {
                logs += 1;
                new_log(&probed.io, dir.path(), logs)
            };
            bencher.iter_batched(setup, |log| fill(log, &plain).delete(), BatchSize::PerIteration);
        });
    }
    group.finish();
    locate(criterion, &plain);
}

fn fill(mut log: Log, batch: &[u8]) -> Log {
    for _ in 0..APPENDS_PER_LOG {
        log.append_as_leader(batch, 0, now_ms(), &AppendRules::CLIENT).expect("a sound batch is taken");
    }
    log
}

/// What a fetch costs before `sendfile`: offset to file region.
fn locate(criterion: &mut Criterion, batch: &[u8]) {
    let io = probe(Some(Backend::Blocking)).expect("blocking calls always work").io;
    let dir = tempfile::tempdir().expect("the temporary directory can be written");
    let log = fill(new_log(&io, dir.path(), 0), batch);
    let (reader, end) = (log.reader(), log.log_end());
    let mut offset = 0;
    criterion.bench_function("log: find 1 MiB from an offset on", |bencher| {
        bencher.iter(|| {
            offset = (offset + 7919) % end;
            reader.read(offset, FETCH_BYTES, end, true).expect("within the log")
        });
    });
}

criterion_group!(layers, wire_layers, log_layers);
criterion_main!(layers);
