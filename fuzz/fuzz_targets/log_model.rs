//! See `kraftlog_fuzz::log_model`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kraftlog_fuzz::log_model::run(data));
