//! See `kraftlog_fuzz::raft_events`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kraftlog_fuzz::raft_events::run(data));
