//! See `kraftlog_fuzz::records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kraftlog_fuzz::records::run(data));
