//! Looks at how each line begins and decodes it as that, for files that mix formats.

use lifesigns_model::{Decoder, Record, SharedClock};

use super::{
    json::Bad,
    logfmt,
    ndjson::{self, Place},
    plain, syslog,
    time::Reference,
};

pub(crate) struct Auto(pub(crate) SharedClock);

impl Decoder for Auto {
    fn decode<'a>(&self, line: &'a str) -> Record<'a> {
        let (bytes, reference) = (line.as_bytes(), Reference(&*self.0));
        let plain = |malformed| plain::record(line, reference, malformed);
        match bytes {
            [b'{', ..] => ndjson::record(line, Place::Line).unwrap_or_else(|Bad| plain(true)),
            [b'<', b'0'..=b'9', ..] => syslog::record(line, reference, true).unwrap_or_else(|| plain(true)),
            [b'A'..=b'Z', _, _, b' ', ..] | [b'0'..=b'9', ..] => {
                syslog::record(line, reference, true).unwrap_or_else(|| plain(false))
            }
            _ if logfmt::begins(bytes) => logfmt::record(line).unwrap_or_else(plain),
            _ => plain(false),
        }
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }
}
