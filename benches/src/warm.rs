//! Makes memory worth the same in every run.
//!
//! A virtual machine's host takes free memory back. The first touch of such a page then costs up to ten
//! times the write that needed it, and whoever happens to get cold pages seems slow. So all free memory
//! is touched before a run, whoever runs.

use std::fs;
use std::hint::black_box;

/// What is left alone, so that nothing has to be evicted or killed.
const MARGIN_BYTES: u64 = 1 << 30;
const CHUNK_BYTES: usize = 256 << 20;
const PAGE_BYTES: usize = 4096;
const THREADS: u64 = 2;

/// What servers, their files and the generator need.
const ROOM_BYTES: u64 = 8 << 30;

/// Memory beyond what a contest needs, kept so that the rest is touched in a moment.
pub(crate) struct Ballast(#[expect(dead_code, reason = "held, never read")] Vec<Vec<u8>>);

impl Ballast {
    /// Takes all but the room for a contest.
    pub(crate) fn take() -> Self {
        Self(take(free_memory().saturating_sub(ROOM_BYTES)))
    }
}

/// Touches the memory that is free, and frees it.
pub(crate) fn touch_free_memory() {
    drop(black_box(take(free_memory().saturating_sub(MARGIN_BYTES))));
}

/// About this much memory, in use.
fn take(bytes: u64) -> Vec<Vec<u8>> {
    let share = || (0..bytes / THREADS / CHUNK_BYTES as u64).map(|_| touched()).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(share)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("touching does not panic")).collect()
    })
}

fn touched() -> Vec<u8> {
    let mut chunk = vec![0; CHUNK_BYTES];
    chunk.iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte = 1);
    chunk
}

/// `MemFree`, bytes; zero where it is not told.
fn free_memory() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("MemFree:"));
    let kilobytes = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
