//! From a row in the outbox to what its mail says. Here the truth about an address is looked up, which no request ever
//! does.

use crate::cloakroom::Cloakroom;
use crate::error::{Error, Result};
use crate::mail::outbox::Occasion;
use crate::mail::{Kind, Letter};
use crate::model::challenge::Challenge;
use crate::model::email::Email;
use crate::model::user::Account;
use crate::store::LeasedMail;

/// What the mail says; `None` when it has nothing to tell any more: its token was used or replaced, its account is gone, or
/// there never was one.
pub(crate) async fn of(cloakroom: &Cloakroom, mail: &LeasedMail) -> Result<Option<Letter>> {
    let kind = Kind::named(&mail.kind).ok_or_else(|| Error::internal("a mail of an unknown kind"))?;
    let occasion: Occasion = serde_json::from_str(&mail.occasion).map_err(Error::internal)?;
    if let (Some(id), Some(nonce)) = (&mail.challenge_id, &mail.nonce) {
        let Some(challenge) = cloakroom.store().challenge_of_mail(id, nonce, cloakroom.now()).await? else {
            return Ok(None);
        };
        return about(cloakroom, kind, occasion, &challenge).await;
    }
    let account = match &mail.user_id {
        Some(user_id) => cloakroom.store().account(user_id).await?,
        None => None,
    };
    // To the address of that moment: whoever changed the password may have changed the address next.
    Ok(account.map(|_| letter(kind, occasion, mail.recipient.clone())))
}

async fn about(
    cloakroom: &Cloakroom,
    kind: Kind,
    occasion: Occasion,
    challenge: &Challenge,
) -> Result<Option<Letter>> {
    let email = challenge.email.clone().unwrap_or_default();
    let letter = match kind {
        Kind::VerifyEmail => match account_of(cloakroom, &email).await? {
            // Its owner hears of it at the address as it is stored, and the mail holds no token.
            Some(account) => letter(Kind::AccountExists, occasion, account.email),
            None => Letter {
                code: Some(challenge.code(cloakroom.key()).expose().to_owned()),
                ..with_link(cloakroom, challenge, "verify-email", letter(kind, occasion, email))
            },
        },
        Kind::SocialEmail => match account_of(cloakroom, &email).await? {
            Some(account) => letter(Kind::SocialEmailHasAccount, occasion, account.email),
            None => Letter {
                code: Some(challenge.code(cloakroom.key()).expose().to_owned()),
                ..with_link(cloakroom, challenge, "verify-email", letter(kind, occasion, email))
            },
        },
        Kind::LinkCode => {
            let Some(account) = owner(cloakroom, challenge).await? else { return Ok(None) };
            Letter {
                code: Some(challenge.code(cloakroom.key()).expose().to_owned()),
                expires_at: challenge.code_expires_at,
                ..letter(kind, occasion, account.email)
            }
        }
        Kind::PasswordReset | Kind::Invitation | Kind::EmailRestored => {
            let Some(account) = owner(cloakroom, challenge).await? else { return Ok(None) };
            with_link(cloakroom, challenge, "reset-password", letter(kind, occasion, account.email))
        }
        Kind::EmailChange => with_link(cloakroom, challenge, "change-email", letter(kind, occasion, email)),
        Kind::EmailChangeRequested | Kind::EmailChanged => Letter {
            address: challenge.data.clone(),
            ..with_link(cloakroom, challenge, "undo-email-change", letter(kind, occasion, email))
        },
        _ => return Err(Error::internal("a mail about a challenge of another kind")),
    };
    Ok(Some(letter))
}

/// The account of a challenge, while it is active.
async fn owner(cloakroom: &Cloakroom, challenge: &Challenge) -> Result<Option<Account>> {
    let Some(user_id) = &challenge.user_id else { return Ok(None) };
    let account = cloakroom.store().account(user_id).await?;
    Ok(account.filter(|account| account.is_active))
}

async fn account_of(cloakroom: &Cloakroom, email: &str) -> Result<Option<Account>> {
    match Email::parse(email) {
        Some(email) => cloakroom.store().account_by_email(&email).await,
        None => Ok(None),
    }
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
        address: None,
        provider,
        recovered,
        asked,
    }
}

/// The token stands behind `#`, so that no server and no log ever sees it.
fn with_link(cloakroom: &Cloakroom, challenge: &Challenge, page: &str, letter: Letter) -> Letter {
    let origin = cloakroom.config().public_url.origin();
    let token = challenge.token(cloakroom.key());
    Letter {
        link: Some(format!("{origin}/{page}#token={}", token.expose())),
        expires_at: Some(challenge.expires_at),
        ..letter
    }
}
