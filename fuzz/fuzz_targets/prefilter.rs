//! See `lifesigns_fuzz::prefilter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lifesigns_fuzz::prefilter(data));
