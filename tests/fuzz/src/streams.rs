//! What comes over sockets: syslog in its frames, and what Docker's daemon sends.

use lifesigns_network::parsing;

/// The longest line of the syslog target: short, so that many lines are cut.
const LINE_BYTES: usize = 48;

/// A stream of syslog: in whatever pieces it arrives, the same lines come of it, none longer than lines may be, and
/// together no more than was sent.
///
/// # Panics
/// If a promise is broken, as all here.
pub fn framing(data: &[u8]) {
    let lines = |length: usize| {
        let mut lines = Vec::new();
        parsing::syslog_lines(data.chunks(length), LINE_BYTES, |line, is_cut, is_malformed| {
            assert!(line.len() <= LINE_BYTES, "{}", line.len());
            lines.push((line.to_vec(), is_cut, is_malformed));
        });
        lines
    };
    let whole = lines(data.len().max(1));
    for length in [1, 1 + data.len() % 7, 1 + data.len() % 64] {
        assert_eq!(whole, lines(length), "in pieces of {length}");
    }
    assert!(whole.iter().map(|(line, ..)| line.len()).sum::<usize>() <= data.len());
}

/// What Docker's daemon sends of a container's output, in frames or from a terminal, and its events: in whatever pieces
/// output arrives, the same comes of it.
///
/// # Panics
/// See [`framing`].
pub fn docker(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let output = |length: usize| {
        let mut pieces = Vec::new();
        let is_whole = parsing::docker_output(data.chunks(length), first % 2 == 1, |stream, time_ns, text, is_end| {
            pieces.push((stream.to_owned(), time_ns, text.to_vec(), is_end));
        });
        (pieces, is_whole)
    };
    let whole = output(data.len().max(1));
    // Long output in not too many pieces: each may look at all that is held.
    let least = 1 + data.len() / 256;
    for length in [least, least + data.len() % 7, least + data.len() % 64] {
        assert_eq!(whole, output(length), "in pieces of {length}");
    }
    assert!(whole.0.iter().map(|(_, _, text, _)| text.len()).sum::<usize>() <= data.len());
    if let Some(id) = parsing::docker_event(&String::from_utf8_lossy(data)) {
        assert!(id.len() <= data.len() && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_of_frames_is_whole() {
        let seed = &crate::seeds("docker")[0][1..];
        let mut pieces = Vec::new();
        let is_whole = parsing::docker_output(seed.chunks(7), false, |stream, time_ns, text, is_end| {
            pieces.push((stream.to_owned(), time_ns, text.to_vec(), is_end));
        });
        let first = ("stdout".to_owned(), Some(1_000_000_007), b"one\ntwo".to_vec(), false);
        assert_eq!(pieces, [first, ("stderr".to_owned(), None, b"err".to_vec(), true)]);
        assert!(is_whole);
    }
}
