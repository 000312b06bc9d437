//! The one host of a request.
//!
//! A request with no `Host`, with two, with one that is no host name, or with another one in its target is refused
//! (RFC 9112, section 3.2), so that a proxy in front and the server behind can never read two different hosts out of one
//! request.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Uri, Version, header},
};

/// Whether a request names one host, and one only.
pub(crate) fn names_one_host(request: &Request) -> bool {
    has_one_good_host(request.version(), request.headers())
        && is_of_that_host(request.uri(), request.headers())
}

/// HTTP/1.0 knows no `Host`; everything newer must send one, and only one.
fn has_one_good_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// Whether a target in absolute form, which proxies are sent, names the very host that `Host` does (T01).
fn is_of_that_host(target: &Uri, headers: &HeaderMap) -> bool {
    let Some(authority) = target.authority() else { return true };
    headers
        .get(header::HOST)
        .is_some_and(|host| authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()))
}

/// Whether `value` consists of what a host and a port may consist of (RFC 3986, section 3.2.2), without user names.
fn is_host(value: &HeaderValue) -> bool {
    // A pattern becomes a table of bits; `contains` would search the signs for each byte of each request's host.
    let is_allowed = |byte: &u8| {
        matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\''
            | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']' | b'%')
    };
    !value.is_empty() && value.as_bytes().iter().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn a_host_is_one_name_without_decoration() {
        for good in ["localhost", "app.example.com:8443", "[::1]:3000"] {
            assert!(has_one_good_host(Version::HTTP_11, &host(good)), "{good}");
        }
        for bad in ["", "a b", "user@host", "host/path", "a\\b", "a#b", "a?b"] {
            assert!(!has_one_good_host(Version::HTTP_11, &host(bad)), "{bad}");
        }
        let mut two = host("a.test");
        two.append(header::HOST, HeaderValue::from_static("a.test"));
        assert!(!has_one_good_host(Version::HTTP_11, &two));
        assert!(!has_one_good_host(Version::HTTP_11, &HeaderMap::new()));
        assert!(has_one_good_host(Version::HTTP_10, &HeaderMap::new()));
    }
}
