//! What a submission adds to, and what it saves: the numbers behind docs/decisions.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::hint::black_box;
use std::io::IoSlice;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use io_uring::{IoUring, opcode, types};
use kraftlog_log_store::io::{BlockingIo, File, Io, OpenMode, ReadRequest, UringIo};

const WRITE_BYTES: usize = 64 * 1024;
const READ_BYTES: usize = 64 * 1024;
const READS: usize = 64;
const FILES: usize = 32;

fn backends() -> Vec<(&'static str, Arc<dyn Io>)> {
    let mut backends: Vec<(&str, Arc<dyn Io>)> = vec![("blocking", Arc::new(BlockingIo::new()))];
    if let Ok(io) = UringIo::new() {
        backends.push(("io_uring", Arc::new(io)));
    }
    backends
}

fn create(io: &dyn Io, path: &Path, length: usize) -> Arc<dyn File> {
    let file = io.open(path, OpenMode::Truncate).unwrap();
    file.write_at(&[IoSlice::new(&vec![1; length])], 0).unwrap();
    file.flush().unwrap();
    file
}

/// One write that ends in the page cache, as a system call and as a submission waited for.
fn page_cache_write(criterion: &mut Criterion) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let file = create(&BlockingIo::new(), &dir.path().join("a"), WRITE_BYTES);
    let bytes = vec![7; WRITE_BYTES];
    let mut group = criterion.benchmark_group("page_cache_write_64k");
    group.throughput(Throughput::Bytes(WRITE_BYTES as u64));
    group.bench_function("pwrite", |b| b.iter(|| file.write_at(&[IoSlice::new(&bytes)], 0).unwrap()));
    if let Ok(mut ring) = IoUring::new(8) {
        let descriptor = types::Fd(file.as_fd().unwrap().as_raw_fd());
        group.bench_function("io_uring", |b| {
            b.iter(|| {
                let write = opcode::Write::new(descriptor, bytes.as_ptr(), WRITE_BYTES as u32).build();
                // SAFETY: `bytes` and the descriptor live until the completion is taken below.
                unsafe { ring.submission().push(&write).unwrap() };
                ring.submit_and_wait(1).unwrap();
                assert_eq!(ring.completion().next().unwrap().result(), WRITE_BYTES as i32);
            });
        });
    }
    group.finish();
}

/// A group commit over many files, each with 4 KiB of new bytes.
fn group_flush(criterion: &mut Criterion) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let mut group = criterion.benchmark_group(format!("flush_{FILES}_files"));
    group.sample_size(20);
    for (name, io) in backends() {
        let files: Vec<_> = (0..FILES).map(|n| create(&*io, &dir.path().join(n.to_string()), 4096)).collect();
        let dirty = || files.iter().for_each(|file| file.write_at(&[IoSlice::new(&[2; 4096])], 0).unwrap());
        group.bench_function(name, |b| {
            b.iter_batched(dirty, |()| black_box(io.flush_all(&files)), BatchSize::PerIteration);
        });
    }
    group.bench_function("one_by_one", |b| {
        let io = BlockingIo::new();
        let files: Vec<_> = (0..FILES).map(|n| create(&io, &dir.path().join(n.to_string()), 4096)).collect();
        let dirty = || files.iter().for_each(|file| file.write_at(&[IoSlice::new(&[2; 4096])], 0).unwrap());
        b.iter_batched(
            dirty,
            |()| files.iter().for_each(|file| file.flush().unwrap()),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Reads of pages that are not in memory.
fn cold_reads(criterion: &mut Criterion) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let mut group = criterion.benchmark_group(format!("{READS}_cold_reads_64k"));
    group.sample_size(20).throughput(Throughput::Bytes((READS * READ_BYTES) as u64));
    for (name, io) in backends() {
        // Twice the stride, so that reading ahead does not serve the next one.
        let file = create(&*io, &dir.path().join("a"), READS * READ_BYTES * 4);
        let forget = || {
            rustix::fs::fadvise(file.as_fd().unwrap(), 0, None, rustix::fs::Advice::DontNeed).unwrap();
            vec![vec![0; READ_BYTES]; READS]
        };
        group.bench_function(name, |b| {
            b.iter_batched(
                forget,
                |mut buffers| {
                    let request = |(n, buffer): (usize, _)| {
                        let position = ((n * 37) % READS * READ_BYTES * 4) as u64;
                        ReadRequest { file: &file, position, buffer }
                    };
                    let mut requests: Vec<_> =
                        buffers.iter_mut().map(Vec::as_mut_slice).enumerate().map(request).collect();
                    let results = io.read_batch(&mut requests);
                    assert!(results.into_iter().all(|count| count.unwrap() == READ_BYTES));
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, page_cache_write, group_flush, cold_reads);
criterion_main!(benches);
