//! Mail: the content for people, its words, and its delivery.
//!
//! A letter is its words (`messages/`, one file for each language, as the pages have them) in one layout. Values are put into
//! words as text, never read as a template, and escaped where the text becomes HTML. The link and the code stand in the body
//! only: subjects are shown on locked screens.

pub(crate) mod outbox;
mod pace;
mod preview;
mod render;
mod smtp;
mod transport;
mod validate;

use serde::{Deserialize, Serialize};

pub(crate) use preview::sample;
pub(crate) use render::render;
pub(crate) use transport::{Failure, Transport};
pub(crate) use validate::{validate, warnings};

use crate::clock::Timestamp;
use crate::model::device::Device;
pub(crate) use crate::model::locale::Locale;
pub(crate) use crate::model::message::{Message, Rendered};

/// The kind of a mail. The name in `cloakroom mail preview NAME` is the variant's in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// To an address that somebody signed up with: link and code.
    VerifyEmail,
    /// Tells that somebody signed up with the address of an account.
    AccountExists,
    /// A link to choose a new password.
    PasswordReset,
    /// A link to choose a first password, for somebody whose account an administrator made.
    Invitation,
    /// Tells that the password was changed.
    PasswordChanged,
    /// Tells that the password was reset by a mailed link.
    PasswordWasReset,
    /// To the new address: a link to confirm it.
    EmailChange,
    /// To the old address, while the new one is not confirmed: a link that stops the change.
    EmailChangeRequested,
    /// To the old address, afterwards: a link that takes the change back.
    EmailChanged,
    /// To the old address, once the change was taken back: a link to choose a new password.
    EmailRestored,
    /// To an address that a provider does not vouch for: link and code.
    SocialEmail,
    /// To such an address that has an account: no token, but how to connect from within.
    SocialEmailHasAccount,
    /// A code that connects a provider to an existing account.
    LinkCode,
    /// Tells that a provider's account was linked.
    IdentityLinked,
    /// Tells that a provider's account was unlinked.
    IdentityUnlinked,
    /// To an address that its account has changed, when somebody requests a mail for it: the link that takes the change back.
    AddressReserved,
    /// Tells that an account without a password has one now.
    PasswordAdded,
    /// Tells that an administrator has replaced the password.
    PasswordSetForYou,
    /// Tells that an administrator has given rights.
    RightsGiven,
    /// Tells that an administrator has taken rights.
    RightsTaken,
    /// Tells that an administrator has closed the account.
    AccountDeactivated,
    /// Tells that an administrator has opened the account again.
    AccountActivated,
    /// Tells that an administrator has deleted the account.
    AccountDeleted,
    /// The mail that `cloakroom mail test` sends.
    Test,
}

impl Kind {
    /// All kinds, in the order of a life with an account.
    pub(crate) const ALL: [Self; 24] = [
        Self::VerifyEmail,
        Self::AccountExists,
        Self::PasswordReset,
        Self::Invitation,
        Self::PasswordChanged,
        Self::PasswordWasReset,
        Self::EmailChange,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::EmailRestored,
        Self::SocialEmail,
        Self::SocialEmailHasAccount,
        Self::LinkCode,
        Self::IdentityLinked,
        Self::IdentityUnlinked,
        Self::AddressReserved,
        Self::PasswordAdded,
        Self::PasswordSetForYou,
        Self::RightsGiven,
        Self::RightsTaken,
        Self::AccountDeactivated,
        Self::AccountActivated,
        Self::AccountDeleted,
        Self::Test,
    ];

    /// Returns the name on the command line and in the message files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::AccountExists => "account_exists",
            Self::PasswordReset => "password_reset",
            Self::Invitation => "invitation",
            Self::PasswordChanged => "password_changed",
            Self::PasswordWasReset => "password_was_reset",
            Self::EmailChange => "email_change",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::EmailRestored => "email_restored",
            Self::SocialEmail => "social_email",
            Self::SocialEmailHasAccount => "social_email_has_account",
            Self::LinkCode => "link_code",
            Self::IdentityLinked => "identity_linked",
            Self::IdentityUnlinked => "identity_unlinked",
            Self::AddressReserved => "address_reserved",
            Self::PasswordAdded => "password_added",
            Self::PasswordSetForYou => "password_set_for_you",
            Self::RightsGiven => "rights_given",
            Self::RightsTaken => "rights_taken",
            Self::AccountDeactivated => "account_deactivated",
            Self::AccountActivated => "account_activated",
            Self::AccountDeleted => "account_deleted",
            Self::Test => "test",
        }
    }

    /// Returns the kind of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Tells whether the mail reports a completed change, so that its button is for a reader who did *not* make it.
    const fn is_notice(self) -> bool {
        matches!(
            self,
            Self::PasswordChanged
                | Self::PasswordWasReset
                | Self::EmailChangeRequested
                | Self::EmailChanged
                | Self::IdentityLinked
                | Self::IdentityUnlinked
                | Self::AddressReserved
                | Self::PasswordAdded
                | Self::PasswordSetForYou
                | Self::RightsGiven
                | Self::RightsTaken
                | Self::AccountDeactivated
                | Self::AccountActivated
                | Self::AccountDeleted
        )
    }
}

/// The content of a mail, before it is put into words.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) kind: Kind,
    pub(crate) locale: Locale,
    /// The recipient, as the owner spells the address.
    pub(crate) to: String,
    /// The complete link of the one button. Mails that carry no token have none: their button leads to a page of the app.
    pub(crate) link: Option<String>,
    /// The code of six digits.
    pub(crate) code: Option<String>,
    /// The end of the link, or of the code where there is no link.
    pub(crate) expires_at: Option<Timestamp>,
    /// The end of a code beside a link.
    pub(crate) code_expires_at: Option<Timestamp>,
    /// The other address that the mail names: the new one, in mails to the old one.
    pub(crate) address: Option<String>,
    /// The provider's name, as on its button.
    pub(crate) provider: Option<String>,
    /// The linked accounts that stayed and went, where the owner has taken the account back.
    pub(crate) recovered: Recovered,
    /// The request that led to the mail.
    pub(crate) asked: Asked,
}

/// The linked accounts of somebody who has taken their account back, in words.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recovered {
    pub(crate) kept: Vec<String>,
    pub(crate) unlinked: Vec<String>,
}

/// The time and the place of the request for a mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) at: Timestamp,
    pub(crate) device: Device,
    /// The network, as the limits see it; empty where no browser made the request, as on the command line.
    pub(crate) network: String,
}
