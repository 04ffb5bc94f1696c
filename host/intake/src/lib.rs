//! Front doors and decoders: bytes come in as whole lines, decoders make records of lines. Nothing
//! here knows rules, and nothing here is asynchronous: a source blocks while the engine is busy.

mod decode;

pub use decode::{Format, UnknownFormat};
