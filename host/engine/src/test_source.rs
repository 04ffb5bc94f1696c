//! A source whose lines are messages as they stand, for tests within the crate.

use std::{borrow::Cow, sync::Arc};

use lifesigns_model::{Decoder, EventSource, LogRecord};

struct Plain;

impl Decoder for Plain {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        LogRecord { message: Some(Cow::Borrowed(line)), ..LogRecord::default() }
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        false
    }

    fn may_have_time(&self, _: &[u8]) -> bool {
        false
    }
}

/// Returns the source `a.log`, of `vm-1`.
pub(crate) fn plain_source() -> Arc<EventSource> {
    Arc::new(EventSource { name: "a.log".into(), rank: 0, object: "vm-1".into(), app: None, decoder: Arc::new(Plain) })
}
