//! Proving an address: a pending signup becomes an account, and its owner is signed in.
//!
//! The mailbox's owner decides the password. The browser that signed up needs only the link or the code. Any other browser
//! brings a password, which becomes the account's. So a person who signed up with somebody else's address gains nothing.

use std::time::Duration;

use crate::context::Context;
use crate::error::{Error, Invalid, Result};
use crate::flow::account::signup;
use crate::flow::challenge;
use crate::flow::sign_in::{SignIn, mailbox, session};
use crate::flow::social::{Arrival, email};
use crate::limits::{self, CodeTry};
use crate::model::challenge::{Challenge, ChallengeKind, Content};
use crate::model::email::Email;
use crate::model::event::{Event, EventType};
use crate::model::rate::Rate;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::policy;
use crate::secret::Ticket;
use crate::store::Tx;

/// The wrong codes allowed for one address in one browser, over all its signups.
const WRONG_CODES: Rate = Rate { count: 20, window: Duration::from_hours(24) };

/// The wrong codes allowed for one address from one network: half of the limit over all networks.
const WRONG_FROM_NETWORK: Rate = WRONG_CODES.times(5);

/// The proof of a mailbox.
pub(crate) struct Proof<'a> {
    pub(crate) token: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
}

/// An address that was proven, and the content of its new account.
struct Proven {
    email: Email,
    password_hash: Option<String>,
}

/// Returns the address of a link, without using the link up. So programs that open links by themselves do no harm.
///
/// # Errors
/// [`Error::TokenInvalid`].
pub(crate) async fn check(context: &Context, token: &str) -> Result<String> {
    Ok(address(&find(context, token).await?)?.spelling().to_owned())
}

/// Makes the account, and signs its owner in.
///
/// # Errors
/// [`Error::TokenInvalid`]; [`Error::InvalidCode`]; [`Error::PasswordRequired`] in a browser that did not sign up;
/// [`Error::OtherUserSignedIn`]; [`Error::SignupClosed`]; [`Error::Validation`].
pub(crate) async fn verify(context: &Context, arrival: Arrival<'_>, proof: Proof<'_>) -> Result<SignIn> {
    match proof {
        Proof { token: Some(token), password, email: None, code: None } => {
            by_token(context, arrival, token, password).await
        }
        Proof { token: None, password: None, email: Some(email), code: Some(code) } => {
            by_code(context, arrival, email, code).await
        }
        _ => {
            let detail = "Send the token of the link, or the email address and the code.";
            Err(Invalid::new("token", "required", detail).into())
        }
    }
}

async fn by_token(
    context: &Context,
    arrival: Arrival<'_>,
    token: &str,
    password: Option<&str>,
) -> Result<SignIn> {
    let visitor = arrival.visitor;
    let pending = find(context, token).await?;
    session::require_none(arrival.session)?;
    signup::require_open(context)?;
    let email = address(&pending)?;
    let browser = visitor.browser.as_ref().map(Ticket::hash);
    let is_here = pending.is_of(browser, context.now());
    let chosen = match password {
        Some(password) => {
            policy::password_of(context.config(), password, Some(&email))?;
            Some(context.passwords().place(visitor.network)?.hash(password).await?)
        }
        None if is_here && pending.kind() == ChallengeKind::SocialEmail => {
            return email::finish(context, arrival, &pending).await;
        }
        None if is_here => None,
        None => return Err(Error::PasswordRequired),
    };
    // A social signup that is proven in another browser becomes an account by password alone: the owner of the waiting identity
    // is not known there.
    let mut tx = context.store().begin().await?;
    tx.hold_address(&email).await?;
    let pending = challenge::take(context, &mut tx, pending.kind(), token).await?;
    // Checked again: somebody may have signed in here meanwhile.
    if chosen.is_none() && !pending.is_of(browser, context.now()) {
        return Err(Error::PasswordRequired);
    }
    let begun_with = match pending.content {
        Content::Signup { password_hash, .. } => Some(password_hash),
        Content::SocialEmail { pause_id, .. } => {
            tx.end_challenge(&pause_id, pending.browser).await?;
            None
        }
        _ => return Err(Error::TokenInvalid),
    };
    let proven = Proven { email, password_hash: chosen.or(begun_with) };
    make(context, tx, visitor, proven).await.map_err(|error| match error {
        Error::AlreadyExists(_) => Error::TokenInvalid,
        other => other,
    })
}

async fn by_code(context: &Context, arrival: Arrival<'_>, email: &str, code: &str) -> Result<SignIn> {
    let visitor = arrival.visitor;
    let email = policy::address(email)?;
    session::require_none(arrival.session)?;
    signup::require_open(context)?;
    let browser = visitor.browser.as_ref().ok_or(Error::InvalidCode)?.hash();
    let now = context.now();
    let mut tx = context.store().begin().await?;
    tx.hold_address(&email).await?;
    let mut pending = tx.try_codes(ChallengeKind::Signup, &email, browser, now).await?;
    pending.extend(tx.try_codes(ChallengeKind::SocialEmail, &email, browser, now).await?);
    if pending.is_empty() {
        return Err(Error::InvalidCode);
    }
    let code_try = CodeTry {
        about: email.canonical(),
        rate: WRONG_CODES,
        from_network: WRONG_FROM_NETWORK,
        visitor,
        is_known: false,
    };
    let counted = limits::count_code(context.limiter(), &mut tx, &code_try).await?;
    let right = pending
        .into_iter()
        .find(|pending| pending.code(context.key()).is(code) && pending.is_of(Some(browser), now));
    // A wrong attempt stays counted, whatever else fails.
    let (Some(counted), Some(right)) = (counted, right) else {
        tx.commit().await?;
        return Err(Error::InvalidCode);
    };
    counted.give_back(&mut tx).await?;
    let Content::Signup { email, password_hash } = right.content else {
        tx.commit().await?;
        return email::finish(context, arrival, &right).await.map_err(|error| match error {
            Error::TokenInvalid => Error::InvalidCode,
            other => other,
        });
    };
    tx.end_challenge(&right.id, right.browser).await?;
    let proven = Proven { email, password_hash: Some(password_hash) };
    make(context, tx, visitor, proven).await.map_err(|error| match error {
        Error::AlreadyExists(_) => Error::InvalidCode,
        other => other,
    })
}

/// Makes the account, ends every other signup for its address, and opens the session, all in one transaction.
async fn make(context: &Context, mut tx: Tx, visitor: &Visitor, proven: Proven) -> Result<SignIn> {
    let account = Account::new(&proven.email, proven.password_hash, context.now());
    tx.add_account(&account, &proven.email).await?;
    tx.end_challenges_for(ChallengeKind::Signup, &proven.email).await?;
    tx.end_challenges_for(ChallengeKind::SocialEmail, &proven.email).await?;
    let proven = Event::new(EventType::SignupProven, account.date_joined).of(&account);
    tx.record(proven.from(visitor.origin())).await?;
    mailbox::sign_in(context, tx, visitor, account).await
}

async fn find(context: &Context, token: &str) -> Result<Challenge> {
    match challenge::look(context, ChallengeKind::Signup, token).await {
        Err(Error::TokenInvalid) => challenge::look(context, ChallengeKind::SocialEmail, token).await,
        found => found,
    }
}

fn address(pending: &Challenge) -> Result<Email> {
    pending.content.email().cloned().ok_or(Error::TokenInvalid)
}
