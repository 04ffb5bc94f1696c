//! See `lifesigns_fuzz::docker`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lifesigns_fuzz::docker(data));
