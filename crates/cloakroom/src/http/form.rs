//! The CSRF token of a plain form. It is read ahead from the body, which reaches its handler unchanged.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyDataStream, BodyExt as _, Full};

use crate::http::rejection::{Rejection, Result};

/// The field that holds the token; Django's name for it.
pub(super) const FIELD: &str = "csrfmiddlewaretoken";
/// The bytes of a body that are read ahead. The field must come within them.
const AHEAD: usize = 64 * 1024;
/// The time within which that part must arrive.
const DEADLINE: Duration = Duration::from_secs(15);

/// The encoding of a form's body (HTML, section 4.10.21.8).
pub(super) enum Encoding {
    UrlEncoded,
    Multipart { boundary: String },
}

/// Returns the encoding, if the body is a form's.
pub(super) fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return None };
    let text = only.to_str().ok()?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Some(Encoding::UrlEncoded);
    }
    multer::parse_boundary(text).ok().map(|boundary| Encoding::Multipart { boundary })
}

/// Returns the token of a form, and the request unchanged. The token is `None` unless there is exactly one within the first 64
/// KiB.
///
/// # Errors
/// [`Rejection::RequestTimeout`] when that part does not arrive in time.
pub(super) async fn token(request: Request, encoding: Encoding) -> Result<(Option<Vec<u8>>, Request)> {
    let (parts, body) = request.into_parts();
    let (ahead, is_whole, rest) =
        tokio::time::timeout(DEADLINE, read_ahead(body)).await.map_err(|_| Rejection::RequestTimeout)?;
    let mut tokens = match encoding {
        Encoding::UrlEncoded => of_url_encoded(&ahead, is_whole),
        Encoding::Multipart { boundary } => of_multipart(ahead.clone(), &boundary).await,
    };
    let token = if tokens.len() == 1 { tokens.pop() } else { None };
    let body = Body::new(Rejoined { ahead: Some(ahead).filter(|ahead| !ahead.is_empty()), rest });
    Ok((token, Request::from_parts(parts, body)))
}

/// Returns the beginning of a body, whether that is all of it, and the rest.
async fn read_ahead(mut body: Body) -> (Bytes, bool, Body) {
    let mut ahead = BytesMut::new();
    while ahead.len() < AHEAD {
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    ahead.extend_from_slice(&data);
                }
            }
            // A body that is cut off has no token, and its handler never sees it.
            Some(Err(_)) | None => return (ahead.freeze(), true, body),
        }
    }
    (ahead.freeze(), false, body)
}

fn of_url_encoded(ahead: &[u8], is_whole: bool) -> Vec<Vec<u8>> {
    // The last pair may be cut off.
    let end = if is_whole { None } else { Some(memchr::memrchr(b'&', ahead).unwrap_or(0)) };
    url::form_urlencoded::parse(&ahead[..end.unwrap_or(ahead.len())])
        .filter(|(name, _)| name == FIELD)
        .map(|(_, value)| value.into_owned().into_bytes())
        .collect()
}

async fn of_multipart(ahead: Bytes, boundary: &str) -> Vec<Vec<u8>> {
    let mut form = multer::Multipart::new(BodyDataStream::new(Full::new(ahead)), boundary);
    let mut tokens = Vec::new();
    // A part that is cut off is an error, and so is the end of what was read ahead.
    while let Ok(Some(part)) = form.next_field().await {
        if part.name() == Some(FIELD) {
            match part.bytes().await {
                Ok(value) => tokens.push(value.to_vec()),
                Err(_) => break,
            }
        }
    }
    tokens
}

pin_project_lite::pin_project! {
    /// A body whose beginning was read already.
    struct Rejoined {
        ahead: Option<Bytes>,
        #[pin]
        rest: Body,
    }
}

impl HttpBody for Rejoined {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        match this.ahead.take() {
            Some(ahead) => Poll::Ready(Some(Ok(Frame::data(ahead)))),
            None => this.rest.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.ahead.as_ref().map_or(0, Bytes::len) as u64;
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + ahead);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + ahead);
        }
        hint
    }
}
