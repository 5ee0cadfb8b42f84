//! See `kraftlog_fuzz::batches`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kraftlog_fuzz::batches::run(data));
