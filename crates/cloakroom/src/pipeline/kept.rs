//! The stored form of a paused run. The browser that started it resumes it at the same step.

use serde_json::Map;

use super::Run;
use crate::clock::Timestamp;
use crate::model::email::Email;
use crate::model::social::{Attempt, Identity, Origin};
use crate::model::user::Account;
use crate::model::waiting::Kept;
use crate::provider::{Profile, ProviderTokens};
use crate::secret::{self, Purpose, SecretKey};

impl Run {
    /// Starts a run at the first step.
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

    /// Discards every decision and goes back to `position`.
    pub(crate) fn rewind(&mut self, position: usize) {
        self.user.clone_from(&self.given);
        self.identity = None;
        self.creates = false;
        self.associates = false;
        self.position = position;
    }

    /// Gives the run its account, which the person proves or has proven.
    pub(crate) fn give(&mut self, account: Account) {
        self.given = Some(account.clone());
        self.user = Some(account);
    }

    /// Tells whether this account is still the one that the steps found. One found by its address may have changed it since.
    pub(crate) fn still_means(&self, account: &Account) -> bool {
        let is_by_address = self.given.is_none() && self.identity.is_none();
        let canonical = |email: &Email| email.canonical().to_owned();
        !is_by_address
            || Email::parse(&account.email).as_ref().map(canonical) == self.proven.as_ref().map(canonical)
    }

    /// Returns the issuer of the subject, in the form that an identity stores.
    pub(crate) fn issuer(&self) -> Option<String> {
        Some(&self.profile.issuer).filter(|issuer| !issuer.is_empty()).cloned()
    }

    /// Returns the name under which the owner knows this identity: a user name, an address, a display name, or the subject.
    pub(crate) fn label(&self) -> String {
        let email = self.profile.email.as_ref().map(|email| email.spelling().to_owned());
        let named = self.profile.username.clone().or(email).or_else(|| self.profile.name.clone());
        named.unwrap_or_else(|| self.profile.subject.clone())
    }

    /// Returns the identity that is to open `account` from now on.
    pub(crate) fn new_identity(&self, account: &Account, now: Timestamp) -> Identity {
        // The provider claimed the address, and nothing else has proven it.
        let is_claim = self.profile.is_email_verified
            && !self.profile.is_email_vouched
            && self.proven == self.profile.email;
        let origin = match (self.creates, is_claim) {
            (true, true) => Origin::Claim,
            (true, false) => Origin::Account,
            (false, _) => Origin::Link,
        };
        Identity {
            id: secret::new_id(now),
            user_id: account.id.clone(),
            provider: self.attempt.provider.clone(),
            issuer: self.issuer(),
            subject: self.profile.subject.clone(),
            label: self.label(),
            linked_at: now,
            origin: Some(origin),
            vouched_email: self.vouched_email(),
        }
    }

    /// Returns the address, in canonical form, that the provider itself calls verified.
    pub(crate) fn vouched_email(&self) -> Option<String> {
        let vouched = self.profile.email.as_ref().filter(|_| self.profile.is_email_vouched);
        vouched.map(|email| email.canonical().to_owned())
    }

    /// Converts the run for storage in the row `id`.
    pub(crate) fn keep(self, key: &SecretKey, id: &str) -> Kept {
        let profile = self.profile;
        let seal = |tokens: ProviderTokens| key.seal(Purpose::ProviderTokens, id, &tokens.to_json());
        Kept {
            attempt: self.attempt,
            issuer: profile.issuer,
            subject: profile.subject,
            email: profile.email.map(|email| email.spelling().to_owned()),
            is_email_verified: profile.is_email_verified,
            is_email_vouched: profile.is_email_vouched,
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
    /// Restores the run from the row `id`. The caller still looks up the account.
    pub(crate) fn resume(self, key: &SecretKey, id: &str) -> Run {
        let email = |text: Option<String>| text.as_deref().and_then(Email::parse);
        let unsealed = self.tokens.and_then(|sealed| key.unseal(Purpose::ProviderTokens, id, &sealed));
        let profile = Profile {
            issuer: self.issuer,
            subject: self.subject,
            email: email(self.email),
            is_email_verified: self.is_email_verified,
            is_email_vouched: self.is_email_vouched,
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
}
