//! See `lifesigns_fuzz::description`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lifesigns_fuzz::description(data));
