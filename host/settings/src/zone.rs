//! Time zones by name, from the time zone database of the machine or else the one that is compiled in.

use jiff::tz::{self, TimeZone};
use lifesigns_compliance::config::Zone;
use lifesigns_text::nearest;

/// Returns the zone of this IANA name, or a suggestion if there is none.
pub(crate) fn find(name: &str) -> Result<Zone, Option<String>> {
    // Paths of files, and offsets without a place, are not names.
    let named = name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c)) && !name.starts_with('/');
    match TimeZone::get(name) {
        Ok(zone) if named && zone.iana_name().is_some() => Ok(Zone::new(zone)),
        _ => Err(meant(name)),
    }
}

fn meant(name: &str) -> Option<String> {
    let names: Vec<String> = tz::db().available().map(|name| name.as_str().to_owned()).collect();
    let wanted = name.to_lowercase().replace(' ', "_");
    let is_city = |one: &&String| one.rsplit_once('/').is_some_and(|(_, city)| city.to_lowercase() == wanted);
    let meant = match names.iter().find(is_city) {
        Some(name) => name.as_str(),
        None => nearest(name, names.iter().map(String::as_str))?,
    };
    Some(format!("did you mean \"{meant}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_or_suggested() {
        assert_eq!(find("Europe/Berlin").map(|zone| zone.name().to_owned()), Ok("Europe/Berlin".to_owned()));
        assert_eq!(find("UTC").map(|zone| zone == Zone::default()), Ok(true));
        let meant = |name| find(name).err().flatten();
        assert_eq!(meant("Europe/Berln").as_deref(), Some("did you mean \"Europe/Berlin\"?"));
        assert_eq!(meant("berlin").as_deref(), Some("did you mean \"Europe/Berlin\"?"));
        assert_eq!(meant("New York").as_deref(), Some("did you mean \"America/New_York\"?"));
        for name in ["", "../../etc/passwd", "/usr/share/zoneinfo/UTC", "Nowhere/At/All/Such-a-place", "+01:00"] {
            assert!(find(name).is_err(), "{name}");
        }
    }
}
