//! Input that is not plain lines of one object, carried as lines: the engine takes lines only, and so
//! does whatever stores them on the way. Each carrier comes with the decoder that reads its lines.

mod batch;
mod objects;
mod placed;
mod record_decoder;
mod records;

pub use batch::Pushed;
pub use objects::{ObjectLines, object_decoder};
pub use placed::{PlacedLine, PlacedLines, placed_decoder};
pub use record_decoder::record_decoder;
pub use records::RecordLines;
pub(crate) use records::quoted;
