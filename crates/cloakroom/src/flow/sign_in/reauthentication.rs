//! Proving one's identity again, before a sensitive action (NIST SP 800-63B, section 5.2; ASVS 7.5).

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::sign_in::{Effect, SignIn, SignedIn, failure};
use crate::limits::{self, Admission, Counted};
use crate::model::email::Email;
use crate::model::event::Actor;
use crate::model::method::Method;
use crate::model::session::Proof;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::password::{Place, Verdict};
use crate::policy;
use crate::secret::Ticket;
use crate::session::Live;
use crate::store::Tx;

/// A password that was right.
pub(crate) struct Proven {
    pub(crate) account: Account,
    /// The stored hash that the password matched.
    pub(crate) verified_hash: String,
    pub(crate) place: Place,
    pub(crate) counted: Counted,
}

/// The state with which a session continues under its next ticket.
pub(crate) struct Renewal {
    account: Account,
    /// The proof of identity that was given just now. Without one, the last proof stays the last.
    proof: Option<Proof>,
}

impl Renewal {
    /// Returns a renewal without a proof.
    pub(crate) fn unproven(account: Account) -> Self {
        Self { account, proof: None }
    }

    /// Returns a renewal after a provider has confirmed the identity.
    pub(crate) fn by_provider(account: Account, at: Timestamp) -> Self {
        Self { account, proof: Some(Proof { at, method: Method::Social }) }
    }

    /// Returns a renewal after the right password.
    pub(crate) fn by_password(account: Account, at: Timestamp) -> Self {
        Self { account, proof: Some(Proof { at, method: Method::Password }) }
    }
}

/// Proves the identity by password. The session gets another ticket, and sensitive actions are open for `session.recent`.
///
/// # Errors
/// [`Error::Validation`]; [`Error::RateLimited`]; [`Error::InvalidCredentials`]; [`Error::NotAuthenticated`] when the session
/// has ended meanwhile.
pub(crate) async fn with_password(
    context: &Context,
    visitor: &Visitor,
    session: &Live,
    password: &str,
) -> Result<SignIn> {
    policy::known_password(password, "password")?;
    let proven = prove(context, visitor, &session.user.id, password).await?;
    let mut tx = context.store().begin().await?;
    proven.counted.give_back(&mut tx).await?;
    let renewal = Renewal::by_password(proven.account, context.now());
    proceed(context, tx, session, renewal).await.map(SignIn::Done)
}

/// Ends every reauthentication, whatever its method.
///
/// # Errors
/// [`Error::NotAuthenticated`] when the session has ended meanwhile.
pub(crate) async fn proceed(context: &Context, tx: Tx, session: &Live, renewal: Renewal) -> Result<SignedIn> {
    let signed_in = renew(context, tx, session, renewal).await?;
    tracing::info!(user = signed_in.user.id, "reauthenticated");
    Ok(signed_in)
}

/// Gives the session another ticket, because its privileges have changed (ASVS 7.2.4), and commits.
///
/// # Errors
/// [`Error::NotAuthenticated`] when the session has ended meanwhile.
pub(crate) async fn renew(
    context: &Context,
    mut tx: Tx,
    session: &Live,
    renewal: Renewal,
) -> Result<SignedIn> {
    let ticket = Ticket::generate();
    if !tx.renew_session(session.ticket, ticket.hash(), renewal.proof).await? {
        return Err(Error::NotAuthenticated);
    }
    tx.commit().await?;
    context.sessions().forget(session.ticket);
    Ok(SignedIn { ticket, user: renewal.account.user(), effect: Effect::None })
}

/// Counts an attempt, then verifies the password of an account that is known already. Limits and cost are those of a login,
/// also for an account that has no password.
///
/// # Errors
/// [`Error::Busy`]; [`Error::RateLimited`]; [`Error::InvalidCredentials`].
pub(crate) async fn prove(
    context: &Context,
    visitor: &Visitor,
    user_id: &str,
    password: &str,
) -> Result<Proven> {
    let account = context.store().account(user_id).await?.ok_or(Error::NotAuthenticated)?;
    let email = policy::stored_address(&account.email)?;
    let actor = Actor::from(&account);
    let proven = verify(context, visitor, (account, &email), password).await;
    if let Err(error) = &proven {
        failure::note(context, visitor, (&email, actor), error.code());
    }
    proven
}

async fn verify(
    context: &Context,
    visitor: &Visitor,
    (account, email): (Account, &Email),
    password: &str,
) -> Result<Proven> {
    let Admission { place, counted } =
        limits::admit(context.limiter(), context.passwords(), email, visitor).await?;
    let stored = account.password_hash.clone();
    match (place.verify(password, stored.clone()).await?, stored) {
        (Verdict::Match { .. }, Some(verified_hash)) => Ok(Proven { account, verified_hash, place, counted }),
        _ => Err(Error::InvalidCredentials),
    }
}
