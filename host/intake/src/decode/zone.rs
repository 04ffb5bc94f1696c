//! Time zones by their abbreviation, as routers and `journalctl -o short-full` write them.

/// Minutes east of UTC. Those of North America are as RFC 5322, 4.3 defines them.
const ZONES: [(&str, i16); 35] = [
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("MEZ", 60),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("SAST", 120),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("BRT", -180),
    ("PKT", 300),
    ("WIB", 420),
    ("SGT", 480),
    ("HKT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
];

/// Zones too, but each means several.
const VAGUE: [&str; 6] = ["IST", "BST", "AST", "ADT", "GST", "SST"];

/// A zone that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Seconds east of UTC; 0 where several are meant.
    pub(crate) east_s: i64,
    /// Where its name ends.
    pub(crate) end: usize,
    /// Its name means several zones.
    pub(crate) vague: bool,
}

/// Returns the zone whose name is at `at`, as a word of its own.
pub(crate) fn named(bytes: &[u8], at: usize) -> Option<Named> {
    let rest = bytes.get(at..)?;
    let len = rest.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    let ends = rest.get(len).is_none_or(|next| matches!(next, b' ' | b':' | b']'));
    if !(3..=4).contains(&len) || !ends {
        return None;
    }
    let (name, end) = (&rest[..len], at + len);
    if VAGUE.iter().any(|zone| zone.as_bytes() == name) {
        return Some(Named { east_s: 0, end, vague: true });
    }
    let (_, minutes) = ZONES.iter().find(|(zone, _)| zone.as_bytes() == name)?;
    Some(Named { east_s: i64::from(*minutes) * 60, end, vague: false })
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
