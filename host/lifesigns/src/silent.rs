//! The decoder of a source without lines: the inventory speaks in facts only.

use lifesigns_model::{Decoder, Record};

/// Takes a line for a message, as it is.
pub(crate) struct Silent;

impl Decoder for Silent {
    fn decode<'a>(&self, line: &'a str) -> Record<'a> {
        Record { message: Some(line.into()), ..Record::default() }
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        false
    }
}
