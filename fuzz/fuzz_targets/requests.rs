//! See `lifesigns_fuzz::requests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lifesigns_fuzz::requests(data));
