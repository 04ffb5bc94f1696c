//! Time zones by their abbreviation, as routers and `journalctl -o short-full` write them.

/// Returns the minutes east of UTC of a zone; `None` for those that mean several. Those of North America are as RFC 5322,
/// 4.3 defines them.
const fn minutes_east(name: &[u8]) -> Option<Option<i16>> {
    Some(Some(match name {
        b"IST" | b"BST" | b"AST" | b"ADT" | b"GST" | b"SST" => return Some(None),
        b"UTC" | b"GMT" | b"WET" => 0,
        b"WEST" | b"CET" | b"MEZ" => 60,
        b"CEST" | b"MESZ" | b"EET" | b"SAST" => 120,
        b"EEST" | b"MSK" => 180,
        b"EST" | b"CDT" => -300,
        b"EDT" => -240,
        b"CST" | b"MDT" => -360,
        b"MST" | b"PDT" => -420,
        b"PST" | b"AKDT" => -480,
        b"AKST" => -540,
        b"HST" => -600,
        b"BRT" => -180,
        b"PKT" => 300,
        b"WIB" => 420,
        b"SGT" | b"HKT" | b"AWST" => 480,
        b"JST" | b"KST" => 540,
        b"ACST" => 570,
        b"AEST" => 600,
        b"AEDT" => 660,
        b"NZST" => 720,
        _ => return None,
    }))
}

/// A zone that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NamedZone {
    /// Seconds east of UTC; 0 where several are meant.
    pub(crate) east_s: i64,
    /// Where its name ends.
    pub(crate) end: usize,
    /// Its name means several zones.
    pub(crate) vague: bool,
}

/// Returns the zone whose name is at `at`, as a word of its own.
pub(crate) fn named(bytes: &[u8], at: usize) -> Option<NamedZone> {
    let rest = bytes.get(at..)?;
    let len = rest.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    let ends = rest.get(len).is_none_or(|next| matches!(next, b' ' | b':' | b']'));
    if !(3..=4).contains(&len) || !ends {
        return None;
    }
    let minutes = minutes_east(&rest[..len])?;
    Some(NamedZone { east_s: i64::from(minutes.unwrap_or(0)) * 60, end: at + len, vague: minutes.is_none() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_a_word_of_its_own() {
        let at = |text: &str| named(text.as_bytes(), 0).map(|zone| (zone.east_s, zone.vague));
        assert_eq!(at("EST fw-2"), Some((-18_000, false)));
        assert_eq!(at("UTC: %SYS"), Some((0, false)));
        assert_eq!(at("ACST"), Some((34_200, false)));
        assert_eq!(at("IST host"), Some((0, true)));
        for no in ["", "ESTX", "EST-1", "est", "XYZ", "E", "INFO text", "EST1"] {
            assert_eq!(at(no), None, "{no}");
        }
    }
}
