//! Signing in by password.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::sign_in::entry::{self, FirstFactor};
use crate::flow::sign_in::{Effect, Reason, SignIn, failure};
use crate::limits::{self, Admission};
use crate::model::email::Email;
use crate::model::event::Actor;
use crate::model::method::Method;
use crate::model::visitor::Visitor;
use crate::password::Verdict;
use crate::policy;

/// An attempt that was admitted to the queue of hashes.
struct Attempt {
    email: Email,
    admission: Admission,
}

/// Signs in by email and password.
///
/// An unknown address costs the same as a wrong password and gets the same answer.
///
/// # Errors
/// [`Error::Validation`] before anything is counted; [`Error::Busy`], [`Error::RateLimited`], [`Error::InvalidCredentials`].
/// A deactivated account is refused only when the password was right.
pub(crate) async fn with_password(
    context: &Context,
    visitor: &Visitor,
    email: &str,
    password: &str,
) -> Result<SignIn> {
    let result = attempt(context, visitor, email, password).await;
    let outcome = match &result {
        Ok(SignIn::Done(_)) => "success",
        Ok(SignIn::Needs(_)) => "waiting",
        Ok(SignIn::Refused(reason)) => Error::from(*reason).code(),
        Err(error) => error.code(),
    };
    metrics::counter!("cloakroom_logins_total", "outcome" => outcome).increment(1);
    if let Ok(email) = policy::address(email) {
        failure::note(context, visitor, (&email, Actor::browser()), outcome);
    }
    result
}

async fn attempt(context: &Context, visitor: &Visitor, email: &str, password: &str) -> Result<SignIn> {
    let attempt = admit(context, visitor, email, password).await?;
    // Twice, because another login may have stored a better hash of the same password since this one read it.
    for _ in 0..2 {
        let factor = prove(context, &attempt, password).await?;
        let mut tx = context.store().begin().await?;
        attempt.admission.counted.give_back(&mut tx).await?;
        match entry::proceed(context, tx, visitor, factor).await? {
            SignIn::Refused(Reason::PasswordReplaced) => {}
            outcome => return Ok(outcome),
        }
    }
    Ok(SignIn::Refused(Reason::PasswordReplaced))
}

async fn admit(context: &Context, visitor: &Visitor, email: &str, password: &str) -> Result<Attempt> {
    let email = check_form(email, password)?;
    let admission = limits::admit(context.limiter(), context.passwords(), &email, visitor).await?;
    Ok(Attempt { email, admission })
}

async fn prove(context: &Context, attempt: &Attempt, password: &str) -> Result<FirstFactor> {
    let account = context.store().account_by_email(&attempt.email).await?;
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    match (attempt.admission.place.verify(password, stored.clone()).await?, account, stored) {
        (Verdict::Match { upgrade }, Some(account), Some(verified_hash)) => {
            let methods = vec![Method::Password];
            let proven = FirstFactor::new(account, methods, Effect::None);
            Ok(FirstFactor { verified_hash: Some(verified_hash), upgrade, ..proven })
        }
        _ => Err(Error::InvalidCredentials),
    }
}

/// Checks the form before anything is counted or computed. Refuses text that is no address or cannot be anyone's password. The
/// rules for new passwords do not apply here: an older password goes on working.
fn check_form(email: &str, password: &str) -> Result<Email> {
    let known = policy::known_password(password, "password");
    policy::both(policy::address(email), known).map(|(email, ())| email)
}
