//! Codes and access tokens, which are random and limited in number. A code works once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::{Mood, Person};

/// The lifetime of a code, as at GitHub.
const CODE_LIFE: Duration = Duration::from_mins(10);
/// The most codes, and the most tokens, that are kept; the oldest are evicted first.
const MOST: usize = 1000;

/// The authorization that a code or an access token stands for.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) person: Person,
    pub(crate) mood: Mood,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
    pub(crate) scope: String,
    pub(crate) since: Instant,
}

#[derive(Default)]
pub(crate) struct Grants {
    codes: VecDeque<(String, Grant)>,
    tokens: VecDeque<(String, Grant)>,
}

impl Grants {
    /// Issues a code for this grant.
    pub(crate) fn code(&mut self, grant: Grant) -> String {
        put(&mut self.codes, String::new(), grant)
    }

    /// Returns the grant of the code, which is invalid from now on.
    pub(crate) fn take(&mut self, code: &str) -> Option<Grant> {
        let place = self.codes.iter().position(|(known, _)| known == code)?;
        let (_, grant) = self.codes.remove(place)?;
        (grant.since.elapsed() < CODE_LIFE).then_some(grant)
    }

    /// Issues an access token for this grant.
    pub(crate) fn token(&mut self, prefix: &str, grant: Grant) -> String {
        put(&mut self.tokens, prefix.to_owned(), grant)
    }

    /// Returns the grant of this access token.
    pub(crate) fn open(&self, token: &str) -> Option<Grant> {
        self.tokens.iter().find(|(known, _)| known == token).map(|(_, grant)| grant.clone())
    }
}

fn put(all: &mut VecDeque<(String, Grant)>, prefix: String, grant: Grant) -> String {
    let key = prefix + &random();
    all.push_back((key.clone(), grant));
    if all.len() > MOST {
        all.pop_front();
    }
    key
}

/// Returns 160 random bits, as base64url.
pub(crate) fn random() -> String {
    let mut bytes = [0; 20];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}
