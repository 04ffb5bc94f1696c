//! The header `Retry-After`.

use std::time::Duration;

use jiff::fmt::rfc2822;
use ureq::http::{HeaderMap, header};

/// Returns the time from `now_ns` that `Retry-After` asks for, in milliseconds: seconds or a date (RFC 9110, 10.2.3).
/// It is not bounded.
pub fn retry_after_ms(headers: &HeaderMap, now_ns: u64) -> Option<u64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let then = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let then = Duration::from_millis(u64::try_from(then.as_millisecond()).unwrap_or(0));
    let left = then.saturating_sub(Duration::from_nanos(now_ns));
    Some(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // Wed, 21 Oct 2015 07:28:00 GMT.
        let now_ns = 1_445_412_480_000_000_000;
        let ms = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().expect("a header"));
            retry_after_ms(&headers, now_ns)
        };
        assert_eq!(ms("120"), Some(120_000));
        assert_eq!(ms("18446744073709551615"), Some(u64::MAX));
        assert_eq!(ms("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
        assert_eq!(ms("Wed, 21 Oct 2015 07:29:30 GMT"), Some(90_000));
        assert_eq!(ms("Wed, 21 Oct 2015 07:27:00 GMT"), Some(0));
        assert_eq!(ms("Fri, 01 Jan 1960 00:00:00 GMT"), Some(0));
        for text in ["", "soon", "-1", "1.5"] {
            assert_eq!(ms(text), None, "{text}");
        }
        assert_eq!(retry_after_ms(&HeaderMap::new(), now_ns), None);
    }
}
