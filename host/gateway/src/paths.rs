//! The paths of the API, once for server and client.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What all paths begin with.
pub(crate) const BASE: &str = "/api/v1";
/// What the paths of VMware's API begin with.
pub(crate) const SUITE_BASE: &str = "/suite-api/api";
/// The header in which root names the person that it acts for.
pub(crate) const ACTING_AS: &str = "lifesigns-as";
/// The media type of answers.
pub(crate) const JSON: &str = "application/json";
/// The media type of errors.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Characters of a segment that need no escape.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Joins segments to a path under [`BASE`], each with its escapes.
pub(crate) fn path(segments: &[&str]) -> String {
    let mut path = BASE.to_owned();
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, &ESCAPED));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_whatever_is_in_it() {
        assert_eq!(path(&["objects", "a/b ä?#%"]), "/api/v1/objects/a%2Fb%20%C3%A4%3F%23%25");
        assert_eq!(path(&["groups", "prod-1_x.y~z"]), "/api/v1/groups/prod-1_x.y~z");
    }
}
