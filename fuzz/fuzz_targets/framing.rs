//! See `lifesigns_fuzz::framing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lifesigns_fuzz::framing(data));
