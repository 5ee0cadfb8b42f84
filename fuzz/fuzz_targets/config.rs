//! See `kraftlog_fuzz::config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kraftlog_fuzz::config::run(data));
