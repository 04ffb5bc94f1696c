//! Looks at how each line begins and decodes it as that, for files that mix formats.

use lifesigns_model::{Decoder, Record, SharedClock};

use super::{
    noise,
    payload::{self, Place},
    plain,
    time::Reference,
};

pub(crate) struct Auto(pub(crate) SharedClock);

impl Decoder for Auto {
    fn decode<'a>(&self, line: &'a str) -> Record<'a> {
        let (text, reference) = (noise::skip(line), Reference(&*self.0));
        let found = match text.as_bytes().first() {
            // Indented: a part of something.
            None | Some(b' ' | b'\t' | b'@') => None,
            Some(_) => payload::decode(text, Place::line(reference)),
        };
        found.unwrap_or_else(|| {
            let began = matches!(text.as_bytes(), [b'{', ..] | [b'<', b'0'..=b'9', ..]);
            plain::record(text, reference, began)
        })
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }
}
