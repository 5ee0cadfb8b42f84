//! See `kraftlog_fuzz::segment_recovery`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kraftlog_fuzz::segment_recovery::run(data));
