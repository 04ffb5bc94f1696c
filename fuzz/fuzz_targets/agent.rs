//! See `lifesigns_fuzz::agent`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lifesigns_fuzz::agent(data));
