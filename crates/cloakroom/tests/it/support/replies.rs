//! Checks of replies.

use cloakroom::testing::Reply;
use serde_json::{Value, json};

pub(crate) fn status_and_code(reply: &Reply) -> (u16, String) {
    (reply.status.as_u16(), reply.code())
}

#[track_caller]
pub(crate) fn assert_problem(reply: &Reply, status: u16, code: &str) {
    assert_eq!(status_and_code(reply), (status, code.to_owned()), "{}", reply.text);
}

/// Everything in a reply that a client can compare: status, sorted headers, and body. Times are masked.
pub(crate) fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    let mut body = reply.json();
    if body["resend_at"].is_string() {
        body["resend_at"] = json!("masked");
        // The length of a timestamp varies with its fraction.
        headers.retain(|(name, _)| name != "content-length");
    }
    (reply.status.as_u16(), headers, body)
}
