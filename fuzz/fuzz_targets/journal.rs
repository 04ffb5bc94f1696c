//! See `lifesigns_fuzz::journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lifesigns_fuzz::journal(data));
