//! What is fuzzed: a function for each place where bytes from outside come in. Each takes any bytes and panics
//! if a promise is broken. `fuzz/` runs them under libFuzzer, the test here over seeds and their mutations.

mod requests;
mod rules;
mod seeds;
mod streams;
mod text;

pub use requests::{agent, requests};
pub use rules::{admission, answer, description, manifest, prefilter};
pub use seeds::{Random, mutated, seeds};
pub use streams::{docker, framing};
pub use text::{decoders, expression, inventory, journal, settings};

/// A target: its name and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 14] = [
    ("admission", admission),
    ("manifest", manifest),
    ("description", description),
    ("answer", answer),
    ("settings", settings),
    ("inventory", inventory),
    ("decoders", decoders),
    ("journal", journal),
    ("requests", requests),
    ("agent", agent),
    ("framing", framing),
    ("docker", docker),
    ("expression", expression),
    ("prefilter", prefilter),
];
