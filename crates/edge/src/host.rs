//! The one host of a request.
//!
//! A request is refused if it has no `Host`, two of them, or one that is not a host name (RFC 9112, section 3.2). It is
//! also refused if its target names another host. So a proxy in front and the server behind it can never read two
//! different hosts out of one request.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Uri, Version, header},
};

/// Tells whether a request names exactly one host.
pub(crate) fn names_one_host(request: &Request) -> bool {
    has_one_good_host(request.version(), request.headers())
        && is_of_that_host(request.uri(), request.headers())
}

/// Tells whether there is exactly one valid `Host`. HTTP/1.0 may omit it; every newer version must send exactly one.
fn has_one_good_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// Tells whether a target in absolute form, which clients send to proxies, names the same host as `Host` (T01).
fn is_of_that_host(target: &Uri, headers: &HeaderMap) -> bool {
    let Some(authority) = target.authority() else { return true };
    headers
        .get(header::HOST)
        .is_some_and(|host| authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()))
}

/// Tells whether `value` has only characters that a host and a port may have (RFC 3986, section 3.2.2), without user
/// names.
fn is_host(value: &HeaderValue) -> bool {
    // A pattern compiles to a table of bits; `contains` would search the list for each byte of each request's host.
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
