//! Turns a row in the outbox into the content of its mail. Only here is it looked up whether an address has an account; no
//! request ever does it.

use std::time::Duration;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::mail::outbox::Occasion;
use crate::mail::{Kind, Letter};
use crate::model::challenge::{Challenge, ChallengeKind, Content, LINK_CODE_LIFETIME};
use crate::model::event::{Actor, Event, EventType, Origin};
use crate::model::network::Network;
use crate::model::user::Account;
use crate::store::{LeasedMail, Tx};

/// The least remaining life of a code that is worth typing.
const LEAST_CODE_LIFE: Duration = Duration::from_mins(5);
/// The age up to which a code is not prolonged. A first attempt is never later. The same mail, sent again soon after, has the
/// same words.
const STILL_FRESH: Duration = Duration::from_mins(1);
/// The least remaining life of a link when its mail leaves. It exceeds the longest wait between two attempts, so that a link
/// never expires while its mail waits.
const LEAST_LINK_LIFE: Duration = Duration::from_mins(45);

/// The content of a mail, or the reason why there is none.
pub(crate) enum Said {
    Letter(Box<Letter>),
    /// Nothing, because there is no account. Nobody may see the difference.
    Nothing,
    /// Nothing any more: the token was used, was replaced or has expired.
    Void,
}

/// Looks up the content of a mail. The life of its code begins now, when the mail is handed over. Its link has at least 45
/// minutes left, so that it still works after a greylist has held the mail back for 18 minutes.
pub(crate) async fn of(context: &Context, mail: &LeasedMail) -> Result<Said> {
    let kind = Kind::named(&mail.kind).ok_or_else(|| Error::internal("a mail of an unknown kind"))?;
    let occasion: Occasion = serde_json::from_str(&mail.occasion).map_err(Error::internal)?;
    let letter = if let (Some(id), Some(nonce)) = (&mail.challenge_id, &mail.nonce) {
        let Some(challenge) = context.store().challenge_of_mail(id, nonce, context.now()).await? else {
            return Ok(Said::Void);
        };
        let challenge = prolong(context, challenge).await?;
        about(context, kind, occasion, &challenge).await?
    } else {
        let account = match &mail.user_id {
            Some(user_id) => context.store().account(user_id).await?,
            None => None,
        };
        // The owner of a deleted account is notified at its last address. That is the address at the time of the request: an
        // intruder who changed the password may change the address next.
        let is_there = account.is_some() || mail.user_id.is_none();
        is_there.then(|| letter(kind, occasion, mail.recipient.clone()))
    };
    Ok(letter.map_or(Said::Nothing, |letter| Said::Letter(Box::new(letter))))
}

/// Records the request for a mail, at the mail's first attempt, when only the writer of the mail knows the account.
pub(crate) async fn note_request(context: &Context, tx: &mut Tx, mail: &LeasedMail) -> Result<()> {
    let (Some(id), Some(Kind::PasswordReset), 1) =
        (&mail.challenge_id, Kind::named(&mail.kind), mail.attempts)
    else {
        return Ok(());
    };
    let Some(account) = tx.account_of_challenge(id, context.now()).await? else { return Ok(()) };
    let origin = serde_json::from_str(&mail.occasion).map(of_request).unwrap_or_default();
    let asked = Event::new(EventType::PasswordResetAsked, context.now()).by(Actor::browser());
    tx.record(asked.about(&account).from(origin)).await?;
    Ok(())
}

fn of_request(Occasion { asked, .. }: Occasion) -> Origin {
    Origin { network: Some(Network::parse(&asked.network)), device: asked.device, ..Origin::default() }
}

/// Extends the lives of a code and a link by the time that they have waited with their mail.
async fn prolong(context: &Context, challenge: Challenge) -> Result<Challenge> {
    let now = context.now();
    let is_short =
        challenge.kind() == ChallengeKind::PasswordReset && challenge.expires_at < now.plus(LEAST_LINK_LIFE);
    let mut expires_at = if is_short { now.plus(challenge.kind().lifetime()) } else { challenge.expires_at };
    let code_expires_at = challenge.code_expires_at.map(|end| {
        let lifetime = challenge.kind().code_lifetime().unwrap_or(LINK_CODE_LIFETIME);
        let fresh = now.plus(lifetime).min(challenge.code_limit());
        if end < fresh.minus(STILL_FRESH) { fresh } else { end }
    });
    // A login that waits for a code lives as long as the code does, as at the request.
    if let Some(end) = code_expires_at.filter(|_| challenge.kind() == ChallengeKind::SocialPause) {
        expires_at = expires_at.max(end);
    }
    if (code_expires_at, expires_at) != (challenge.code_expires_at, challenge.expires_at) {
        let mut tx = context.store().begin().await?;
        tx.prolong_challenge(&challenge, code_expires_at, expires_at).await?;
        tx.commit().await?;
    }
    Ok(Challenge { code_expires_at, expires_at, ..challenge })
}

