//! A run that waits, as storage keeps it: resumed by the same browser, at the same step.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Run;
use crate::model::email::Email;
use crate::model::social::Attempt;
use crate::model::user::Account;
use crate::provider::{Profile, ProviderTokens};
use crate::secret::{Purpose, SecretKey};

/// What is written of a run.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    attempt: Attempt,
    subject: String,
    email: Option<String>,
    is_email_verified: bool,
    proven: Option<String>,
    /// Whose account it is, when that was proven before it waited.
    user_id: Option<String>,
    name: Option<String>,
    username: Option<String>,
    extra: Value,
    /// Encrypted for the row that this lies in.
    tokens: Option<String>,
    answers: Map<String, Value>,
    position: usize,
}

impl Run {
    /// At the beginning.
    pub(crate) fn new(attempt: Attempt, profile: Profile, user: Option<Account>) -> Self {
        Self {
            attempt,
            profile,
            has_uid: false,
            proven: None,
            given: user.clone(),
            user,
            identity: None,
            creates: false,
            associates: false,
            keeps_extra: false,
            updates_details: false,
            answers: Map::new(),
            position: 0,
        }
    }

    /// Forgets what was decided, and stands at `position` again.
    pub(crate) fn rewind(&mut self, position: usize) {
        self.user.clone_from(&self.given);
        self.identity = None;
        self.creates = false;
        self.associates = false;
        self.position = position;
    }

    /// The person has proven this account.
    pub(crate) fn prove(&mut self, account: Account) {
        self.given = Some(account.clone());
        self.user = Some(account);
    }

    /// Whether this account is still the one that the steps found: by its address alone, which may be another by now.
    pub(crate) fn still_means(&self, account: &Account) -> bool {
        let is_by_address = self.given.is_none() && self.identity.is_none();
        let canonical = |email: &Email| email.canonical().to_owned();
        !is_by_address
            || Email::parse(&account.email).as_ref().map(canonical) == self.proven.as_ref().map(canonical)
    }

    /// What the identity's owner knows it by: the address there, or a name.
    pub(crate) fn label(&self) -> String {
        let email = self.profile.email.as_ref().map(|email| email.spelling().to_owned());
        let named = self.profile.username.clone().or(email).or_else(|| self.profile.name.clone());
        named.unwrap_or_else(|| self.profile.subject.clone())
    }

    /// For the row `id`.
    pub(crate) fn keep(self, key: &SecretKey, id: &str) -> Kept {
        let profile = self.profile;
        let seal = |tokens: ProviderTokens| key.seal(Purpose::ProviderTokens, id, &tokens.to_json());
        Kept {
            attempt: self.attempt,
            subject: profile.subject,
            email: profile.email.map(|email| email.spelling().to_owned()),
            is_email_verified: profile.is_email_verified,
            proven: self.proven.map(|email| email.spelling().to_owned()),
            user_id: self.given.map(|account| account.id),
            name: profile.name,
            username: profile.username,
            extra: profile.extra,
            tokens: profile.tokens.map(seal),
            answers: self.answers,
            position: self.position,
        }
    }
}

impl Kept {
    /// Out of the row `id`; whose account it is, is still to be looked up.
    pub(crate) fn resume(self, key: &SecretKey, id: &str) -> Run {
        let email = |text: Option<String>| text.as_deref().and_then(Email::parse);
        let unsealed = self.tokens.and_then(|sealed| key.unseal(Purpose::ProviderTokens, id, &sealed));
        let profile = Profile {
            subject: self.subject,
            email: email(self.email),
            is_email_verified: self.is_email_verified,
            name: self.name,
            username: self.username,
            extra: self.extra,
            tokens: unsealed.as_deref().and_then(ProviderTokens::from_json),
        };
        Run {
            has_uid: true,
            proven: email(self.proven),
            answers: self.answers,
            position: self.position,
            ..Run::new(self.attempt, profile, None)
        }
    }

    /// Whose account it is, when that was proven before it waited.
    pub(crate) fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// What the attempt was for.
    pub(crate) fn attempt(&self) -> &Attempt {
        &self.attempt
    }
}
