//! See `kraftlog_fuzz::partition_files`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kraftlog_fuzz::partition_files::run(data));
