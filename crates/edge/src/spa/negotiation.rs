//! Content negotiation by `Accept`, `Accept-Encoding` and `If-None-Match` (RFC 9110).
//!
//! Invariants: nothing here allocates, and an invalid header counts as one that was not sent.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// A quality value in thousandths: 0 means "not this".
type Quality = u16;

/// A compression of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

/// The compressed encodings that a client accepts; the uncompressed one is always acceptable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    brotli: Quality,
    gzip: Quality,
}

impl Accepted {
    /// Returns the accepted encodings, the client's favourite first. Brotli, the smaller one, comes first when there is none.
    pub(super) fn in_order(self) -> impl Iterator<Item = Encoding> {
        let ranked = if self.gzip > self.brotli {
            [(Encoding::Gzip, self.gzip), (Encoding::Brotli, self.brotli)]
        } else {
            [(Encoding::Brotli, self.brotli), (Encoding::Gzip, self.gzip)]
        };
        ranked.into_iter().filter(|(_, quality)| *quality > 0).map(|(encoding, _)| encoding)
    }
}

/// Reads `Accept-Encoding`; without one, nothing compressed is sent.
pub(super) fn encodings(headers: &HeaderMap) -> Accepted {
    let (mut brotli, mut gzip, mut others) = (None, None, 0);
    for (name, quality) in preferences(headers, &header::ACCEPT_ENCODING) {
        if name.eq_ignore_ascii_case("br") {
            brotli = Some(quality);
        } else if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(quality);
        } else if name == "*" {
            others = quality;
        }
    }
    Accepted { brotli: brotli.unwrap_or(others), gzip: gzip.unwrap_or(others) }
}

/// Tells whether a page may be the answer: `text/html`, `text/*`, `*/*`, or no `Accept` at all. The closest range
/// decides.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::ACCEPT) || closest_to_html(headers).1 > 0
}

/// Tells whether `Accept` names HTML, as browsers do to open a page, but not to load a script or an image.
pub(super) fn names_html(headers: &HeaderMap) -> bool {
    let (precision, quality) = closest_to_html(headers);
    precision == 3 && quality > 0
}

/// Returns the precision and the quality of the range of `Accept` that is closest to HTML.
fn closest_to_html(headers: &HeaderMap) -> (u8, Quality) {
    let mut closest = (0, 0);
    for (range, quality) in preferences(headers, &header::ACCEPT) {
        let precision = if range.eq_ignore_ascii_case("text/html") {
            3
        } else if range.eq_ignore_ascii_case("text/*") {
            2
        } else if range == "*/*" {
            1
        } else {
            continue;
        };
        closest = closest.max((precision, quality));
    }
    closest
}

/// Tells whether the client's copy is the current one (RFC 9110, section 13.1.2: the comparison is weak).
pub(super) fn is_fresh(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    items(headers, &header::IF_NONE_MATCH).any(|candidate| {
        candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate).as_bytes() == etag.as_bytes()
    })
}

/// Returns the items of a header that lists preferences, each with its quality.
fn preferences<'headers>(
    headers: &'headers HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (&'headers str, Quality)> {
    items(headers, name).map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let value = parts.next().unwrap_or_default();
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, quality)| thousandths(quality.trim()));
        (value, quality)
    })
}

/// Returns the comma-separated items of all headers of that name.
fn items<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'headers str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

/// Reads `0.25` as 250. Anything that is not a number between 0 and 1 counts as 0, the safe choice.
fn thousandths(quality: &str) -> Quality {
    match quality.parse::<f32>() {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked, and three decimals are all there are"
        )]
        Ok(value) if (0.0..=1.0).contains(&value) => (value * 1000.0).round() as Quality,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn the_clients_favourite_encoding_wins_and_a_quality_of_zero_forbids() {
        use Encoding::{Brotli, Gzip};
        for (value, expected) in [
            ("gzip, deflate, br, zstd", &[Brotli, Gzip][..]),
            ("gzip;q=1.0, br;q=0.5", &[Gzip, Brotli]),
            ("br;q=0, gzip", &[Gzip]),
            ("br; q=0.000, gzip ; Q=0", &[]),
            ("*", &[Brotli, Gzip]),
            ("*;q=0, gzip", &[Gzip]),
            ("identity", &[]),
            ("br;q=nonsense", &[]),
            ("", &[]),
        ] {
            let accepted = encodings(&with(&header::ACCEPT_ENCODING, value));
            assert_eq!(accepted.in_order().collect::<Vec<_>>(), expected, "{value}");
        }
        assert_eq!(encodings(&HeaderMap::new()), Accepted::default());
    }

    #[test]
    fn a_page_answers_only_those_who_take_pages() {
        assert!(accepts_html(&HeaderMap::new()));
        for (value, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", true),
            ("text/*;q=0.1", true),
            ("application/json", false),
            ("text/html;q=0, */*", false),
            ("application/json, */*;q=0", false),
            ("image/avif,image/webp", false),
        ] {
            assert_eq!(accepts_html(&with(&header::ACCEPT, value)), expected, "{value}");
        }
    }

    #[test]
    fn a_copy_is_fresh_when_one_of_its_tags_is_ours() {
        let etag = HeaderValue::from_static("\"abc\"");
        for (value, expected) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("\"other\", \"abc\"", true),
            ("*", true),
            ("\"other\"", false),
            ("abc", false),
        ] {
            assert_eq!(is_fresh(&with(&header::IF_NONE_MATCH, value), &etag), expected, "{value}");
        }
    }
}
