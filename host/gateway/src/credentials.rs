//! The token that a request presents, in the ways that clients have: `Bearer`, the schemes of Splunk and VMware, and the
//! password of `Basic`.

use axum::http::{HeaderMap, header::AUTHORIZATION};

/// Schemes whose credentials are the token as it is.
const SCHEMES: [&str; 4] = ["bearer", "splunk", "vrealizeopstoken", "opstoken"];

/// Returns the token; `None` if there is none that can be read.
pub(crate) fn presented(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    if SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(base64(rest)?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    Some(password.to_owned())
}

/// Decodes base64 (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(value).expect("a value"));
        presented(&headers)
    }

    #[test]
    fn tokens_come_in_the_ways_that_clients_have() {
        for value in [
            "Bearer ls-1-2",
            "bearer  ls-1-2 ",
            "Splunk ls-1-2",
            "vRealizeOpsToken ls-1-2",
            "OpsToken ls-1-2",
            "Basic YW55OmxzLTEtMg==",
            "basic OmxzLTEtMg==",
        ] {
            assert_eq!(of(value).as_deref(), Some("ls-1-2"), "{value}");
        }
        for value in ["Bearer", "ls-1-2", "Digest ls-1-2", "Basic ***", "Basic YW55", "Basic /////w=="] {
            assert_eq!(of(value), None, "{value}");
        }
        assert_eq!(presented(&HeaderMap::new()), None);
    }
}
