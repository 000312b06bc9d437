//! `{ webhook = "https://…", secret_file = "…" }`: a step that another program decides over HTTP.
//!
//! The facts are posted as JSON. `X-Cloakroom-Signature: t=…,v1=…` holds the time in seconds since 1970 and the hexadecimal
//! HMAC-SHA256 of `{t}.{body}`. The reply `{"verdict": "continue"}` accepts and `{"verdict": "reject"}` refuses. Any other
//! reply, or none in time, refuses as well.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::{Outcome, Run, step};
use crate::clock::Clock;
use crate::config::read_secret;
use crate::error::Error;
use crate::outbound::{self, Caller};
use crate::provider::is_safe;
use crate::secret;

/// The time within which the program must answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The least length of the signing key, in bytes.
const SHORTEST_KEY: usize = 32;

/// A step that another program decides over HTTP.
pub(super) struct Webhook {
    url: Url,
    key: Vec<u8>,
    caller: Caller,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
enum Answer {
    Continue,
    Reject,
}

impl Webhook {
    /// Reads the key and checks the URL. Nothing is sent yet.
    ///
    /// # Errors
    /// A sentence that says why the URL or the key cannot be used.
    pub(super) fn open(url: &str, secret_file: &Path) -> Result<Self, String> {
        let about = |complaint: String| format!("webhook {url}: {complaint}");
        let parsed = Url::parse(url).ok().filter(is_safe);
        let parsed = parsed.ok_or_else(|| about("must be https, or http on loopback".into()))?;
        let key =
            read_secret(secret_file).map_err(|error| about(format!("{} {error}", secret_file.display())))?;
        if key.len() < SHORTEST_KEY {
            return Err(about(format!("the key has {} bytes and needs at least {SHORTEST_KEY}", key.len())));
        }
        let caller = Caller::open().map_err(|error| about(error.with_causes()))?.naming([&parsed]);
        Ok(Self { url: parsed, key: key.into_bytes(), caller })
    }

    pub(super) async fn step(&self, clock: &Clock, run: &Run) -> Outcome {
        match tokio::time::timeout(PATIENCE, self.ask(clock, run)).await {
            Ok(Ok(Answer::Continue)) => Outcome::Continue,
            Ok(Ok(Answer::Reject)) => Outcome::Reject(Error::NotAllowed),
            Ok(Err(reason)) => self.refuse(&reason),
            Err(_) => self.refuse("no answer in time"),
        }
    }

    /// Refuses the sign-in because the program gave no verdict. A step that fails open would protect nothing.
    fn refuse(&self, reason: &str) -> Outcome {
        tracing::warn!(host = self.url.host_str(), reason, "a webhook step did not answer: refused");
        Outcome::Reject(Error::NotAllowed)
    }

    async fn ask(&self, clock: &Clock, run: &Run) -> Result<Answer, String> {
        let body = serde_json::to_string(&step::facts(run)).map_err(|error| error.to_string())?;
        let seconds = clock.now().as_millis() / 1000;
        let signature = secret::hmac_hex(&self.key, format!("{seconds}.{body}").as_bytes());
        let request = self
            .caller
            .post_json(&self.url, body)?
            .header("x-cloakroom-signature", format!("t={seconds},v1={signature}"));
        let reply = outbound::send(request).await?;
        if reply.status != 200 {
            return Err(format!("status {}", reply.status));
        }
        let json = reply.json().ok_or("the reply is not JSON")?;
        serde_json::from_value(json).map_err(|error| error.to_string())
    }
}
