//! What becomes of a peer's bytes, without its socket: for fuzz targets, which take any bytes in any pieces.

use crate::{
    docker::{self, OutputFrames},
    framing::Framer,
};

/// Calls `line` for each line of a stream of syslog that arrives in these pieces, with whether it was cut and whether its
/// frame was wrong. Lines longer than `line_bytes` are cut.
pub fn syslog_lines<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    line_bytes: usize,
    mut line: impl FnMut(&[u8], bool, bool),
) {
    let mut framer = Framer::new(line_bytes);
    for piece in pieces {
        framer.feed(piece, |received| line(received.bytes, received.is_cut, received.is_malformed));
    }
    framer.end(|received| line(received.bytes, received.is_cut, received.is_malformed));
}

/// Calls `text` for each piece of a container's output, with its stream, its time and whether a line ends with it.
/// Returns whether all that arrived was output: what is none ends the reading.
pub fn docker_output<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    is_terminal: bool,
    mut text: impl FnMut(&str, Option<u64>, &[u8], bool),
) -> bool {
    let mut frames = OutputFrames::new(is_terminal);
    for piece in pieces {
        let read = frames.read(piece, |piece| text(piece.stream.as_str(), piece.time_ns, piece.text, piece.is_end));
        if read.is_err() {
            return false;
        }
    }
    true
}

/// Returns the container that an event of Docker's Engine is about; `None` for one that is about none.
pub fn docker_event(line: &str) -> Option<String> {
    docker::container_of(line)
}
