//! Input that is not plain lines of one object, carried as lines: the engine takes lines only, and so
//! does whatever stores them on the way. Each carrier comes with the decoder that reads its lines.

mod batch;
mod objects;
mod placed;
mod records;

pub use batch::Pushed;
pub use objects::{ObjectLines, object_decoder};
pub use placed::{PlacedLine, PlacedLines, placed_decoder};
pub(crate) use records::quoted;
pub use records::{RecordLines, record_decoder};
