//! As much of a request's URI as Docker's API needs.

use std::borrow::Cow;

/// A request to Docker's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    /// `1.41`, if the client names one.
    pub(crate) version: Option<&'a str>,
    /// What follows the version: `containers/create`.
    pub(crate) path: &'a str,
    /// What follows the question mark.
    pub(crate) query: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// `None` for anything that is not an absolute path and nothing else.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control() || byte == b'"') {
            return None;
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        let path = path.strip_prefix('/')?;
        match path.split_once('/') {
            Some((first, rest)) if is_version(first) => {
                Some(Self { version: first.strip_prefix('v'), path: rest, query })
            }
            _ => Some(Self { version: None, path, query }),
        }
    }

    /// The decoded value of a query parameter that is there and not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        let pairs = self.query?.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()?;
        (!value.is_empty()).then(|| decoded(value))
    }
}

/// `v1.41`
fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(a, b)| digits(a) && digits(b))
}

/// Percent-decoded, `+` as a space. What is not a valid escape stays as it is.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_paths() {
        let parts = |text| Uri::parse(text).map(|uri| (uri.version, uri.path, uri.query));
        assert_eq!(parts("/v1.41/containers/create?name=a"), Some((Some("1.41"), "containers/create", Some("name=a"))));
        assert_eq!(parts("/containers/create"), Some((None, "containers/create", None)));
        assert_eq!(parts("/v1/containers/create"), Some((None, "v1/containers/create", None)));
        assert_eq!(parts("containers/create"), None);
        assert_eq!(parts("/v1.41/containers/create HTTP/1.1"), None);
        assert_eq!(parts("/v1.41/containers/create\""), None);
    }

    #[test]
    fn parameters() {
        let value = |text, name| Uri::parse(text).and_then(|uri| uri.parameter(name)).map(Cow::into_owned);
        let uri = "/v1.41/images/create?fromImage=127.0.0.1%3A5000%2falien%2Fminer&tag=latest&x=";
        assert_eq!(value(uri, "fromImage").as_deref(), Some("127.0.0.1:5000/alien/miner"));
        assert_eq!(value(uri, "tag").as_deref(), Some("latest"));
        assert_eq!(value(uri, "x"), None);
        assert_eq!(value(uri, "Image"), None);
        assert_eq!(value("/images/create", "tag"), None);
    }

    #[test]
    fn escapes() {
        assert_eq!(decoded("a%2Fb+c"), "a/b c");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }
}
