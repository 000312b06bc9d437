//! Codes and access tokens: random, few, and a code works once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::{Mood, Person};

/// How long a code works, as at GitHub.
const CODE_LIFE: Duration = Duration::from_mins(10);
/// The oldest go first.
const MOST: usize = 1000;

/// What a code stands for.
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
    /// A code for this grant.
    pub(crate) fn code(&mut self, grant: Grant) -> String {
        put(&mut self.codes, String::new(), grant)
    }

    /// What the code stands for; from now on it stands for nothing.
    pub(crate) fn take(&mut self, code: &str) -> Option<Grant> {
        let place = self.codes.iter().position(|(known, _)| known == code)?;
        let (_, grant) = self.codes.remove(place)?;
        (grant.since.elapsed() < CODE_LIFE).then_some(grant)
    }

    /// An access token for this grant.
    pub(crate) fn token(&mut self, prefix: &str, grant: Grant) -> String {
        put(&mut self.tokens, prefix.to_owned(), grant)
    }

    /// Whose access token this is.
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

/// 160 random bits, as base64url.
pub(crate) fn random() -> String {
    let mut bytes = [0; 20];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}