async fn about(
    context: &Context,
    kind: Kind,
    occasion: Occasion,
    challenge: &Challenge,
) -> Result<Option<Letter>> {
    if let Some(undo) = reservation(context, kind, challenge).await? {
        return undoing(context, &undo, Kind::AddressReserved, occasion).map(Some);
    }
    let letter = match (kind, &challenge.content) {
        (
            Kind::VerifyEmail | Kind::SocialEmail,
            Content::Signup { email, .. } | Content::SocialEmail { email, .. },
        ) => match context.store().account_by_email(email).await? {
            // The owner is notified at the address as it is stored, and the mail holds no token.
            Some(account) if kind == Kind::VerifyEmail => {
                letter(Kind::AccountExists, occasion, account.email)
            }
            Some(account) => letter(Kind::SocialEmailHasAccount, occasion, account.email),
            None => {
                let letter = letter(kind, occasion, email.spelling().to_owned());
                with_code(context, challenge, with_link(context, challenge, "verify-email", letter))
            }
        },
        (Kind::LinkCode, Content::SocialPause(_)) => {
            let Some(account) = owner(context, challenge).await? else { return Ok(None) };
            let code = Some(challenge.code(context.key()).expose().to_owned());
            let expires_at = challenge.code_expires_at;
            Letter { code, expires_at, ..letter(kind, occasion, account.email) }
        }
        (
            Kind::PasswordReset | Kind::Invitation | Kind::EmailRestored,
            Content::PasswordReset { .. } | Content::Invitation { .. },
        ) => {
            let Some(account) = owner(context, challenge).await? else { return Ok(None) };
            with_link(context, challenge, "reset-password", letter(kind, occasion, account.email))
        }
        (Kind::EmailChange, Content::EmailChange { new, .. }) => {
            let letter = letter(kind, occasion, new.spelling().to_owned());
            with_link(context, challenge, "change-email", letter)
        }
        (Kind::EmailChangeRequested | Kind::EmailChanged | Kind::AddressReserved, _) => {
            undoing(context, challenge, kind, occasion)?
        }
        _ => return Err(Error::internal("a mail about a challenge of another kind")),
    };
    Ok(Some(letter))
}

/// Returns the undo that reserves the requested address, when another account can take that address back. Its owner is sent to
/// that undo instead.
async fn reservation(context: &Context, kind: Kind, challenge: &Challenge) -> Result<Option<Challenge>> {
    let asks_for_address =
        matches!(kind, Kind::VerifyEmail | Kind::SocialEmail | Kind::EmailChange | Kind::PasswordReset);
    let Some(email) = challenge.content.email().filter(|_| asks_for_address) else { return Ok(None) };
    let undo = context.store().reservation(email, context.now()).await?;
    Ok(undo.filter(|undo| undo.user_id != challenge.user_id))
}

/// Writes to the address before a change, with the new address and the link that undoes the change.
fn undoing(context: &Context, undo: &Challenge, kind: Kind, occasion: Occasion) -> Result<Letter> {
    let Content::EmailChangeUndo { old, new } = &undo.content else {
        return Err(Error::internal("a mail about a challenge of another kind"));
    };
    let letter = letter(kind, occasion, old.spelling().to_owned());
    let address = Some(new.clone());
    Ok(Letter { address, ..with_link(context, undo, "undo-email-change", letter) })
}

/// Returns the account of a challenge, while it is active.
async fn owner(context: &Context, challenge: &Challenge) -> Result<Option<Account>> {
    let Some(user_id) = &challenge.user_id else { return Ok(None) };
    let account = context.store().account(user_id).await?;
    Ok(account.filter(|account| account.is_active))
}

fn letter(kind: Kind, occasion: Occasion, to: String) -> Letter {
    let Occasion { locale, asked, provider, recovered } = occasion;
    Letter {
        kind,
        locale,
        to,
        link: None,
        code: None,
        expires_at: None,
        code_expires_at: None,
        address: None,
        provider,
        recovered,
        asked,
    }
}

/// Adds the code beside the link, while there is time enough to type it.
fn with_code(context: &Context, challenge: &Challenge, letter: Letter) -> Letter {
    let least = context.now().plus(LEAST_CODE_LIFE);
    match challenge.code_expires_at.filter(|end| *end >= least) {
        Some(end) => Letter {
            code: Some(challenge.code(context.key()).expose().to_owned()),
            code_expires_at: Some(end),
            ..letter
        },
        None => letter,
    }
}

/// Adds the link. Its token stands behind `#`, so that no server and no log ever sees it.
fn with_link(context: &Context, challenge: &Challenge, page: &str, letter: Letter) -> Letter {
    let origin = context.config().public_url.origin();
    let token = challenge.token(context.key());
    Letter {
        link: Some(format!("{origin}/{page}#token={}", token.expose())),
        expires_at: Some(challenge.expires_at),
        ..letter
    }
}
