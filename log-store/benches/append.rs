//! One layer alone: validating, stamping and writing batches, and finding them again.

extern crate kraftlog_log_store as log_store;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use log_store::io::BlockingIo;
use log_store::log::{AppendRules, Log, LogConfig, Recovery};
use wire::batch::BatchBuilder;
use wire::compression::Compression;

const NOW: i64 = 1_700_000_000_000;

fn batch(count: usize, size: usize, kind: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).compression(kind, None);
    let value: Vec<u8> = (0..size).map(|i| b'a' + (i * i % 26) as u8).collect();
    (0..count).for_each(|_| builder.push(NOW, None, Some(&value), &[]));
    builder.build()
}

fn open(dir: &Path) -> Log {
    // Old segments go as new ones come, so that a long run does not fill the disk.
    let config = LogConfig { segment_bytes: 256 << 20, retention_bytes: 256 << 20, ..LogConfig::default() };
    Log::open(Arc::new(BlockingIo::new()), dir, Arc::new(config), Recovery::default(), NOW).expect("opens")
}

fn appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for (name, count, size, kind) in [
        ("64 KiB of 1 kB records", 63, 1000, Compression::None),
        ("4 kB of 1 kB records", 4, 1000, Compression::None),
        ("one record of 100 bytes", 1, 100, Compression::None),
        ("64 KiB, zstd", 63, 1000, Compression::Zstd),
        ("64 KiB, lz4", 63, 1000, Compression::Lz4),
    ] {
        let root = tempfile::tempdir().expect("a directory");
        let mut log = open(&root.path().join("topic-0"));
        let bytes = batch(count, size, kind);
        group.throughput(Throughput::Bytes((count * size) as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut taken = Duration::ZERO;
                for _ in 0..iterations {
                    if log.segment_count() > 4 {
                        let end = log.log_end();
                        log.apply_retention(NOW, end).expect("retires").remove().expect("removes");
                    }
                    let start = Instant::now();
                    log.append_as_leader(black_box(&bytes), 0, NOW, &AppendRules::CLIENT).expect("appends");
                    taken += start.elapsed();
                }
                taken
            });
        });
    }
    group.finish();
}

fn reads(criterion: &mut Criterion) {
    let root = tempfile::tempdir().expect("a directory");
    let mut log = open(&root.path().join("topic-0"));
    let bytes = batch(4, 1000, Compression::None);
    while log.size_bytes() < 250 << 20 {
        log.append_as_leader(&bytes, 0, NOW, &AppendRules::CLIENT).expect("appends");
    }
    let reader = log.reader();
    let end = log.log_end();
    let mut group = criterion.benchmark_group("read");
    let mut offset = 0;
    group.bench_function("lookup anywhere in 250 MB", |bencher| {
        bencher.iter(|| {
            offset = (offset + 7_919_993) % end;
            reader.read(black_box(offset), 1 << 20, end, true).expect("reads")
        });
    });
    group.bench_function("lookup at the tail", |bencher| {
        bencher.iter(|| reader.read(black_box(end - 3), 1 << 20, end, true).expect("reads"));
    });
    group.finish();
}

criterion_group!(benches, appends, reads);
criterion_main!(benches);
